/* SPDX-License-Identifier: Apache-2.0 */
/* Sending: from a subscriber's cursor to the feed's end, and what its outbox holds, in as few system calls as possible.
 *
 * Two ways lead to the socket. feed_flush() serves all subscribers of a feed that stand at the same place with one run
 * of ready bytes: the hot path, which touches a cursor, a connection and the kernel. conn_flush() serves one connection
 * whatever it is owed: answers, feeds at different places, the rest of a frame that the socket took only a part of. */
#include "net/shard_inside.h"

#include "base/trace.h"

enum {
    PREFETCH_CURSORS = 8,
    FLUSH_BYTES_MAX = 256 * 1024,
    SLICES_PER_ROUND_MAX = 32,
    SLICE_MAX = 1024, /* some 5 ms of system calls: the loop must look at its sockets */
};

/* The bytes of the chunk at that position for such a subscriber: always the same ones. */
static struct view form_at(struct shard *shard, struct feed *feed, uint64_t position, bool has_deflate)
{
    struct feed_slot *slot = feed_slot(feed, position);

    check(position >= feed->head && position < feed->tail);
    if (!has_deflate)
        return chunk_plain(slot->chunk);
    if (slot->for_deflate.size == 0)
        slot->for_deflate = chunk_compressed(slot->chunk, shard->deflaters[15], shard->options.compression_bytes_min,
                                             &shard->counters.room_compressions);
    return slot->for_deflate;
}

/* The seq of the next event after `frame` frames of the chunk, where it has events. */
static uint64_t seq_after(const struct chunk *chunk, uint32_t frame, uint64_t seq_next)
{
    return chunk->seq_first > 0 ? chunk->seq_first + frame : seq_next;
}

void conn_block(struct conn *conn)
{
    uint32_t now = shard_clock(conn_shard(conn));

    counter_add(&conn_shard(conn)->counters.writes_blocked, 1);
    conn->is_blocked = true;
    conn->progress_ms = now;
    if (conn->state == CONN_OPEN)
        conn_arm(conn, conn_shard(conn)->options.write_ms);
}

/* The rest of a frame of which a part has left goes to the front of the outbox: so cursors stand at frames' starts
 * always, and no frame is ever cut by another. It is one copy of at most one frame, and only for a socket that is full.
 */
static bool save_rest_of_frame(struct conn *conn, struct view rest)
{
    struct reply *reply = reply_new_raw(rest);

    if (!reply) {
        conn_end(conn, END_NO_MEMORY);
        return false;
    }
    outbox_add_first(&conn->outbox, reply);
    return true;
}

/* Past the last frame of its chunk the cursor stands at the next one. */
static void settle_cursor(struct feed *feed, struct cursor *cursor, const struct chunk *chunk)
{
    if (cursor->frame < chunk->frame_count)
        return;
    if (cursor->position + 1 == feed->tail) {
        feed_caught_up(feed, cursor);
        return;
    }
    cursor->position++;
    cursor->frame = 0;
}

/* `bytes`, less than the rest of the chunk, have left from the cursor on: frame by frame, to the one that was cut.
 * False: the connection has ended. */
static bool advance_within(struct conn *conn, struct feed *feed, struct cursor *cursor, size_t bytes)
{
    struct chunk *chunk = feed_chunk(feed, cursor->position);
    struct view form = form_at(conn_shard(conn), feed, cursor->position, conn->has_shared_deflate);
    size_t offset = chunk_frame_offset(form, cursor->frame);
    size_t cut = 0; /* bytes of the last frame that are still to leave */

    for (size_t end = offset + bytes; offset < end; cursor->frame++) {
        size_t frame_size = ws_server_frame_size(form.at + offset);
        cut = end - offset < frame_size ? offset + frame_size - end : 0;
        offset += frame_size;
        counter_add(&conn_shard(conn)->counters.deliveries, 1);
    }
    cursor->seq_next = seq_after(chunk, cursor->frame, cursor->seq_next);
    struct view rest = view_of(form.at + offset - cut, cut);
    settle_cursor(feed, cursor, chunk);
    return cut == 0 || save_rest_of_frame(conn, rest);
}

/* `bytes` of the feed have left, from the cursor on: mostly whole chunks, whose frames need no look each. False: the
 * connection has ended. */
static bool advance(struct conn *conn, struct feed *feed, struct cursor *cursor, size_t bytes)
{
    while (bytes > 0) {
        struct chunk *chunk = feed_chunk(feed, cursor->position);
        struct view form = form_at(conn_shard(conn), feed, cursor->position, conn->has_shared_deflate);
        size_t left = form.size - chunk_frame_offset(form, cursor->frame);

        if (bytes < left)
            return advance_within(conn, feed, cursor, bytes);
        counter_add(&conn_shard(conn)->counters.deliveries, chunk->frame_count - cursor->frame);
        bytes -= left;
        cursor->frame = (uint16_t)chunk->frame_count;
        cursor->seq_next = seq_after(chunk, cursor->frame, cursor->seq_next);
        settle_cursor(feed, cursor, chunk);
    }
    return true;
}

/* Skipped events are none that it was sent. */
static void note_lap(struct conn *conn, uint64_t events)
{
    struct conn_life *life = conn_life(conn);

    life_count(&life->laps);
    life->lapped_after_ms = life_after_ms(life, conn_shard(conn)->now_ms);
    life->lapped_events += (uint32_t)events;
    life->events_out -= events;
}

/* A cursor that fell off the tail is moved to the end: what it missed is named in a gap, and history has it. Closing
 * instead is a matter of configuration. */
static void catch_up_lapped(struct conn *conn, struct feed *feed, struct cursor *cursor)
{
    struct shard *shard = conn_shard(conn);
    uint64_t from = cursor->seq_next;

    counter_add(&shard->counters.lapped, 1);
    feed_caught_up(feed, cursor);
    if (feed->seq_last < from)
        return; /* only frames without a seq were missed */
    counter_add(&shard->counters.lapped_events, feed->seq_last - from + 1);
    cursor->seq_next = feed->seq_last + 1;
    note_lap(conn, cursor->seq_next - from);
    TRACE_3(lap, conn_handle(conn), from, feed->seq_last);
    if (shard->options.slow_policy == NET_SLOW_CLOSE) {
        conn_close(conn, END_SLOW, VIEW("too slow for this room"));
        return;
    }
    builder_clear(&shard->scratch);
    shard->events.lapped(shard->events.context, conn, feed->number, from, feed->seq_last, &shard->scratch);
    if (!builder_ok(&shard->scratch))
        conn_end(conn, END_NO_MEMORY); /* without the gap it would miss events and not know */
    else if (shard->scratch.size > 0)
        conn_send(conn, WS_TEXT, builder_view(&shard->scratch));
}

struct gather {
    struct iovec parts[SHARD_PARTS_MAX];
    int count;
    size_t bytes;
};

/* Adds what the cursor is owed. Returns the bytes added. */
static size_t gather_feed(struct conn *conn, struct feed *feed, const struct cursor *cursor, struct gather *gather)
{
    size_t before = gather->bytes;
    uint32_t frame = cursor->frame;

    for (uint64_t position = cursor->position; position < feed->tail; position++) {
        if (gather->count == SHARD_PARTS_MAX || gather->bytes >= FLUSH_BYTES_MAX)
            break;
        struct view form = form_at(conn_shard(conn), feed, position, conn->has_shared_deflate);
        size_t offset = chunk_frame_offset(form, frame);
        gather->parts[gather->count++] = (struct iovec){(void *)(form.at + offset), form.size - offset};
        gather->bytes += form.size - offset;
        frame = 0;
    }
    return gather->bytes - before;
}

static void find_lapped(struct conn *conn)
{
    for (uint32_t i = 0; i < conn->place_count; i++) {
        struct place *place = conn_place(conn, i);
        struct feed *feed = place_feed(conn, place);
        struct cursor *cursor = &feed->cursors[place->index];
        if (cursor->position < feed->head && !cursor->is_held)
            catch_up_lapped(conn, feed, cursor);
    }
}

static enum result send_parts(struct conn *conn, const struct iovec *parts, int count, size_t *out_size)
{
    struct shard_counters *counters = &conn_shard(conn)->counters;

    if (conn->is_tls)
        return conn_tls_send(conn, parts, count, out_size);
    enum result result = count == 1 ? os_write(conn->descriptor, parts[0].iov_base, parts[0].iov_len, out_size)
                                    : os_writev(conn->descriptor, parts, count, out_size);

    counter_add(&counters->writes, 1);
    if (result == RESULT_OK)
        counter_add(&counters->bytes_out, *out_size);
    return result;
}

/* Accounts for `size` bytes sent over the outbox and the feeds, in the order in which they were gathered. False: the
 * connection has ended. */
static bool account(struct conn *conn, size_t size, size_t outbox_bytes, const size_t *feed_bytes)
{
    size_t from_outbox = size < outbox_bytes ? size : outbox_bytes;
    uint32_t place_count = conn->place_count;

    uint32_t replies = outbox_sent(&conn->outbox, from_outbox);
    counter_add(&conn_shard(conn)->counters.replies_out, replies);
    conn_life(conn)->replies_out += replies;
    size -= from_outbox;
    for (uint32_t i = 0; i < place_count && size > 0; i++) {
        struct place *place = conn_place(conn, i);
        size_t from_feed = size < feed_bytes[i] ? size : feed_bytes[i];
        if (from_feed > 0 && !advance(conn, place_feed(conn, place), place_cursor(conn, place), from_feed))
            return false;
        size -= from_feed;
    }
    return true;
}

enum { FLUSH_PLACES_MAX = 256 };

/* One system call. RESULT_OK: something left, more may wait; RESULT_NOT_FOUND: nothing waits. */
static enum result flush_once(struct conn *conn)
{
    struct gather gather = {.count = 0};
    size_t feed_bytes[FLUSH_PLACES_MAX];
    size_t outbox_bytes = 0, size = 0;

    if (conn->tls && tls_link_has_rest(conn->tls)) {
        enum result result = tls_link_flush(conn->tls);
        if (result != RESULT_OK)
            return result;
        conn->progress_ms = shard_clock(conn_shard(conn));
    }
    find_lapped(conn);
    if (conn->state == CONN_ENDED)
        return RESULT_CLOSED;
    gather.count = outbox_gather(&conn->outbox, gather.parts, SHARD_PARTS_MAX, &outbox_bytes);
    gather.bytes = outbox_bytes;
    bool is_outbox_whole = outbox_bytes == conn->outbox.bytes;
    for (uint32_t i = 0; i < conn->place_count && i < FLUSH_PLACES_MAX; i++) {
        struct place *place = conn_place(conn, i);
        struct feed *feed = place_feed(conn, place);
        struct cursor *cursor = &feed->cursors[place->index];
        feed_bytes[i] = cursor->is_held || !is_outbox_whole ? 0 : gather_feed(conn, feed, cursor, &gather);
    }
    if (gather.count == 0)
        return RESULT_NOT_FOUND;
    enum result result = send_parts(conn, gather.parts, gather.count, &size);
    if (result != RESULT_OK)
        return result;
    conn->progress_ms = shard_clock(conn_shard(conn));
    if (!account(conn, size, outbox_bytes, feed_bytes))
        return RESULT_CLOSED;
    return size < gather.bytes ? RESULT_AGAIN : RESULT_OK;
}

static void trim_feeds(struct conn *conn)
{
    for (uint32_t i = 0; i < conn->place_count; i++)
        shard_feed_trim(conn_shard(conn), place_feed(conn, conn_place(conn, i)));
}

void conn_flush(struct conn *conn)
{
    enum result result = RESULT_OK;

    while (!conn->is_blocked && conn->state != CONN_ENDED) {
        result = flush_once(conn);
        if (result == RESULT_AGAIN)
            conn_block(conn);
        if (result != RESULT_OK)
            break;
    }
    if (conn->state == CONN_ENDED)
        return;
    if (result == RESULT_CLOSED || result == RESULT_FAILED) {
        conn_life(conn)->error = (uint16_t)os_error_last();
        conn_end(conn, END_PEER_RESET);
        return;
    }
    conn_update_pause(conn);
    trim_feeds(conn);
    if (result == RESULT_NOT_FOUND)
        conn_flushed(conn);
}

/* Gathers what a subscriber at `position` is owed; several small chunks become one part, copied once for all
 * subscribers. */
static void run_build(struct shard *shard, struct feed *feed, uint64_t position, bool has_deflate, struct run *run)
{
    run->position = position;
    run->end = position;
    run->seq_next = 0;
    run->part_count = 0;
    run->bytes = 0;
    run->frame_count = 0;
    run->is_there = true;
    for (; run->end < feed->tail && run->part_count < SHARD_PARTS_MAX && run->bytes < FLUSH_BYTES_MAX; run->end++) {
        struct chunk *chunk = feed_chunk(feed, run->end);
        struct view form = form_at(shard, feed, run->end, has_deflate);
        run->parts[run->part_count++] = (struct iovec){(void *)form.at, form.size};
        run->bytes += form.size;
        run->frame_count += chunk->frame_count;
        if (chunk->seq_last > 0)
            run->seq_next = chunk->seq_last + 1;
    }
    if (run->part_count <= 1 || run->bytes > SHARD_COALESCE_BYTES)
        return;
    uint8_t *to = shard->coalesced[has_deflate];
    for (int i = 0; i < run->part_count; i++) {
        memcpy(to, run->parts[i].iov_base, run->parts[i].iov_len);
        to += run->parts[i].iov_len;
    }
    run->parts[0] = (struct iovec){shard->coalesced[has_deflate], run->bytes};
    run->part_count = 1;
}

/* The hot path. True: the cursor stands at the run's end. False: the long way is needed. */
static bool send_run(struct shard *shard, struct conn *conn, struct feed *feed, struct cursor *cursor,
                     const struct run *run)
{
    size_t size = 0;
    enum result result = send_parts(conn, run->parts, run->part_count, &size);

    if (result == RESULT_OK && size == run->bytes) {
        if (run->end == feed->tail)
            feed_caught_up(feed, cursor);
        else
            cursor_set_position(cursor, run->end);
        if (run->seq_next > 0)
            cursor->seq_next = run->seq_next;
        conn->progress_ms = shard_clock(shard);
        counter_add(&shard->counters.deliveries, run->frame_count);
        return run->end == feed->tail;
    }
    if (result == RESULT_AGAIN) {
        conn_block(conn);
        return true;
    }
    if (result == RESULT_OK) {
        conn->progress_ms = shard_clock(shard);
        if (advance(conn, feed, cursor, size))
            conn_block(conn);
        return true;
    }
    conn_life(conn)->error = (uint16_t)os_error_last();
    conn_end(conn, END_PEER_RESET);
    return true;
}

static void flush_cursor(struct shard *shard, struct feed *feed, struct cursor *cursor, struct run runs[2])
{
    struct conn *conn = cursor->conn;
    struct run *run = &runs[conn->has_shared_deflate];

    if (cursor->position == feed->tail || cursor->is_held || conn->is_blocked)
        return;
    if (!outbox_is_empty(&conn->outbox) || cursor->frame > 0 || cursor->position < feed->head) {
        conn_flush(conn);
        return;
    }
    if (!run->is_there || run->position != cursor->position)
        run_build(shard, feed, cursor->position, conn->has_shared_deflate, run);
    if (!send_run(shard, conn, feed, cursor, run))
        conn_flush(conn);
}

/* A room is served in slices, so that what its people say meanwhile joins the batch at work. For that it is enough to
 * look some tens of times a round: a look costs as much as a subscriber or two, which 312 slices of 32 in a room of
 * 10,000 would add up. */
static size_t slice_of(const struct shard *shard, const struct feed *feed)
{
    size_t share = feed->cursor_count / SLICES_PER_ROUND_MAX;

    if (share > SLICE_MAX)
        share = SLICE_MAX;
    return share > shard->options.flush_slice ? share : shard->options.flush_slice;
}

bool feed_flush(struct shard *shard, struct feed *feed)
{
    struct run runs[2];
    size_t budget = slice_of(shard, feed);

    runs[0].is_there = false;
    runs[1].is_there = false;
    while (feed->flush_left > 0 && budget > 0) {
        uint32_t index = feed->flush_next;
        uint32_t ahead = index + PREFETCH_CURSORS;
        if (ahead < feed->cursor_count)
            __builtin_prefetch(feed->cursors[ahead].conn);
        feed->flush_left--;
        feed->flush_next = index + 1 < feed->cursor_count ? index + 1 : 0;
        budget--;
        uint32_t count = feed->cursor_count;
        flush_cursor(shard, feed, &feed->cursors[index], runs);
        if (feed->cursor_count < count && feed->flush_next > index)
            feed->flush_next = index; /* another took this place */
    }
    shard_feed_trim(shard, feed);
    return feed->flush_left > 0;
}
