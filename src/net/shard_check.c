/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of a shard between two turns, walked from end to end. Tests and the simulator call it. */
#include "net/shard_inside.h"

/* Would anything be sent to it without a further event? Then it is in a queue, or the socket will say when. */
static void check_sending(const struct conn *conn)
{
    size_t bytes = 0;
    uint32_t count = 0;
    const struct reply *reply = conn->outbox.last;

    for (; reply && count < conn->outbox.count; count++) {
        reply = reply->next;
        check(reply->is_framed);
        check(reply->offset < reply->size);
        bytes += reply->size - reply->offset;
    }
    check(count == conn->outbox.count);
    check(bytes == conn->outbox.bytes);
    check(reply == conn->outbox.last);
    if (count > 0)
        check(conn->is_blocked || conn->queued & 1u << QUEUE_DIRTY);
}

static void check_places(const struct shard *shard, struct conn *conn)
{
    check(conn->state == CONN_OPEN || conn->place_count == 0);
    for (uint32_t i = 0; i < conn->place_count; i++) {
        const struct place *place = conn_place(conn, i);
        check(place->number < shard->feeds_capacity && shard->feeds[place->number]);
        const struct feed *feed = shard->feeds[place->number];
        check(place->index < feed->cursor_count);
        check(feed->cursors[place->index].conn == conn);
    }
}

static uint32_t longest_deadline_ms(const struct net_options *options)
{
    const uint32_t all[] = {options->request_ms, options->keep_alive_ms, 2 * options->heartbeat_ms, options->write_ms,
                            options->close_ms};
    uint32_t longest = 0;

    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        longest = all[i] > longest ? all[i] : longest;
    return longest;
}

/* Every live connection has a deadline, and the sweep comes in time for it. */
static void check_deadline(const struct shard *shard, const struct conn *conn)
{
    int32_t left_ms = (int32_t)(shard->registry[conn->slot].deadline_ms - shard_clock(shard));
    uint64_t slack_ms = SHARD_SWEEP_MS + shard->registry_used / SHARD_SWEEP_SLOTS_PER_MS;

    check(left_ms <= (int32_t)longest_deadline_ms(&shard->options));
    check(shard->sweep_ms <= shard->now_ms + slack_ms + (left_ms > 0 ? (uint64_t)left_ms : 0));
}

static void check_conn(const struct shard *shard, struct conn *conn, uint32_t slot)
{
    const struct net_options *options = &shard->options;

    check(conn->slot == slot);
    check(conn_shard(conn) == shard);
    if (conn->state == CONN_ENDED) {
        check(conn->descriptor == -1);
        check(conn->queued);
        return;
    }
    check(conn->descriptor >= 0);
    check((conn->state == CONN_OPEN) == conn->is_opened);
    check(!conn->is_paused || conn->state == CONN_OPEN);
    check(conn->is_paused || conn->state != CONN_OPEN || conn->answers_pending < options->answers_pending_max);
    check_sending(conn);
    check_places(shard, conn);
    check_deadline(shard, conn);
}

/* A cursor that is owed something is served by its feed's turn, or its connection's, or the socket will say when. */
static void check_feed(const struct feed *feed, uint32_t number)
{
    feed_check(feed);
    check(feed->number == number);
    check(feed->cursor_count > 0);
    for (uint32_t i = 0; i < feed->cursor_count; i++) {
        const struct cursor *cursor = &feed->cursors[i];
        check(cursor->conn->state == CONN_OPEN);
        if (cursor->position < feed->tail && !cursor->is_held)
            check(cursor->conn->is_blocked || cursor->conn->queued & 1u << QUEUE_DIRTY
                  || !list_is_empty((struct list_link *)&feed->dirty));
    }
}

static void check_feeds(const struct shard *shard)
{
    uint64_t feeds = 0, bytes = 0, cursors = 0;

    for (uint32_t number = 0; number < shard->feeds_capacity; number++) {
        const struct feed *feed = shard->feeds[number];
        if (!feed)
            continue;
        check_feed(feed, number);
        feeds++;
        bytes += feed->bytes;
        cursors += feed->cursor_count;
    }
    check(feeds == counter_get(&shard->counters.feeds));
    check(bytes == counter_get(&shard->counters.feed_bytes));
    check(cursors == counter_get(&shard->counters.subscriptions));
}

static void check_queues(const struct shard *shard)
{
    for (enum conn_queue which = 0; which < QUEUE_COUNT; which++) {
        const struct queue *queue = &shard->queues[which];
        uint32_t slot = queue->first, flagged = 0;
        for (uint32_t i = 0; i < queue->count; i++) {
            const struct conn *conn = shard->registry[slot].conn;
            check(conn && conn->queued & 1u << which);
            check(i + 1 < queue->count || slot == queue->last);
            slot = conn->queue_next[which];
        }
        for (uint32_t i = 0; i < shard->registry_used; i++) {
            const struct conn *conn = shard->registry[i].conn;
            flagged += conn && conn->queued & 1u << which;
        }
        check(flagged == queue->count);
    }
}

void shard_check(const struct shard *shard)
{
    uint64_t live[CONN_STATE_COUNT] = {0};
    uint64_t ended = 0, count = 0;

    for (uint32_t slot = 0; slot < shard->registry_used; slot++) {
        struct conn *conn = shard->registry[slot].conn;
        if (!conn)
            continue;
        check_conn(shard, conn, slot);
        live[conn->state]++;
        count++;
    }
    check(count == shard->registry_count);
    check(count == shard->conns.used);
    live[CONN_ENDED] = 0; /* no longer counted as live */
    for (int state = 0; state < CONN_STATE_COUNT; state++)
        check(live[state] == counter_get(&shard->counters.live[state]));
    for (int reason = 0; reason < END_REASON_COUNT; reason++)
        ended += counter_get(&shard->counters.ended[reason]);
    check(counter_get(&shard->counters.accepted) == shard_live_count(shard) + ended); /* P3 */
    check_queues(shard);
    check_feeds(shard);
}
