/* SPDX-License-Identifier: Apache-2.0 */
#include "net/pack_conn.h"

#include "net/shard_inside.h"

/* What is one bit of it, in the order of the packed number. Whether it is blocked or paused is found out anew, and that
 * nobody drains is a condition of the whole. */
#define PACKED_FLAGS(X)   \
    X(expects_tls)        \
    X(is_redirected)      \
    X(is_misplaced)       \
    X(is_quiet)           \
    X(has_deflate)        \
    X(has_shared_deflate) \
    X(is_ping_sent)       \
    X(is_close_sent)      \
    X(is_close_received)  \
    X(is_finished)        \
    X(is_at_end)          \
    X(is_kept_alive)      \
    X(is_head_only)       \
    X(is_continued)       \
    X(reads_to_end)       \
    X(is_proxied)         \
    X(believes_fields)    \
    X(is_client_told)     \
    X(is_counted)

/* Whoever adds a field packs it here, and counts PARCEL_FORMAT (serve/parcel.h) up. */
static_assert(sizeof(struct conn) == 112, "all of a connection is packed");
static_assert(sizeof(struct conn_life) == 64, "all of a connection's life is packed");

enum { FLAG_BYTES = 4, SCHEME_MAX = 3, WINDOW_BITS_MIN = 9, WINDOW_BITS_MAX = 15, MASK_BYTES = 4 };
enum input_kind { INPUT_NONE, INPUT_BYTES, INPUT_MESSAGE };

bool conn_goes_along(const struct conn *conn)
{
    return conn->state != CONN_ENDED && !conn->tls && !conn->is_aside;
}

/* ---- out ---- */

/* The state of an inflater in the middle of a message is zlib's own. And whoever waits for an answer that is not coming
 * would wait for ever. */
static bool can_go_on(const struct conn *conn)
{
    bool is_inflating = conn->input && conn->input->message.inflater;

    return conn->state != CONN_OPEN || (!is_inflating && conn->answers_pending == 0);
}

static void pack_message(const struct conn_input *input, struct builder *out)
{
    const struct ws_message *message = &input->message;

    pack_number(out, message->opcode, 1);
    pack_number(out, message->is_final, 1);
    pack_number(out, message->fragments, 4);
    pack_number(out, message->payload_bytes, 8);
    pack_view(out, builder_view(&message->bytes));
    pack_number(out, input->is_in_payload, 1);
    builder_add(out, input->header.mask, MASK_BYTES);
    pack_number(out, input->payload_left, 8);
    pack_number(out, input->payload_seen, 8);
}

static void pack_input(const struct conn_input *input, struct builder *out)
{
    enum input_kind kind = !input ? INPUT_NONE : input->message.is_open ? INPUT_MESSAGE : INPUT_BYTES;

    pack_number(out, kind, 1);
    if (kind == INPUT_NONE)
        return;
    pack_view(out, builder_view(&input->bytes));
    if (kind == INPUT_MESSAGE)
        pack_message(input, out);
}

static void pack_outbox(const struct outbox *outbox, struct builder *out)
{
    const struct reply *reply = outbox->last;

    pack_number(out, outbox->bytes, 4);
    for (uint32_t i = 0; i < outbox->count; i++) {
        reply = reply->next;
        builder_add(out, reply->bytes + reply->start + reply->offset, reply->size - reply->offset);
    }
}

static void pack_fields(const struct conn *conn, struct builder *out)
{
    const struct shard *shard = conn_shard(conn);
    uint32_t flags = 0, bit = 0;

#define X(name) flags |= (uint32_t)conn->name << bit++;
    PACKED_FLAGS(X)
#undef X
    pack_number(out, conn_handle(conn), 8);
    pack_number(out, conn->state, 1);
    pack_number(out, flags, FLAG_BYTES);
    pack_number(out, conn->end_reason, 1);
    pack_number(out, conn->admission, 1);
    pack_number(out, conn->window_bits, 1);
    pack_number(out, conn->hop_scheme, 1);
    pack_number(out, conn->scheme, 1);
    builder_add(out, conn->address.bytes, sizeof conn->address.bytes);
    pack_number(out, conn->address.port, 2);
    pack_number(out, conn->proxy > 0, 1);
    if (conn->proxy > 0)
        builder_add(out, shard->proxies[conn->proxy - 1], IP_BYTES);
    pack_number(out, conn->heard_ms, 4);
    pack_number(out, conn->progress_ms, 4);
    pack_number(out, conn->state_ms, 4);
    pack_number(out, shard->registry[conn->slot].deadline_ms, 4);
}

/* Events are written down as a whole: there each cursor counts from where it is set. */
static void pack_life(struct conn *conn, struct builder *out)
{
    const struct conn_life *life = conn_life(conn);
    const uint32_t numbers[] = {life->upgraded_after_ms, life->joined_after_ms, life->resumed_after_ms,
                                life->lapped_after_ms,   life->messages_in,     life->replies_out,
                                life->lapped_events,     life->pinged_at_ms,    life->ping_ms};

    pack_number(out, life->accepted_ms, 8);
    pack_number(out, conn_events_out(conn), 8);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        pack_number(out, numbers[i], 4);
    pack_number(out, life->laps, 2);
    pack_number(out, life->joins, 2);
    pack_number(out, life->resumes, 2);
    pack_number(out, life->close_code, 2);
    pack_number(out, life->error, 2);
    pack_view(out, agents_text(&conn_shard(conn)->agents, life->agent));
}

bool conn_pack(struct conn *conn, struct builder *out)
{
    const struct net_events *events = &conn_shard(conn)->events;
    bool is_open = conn->state == CONN_OPEN;
    struct builder owner;

    builder_init(&owner, SIZE_MAX);
    bool goes_on = can_go_on(conn) && (!is_open || !events->pack || events->pack(events->context, conn, &owner));
    pack_fields(conn, out);
    pack_life(conn, out);
    pack_outbox(&conn->outbox, out);
    pack_number(out, goes_on, 1);
    if (goes_on) {
        pack_input(conn->input, out);
        pack_view(out, builder_view(&owner));
        if (!builder_ok(&owner))
            out->has_failed = true;
    }
    builder_done(&owner);
    return goes_on;
}

/* ---- in ---- */

/* Two numbers of it that must fit each other. */
static bool is_sound(const struct conn *conn)
{
    bool has_window = conn->window_bits >= WINDOW_BITS_MIN; /* and not more than the field holds */

    if (conn->has_deflate && !has_window)
        return false;
    if (conn->has_shared_deflate != (conn->has_deflate && conn->window_bits == WINDOW_BITS_MAX))
        return false;
    return !conn->is_finished || conn->state == CONN_CLOSING;
}

static void unpack_fields(struct conn *conn, struct unpack *in, uint32_t *out_deadline_ms)
{
    uint32_t flags = (uint32_t)unpack_number(in, FLAG_BYTES), bit = 0;
    uint8_t proxy[IP_BYTES];

#define X(name) conn->name = flags >> bit++ & 1u;
    PACKED_FLAGS(X)
#undef X
    conn->end_reason = (uint8_t)unpack_up_to(in, 1, END_REASON_COUNT - 1);
    conn->admission = unpack_up_to(in, 1, ADMISSION_TOO_MANY_FROM_ADDRESS) & 3;
    conn->window_bits = unpack_up_to(in, 1, WINDOW_BITS_MAX) & 15u;
    conn->hop_scheme = unpack_up_to(in, 1, SCHEME_MAX) & 3;
    conn->scheme = unpack_up_to(in, 1, SCHEME_MAX) & 3;
    (void)unpack_bytes(in, conn->address.bytes, sizeof conn->address.bytes); /* the reader keeps its failure */
    conn->address.port = (uint16_t)unpack_number(in, 2);
    if (unpack_up_to(in, 1, 1) == 1 && unpack_bytes(in, proxy, sizeof proxy))
        conn_meet_proxy(conn, proxy);
    conn->heard_ms = (uint32_t)unpack_number(in, 4);
    conn->progress_ms = (uint32_t)unpack_number(in, 4);
    conn->state_ms = (uint32_t)unpack_number(in, 4);
    *out_deadline_ms = (uint32_t)unpack_number(in, 4);
    if (!in->has_failed && !is_sound(conn))
        (void)unpack_fail(in);
}

static bool unpack_life(struct conn *conn, struct unpack *in)
{
    struct conn_life *life = conn_life(conn);
    uint32_t *const numbers[] = {&life->upgraded_after_ms, &life->joined_after_ms, &life->resumed_after_ms,
                                 &life->lapped_after_ms,   &life->messages_in,     &life->replies_out,
                                 &life->lapped_events,     &life->pinged_at_ms,    &life->ping_ms};

    life->accepted_ms = unpack_number(in, 8);
    life->events_out = unpack_number(in, 8);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        *numbers[i] = (uint32_t)unpack_number(in, 4);
    life->laps = (uint16_t)unpack_number(in, 2);
    life->joins = (uint16_t)unpack_number(in, 2);
    life->resumes = (uint16_t)unpack_number(in, 2);
    life->close_code = (uint16_t)unpack_number(in, 2);
    life->error = (uint16_t)unpack_number(in, 2);
    struct view agent = unpack_view(in, AGENT_BYTES_MAX);
    if (!in->has_failed && agent.size > 0)
        life->agent = agents_take(&conn_shard(conn)->agents, agent);
    return !in->has_failed;
}

static bool unpack_outbox(struct conn *conn, struct unpack *in)
{
    struct view bytes = unpack_view(in, UINT32_MAX - WS_SERVER_HEADER_BYTES_MAX);

    if (bytes.size == 0)
        return !in->has_failed;
    struct reply *reply = reply_new_raw(bytes);
    if (!reply)
        return false;
    outbox_add(&conn->outbox, reply);
    return true;
}

static bool unpack_message(struct conn_input *input, struct unpack *in)
{
    struct ws_message *message = &input->message;

    message->opcode = (enum ws_opcode)unpack_up_to(in, 1, WS_BINARY);
    message->is_final = unpack_up_to(in, 1, 1) == 1;
    message->fragments = (uint32_t)unpack_number(in, 4);
    message->payload_bytes = unpack_number(in, 8);
    struct view bytes = unpack_view(in, message->limits.message_bytes_max);
    input->is_in_payload = unpack_up_to(in, 1, 1) == 1;
    (void)unpack_bytes(in, input->header.mask, MASK_BYTES); /* the reader keeps its failure */
    input->payload_left = unpack_number(in, 8);
    input->payload_seen = unpack_number(in, 8);
    bool is_data = message->opcode == WS_TEXT || message->opcode == WS_BINARY;
    if (in->has_failed || !is_data || (message->opcode == WS_TEXT && !utf8_add(&message->utf8, bytes)))
        return unpack_fail(in);
    message->is_open = true;
    builder_add_view(&message->bytes, bytes);
    return builder_ok(&message->bytes);
}

static bool unpack_input(struct conn *conn, struct unpack *in)
{
    enum input_kind kind = (enum input_kind)unpack_up_to(in, 1, INPUT_MESSAGE);

    if (kind == INPUT_NONE)
        return !in->has_failed;
    struct view bytes = unpack_view(in, conn_shard(conn)->buffer_bytes);
    struct conn_input *input = in->has_failed ? NULL : conn_lend_input(conn);
    if (!input)
        return false;
    builder_add_view(&input->bytes, bytes);
    if (kind == INPUT_MESSAGE && conn->state != CONN_OPEN)
        return unpack_fail(in);
    return (kind != INPUT_MESSAGE || unpack_message(input, in)) && builder_ok(&input->bytes);
}

static bool unpack_owner(struct conn *conn, struct unpack *in)
{
    const struct net_events *events = &conn_shard(conn)->events;
    struct unpack owner = unpack_of(unpack_view(in, SIZE_MAX));

    if (in->has_failed || conn->state != CONN_OPEN || !events->unpack)
        return !in->has_failed;
    return events->unpack(events->context, conn, &owner) || (owner.has_failed && unpack_fail(in));
}

/* Counted as if it had been accepted here: so that all that ever came is what is here and what ended. */
static enum result enter(struct shard *shard, struct conn *conn, uint64_t handle)
{
    enum result result = shard_register_as(shard, conn, handle);

    if (result != RESULT_OK)
        return result;
    if (os_poller_add(&shard->poller, conn->descriptor, OS_READ | OS_WRITE, conn) != RESULT_OK) {
        shard_unregister(shard, conn);
        return RESULT_NO_MEMORY;
    }
    (void)admission_enter(shard->admission); /* who is here already is not turned away */
    if (conn->is_counted)
        (void)admission_enter_address(shard->admission, &conn->address); /* as above */
    counter_add(&shard->counters.accepted, 1);
    counter_add(&shard->counters.taken_over, 1);
    counter_add(&shard->counters.live[conn->state], 1);
    return RESULT_OK;
}

/* At most as long as it would have from now on: what is configured may have changed. */
static void arm(struct conn *conn, uint32_t deadline_ms)
{
    int32_t left_ms = (int32_t)(deadline_ms - shard_clock(conn_shard(conn)));
    int32_t most_ms = (int32_t)conn_state_deadline_ms(conn, (enum conn_state)conn->state);

    conn_arm(conn, left_ms < 0 ? 0 : (uint32_t)(left_ms < most_ms ? left_ms : most_ms));
}

/* What has come meanwhile the poller tells of by itself. */
static void go_on(struct conn *conn)
{
    conn_update_pause(conn);
    if (!outbox_is_empty(&conn->outbox) || conn->state == CONN_HTTP || conn->state == CONN_CLOSING)
        conn_mark_dirty(conn);
    if (conn->input && conn->input->bytes.size > 0)
        conn_mark_unread(conn);
}

static void bid_farewell(struct conn *conn)
{
    conn_drain(conn, END_RESTART);
    conn->is_close_received = true; /* what it sends begins in the middle of something */
}

enum result conn_unpack(struct shard *shard, struct unpack *in, int descriptor)
{
    uint64_t handle = unpack_number(in, 8);
    uint8_t state = (uint8_t)unpack_up_to(in, 1, CONN_CLOSING);
    struct conn *conn = in->has_failed ? NULL : pool_take(&shard->conns);
    uint32_t deadline_ms = 0;

    if (!conn) {
        os_socket_close(descriptor);
        return in->has_failed ? RESULT_INVALID : RESULT_NO_MEMORY;
    }
    conn->descriptor = descriptor;
    conn->state = state;
    unpack_fields(conn, in, &deadline_ms);
    enum result result = in->has_failed ? RESULT_INVALID : enter(shard, conn, handle);
    if (result != RESULT_OK) {
        pool_give(&shard->conns, conn);
        os_socket_close(descriptor);
        if (result == RESULT_INVALID)
            (void)unpack_fail(in);
        return result;
    }
    arm(conn, deadline_ms);
    bool is_fine = unpack_life(conn, in) && unpack_outbox(conn, in);
    bool goes_on = is_fine && unpack_up_to(in, 1, 1) == 1;
    is_fine = is_fine && !in->has_failed && (!goes_on || (unpack_input(conn, in) && unpack_owner(conn, in)));
    if (!is_fine) {
        conn_end(conn, END_INTERNAL);
        return in->has_failed ? RESULT_INVALID : RESULT_NO_MEMORY;
    }
    conn->is_opened = goes_on && conn->state == CONN_OPEN;
    go_on(conn);
    if (!goes_on && conn->state == CONN_OPEN)
        bid_farewell(conn);
    return RESULT_OK;
}
