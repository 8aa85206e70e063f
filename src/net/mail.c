/* SPDX-License-Identifier: Apache-2.0 */
/* Letters that arrive at a shard from other threads. */
#include "net/shard_inside.h"

#include "base/trace.h"

#include <stdlib.h>

static void settle(struct conn *conn, uint32_t count)
{
    conn->answers_pending -= (uint16_t)(count < conn->answers_pending ? count : conn->answers_pending);
    conn_update_pause(conn);
}

static void add(struct conn *conn, struct reply *reply)
{
    if (reply)
        conn_add_reply(conn, reply);
}

static void subscribe(struct shard *shard, const struct letter *letter, bool is_held)
{
    struct conn *conn = shard_find(shard, letter->handle);
    struct feed *feed;

    if (!conn || conn->state != CONN_OPEN) {
        reply_free(letter->object);
        return;
    }
    feed = shard_feed(shard, letter->number, true);
    if (!feed) {
        reply_free(letter->object);
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    list_remove(&feed->empty);
    conn_subscribe(conn, feed, letter->sequence, is_held);
    if (feed->cursor_count == 0)
        shard_feed_release(shard, feed);
    if (conn->state != CONN_OPEN) {
        reply_free(letter->object);
        return;
    }
    if (!is_held)
        settle(conn, 1);
    add(conn, letter->object);
}

static void release(struct shard *shard, const struct letter *letter)
{
    struct conn *conn = shard_find(shard, letter->handle);
    struct feed *feed = shard_feed(shard, letter->number, false);
    struct place *place = conn && feed ? conn_place_of(conn, feed) : NULL;

    if (!conn) {
        reply_free(letter->object);
        return;
    }
    if (place)
        feed->cursors[place->index].is_held = false;
    settle(conn, 1);
    conn_mark_dirty(conn);
    add(conn, letter->object);
}

static void take_chunk(struct shard *shard, const struct letter *letter)
{
    struct feed *feed = shard_feed(shard, letter->number, false);
    struct chunk *chunk = letter->object;

    counter_add(&shard->counters.chunks, 1);
    if (!feed || feed->cursor_count == 0) {
        chunk_unref(chunk);
        return;
    }
    counter_subtract(&shard->counters.feed_bytes, feed->bytes);
    if (!feed_give(feed, chunk))
        counter_add(&shard->counters.outbox_overflows, 1);
    counter_add(&shard->counters.feed_bytes, feed->bytes);
    TRACE_3(deliver, feed->number, feed->seq_last, feed->cursor_count);
    shard_feed_dirty(shard, feed);
}

static void lose(struct shard *shard, const struct letter *letter)
{
    struct feed *feed = shard_feed(shard, letter->number, false);

    if (!feed || feed->cursor_count == 0)
        return;
    counter_subtract(&shard->counters.feed_bytes, feed->bytes);
    feed_lose(feed, letter->sequence);
    shard_feed_dirty(shard, feed);
}

static void reply(struct shard *shard, const struct letter *letter)
{
    struct conn *conn = shard_find(shard, letter->handle);

    if (!conn) {
        reply_free(letter->object);
        return;
    }
    settle(conn, letter->number);
    conn_add_reply(conn, letter->object);
}

static void close_conn(struct shard *shard, const struct letter *letter)
{
    struct conn *conn = shard_find(shard, letter->handle);

    if (!conn) {
        reply_free(letter->object);
        return;
    }
    add(conn, letter->object);
    conn_close(conn, letter->number, VIEW(""));
}

void conn_drain(struct conn *conn, enum end_reason reason)
{
    struct shard *shard = conn_shard(conn);

    conn->is_draining = true;
    if (conn->state == CONN_OPEN) {
        builder_clear(&shard->scratch);
        if (shard->events.farewell && !conn->is_aside)
            shard->events.farewell(shard->events.context, conn, &shard->scratch);
        if (shard->scratch.size > 0 && builder_ok(&shard->scratch))
            conn_send(conn, WS_TEXT, builder_view(&shard->scratch));
        conn_close(conn, reason, VIEW("the server is going away"));
    } else if (conn->state == CONN_REQUEST && !conn->input && conn->is_kept_alive) {
        conn_end(conn, END_SHUTDOWN); /* it has its answers, and has asked for nothing more */
    } else if (conn->state == CONN_PROXY || conn->state == CONN_TLS || (conn->state == CONN_REQUEST && !conn->input)) {
        conn_arm(conn, SHARD_DRAIN_GRACE_MS); /* its request may be on the way: it gets an answer and not an end */
    }
}

static void drain(struct shard *shard, enum end_reason reason)
{
    if (shard->is_draining)
        return;
    shard->is_draining = true;
    shard->drain_reason = reason;
    listeners_close(shard);
    for (uint32_t i = 0; i < shard->registry_used; i++) {
        if (shard->registry[i].conn)
            conn_drain(shard->registry[i].conn, reason);
    }
}

static void end_all(struct shard *shard)
{
    shard->is_draining = true;
    listeners_close(shard);
    for (uint32_t i = 0; i < shard->registry_used; i++) {
        if (shard->registry[i].conn)
            conn_end(shard->registry[i].conn, END_SHUTDOWN);
    }
}

static void settle_only(struct shard *shard, uint64_t handle)
{
    struct conn *conn = shard_find(shard, handle);

    if (conn)
        settle(conn, 1);
}

static void unsubscribe(struct shard *shard, const struct letter *letter)
{
    struct conn *conn = shard_find(shard, letter->handle);
    struct feed *feed = shard_feed(shard, letter->number, false);

    if (conn && feed)
        conn_unsubscribe(conn, feed);
}

static void call(struct shard *shard, struct shard_call *called)
{
    called->run(called, shard);
}

static void take_tickets(struct shard *shard, struct tls_tickets *tickets)
{
    shard->tls.tickets = *tickets;
    OPENSSL_cleanse(tickets, sizeof *tickets);
    free(tickets);
}

static void take_tls(struct shard *shard, struct tls *tls)
{
    tls_unref(shard->tls.tls);
    shard->tls.tls = tls;
}

void shard_mail(struct shard *shard, const struct letter *letter)
{
    switch ((enum net_letter)letter->kind) {
    case LETTER_REPLY: reply(shard, letter); break;
    case LETTER_SETTLED: settle_only(shard, letter->handle); break;
    case LETTER_SUBSCRIBE: subscribe(shard, letter, false); break;
    case LETTER_SUBSCRIBE_HELD: subscribe(shard, letter, true); break;
    case LETTER_RELEASE: release(shard, letter); break;
    case LETTER_UNSUBSCRIBE: unsubscribe(shard, letter); break;
    case LETTER_CHUNK: take_chunk(shard, letter); break;
    case LETTER_LOST: lose(shard, letter); break;
    case LETTER_CLOSE: close_conn(shard, letter); break;
    case LETTER_DRAIN: drain(shard, letter->number); break;
    case LETTER_END_ALL: end_all(shard); break;
    case LETTER_CALL: call(shard, letter->object); break;
    case LETTER_TLS: take_tls(shard, letter->object); break;
    case LETTER_TICKETS: take_tickets(shard, letter->object); break;
    case LETTER_HALT: shard->is_stopped = true; break;
    case LETTER_STOP:
        end_all(shard);
        shard->is_stopped = true;
        break;
    }
}
