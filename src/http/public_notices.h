/* SPDX-License-Identifier: Apache-2.0 */
/* What the page is told of faults around the server, and what it tells of them: GET /api/v1/notices on the public
 * listener. A page that runs and gets no WebSocket asks with ?socket=failed, and learns what is known of its own way
 * here; everybody learns of the faults that are sure. Nobody learns an address. Shard threads. */
#pragma once

#include "http/routes.h"

/* Fits net_events.arrived; `context` is the struct http_site. Leaves what a request tells as evidence. */
void public_notices_see(void *context, const struct conn *conn, const struct http_request *request,
                        enum ws_handshake handshake);

bool public_notices_are_asked(const struct http_request *request);
void public_notices_serve(struct http_site *site, struct conn *conn, const struct http_request *request);

/* The pure part: takes the plea, if it is one, and appends the answer. `peer` is the socket's other end. */
struct public_asker {
    bool is_plea;
    struct plea plea;
    uint8_t peer[IP_BYTES];
};
void public_notices_write(struct notices *notices, const struct public_asker *asker, struct builder *out);
