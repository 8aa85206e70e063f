/* SPDX-License-Identifier: Apache-2.0 */
/* What a connection is sent alone, and what follows when all of it has left. */
#include "net/shard_inside.h"

/* The reply in its compressed form, or the reply itself where that is not shorter. */
static struct reply *compressed(struct conn *conn, struct reply *reply)
{
    struct shard *shard = conn_shard(conn);
    struct view payload = view_of(reply->bytes + reply->start, reply->size);
    struct deflater *deflater = shard_deflater(shard, conn->window_bits);
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    struct reply *smaller;

    builder_clear(&shard->compressed);
    if (!deflater || !deflater_run(deflater, payload, &shard->compressed) || shard->compressed.size >= payload.size)
        return reply;
    smaller = reply_new(reply->opcode, builder_view(&shard->compressed));
    if (!smaller)
        return reply;
    counter_add(&shard->counters.compressions, 1);
    size_t size = ws_header_encode(header, reply->opcode, true, true, smaller->size);
    smaller->start -= (uint32_t)size;
    smaller->size += (uint32_t)size;
    memcpy(smaller->bytes + smaller->start, header, size);
    smaller->is_framed = true;
    reply_free(reply);
    return smaller;
}

void conn_add_reply(struct conn *conn, struct reply *reply)
{
    const struct net_options *options = &conn_shard(conn)->options;
    bool is_control = reply->opcode >= WS_CLOSE;

    if (conn->state != CONN_OPEN || !reply) {
        reply_free(reply);
        return;
    }
    if (!reply->is_framed && !is_control && conn->has_deflate && reply->size >= options->compression_bytes_min)
        reply = compressed(conn, reply);
    if (!reply->is_framed)
        reply_frame(reply);
    outbox_add(&conn->outbox, reply);
    if (conn->outbox.bytes > options->outbox_bytes_max) {
        counter_add(&conn_shard(conn)->counters.outbox_overflows, 1);
        conn_end(conn, END_SLOW);
        return;
    }
    conn_update_pause(conn);
    conn_mark_dirty(conn);
}

void conn_send(struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    if (conn->state != CONN_OPEN)
        return;
    struct reply *reply = reply_new(opcode, payload);

    if (!reply) {
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    conn_add_reply(conn, reply);
}

void conn_ws_ping(struct conn *conn)
{
    uint32_t now = shard_clock(conn_shard(conn));

    conn_life(conn)->pinged_at_ms = now > 0 ? now : 1;
    conn_send(conn, WS_PING, VIEW(""));
}

static void flushed_http(struct conn *conn)
{
    if (!conn->is_kept_alive || conn->is_draining || conn->is_at_end) {
        conn_begin_closing(conn, conn->end_reason);
        return;
    }
    conn_move(conn, CONN_REQUEST);
    conn->is_continued = false;
    conn_mark_unread(conn);
}

/* Once both sides have said Close (or the HTTP answer is out) our FIN goes, and then the peer's FIN or the deadline
 * ends it: closing with unread bytes in the socket would make the kernel send a reset, which can overtake what we said
 * last. */
static void flushed_closing(struct conn *conn)
{
    if (conn->is_close_sent && !conn->is_close_received && !conn->is_at_end)
        return;
    if (conn->is_at_end) {
        conn_end(conn, conn->end_reason);
        return;
    }
    if (!conn->is_finished) {
        if (conn->tls && !conn_tls_finish(conn))
            return;
        conn->is_finished = true;
        os_socket_finish_writing(conn->descriptor);
    }
}

void conn_flushed(struct conn *conn)
{
    switch ((enum conn_state)conn->state) {
    case CONN_HTTP: flushed_http(conn); break;
    case CONN_CLOSING: flushed_closing(conn); break;
    case CONN_PROXY:
    case CONN_TLS:
    case CONN_REQUEST:
    case CONN_OPEN:
    case CONN_ENDED:
    case CONN_STATE_COUNT: break;
    }
}
