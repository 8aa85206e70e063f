/* SPDX-License-Identifier: Apache-2.0 */
#include "http/health.h"

void health_live(struct http_site *site, const struct http_request *request, struct http_reply *reply)
{
    (void)site;
    (void)request;
    http_reply_text(reply, 200, "ok");
}

void health_ready(struct http_site *site, const struct http_request *request, struct http_reply *reply)
{
    bool is_draining = atomic_load_explicit(&site->is_draining, memory_order_relaxed);
    bool is_healthy = site->is_store_healthy(site->context);
    bool is_verbose = view_starts_with(request->query, VIEW("verbose"));

    if (is_draining)
        http_reply_text(reply, 503, "The server is going away.");
    else if (!is_healthy)
        http_reply_text(reply, 503, "The store cannot write: the disk is full or failing. The log says more.");
    else
        http_reply_text(reply, 200, is_verbose ? "store: ok\ndraining: no" : "ok");
}
