/* SPDX-License-Identifier: Apache-2.0 */
/* What bytes mean before the upgrade: one request at a time, whole, then its answer. */
#include "net/shard_inside.h"

#include "base/trace.h"
#include "os/clock.h"

enum { FIELDS_BYTES_MAX = 256 };

static void refuse_with(struct conn *conn, int status, struct view fields, const char *text)
{
    struct builder *body = &conn_shard(conn)->scratch;

    builder_clear(body);
    builder_add_string(body, text);
    builder_add_byte(body, '\n');
    if (!builder_ok(body)) {
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    conn_answer(conn, &(struct http_answer){
                          .status = status,
                          .fields = fields,
                          .body = builder_view(body),
                          .is_last = true,
                      });
    conn->end_reason = END_HTTP_REFUSED;
}

static void refuse(struct conn *conn, int status, const char *text)
{
    refuse_with(conn, status,
                status == 503 || status == 429 ? VIEW("Content-Type: text/plain; charset=utf-8\r\nRetry-After: 5\r\n")
                                               : VIEW("Content-Type: text/plain; charset=utf-8\r\n"),
                text);
}

/* Everybody comes at once, after a restart, say: each is given a moment, before anything is done for them. */
static void put_off(struct conn *conn, uint64_t retry_after_ms)
{
    struct builder fields;

    counter_add(&conn_shard(conn)->counters.upgrades_put_off, 1);
    builder_init(&fields, FIELDS_BYTES_MAX);
    builder_add_string(&fields, "Content-Type: text/plain; charset=utf-8\r\n");
    http_add_retry_after(&fields, retry_after_ms);
    if (builder_ok(&fields))
        refuse_with(conn, 503, builder_view(&fields),
                    "Too many connect at this moment. Come back when Retry-After-Ms (milliseconds) is over.");
    else
        conn_end(conn, END_NO_MEMORY);
    builder_done(&fields);
}

uint64_t conn_upgrade_wait_ms(const struct conn *conn)
{
    const struct shard *shard = conn_shard(conn);

    return admission_wait_ms(shard->admission, shard->now_ms);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7), from our own calendar text. */
static void add_date(struct builder *out)
{
    static const char days[7][4] = {"Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"};
    static const char months[12][4] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    int64_t wall_ms = os_clock_wall_ms();
    char utc[25];

    os_clock_format_utc(wall_ms, utc); /* YYYY-MM-DDThh:mm:ss.mmmZ */
    int month = (utc[5] - '0') * 10 + (utc[6] - '0');
    builder_format(out, "Date: %s, %.2s %s %.4s %.8s GMT\r\n", days[wall_ms / 86400000 % 7], utc + 8, months[month - 1],
                   utc, utc + 11);
}

static void add_head(struct conn *conn, const struct http_answer *answer, struct builder *out)
{
    builder_format(out, "HTTP/1.1 %d %s\r\n", answer->status, http_status_text(answer->status));
    builder_add_view(out, answer->fields);
    add_date(out);
    if (conn->is_tls && conn_shard(conn)->options.hsts_ms > 0)
        builder_format(out, "Strict-Transport-Security: max-age=%llu\r\n",
                       (unsigned long long)conn_shard(conn)->options.hsts_ms / 1000);
    if (answer->status != 304)
        builder_format(out, "Content-Length: %zu\r\n", answer->body.size);
    builder_add_string(out, conn->is_kept_alive ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
}

void conn_answer(struct conn *conn, const struct http_answer *answer)
{
    struct builder head;
    bool has_body = !conn->is_head_only && answer->status != 304;

    if (conn->state != CONN_REQUEST)
        return;
    if (answer->is_last || conn->is_draining)
        conn->is_kept_alive = false;
    conn->end_reason = END_HTTP_DONE;
    builder_init(&head, 8192 + answer->fields.size + answer->body.size);
    add_head(conn, answer, &head);
    if (has_body)
        builder_add_view(&head, answer->body);
    struct reply *reply = builder_ok(&head) ? reply_new_raw(builder_view(&head)) : NULL;
    builder_done(&head);
    if (!reply) {
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    outbox_add(&conn->outbox, reply);
    conn->progress_ms = shard_clock(conn_shard(conn));
    conn_move(conn, CONN_HTTP);
    conn_mark_dirty(conn);
}

static void agree_on_compression(struct conn *conn, const struct ws_offer *offer)
{
    if (!conn_shard(conn)->options.has_compression || !offer->has_deflate)
        return;
    conn->has_deflate = true;
    conn->window_bits = offer->deflate.server_window_bits & 15u; /* as wide as the field */
    conn->has_shared_deflate = conn->window_bits == 15;
}

static void open_ws(struct conn *conn, const struct ws_offer *offer, const struct net_upgrade *upgrade)
{
    struct shard *shard = conn_shard(conn);
    struct builder head;

    conn->is_opened = true; /* from here on its owner hears of its end, also where memory has run out */
    agree_on_compression(conn, offer);
    builder_init(&head, 16 * 1024);
    ws_handshake_answer(
        &(struct ws_answer){
            .key = offer->key,
            .protocol = upgrade->protocol,
            .deflate = conn->has_deflate ? &offer->deflate : NULL,
            .extra = builder_view(upgrade->extra),
        },
        &head);
    struct reply *reply = builder_ok(&head) ? reply_new_raw(builder_view(&head)) : NULL;
    builder_done(&head);
    if (!reply) {
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    outbox_add(&conn->outbox, reply);
    conn_move(conn, CONN_OPEN);
    conn_mark_dirty(conn);
    counter_add(&shard->counters.upgrades, 1);
    TRACE_1(upgrade, conn_handle(conn));
    conn_life(conn)->upgraded_after_ms = life_after_ms(conn_life(conn), shard->now_ms);
    conn_events(conn)->opened(conn_events(conn)->context, conn);
}

static void note_agent(struct conn *conn, const struct http_request *request)
{
    const struct http_field *agent = http_field_find(request, "User-Agent");
    struct conn_life *life = conn_life(conn);

    if (agent && life->agent == 0)
        life->agent = agents_take(&conn_shard(conn)->agents, agent->value);
}

static void upgrade(struct conn *conn, const struct http_request *request, const struct ws_offer *offer)
{
    struct shard *shard = conn_shard(conn);
    struct builder extra;
    struct net_upgrade upgrade = {.status = 101, .extra = &extra};

    builder_init(&extra, 4096);
    const struct net_events *aside = shard->events.aside;
    if (aside)
        aside->upgrade(aside->context, conn, request, offer, &upgrade);
    conn->is_aside = upgrade.is_aside;
    note_agent(conn, request);
    uint64_t retry_after_ms = 0;
    if (!upgrade.is_aside && !admission_upgrade(shard->admission, shard->now_ms, &retry_after_ms)) {
        counter_add(&shard->counters.upgrades_refused, 1);
        put_off(conn, retry_after_ms);
        builder_done(&extra);
        return;
    }
    if (!upgrade.is_aside)
        shard->events.upgrade(shard->events.context, conn, request, offer, &upgrade);
    if (upgrade.status == 101) {
        open_ws(conn, offer, &upgrade);
    } else {
        counter_add(&shard->counters.upgrades_refused, 1);
        refuse(conn, upgrade.status, upgrade.refusal);
    }
    builder_done(&extra);
}

static void refuse_faulty(struct conn *conn, const struct http_request *request, const struct http_fault *fault)
{
    struct shard *shard = conn_shard(conn);

    counter_add(&shard->counters.upgrades_refused, 1);
    if (shard->events.faulty)
        shard->events.faulty(shard->events.request_context, conn, request, fault);
    if (conn->state != CONN_REQUEST)
        return;
    if (fault->status != 426) {
        refuse(conn, fault->status, fault->text);
        return;
    }
    conn_answer(conn, &(struct http_answer){
                          .status = 426,
                          .fields = VIEW("Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                         "Content-Type: text/plain; charset=utf-8\r\n"),
                          .body = view_of_string(fault->text),
                          .is_last = true,
                      });
    conn->end_reason = END_HTTP_REFUSED;
}

/* What is asked for below the base path is answered as if it were not there. A proxy may have taken it off already, so
 * what is not below it is left as it is. The base itself, without the slash behind it, would break every relative
 * address in the page: RESULT_NOT_FOUND. */
static enum result take_base_off(const struct net_options *options, struct http_request *request)
{
    struct view base = view_of_string(options->base_path ? options->base_path : "");

    if (base.size == 0 || !view_starts_with(request->path, base))
        return RESULT_OK;
    struct view rest = view_skip(request->path, base.size);
    if (rest.size == 0)
        return RESULT_NOT_FOUND;
    if (rest.at[0] != '/')
        return RESULT_OK;
    request->path = rest;
    request->target = view_skip(request->target, base.size);
    return RESULT_OK;
}

static void send_to_base(struct conn *conn, const struct http_request *request)
{
    struct builder *fields = &conn_shard(conn)->scratch;

    builder_clear(fields);
    builder_format(fields, "Location: %s/", conn_shard(conn)->options.base_path);
    if (request->query.size > 0) {
        builder_add_byte(fields, '?');
        builder_add_view(fields, request->query);
    }
    builder_add_string(fields, "\r\n");
    conn_answer(conn, &(struct http_answer){.status = 308, .fields = builder_view(fields)});
}

/* Plain HTTP on a port for TLS, or on one that is there to redirect. A page can be had by https as well, so a browser
 * is sent there; what has a body, or wants a WebSocket, must be told in words. */
static void send_to_https(struct conn *conn, const struct http_request *request)
{
    const struct net_options *options = &conn_shard(conn)->options;
    struct view host = conn_host(conn);
    bool is_reading = view_equal(request->method, VIEW("GET")) || conn->is_head_only;
    struct builder *fields = &conn_shard(conn)->scratch;

    if (!is_reading || http_field_find(request, "Upgrade") || !http_host_is_valid(host)) {
        refuse(conn, 400, "Speak TLS here: the address begins with https:// for pages, wss:// for WebSockets.");
    } else {
        if (!conn->is_misplaced)
            host = http_host_without_port(host);
        builder_clear(fields);
        builder_add_string(fields, "Location: https://");
        builder_add_view(fields, host);
        if (!conn->is_misplaced && options->redirect_port != 443)
            builder_format(fields, ":%u", options->redirect_port);
        builder_add_view(fields, request->target);
        builder_add_string(fields, "\r\n");
        conn_answer(
            conn, &(struct http_answer){.status = 308, .fields = builder_view(fields), .is_last = conn->is_misplaced});
    }
    if (conn->is_misplaced)
        conn->end_reason = END_PLAIN_HTTP;
}

/* True: it is answered. */
static bool is_over_limit(struct conn *conn)
{
    if (conn->admission == ADMISSION_YES)
        return false;
    bool is_address = conn->admission == ADMISSION_TOO_MANY_FROM_ADDRESS;
    refuse(conn, is_address ? 429 : 503,
           is_address ? "Too many connections from your address. Close some, or try again in a moment."
                      : "This server has as many connections as it may have. Try again in a moment.");
    conn->end_reason = END_OVER_LIMIT;
    return true;
}

static void serve(struct conn *conn, struct http_request *request, struct view body)
{
    struct shard *shard = conn_shard(conn);
    struct ws_offer offer;
    struct http_fault fault;

    counter_add(&shard->counters.requests, 1);
    conn->is_kept_alive = request->is_kept_alive;
    conn->is_head_only = view_equal(request->method, VIEW("HEAD"));
    conn_know_client(conn, request);
    if (is_over_limit(conn))
        return;
    if (shard->is_draining) {
        refuse(conn, 503, "The server is going away. Try again in a moment.");
        return;
    }
    if (conn->is_misplaced || conn->is_redirected) {
        send_to_https(conn, request);
        return;
    }
    if (take_base_off(&shard->options, request) != RESULT_OK) {
        send_to_base(conn, request);
        return;
    }
    enum ws_handshake handshake = ws_handshake_read(request, &offer, &fault);
    if (shard->events.arrived)
        shard->events.arrived(shard->events.request_context, conn, request, handshake);
    switch (handshake) {
    case WS_HANDSHAKE_RIGHT: upgrade(conn, request, &offer); break;
    case WS_HANDSHAKE_BAD: refuse_faulty(conn, request, &fault); break;
    case WS_HANDSHAKE_NOT_ASKED:
        shard->events.request(shard->events.request_context, conn, request, body);
        if (conn->state == CONN_REQUEST) /* a handler that forgot to answer must not leave the client waiting */
            refuse(conn, 500, "The server did not answer this request. Please report it.");
        break;
    }
}

enum body { BODY_WHOLE, BODY_INCOMPLETE, BODY_BAD };

/* Finds the body behind the head. `*out_size` is its size on the wire; a chunked one is put together in `joined`. */
static enum body find_body(struct conn *conn, const struct http_request *request, struct view rest,
                           struct builder *joined, struct view *out_body, size_t *out_size)
{
    size_t max = conn_shard(conn)->options.body_bytes_max;
    struct http_chunked chunked;
    struct view piece;
    size_t used;

    if (!request->is_chunked) {
        if (request->content_length > max)
            return BODY_BAD;
        *out_size = request->content_length;
        if (rest.size < request->content_length)
            return BODY_INCOMPLETE;
        *out_body = view_first(rest, request->content_length);
        return BODY_WHOLE;
    }
    http_chunked_init(&chunked);
    for (*out_size = 0;;) {
        enum decode decode = http_chunked_decode(&chunked, rest, &used, &piece);
        builder_add_view(joined, piece);
        rest = view_skip(rest, used);
        *out_size += used;
        if (decode == DECODE_BAD || !builder_ok(joined))
            return BODY_BAD;
        if (decode == DECODE_DONE)
            break;
        if (used == 0)
            return BODY_INCOMPLETE;
    }
    *out_body = builder_view(joined);
    return BODY_WHOLE;
}

static void say_continue(struct conn *conn)
{
    struct reply *reply = conn->is_continued ? NULL : reply_new_raw(VIEW("HTTP/1.1 100 Continue\r\n\r\n"));

    if (!reply)
        return;
    conn->is_continued = true;
    outbox_add(&conn->outbox, reply);
    conn_mark_dirty(conn);
}

static size_t read_body(struct conn *conn, struct http_request *request, struct view rest)
{
    struct builder joined;
    struct view body = {NULL, 0};
    size_t size = 0;

    builder_init(&joined, conn_shard(conn)->options.body_bytes_max);
    enum body found = find_body(conn, request, rest, &joined, &body, &size);
    switch (found) {
    case BODY_WHOLE: serve(conn, request, body); break;
    case BODY_INCOMPLETE:
        if (request->expects_continue)
            say_continue(conn);
        break;
    case BODY_BAD:
        refuse(conn, request->is_chunked && builder_ok(&joined) ? 400 : 413,
               request->is_chunked && builder_ok(&joined)
                   ? "The chunked body is malformed. Send it as RFC 9112 section 7.1 says."
                   : "The body is larger than this server takes. Send less.");
        break;
    }
    builder_done(&joined);
    return found == BODY_WHOLE ? request->head_size + size : 0;
}

size_t conn_http_read(struct conn *conn, uint8_t *bytes, size_t size)
{
    const struct net_options *options = &conn_shard(conn)->options;
    struct http_limits limits = {options->head_bytes_max, options->head_bytes_max / 2, HTTP_FIELDS_MAX};
    struct http_request request;
    struct http_fault fault;

    switch (http_request_decode(view_of(bytes, size), &limits, &request, &fault)) {
    case DECODE_NEED_MORE: return 0;
    case DECODE_BAD:
        conn->is_head_only = false;
        refuse(conn, fault.status, fault.text);
        return size;
    case DECODE_DONE: break;
    }
    size_t used = read_body(conn, &request, view_of(bytes + request.head_size, size - request.head_size));
    /* After a refusal what follows is not looked at: it must never become a request of its own. */
    return used == 0 && conn->state != CONN_REQUEST ? size : used;
}
