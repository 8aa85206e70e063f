/* SPDX-License-Identifier: Apache-2.0 */
#include "http/routes.h"

#include "http/assets.h"
#include "http/health.h"
#include "http/public_notices.h"

enum { FIELDS_BYTES_MAX = 8192, BODY_BYTES_MAX = 1024 * 1024 };

/* /ws was asked for without an upgrade: by a person with a browser, or by a proxy that dropped the header. */
static void explain_ws(struct http_site *site, const struct http_request *request, struct http_reply *reply)
{
    (void)site;
    (void)request;
    http_reply_text(
        reply, 426,
        "This is a WebSocket address. A client must send: GET with HTTP/1.1, \"Upgrade: websocket\", \"Connection: "
        "Upgrade\", "
        "\"Sec-WebSocket-Version: 13\" and a \"Sec-WebSocket-Key\".\n"
        "If yours did, a proxy in between has dropped them: let it speak HTTP/1.1 to this server and pass Upgrade "
        "and Connection on.");
    builder_add_string(&reply->fields, "Upgrade: websocket\r\nConnection: Upgrade\r\n");
}

/* A browser does not tell a script why its upgrade was refused: it asks here. */
static void explain_crowd(struct http_reply *reply, uint64_t wait_ms)
{
    http_reply_text(reply, 503, "Too many connect at this moment. Come back when Retry-After is over.");
    http_add_retry_after(&reply->fields, wait_ms);
}

static const struct route {
    const char *path;
    void (*answer)(struct http_site *site, const struct http_request *request, struct http_reply *reply);
} routes[] = {
    {"/livez", health_live},
    {"/readyz", health_ready},
    {"/healthz", health_ready},
    {"/ws", explain_ws},
};

void http_reply_init(struct http_reply *reply)
{
    *reply = (struct http_reply){0};
    builder_init(&reply->fields, FIELDS_BYTES_MAX);
    builder_init(&reply->body, BODY_BYTES_MAX);
}

void http_reply_done(struct http_reply *reply)
{
    builder_done(&reply->fields);
    builder_done(&reply->body);
}

void http_reply_text(struct http_reply *reply, int status, const char *text)
{
    reply->answer.status = status;
    builder_clear(&reply->body);
    builder_add_string(&reply->body, text);
    builder_add_byte(&reply->body, '\n');
    reply->answer.body = builder_view(&reply->body);
    builder_add_string(
        &reply->fields,
        "Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store\r\n");
}

static bool is_known_method(struct view method)
{
    static const char *const methods[] = {"GET",     "HEAD",  "POST",  "PUT",    "DELETE",
                                          "OPTIONS", "PATCH", "TRACE", "CONNECT"};

    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        if (view_equal(method, view_of_string(methods[i])))
            return true;
    }
    return false;
}

void http_route(struct http_site *site, const struct http_request *request, struct http_reply *reply)
{
    bool is_reading = view_equal(request->method, VIEW("GET")) || view_equal(request->method, VIEW("HEAD"));

    if (!is_known_method(request->method)) {
        http_reply_text(reply, 501, "This method is not known here. Use GET.");
        return;
    }
    if (!is_reading) {
        http_reply_text(reply, 405, "Only GET and HEAD are served here. To chat, connect a WebSocket to /ws.");
        builder_add_string(&reply->fields, "Allow: GET, HEAD\r\n");
        return;
    }
    for (size_t i = 0; i < sizeof routes / sizeof *routes; i++) {
        if (view_equal(request->path, view_of_string(routes[i].path))) {
            routes[i].answer(site, request, reply);
            return;
        }
    }
    if (!assets_answer(request, reply))
        http_reply_text(reply, 404, "There is nothing here. The chat is at /, its WebSocket at /ws.");
}

void http_serve(void *context, struct conn *conn, const struct http_request *request, struct view body)
{
    struct http_site *site = context;
    struct http_reply reply;

    (void)body;
    if (diagnosis_is_asked(request) && view_equal(request->method, VIEW("GET"))) {
        diagnosis_answer(site->diagnosis, conn, request, NULL);
        return;
    }
    if (public_notices_are_asked(request) && view_equal(request->method, VIEW("GET"))) {
        public_notices_serve(site, conn, request);
        return;
    }
    http_reply_init(&reply);
    uint64_t wait_ms = view_equal(request->path, VIEW("/ws")) ? conn_upgrade_wait_ms(conn) : 0;
    if (wait_ms > 0)
        explain_crowd(&reply, wait_ms);
    else
        http_route(site, request, &reply);
    reply.answer.fields = builder_view(&reply.fields);
    conn_answer(conn, &reply.answer);
    http_reply_done(&reply);
}

void http_serve_faulty(void *context, struct conn *conn, const struct http_request *request,
                       const struct http_fault *fault)
{
    const struct http_site *site = context;

    if (diagnosis_is_asked(request))
        diagnosis_answer(site->diagnosis, conn, request, fault);
}
