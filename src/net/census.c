/* SPDX-License-Identifier: Apache-2.0 */
#include "net/census.h"

#include "net/shard_inside.h"

struct conn_life *conn_life(const struct conn *conn)
{
    return &conn_shard(conn)->lives[conn->slot];
}

void conn_life_begin(struct conn *conn)
{
    *conn_life(conn) = (struct conn_life){
        .accepted_ms = conn_shard(conn)->now_ms,
        .upgraded_after_ms = LIFE_NOT_YET,
        .joined_after_ms = LIFE_NOT_YET,
        .resumed_after_ms = LIFE_NOT_YET,
        .lapped_after_ms = LIFE_NOT_YET,
        .ping_ms = LIFE_NOT_YET,
    };
}

/* Events of rooms that have left: a cursor knows how far it is, and from what to subtract that was noted when it was
 * set. */
uint64_t conn_events_out(struct conn *conn)
{
    uint64_t events = conn_life(conn)->events_out;

    for (uint32_t i = 0; i < conn->place_count; i++)
        events += place_cursor(conn, conn_place(conn, i))->seq_next;
    return events;
}

static void see_rooms(struct conn *conn, struct conn_sight *out)
{
    out->room_count = conn->place_count;
    for (uint32_t i = 0; i < conn->place_count; i++) {
        const struct place *place = conn_place(conn, i);
        const struct feed *feed = place_feed(conn, place);
        uint64_t seq_next = place_cursor(conn, place)->seq_next;
        if (i < CENSUS_ROOMS_MAX)
            out->rooms[i] = place->number;
        if (feed->seq_last >= seq_next)
            out->lag_events += feed->seq_last + 1 - seq_next;
    }
}

static uint64_t when(const struct conn_life *life, uint32_t after_ms)
{
    return after_ms == LIFE_NOT_YET ? 0 : life->accepted_ms + after_ms;
}

static void see_life(struct conn *conn, struct conn_sight *out)
{
    const struct conn_life *life = conn_life(conn);
    struct view agent = agents_text(&conn_shard(conn)->agents, life->agent);

    out->accepted_ms = life->accepted_ms;
    out->upgraded_ms = when(life, life->upgraded_after_ms);
    out->joined_ms = when(life, life->joined_after_ms);
    out->resumed_ms = when(life, life->resumed_after_ms);
    out->lapped_ms = when(life, life->lapped_after_ms);
    out->ping_ms = life->ping_ms;
    out->messages_in = life->messages_in;
    out->messages_out = life->replies_out + conn_events_out(conn);
    out->lapped_events = life->lapped_events;
    out->laps = life->laps;
    out->joins = life->joins;
    out->resumes = life->resumes;
    if (agent.size > 0)
        memcpy(out->agent, agent.at, agent.size);
}

static void see(struct conn *conn, struct conn_sight *out)
{
    struct shard *shard = conn_shard(conn);
    uint32_t now = shard_clock(shard);

    *out = (struct conn_sight){
        .handle = conn_handle(conn),
        .owner = conn->is_aside ? NULL : conn->owner,
        .state = (enum conn_state)conn->state,
        .behind = conn_behind(conn),
        .address = conn->address,
        .peer = conn->address,
        .is_tls = conn->is_tls,
        .has_deflate = conn->has_deflate,
        .is_blocked = conn->is_blocked,
        .is_paused = conn->is_paused,
        .now_ms = shard->now_ms,
        .idle_ms = now - conn->heard_ms,
        .blocked_ms = conn->is_blocked ? now - conn->progress_ms : 0,
        .deadline_in_ms = (int32_t)(shard->registry[conn->slot].deadline_ms - now),
        .answers_pending = conn->answers_pending,
        .outbox_bytes = conn->outbox.bytes,
        .unsent_bytes = os_socket_unsent_bytes(conn->descriptor),
    };
    out->has_link = os_socket_link(conn->descriptor, &out->link);
    if (conn->is_proxied)
        conn_peer(conn, &out->peer);
    see_rooms(conn, out);
    see_life(conn, out);
}

size_t census_take(struct shard *shard, uint32_t *position, struct conn_sight out[CENSUS_SLICE])
{
    size_t count = 0;

    for (uint32_t looked = 0; looked < CENSUS_SLICE && *position < shard->registry_used; looked++, ++*position) {
        struct conn *conn = shard->registry[*position].conn;
        if (conn && conn->state != CONN_ENDED)
            see(conn, &out[count++]);
    }
    if (*position >= shard->registry_used)
        *position = 0;
    return count;
}

bool census_find(struct shard *shard, uint64_t handle, struct conn_sight *out)
{
    struct conn *conn = shard_find(shard, handle);

    if (conn)
        see(conn, out);
    return conn != NULL;
}

bool census_remove(struct shard *shard, uint64_t handle, enum end_reason reason, struct view frame, struct view text)
{
    struct conn *conn = shard_find(shard, handle);

    if (!conn || conn->state != CONN_OPEN)
        return false;
    if (frame.size > 0 && !conn->is_aside)
        conn_send(conn, WS_TEXT, frame);
    conn_close(conn, reason, text);
    return true;
}

void census_feed(const struct shard *shard, uint32_t number, struct feed_sight *out)
{
    const struct feed *feed = number < shard->feeds_capacity ? shard->feeds[number] : NULL;

    *out = (struct feed_sight){0};
    if (!feed)
        return;
    out->subscribers = feed->cursor_count;
    out->behind = feed->behind_count;
    out->bytes = feed->bytes;
    for (uint32_t i = 0; out->behind > 0 && i < feed->cursor_count && i < CENSUS_CURSORS_MAX; i++) {
        uint64_t seq_next = feed->cursors[i].seq_next;
        uint64_t lag = feed->seq_last >= seq_next ? feed->seq_last + 1 - seq_next : 0;
        if (lag > out->lag_events)
            out->lag_events = lag;
    }
}

const struct ended *census_ended(const struct shard *shard)
{
    return &shard->ended_newest;
}

/* Is its end of interest? A request that was answered is none. */
static bool is_told(const struct conn *conn)
{
    return conn_life(conn)->upgraded_after_ms != LIFE_NOT_YET
           || (conn->end_reason != END_HTTP_DONE && conn->end_reason != END_HTTP_IDLE);
}

void conn_remember_end(struct conn *conn, enum conn_state state)
{
    struct shard *shard = conn_shard(conn);
    const struct conn_life *life = conn_life(conn);
    struct ended_record *record = is_told(conn) ? ended_add(&shard->ended_newest) : NULL;

    if (!record)
        return;
    record->handle = conn_handle(conn);
    record->ended_ms = shard->now_ms;
    record->age_ms = shard->now_ms - life->accepted_ms;
    record->open_ms = life->upgraded_after_ms == LIFE_NOT_YET ? 0 : record->age_ms - life->upgraded_after_ms;
    record->messages_in = life->messages_in;
    record->messages_out = life->replies_out + conn_events_out(conn);
    record->address = conn->address;
    record->ping_ms = life->ping_ms;
    record->idle_ms = shard_clock(shard) - conn->heard_ms;
    record->unsent_bytes = os_socket_unsent_bytes(conn->descriptor) + conn->outbox.bytes;
    record->state = state;
    record->reason = (enum end_reason)conn->end_reason;
    record->behind = conn_behind(conn);
    record->code_sent = conn->is_close_sent ? (uint16_t)end_reason_close_code(record->reason) : 0;
    record->code_received = life->close_code;
    record->error = life->error;
    record->laps = life->laps;
    record->is_tls = conn->is_tls;
    (void)os_socket_link(conn->descriptor, &record->link); /* zeroes stay where there is none */
    struct view agent = agents_text(&shard->agents, life->agent);
    if (agent.size > 0)
        memcpy(record->agent, agent.at, agent.size);
}
