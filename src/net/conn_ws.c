/* SPDX-License-Identifier: Apache-2.0 */
/* What bytes mean after the upgrade: frames to messages (RFC 6455 sections 5 and 7). */
#include "net/shard_inside.h"

#include "base/trace.h"

static enum end_reason reason_of(enum ws_close_code code)
{
    switch (code) {
    case WS_CLOSE_NOT_UTF8: return END_NOT_UTF8;
    case WS_CLOSE_TOO_BIG: return END_TOO_BIG;
    case WS_CLOSE_POLICY: return END_POLICY;
    case WS_CLOSE_INTERNAL: return END_INTERNAL;
    default: return END_PROTOCOL_ERROR;
    }
}

/* After a fault nothing that follows can be trusted to be a frame: it is read and dropped until the peer's FIN. */
void conn_ws_fault(struct conn *conn, const struct ws_fault *fault)
{
    if (conn->state != CONN_OPEN) {
        conn->is_close_received = true;
        conn_mark_dirty(conn);
        return;
    }
    conn_close(conn, reason_of(fault->code), view_of_string(fault->text));
    conn->is_close_received = true;
}

/* Only the newest ping is answered (section 5.5.3); a pong that still waits unsent is replaced. */
static void answer_ping(struct conn *conn, struct view payload)
{
    struct reply *last = conn->outbox.last;

    if (last && last->opcode == WS_PONG && last->offset == 0 && last->is_framed && payload.size <= WS_CONTROL_BYTES_MAX
        && conn->outbox.count > 1) {
        uint32_t old_size = last->size;
        if (payload.size + 2 <= old_size) {
            last->bytes[last->start + 1] = (uint8_t)payload.size;
            if (payload.size > 0)
                memcpy(last->bytes + last->start + 2, payload.at, payload.size);
            last->size = (uint32_t)payload.size + 2;
            conn->outbox.bytes -= old_size - last->size;
            return;
        }
    }
    conn_send(conn, WS_PONG, payload);
}

/* False: this peer sends more control frames than anybody needs. */
static bool control_rate_is_fine(struct conn *conn)
{
    uint32_t max = conn_shard(conn)->options.control_frames_per_second_max;
    uint16_t second = (uint16_t)(shard_clock(conn_shard(conn)) / 1000);

    if (conn->control_s != second) {
        conn->control_s = second;
        conn->control_count = 0;
    }
    if (conn->control_count < UINT16_MAX)
        conn->control_count++;
    return max == 0 || conn->control_count <= max;
}

/* The peer begins the close handshake, or answers ours. */
static void handle_close(struct conn *conn, struct view payload)
{
    struct ws_fault fault;
    struct view reason;
    uint16_t code;

    if (!ws_close_read(payload, &code, &reason, &fault)) {
        conn_ws_fault(conn, &fault);
        return;
    }
    conn->is_close_received = true;
    conn_life(conn)->close_code = code;
    if (conn->state == CONN_OPEN) {
        uint8_t frame[WS_CONTROL_BYTES_MAX + 2];
        size_t size = code == WS_CLOSE_NO_STATUS ? ws_header_encode(frame, WS_CLOSE, true, false, 0)
                                                 : ws_close_encode(frame, code, VIEW(""));
        struct reply *reply = reply_new_raw(view_of(frame, size));
        if (!reply) {
            conn_end(conn, END_NO_MEMORY);
            return;
        }
        outbox_add(&conn->outbox, reply);
        conn->is_close_sent = true;
        conn_begin_closing(conn, END_PEER_CLOSED);
    }
    conn_mark_dirty(conn);
}

static void note_pong(struct conn *conn)
{
    struct conn_life *life = conn_life(conn);

    if (life->pinged_at_ms == 0)
        return;
    life->ping_ms = shard_clock(conn_shard(conn)) - life->pinged_at_ms;
    life->pinged_at_ms = 0;
}

static void handle_control(struct conn *conn, const struct ws_header *header, struct view payload)
{
    counter_add(&conn_shard(conn)->counters.control_frames_in, 1);
    if (header->opcode == WS_CLOSE) {
        handle_close(conn, payload);
        return;
    }
    if (conn->state != CONN_OPEN)
        return;
    if (!control_rate_is_fine(conn)) {
        conn_close(conn, END_POLICY, VIEW("too many pings"));
        return;
    }
    if (header->opcode == WS_PING)
        answer_ping(conn, payload);
    else
        note_pong(conn);
}

static void deliver(struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    struct shard *shard = conn_shard(conn);

    counter_add(&shard->counters.messages_in, 1);
    conn_life(conn)->messages_in++;
    TRACE_2(message, conn_handle(conn), payload.size);
    if (conn->state == CONN_OPEN)
        conn_events(conn)->message(conn_events(conn)->context, conn, opcode, payload);
}

/* A piece of the payload at work. Returns the bytes taken. */
static size_t read_payload(struct conn *conn, uint8_t *bytes, size_t size)
{
    struct conn_input *input = conn->input;
    struct ws_fault fault;
    bool is_whole = false;

    if (size > input->payload_left)
        size = input->payload_left;
    ws_unmask(bytes, size, input->header.mask, input->payload_seen);
    input->payload_seen += size;
    input->payload_left -= size;
    if (size > 0 && !ws_message_add(&input->message, view_of(bytes, size), &fault)) {
        conn_ws_fault(conn, &fault);
        return size;
    }
    if (input->payload_left > 0)
        return size;
    input->is_in_payload = false;
    if (!ws_message_end_frame(&input->message, &is_whole, &fault)) {
        conn_ws_fault(conn, &fault);
        return size;
    }
    if (!is_whole)
        return size;
    deliver(conn, input->message.opcode, builder_view(&input->message.bytes));
    if (conn->input)
        ws_message_reset(&conn->input->message);
    return size;
}

/* A data frame that is not short, whole and alone: its payload is taken piece by piece. */
static size_t begin_payload(struct conn *conn, const struct ws_header *header)
{
    struct conn_input *input = conn_lend_input(conn);
    struct ws_fault fault;

    if (!input) {
        conn_end(conn, END_NO_MEMORY);
        return header->size;
    }
    if (!ws_message_begin_frame(&input->message, header, &fault)) {
        conn_ws_fault(conn, &fault);
        return header->size;
    }
    input->header = *header;
    input->payload_left = header->payload_size;
    input->payload_seen = 0;
    input->is_in_payload = true;
    if (header->payload_size == 0)
        (void)read_payload(conn, NULL, 0);
    return header->size;
}

static size_t read_whole(struct conn *conn, const struct ws_header *header, uint8_t *bytes)
{
    const struct net_options *options = &conn_shard(conn)->options;
    struct ws_message_limits limits = {options->message_bytes_max, options->fragments_max};
    struct view payload = view_of(bytes + header->size, header->payload_size);
    struct ws_fault fault;

    ws_unmask(bytes + header->size, header->payload_size, header->mask, 0);
    if (header->opcode >= WS_CLOSE)
        handle_control(conn, header, payload);
    else if (ws_message_whole(header, payload, &limits, &fault))
        deliver(conn, header->opcode, payload);
    else
        conn_ws_fault(conn, &fault);
    return header->size + header->payload_size;
}

size_t conn_ws_read(struct conn *conn, uint8_t *bytes, size_t size)
{
    struct ws_header header;
    struct ws_fault fault;

    if (conn->input && conn->input->is_in_payload)
        return read_payload(conn, bytes, size);
    switch (ws_decode(view_of(bytes, size), conn->has_deflate, &header, &fault)) {
    case DECODE_NEED_MORE: return 0;
    case DECODE_BAD: conn_ws_fault(conn, &fault); return size;
    case DECODE_DONE: break;
    }
    bool is_control = header.opcode >= WS_CLOSE;
    bool is_there = header.payload_size <= size - header.size;
    if (is_control && !is_there)
        return 0; /* at most 125 bytes: the next read brings them */
    counter_add(&conn_shard(conn)->counters.frames_in, 1);
    bool is_message_open = conn->input && conn->input->message.is_open;
    bool is_plain = header.is_final && !header.is_compressed && header.opcode != WS_CONTINUATION && !is_message_open;
    if (is_control || (is_there && is_plain))
        return read_whole(conn, &header, bytes);
    return begin_payload(conn, &header);
}
