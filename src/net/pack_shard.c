/* SPDX-License-Identifier: Apache-2.0 */
#include "net/pack_shard.h"

#include <stdlib.h>

#include "net/pack_conn.h"
#include "net/shard_inside.h"

enum { DESCRIPTORS_MIN = 64, CURSOR_SEQ_BYTES = 8, MARK_END = 0, MARK_NEXT = 1 };

enum result packed_descriptor_add(struct packed_descriptors *descriptors, int descriptor)
{
    if (descriptors->count == descriptors->capacity) {
        size_t capacity = descriptors->capacity > 0 ? descriptors->capacity * 2 : DESCRIPTORS_MIN;
        int *at = realloc(descriptors->at, capacity * sizeof *at);
        if (!at)
            return RESULT_NO_MEMORY;
        descriptors->at = at;
        descriptors->capacity = capacity;
    }
    descriptors->at[descriptors->count++] = descriptor;
    return RESULT_OK;
}

void packed_descriptors_done(struct packed_descriptors *descriptors)
{
    free(descriptors->at);
    *descriptors = (struct packed_descriptors){0};
}

size_t shard_listener_count(const struct shard *shard)
{
    return shard->listener_count;
}

int shard_listener(const struct shard *shard, size_t index)
{
    check(index < shard->listener_count);
    return shard->listeners[index].descriptor;
}

void shard_rest(struct shard *shard)
{
    shard->is_resting = true;
    listeners_pause(shard);
    shard->accept_resume_ms = 0;
}

void shard_wake(struct shard *shard)
{
    shard->is_resting = false;
    shard->is_stopped = false;
    listeners_resume(shard);
}

/* ---- out ---- */

static bool has_packed_cursor(const struct feed *feed)
{
    for (uint32_t i = 0; i < feed->cursor_count; i++) {
        if (conn_goes_along(feed->cursors[i].conn))
            return true;
    }
    return false;
}

static void pack_cursors(const struct feed *feed, struct builder *out)
{
    for (uint32_t i = 0; i < feed->cursor_count; i++) {
        const struct cursor *cursor = &feed->cursors[i];
        if (!conn_goes_along(cursor->conn))
            continue;
        pack_number(out, MARK_NEXT, 1);
        pack_number(out, cursor->conn->slot, 4);
        pack_number(out, cursor->seq_next, CURSOR_SEQ_BYTES);
        pack_number(out, feed->tail - cursor->position, 8);
        pack_number(out, cursor->frame, 2);
    }
    pack_number(out, MARK_END, 1);
}

static void pack_feed(const struct feed *feed, struct builder *out)
{
    pack_number(out, feed->number, 4);
    pack_number(out, feed->seq_last, 8);
    pack_number(out, feed->tail - feed->head, 4);
    for (uint64_t position = feed->head; position < feed->tail; position++) {
        const struct chunk *chunk = feed_chunk(feed, position);
        pack_number(out, chunk->seq_first, 8);
        pack_number(out, chunk->seq_last, 8);
        pack_number(out, chunk->frame_count, 4);
        pack_view(out, chunk_plain(chunk));
    }
    pack_cursors(feed, out);
}

static void pack_feeds(const struct shard *shard, struct builder *out)
{
    for (uint32_t number = 0; number < shard->feeds_capacity; number++) {
        const struct feed *feed = shard->feeds[number];
        if (!feed || !has_packed_cursor(feed))
            continue;
        pack_number(out, MARK_NEXT, 1);
        pack_feed(feed, out);
    }
    pack_number(out, MARK_END, 1);
}

enum result shard_pack(struct shard *shard, struct builder *out, struct packed_descriptors *descriptors,
                       struct packed_counts *counts)
{
    silence_pack(&shard->silence, out);
    for (uint32_t i = 0; i < shard->registry_used; i++) {
        struct conn *conn = shard->registry[i].conn;
        if (!conn || !conn_goes_along(conn))
            continue;
        pack_number(out, MARK_NEXT, 1);
        counts->passed++;
        counts->farewell += !conn_pack(conn, out);
        if (packed_descriptor_add(descriptors, conn->descriptor) != RESULT_OK)
            return RESULT_NO_MEMORY;
    }
    pack_number(out, MARK_END, 1);
    pack_feeds(shard, out);
    return builder_ok(out) ? RESULT_OK : RESULT_NO_MEMORY;
}

void shard_forget_packed(struct shard *shard)
{
    for (uint32_t i = 0; i < shard->registry_used; i++) {
        struct conn *conn = shard->registry[i].conn;
        if (conn && conn_goes_along(conn))
            conn_end(conn, END_HANDED_OVER);
    }
    listeners_close(shard);
    shard->is_resting = false;
    shard->is_stopped = false;
}

/* ---- in ---- */

static bool unpack_chunks(struct unpack *in, struct feed *feed)
{
    uint64_t count = unpack_number(in, 4);

    for (uint64_t i = 0; i < count && !in->has_failed; i++) {
        uint64_t seq_first = unpack_number(in, 8), seq_last = unpack_number(in, 8);
        uint32_t frame_count = (uint32_t)unpack_up_to(in, 4, CHUNK_FRAMES_MAX);
        struct view frames = unpack_view(in, UINT32_MAX);
        if (in->has_failed || seq_last < seq_first || !chunk_is_whole(frames, frame_count))
            return unpack_fail(in);
        struct chunk *chunk = chunk_new(frames, frame_count, seq_first, seq_last);
        if (!chunk || !feed_give(feed, chunk))
            return false;
    }
    return !in->has_failed;
}

static bool unpack_cursor(struct shard *shard, struct unpack *in, struct feed *feed)
{
    uint32_t slot = (uint32_t)unpack_number(in, 4);
    uint64_t seq_next = unpack_number(in, CURSOR_SEQ_BYTES);
    uint64_t behind = unpack_number(in, 8);
    uint32_t frame = (uint32_t)unpack_number(in, 2);
    struct conn *conn = slot < shard->registry_used ? shard->registry[slot].conn : NULL;

    if (in->has_failed || !conn || conn_place_of(conn, feed))
        return unpack_fail(in);
    if (conn->state != CONN_OPEN)
        return true; /* it was bidden farewell */
    uint32_t count = feed->cursor_count;
    const struct conn_life life = *conn_life(conn);
    conn_subscribe(conn, feed, seq_next, false);
    conn_life(conn)->joins = life.joins; /* it joined long ago */
    conn_life(conn)->joined_after_ms = life.joined_after_ms;
    if (feed->cursor_count == count)
        return false;
    return feed_put_behind(feed, count, behind, frame) || unpack_fail(in);
}

static bool unpack_feed(struct shard *shard, struct unpack *in)
{
    uint32_t number = (uint32_t)unpack_up_to(in, 4, FEED_NUMBERS_MAX);

    if (in->has_failed || shard_feed(shard, number, false))
        return unpack_fail(in);
    struct feed *feed = shard_feed(shard, number, true);
    if (!feed)
        return false;
    shard_feed_release(shard, feed); /* as long as nobody follows it */
    feed_resume(feed, unpack_number(in, 8));
    bool is_fine = unpack_chunks(in, feed);
    counter_add(&shard->counters.feed_bytes, feed->bytes);
    while (is_fine && unpack_up_to(in, 1, MARK_NEXT) == MARK_NEXT)
        is_fine = unpack_cursor(shard, in, feed);
    if (feed->cursor_count > 0)
        list_remove(&feed->empty);
    shard_feed_trim(shard, feed);
    if (feed->behind_count > 0)
        shard_feed_dirty(shard, feed);
    return is_fine && !in->has_failed;
}

enum result shard_unpack(struct shard *shard, struct unpack *in, const int *descriptors, size_t descriptor_count,
                         size_t *out_used)
{
    bool is_fine = silence_unpack(&shard->silence, in);

    shard_show_silence(shard);
    *out_used = 0;
    while (is_fine && unpack_up_to(in, 1, MARK_NEXT) == MARK_NEXT) {
        if (*out_used == descriptor_count)
            return RESULT_INVALID;
        is_fine = conn_unpack(shard, in, descriptors[(*out_used)++]) == RESULT_OK;
    }
    while (is_fine && unpack_up_to(in, 1, MARK_NEXT) == MARK_NEXT)
        is_fine = unpack_feed(shard, in);
    shard_link_free(shard);
    if (in->has_failed)
        return RESULT_INVALID;
    return is_fine ? RESULT_OK : RESULT_NO_MEMORY;
}
