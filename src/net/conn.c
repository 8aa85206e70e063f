/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a connection: moves between states, deadlines, reading, and the one end. */
#include <stdlib.h>

#include "net/shard_inside.h"

#include "base/trace.h"

struct conn *conn_new(struct shard *shard, const struct listener *listener, int descriptor,
                      const struct os_address *address)
{
    enum admission_verdict verdict = admission_enter(shard->admission);
    struct conn *conn = pool_take(&shard->conns);

    counter_add(&shard->counters.accepted, 1);
    if (!conn)
        goto out_admission;
    conn->descriptor = descriptor;
    conn->address = *address;
    conn->admission = verdict & 3; /* as wide as the field */
    conn->is_draining = shard->is_draining;
    if (shard_register(shard, conn) != RESULT_OK)
        goto out_conn;
    if (os_poller_add(&shard->poller, descriptor, OS_READ | OS_WRITE, conn) != RESULT_OK)
        goto out_registry;
    conn->heard_ms = shard_clock(shard);
    conn->state = listener->has_proxy_header ? CONN_PROXY : listener->is_tls ? CONN_TLS : CONN_REQUEST;
    conn->expects_tls = listener->is_tls;
    conn->is_redirected = listener->is_redirect;
    counter_add(&shard->counters.live[conn->state], 1);
    conn->state_ms = shard_clock(shard);
    conn_arm(conn, conn->state == CONN_TLS ? shard->options.tls_handshake_ms : shard->options.request_ms);
    TRACE_3(accept, conn_handle(conn), shard->index, descriptor);
    conn_meet(conn, listener);
    return conn;

out_registry:
    shard_unregister(shard, conn);
out_conn:
    pool_give(&shard->conns, conn);
out_admission:
    admission_leave(shard->admission);
    counter_add(&shard->counters.ended[END_NO_MEMORY], 1);
    os_socket_close(descriptor);
    return NULL;
}

void conn_arm(struct conn *conn, uint32_t delay_ms)
{
    struct shard *shard = conn_shard(conn);

    shard->registry[conn->slot].deadline_ms = shard_clock(shard) + delay_ms;
    if (shard->now_ms + delay_ms < shard->sweep_ms)
        shard->sweep_ms = shard->now_ms + delay_ms;
}

uint32_t conn_state_deadline_ms(const struct conn *conn, enum conn_state state)
{
    const struct net_options *options = &conn_shard(conn)->options;

    switch (state) {
    case CONN_PROXY: return options->request_ms;
    case CONN_TLS: return options->tls_handshake_ms;
    case CONN_REQUEST: return conn->is_draining ? SHARD_DRAIN_GRACE_MS : options->keep_alive_ms;
    case CONN_HTTP: return options->write_ms;
    case CONN_OPEN: return conn_heartbeat_ms(conn);
    case CONN_CLOSING: return options->close_ms;
    case CONN_ENDED:
    case CONN_STATE_COUNT: break;
    }
    return 0;
}

void conn_move(struct conn *conn, enum conn_state next)
{
    static const uint32_t may_become[CONN_STATE_COUNT] = {
#define X(symbol, label, next_states) [CONN_##symbol] = next_states,
        CONN_STATES(X)
#undef X
    };
    struct shard_counters *counters = &conn_shard(conn)->counters;

    check(may_become[conn->state] & (1u << next));
    counter_subtract(&counters->live[conn->state], 1);
    conn->state = (uint8_t)next;
    conn->state_ms = shard_clock(conn_shard(conn));
    if (next == CONN_ENDED) {
        counter_add(&counters->ended[conn->end_reason], 1);
        return;
    }
    counter_add(&counters->live[next], 1);
    conn_arm(conn, conn_state_deadline_ms(conn, next));
}

void conn_leave(struct conn *conn)
{
    conn_unsubscribe_all(conn);
    if (!conn->is_opened)
        return;
    conn->is_opened = false;
    conn_events(conn)->ended(conn_events(conn)->context, conn);
}

const struct net_events *conn_events(const struct conn *conn)
{
    const struct net_events *events = &conn_shard(conn)->events;

    return conn->is_aside ? events->aside : events;
}

void conn_wake(struct conn *conn, uint32_t delay_ms)
{
    check(conn->is_aside);
    if (conn->state == CONN_OPEN)
        conn_arm(conn, delay_ms);
}

/* The one end: out of rooms, registry, timers and poller; the descriptor is closed, the memory given back at the turn's
 * end, in that order, whatever the cause. (That it is in state ENDED takes it out of registry and timers: handles miss,
 * and the sweep passes it over.) */
void conn_end(struct conn *conn, enum end_reason reason)
{
    struct shard *shard = conn_shard(conn);

    if (conn->state == CONN_ENDED)
        return;
    if (conn->state == CONN_OPEN && (reason == END_PEER_GONE || reason == END_PEER_RESET))
        conn_silence_ended(conn);
    enum conn_state state = (enum conn_state)conn->state;
    if (conn->state != CONN_CLOSING)
        conn->end_reason = (uint8_t)reason;
    conn_remember_end(conn, state);
    TRACE_3(end, conn_handle(conn), conn->end_reason, state);
    conn_leave(conn);
    conn_move(conn, CONN_ENDED);
    os_poller_remove(&shard->poller, conn->descriptor);
    tls_link_free(conn->tls);
    conn->tls = NULL;
    os_socket_close(conn->descriptor);
    conn->descriptor = -1;
    if (conn->is_counted)
        admission_leave_address(shard->admission, &conn->address);
    admission_leave(shard->admission);
    outbox_clear(&conn->outbox);
    conn_return_input(conn);
    conn->ended_next = shard->ended;
    shard->ended = conn;
}

void conn_begin_closing(struct conn *conn, enum end_reason reason)
{
    conn->end_reason = (uint8_t)reason;
    conn_leave(conn);
    conn_move(conn, CONN_CLOSING);
    conn->is_paused = false;
    conn_mark_dirty(conn);
    conn_mark_unread(conn);
}

void conn_close(struct conn *conn, enum end_reason reason, struct view text)
{
    uint8_t frame[WS_CONTROL_BYTES_MAX + 2];
    int code = end_reason_close_code(reason);

    if (conn->state != CONN_OPEN && conn->state != CONN_HTTP && conn->state != CONN_REQUEST)
        return;
    TRACE_2(close, conn_handle(conn), reason);
    if (conn->state == CONN_OPEN && code > 0) {
        struct reply *reply = reply_new_raw(view_of(frame, ws_close_encode(frame, (uint16_t)code, text)));
        if (!reply) {
            conn_end(conn, END_NO_MEMORY);
            return;
        }
        outbox_add(&conn->outbox, reply);
        conn->is_close_sent = true;
    }
    conn_begin_closing(conn, reason);
}

/* In OPEN the one timer serves the heartbeat and the write deadline: it looks which is due and goes back to sleep until
 * the nearer one. */
static void deadline_open(struct conn *conn)
{
    const struct net_options *options = &conn_shard(conn)->options;
    uint32_t now = shard_clock(conn_shard(conn));
    uint32_t silent_ms = now - conn->heard_ms;
    uint32_t ping_ms = conn_heartbeat_ms(conn), lost_ms = ping_ms + options->heartbeat_ms;
    uint32_t next_ms = ping_ms;

    if (conn->is_blocked) {
        uint32_t stuck_ms = now - conn->progress_ms;
        if (stuck_ms >= options->write_ms) {
            conn_end(conn, END_SLOW);
            return;
        }
        next_ms = options->write_ms - stuck_ms;
    }
    if (conn->is_aside) {
        uint32_t pulse_ms = conn_events(conn)->pulse(conn_events(conn)->context, conn);
        if (conn->state == CONN_OPEN)
            conn_arm(conn, conn->is_blocked && next_ms < pulse_ms ? next_ms : pulse_ms);
        return;
    }
    if (silent_ms >= lost_ms && conn->is_ping_sent) {
        conn_silence_deaf(conn);
        conn_close(conn, END_HEARTBEAT, VIEW("no answer to pings"));
        return;
    }
    if (silent_ms >= ping_ms && !conn->is_ping_sent) {
        conn_silence_pinged(conn);
        conn->is_ping_sent = true;
        conn_ws_ping(conn);
    }
    /* Not asked until now although two heartbeats are over: it was we who were away (stopped, or the machine slept).
     * The peer has a whole heartbeat to answer then. */
    uint32_t due_ms = options->heartbeat_ms;
    if (silent_ms < ping_ms)
        due_ms = ping_ms - silent_ms;
    else if (silent_ms < lost_ms)
        due_ms = lost_ms - silent_ms;
    conn_arm(conn, due_ms < next_ms ? due_ms : next_ms);
}

/* REQUEST: the whole request must be there request_ms after its first byte; before the first byte, a fresh connection
 * has as long, a kept one keep_alive_ms. */
static void deadline_request(struct conn *conn)
{
    const struct net_options *options = &conn_shard(conn)->options;
    bool has_begun = conn->input != NULL;
    uint32_t waited_ms = shard_clock(conn_shard(conn)) - conn->state_ms;
    uint32_t limit_ms = !has_begun && conn->is_kept_alive ? options->keep_alive_ms : options->request_ms;

    if (conn->is_draining && !has_begun) {
        conn_end(conn, END_SHUTDOWN);
        return;
    }
    if (waited_ms < limit_ms) {
        conn_arm(conn, limit_ms - waited_ms);
        return;
    }
    if (!has_begun && conn->is_kept_alive) {
        conn_end(conn, END_HTTP_IDLE);
        return;
    }
    conn_answer(conn, &(struct http_answer){
                          .status = 408,
                          .fields = VIEW("Content-Type: text/plain; charset=utf-8\r\n"),
                          .body = VIEW("The request did not arrive in time. Send it whole, and faster.\n"),
                          .is_last = true,
                      });
    conn->end_reason = END_REQUEST_TIMEOUT;
}

static void deadline_closing(struct conn *conn)
{
    bool is_ours = conn->end_reason == END_NORMAL || conn->end_reason == END_SHUTDOWN
                   || conn->end_reason == END_RESTART;

    if (is_ours && !conn->is_close_received)
        conn->end_reason = END_CLOSE_TIMEOUT;
    conn_end(conn, conn->end_reason);
}

void conn_deadline(struct conn *conn)
{
    switch ((enum conn_state)conn->state) {
    case CONN_PROXY: conn_end(conn, conn->is_draining ? END_SHUTDOWN : END_PROXY_HEADER); break;
    case CONN_TLS: conn_end(conn, conn->is_draining ? END_SHUTDOWN : END_TLS_TIMEOUT); break;
    case CONN_REQUEST: deadline_request(conn); break;
    case CONN_HTTP: {
        uint32_t stuck_ms = shard_clock(conn_shard(conn)) - conn->progress_ms;
        if (stuck_ms >= conn_shard(conn)->options.write_ms)
            conn_end(conn, END_SLOW);
        else
            conn_arm(conn, conn_shard(conn)->options.write_ms - stuck_ms);
        break;
    }
    case CONN_OPEN: deadline_open(conn); break;
    case CONN_CLOSING: deadline_closing(conn); break;
    case CONN_ENDED:
    case CONN_STATE_COUNT: break;
    }
}

struct conn_input *conn_lend_input(struct conn *conn)
{
    const struct net_options *options = &conn_shard(conn)->options;
    struct ws_message_limits limits = {options->message_bytes_max, options->fragments_max};

    if (conn->input)
        return conn->input;
    conn->input = calloc(1, sizeof *conn->input);
    if (!conn->input)
        return NULL;
    builder_init(&conn->input->bytes, conn_shard(conn)->buffer_bytes);
    ws_message_init(&conn->input->message, &limits);
    return conn->input;
}

void conn_return_input(struct conn *conn)
{
    if (!conn->input)
        return;
    builder_done(&conn->input->bytes);
    ws_message_done(&conn->input->message);
    free(conn->input);
    conn->input = NULL;
}

/* Lends nothing that is not needed: an idle connection has no buffer. */
static bool input_is_idle(const struct conn_input *input)
{
    return input->bytes.size == 0 && !input->is_in_payload && !input->message.is_open;
}

/* Works on bytes as far as the state, and pauses, let it. Returns how many are done with. */
static size_t consume(struct conn *conn, uint8_t *bytes, size_t size)
{
    size_t used = 0;

    while (used < size && !conn->is_paused) {
        size_t step = 0;
        switch ((enum conn_state)conn->state) {
        case CONN_PROXY:
        case CONN_TLS: return used;
        case CONN_REQUEST: step = conn_http_read(conn, bytes + used, size - used); break;
        case CONN_HTTP: /* the next request waits until this answer has left */ return used;
        case CONN_OPEN: step = conn_ws_read(conn, bytes + used, size - used); break;
        case CONN_CLOSING: /* only a Close is still of interest */
            if (!conn->is_close_sent || conn->is_close_received)
                return size;
            step = conn_ws_read(conn, bytes + used, size - used);
            break;
        case CONN_ENDED:
        case CONN_STATE_COUNT: return size;
        }
        if (step == 0)
            return used;
        used += step;
    }
    return used;
}

/* What was not consumed stays in the connection's own input until more comes. */
static void keep_rest(struct conn *conn, const uint8_t *rest, size_t size)
{
    if (conn->state == CONN_ENDED)
        return;
    if (size > 0) {
        struct conn_input *input = conn_lend_input(conn);
        if (input)
            builder_add(&input->bytes, rest, size);
        if (!input || !builder_ok(&input->bytes)) {
            conn_end(conn, END_NO_MEMORY);
            return;
        }
    }
    if (conn->input && input_is_idle(conn->input))
        conn_return_input(conn);
}

static void at_end_of_input(struct conn *conn)
{
    conn->is_at_end = true;
    switch ((enum conn_state)conn->state) {
    case CONN_PROXY: conn_end(conn, END_PROXY_HEADER); break;
    case CONN_TLS: conn_end(conn, END_PEER_GONE); break;
    case CONN_REQUEST: conn_end(conn, conn->input ? END_PEER_GONE : END_HTTP_DONE); break;
    case CONN_HTTP: /* half-closed clients still get their answer */ conn->is_kept_alive = false; break;
    case CONN_OPEN: conn_end(conn, END_PEER_GONE); break;
    case CONN_CLOSING:
        if (outbox_is_empty(&conn->outbox) || conn->is_finished)
            conn_end(conn, conn->end_reason);
        break;
    case CONN_ENDED:
    case CONN_STATE_COUNT: break;
    }
}

/* Bytes kept from earlier go to the front of the shard's buffer, so that decoders always see one piece. */
static size_t restore_rest(struct conn *conn)
{
    size_t size = 0;

    if (conn->input) {
        size = conn->input->bytes.size;
        if (size > 0)
            memcpy(conn_shard(conn)->buffer, conn->input->bytes.at, size);
        builder_clear(&conn->input->bytes);
    }
    return size;
}

static enum result receive(struct conn *conn, void *out, size_t size, size_t *out_size)
{
    if (conn->tls)
        return tls_link_read(conn->tls, out, size, out_size);
    enum result result = os_read(conn->descriptor, out, size, out_size);
    if (result == RESULT_OK)
        counter_add(&conn_shard(conn)->counters.bytes_in, *out_size);
    else if (result == RESULT_FAILED)
        conn_life(conn)->error = (uint16_t)os_error_last();
    return result;
}

void conn_read(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);
    size_t kept, room, size = 0;
    enum result result;

    if (conn->is_paused || conn->state == CONN_ENDED || conn->state == CONN_HTTP)
        return; /* conn_mark_unread() brings us back */
    if (conn->state == CONN_PROXY) {
        conn_proxy_read(conn);
        return;
    }
    if (conn->state == CONN_TLS) {
        conn_tls_wait(conn);
        return;
    }
    kept = restore_rest(conn);
    room = shard->buffer_bytes - kept;
    if (room > SHARD_READ_BYTES)
        room = SHARD_READ_BYTES;
    result = conn->is_at_end || room == 0 ? RESULT_AGAIN : receive(conn, shard->buffer + kept, room, &size);
    if (result == RESULT_OK) {
        if (conn->state == CONN_REQUEST && kept == 0) {
            conn->state_ms = shard_clock(shard); /* a request's time runs from its first byte */
            conn_arm(conn, shard->options.request_ms);
        }
        conn->heard_ms = shard_clock(shard);
        if (conn->is_ping_sent)
            conn_silence_answered(conn);
        if (size == room || conn->reads_to_end)
            conn_mark_unread(conn);
    }
    if (kept + size > 0) {
        size_t used = consume(conn, shard->buffer, kept + size);
        keep_rest(conn, shard->buffer + used, kept + size - used);
    }
    if (conn->state == CONN_ENDED)
        return;
    if (result == RESULT_CLOSED)
        at_end_of_input(conn);
    else if (result == RESULT_FAILED)
        conn_end(conn, END_PEER_RESET);
}

void conn_mark_unread(struct conn *conn)
{
    if (conn->state != CONN_ENDED)
        queue_add(conn, QUEUE_UNREAD);
}

void conn_mark_dirty(struct conn *conn)
{
    if (conn->state != CONN_ENDED && !conn->is_blocked)
        queue_add(conn, QUEUE_DIRTY);
}

void conn_update_pause(struct conn *conn)
{
    const struct net_options *options = &conn_shard(conn)->options;
    bool is_paused = conn->state == CONN_OPEN
                     && (conn->answers_pending >= options->answers_pending_max
                         || conn->outbox.bytes > options->outbox_bytes_max / 2);

    if (is_paused == conn->is_paused)
        return;
    conn->is_paused = is_paused;
    if (is_paused)
        counter_add(&conn_shard(conn)->counters.reading_paused, 1);
    else
        conn_mark_unread(conn);
}

void conn_expect_answer(struct conn *conn)
{
    conn->answers_pending++;
    conn_update_pause(conn);
}

void conn_note_resume(struct conn *conn)
{
    struct conn_life *life = conn_life(conn);

    life_count(&life->resumes);
    life->resumed_after_ms = life_after_ms(life, conn_shard(conn)->now_ms);
}

void *conn_owner(const struct conn *conn)
{
    return conn->owner;
}

void conn_set_owner(struct conn *conn, void *owner)
{
    conn->owner = owner;
}

struct shard *conn_shard(const struct conn *conn)
{
    return pool_owner(conn);
}

uint64_t conn_handle(const struct conn *conn)
{
    return (uint64_t)conn_shard(conn)->registry[conn->slot].generation << 32 | conn->slot;
}

const struct os_address *conn_address(const struct conn *conn)
{
    return &conn->address;
}

bool conn_is_open(const struct conn *conn)
{
    return conn->state == CONN_OPEN;
}
