/* SPDX-License-Identifier: Apache-2.0 */
/* Answers to plain HTTP on the public listener: the page, health, and words for whoever comes to the wrong place. Shard
 * threads; nothing here blocks. */
#pragma once

#include <stdatomic.h>

#include "net/conn.h"
#include "ops/diagnosis.h"
#include "ops/notices.h"

/* What the answers depend on. */
struct http_site {
    bool (*is_store_healthy)(void *context);
    void *context;
    _Atomic bool is_draining;
    struct diagnosis *diagnosis;
    struct notices *notices;
    const struct chat *chat; /* asked about origins; NULL: none is wrong */
};

/* An answer before it is sent. `fields` grows as needed; `answer.body` points to constants or into `body`. */
struct http_reply {
    struct http_answer answer;
    struct builder fields;
    struct builder body;
};
void http_reply_init(struct http_reply *reply);
void http_reply_done(struct http_reply *reply);
/* A plain text of ours. */
void http_reply_text(struct http_reply *reply, int status, const char *text);

/* The pure part: a request and its answer. */
void http_route(struct http_site *site, const struct http_request *request, struct http_reply *reply);
/* Fits net_events.request; `context` is the struct http_site. */
void http_serve(void *context, struct conn *conn, const struct http_request *request, struct view body);
/* Fits net_events.faulty; answers only /ws?doctor. */
void http_serve_faulty(void *context, struct conn *conn, const struct http_request *request,
                       const struct http_fault *fault);
