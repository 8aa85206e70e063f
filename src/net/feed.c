/* SPDX-License-Identifier: Apache-2.0 */
#include "net/feed.h"

#include <stdlib.h>

#include "base/check.h"

enum { RING_CHUNKS_MIN = 8, CURSORS_MIN = 4 };

struct feed *feed_new(uint32_t number, size_t bytes_max)
{
    struct feed *feed = calloc(1, sizeof *feed);

    if (!feed)
        return NULL;
    feed->number = number;
    feed->bytes_max = bytes_max;
    list_init(&feed->dirty);
    list_init(&feed->empty);
    return feed;
}

static void drop_oldest(struct feed *feed)
{
    struct chunk *chunk = feed_chunk(feed, feed->head);

    feed->bytes -= chunk->size;
    feed->head++;
    chunk_unref(chunk);
}

void feed_free(struct feed *feed)
{
    if (!feed)
        return;
    check(feed->cursor_count == 0);
    while (feed->head < feed->tail)
        drop_oldest(feed);
    list_remove(&feed->dirty);
    list_remove(&feed->empty);
    free(feed->cursors);
    free(feed->ring);
    free(feed);
}

static bool grow_ring(struct feed *feed)
{
    uint64_t capacity = feed->ring ? (feed->mask + 1) * 2 : RING_CHUNKS_MIN;
    struct feed_slot *ring = malloc(capacity * sizeof *ring);

    if (!ring)
        return false;
    for (uint64_t position = feed->head; position < feed->tail; position++)
        ring[position & (capacity - 1)] = *feed_slot(feed, position);
    free(feed->ring);
    feed->ring = ring;
    feed->mask = capacity - 1;
    return true;
}

void feed_lose(struct feed *feed, uint64_t seq_last)
{
    while (feed->head < feed->tail)
        drop_oldest(feed);
    feed->head = ++feed->tail;
    feed->behind_count = feed->cursor_count;
    if (seq_last > 0)
        feed->seq_last = seq_last;
}

bool feed_give(struct feed *feed, struct chunk *chunk)
{
    if (chunk->seq_last > 0)
        feed->seq_last = chunk->seq_last;
    if (!feed->ring || feed->tail - feed->head > feed->mask) {
        if (!grow_ring(feed)) {
            feed_lose(feed, chunk->seq_last);
            chunk_unref(chunk);
            return false;
        }
    }
    *feed_slot(feed, feed->tail) = (struct feed_slot){.chunk = chunk};
    feed->tail++;
    feed->behind_count = feed->cursor_count;
    feed->bytes += chunk->size;
    while (feed->bytes > feed->bytes_max && feed->tail - feed->head > 1)
        drop_oldest(feed);
    return true;
}

void feed_trim(struct feed *feed)
{
    while (feed->behind_count == 0 && feed->head < feed->tail)
        drop_oldest(feed);
}

uint32_t feed_subscribe(struct feed *feed, struct conn *conn, uint64_t seq_next)
{
    if (feed->cursor_count == feed->cursor_capacity) {
        uint32_t capacity = feed->cursor_capacity ? feed->cursor_capacity + feed->cursor_capacity / 2 : CURSORS_MIN;
        struct cursor *cursors = realloc(feed->cursors, capacity * sizeof *cursors);
        if (!cursors)
            return UINT32_MAX;
        feed->cursors = cursors;
        feed->cursor_capacity = capacity;
    }
    feed->cursors[feed->cursor_count] = (struct cursor){
        .conn = conn,
        .seq_next = seq_next,
    };
    cursor_set_position(&feed->cursors[feed->cursor_count], feed->tail);
    /* A round that has begun comes by here as well, and must not end one cursor too early for it. */
    if (feed->flush_left > 0)
        feed->flush_left++;
    return feed->cursor_count++;
}

struct conn *feed_unsubscribe(struct feed *feed, uint32_t index)
{
    check(index < feed->cursor_count);
    if (feed->cursors[index].position < feed->tail)
        feed->behind_count--;
    uint32_t last = --feed->cursor_count;

    /* The cursor that moves here may be one that this flush has not visited: begin the round again. Those at the end
     * are passed over cheaply. */
    if (feed->flush_left > 0)
        feed->flush_left = feed->cursor_count;
    if (feed->flush_next >= feed->cursor_count)
        feed->flush_next = 0;
    if (index == last)
        return NULL;
    feed->cursors[index] = feed->cursors[last];
    return feed->cursors[index].conn;
}

void feed_resume(struct feed *feed, uint64_t seq_last)
{
    check(feed->cursor_count == 0 && feed->head == feed->tail);
    feed->head = ++feed->tail;
    feed->seq_last = seq_last;
}

bool feed_put_behind(struct feed *feed, uint32_t index, uint64_t behind, uint32_t frame)
{
    struct cursor *cursor = &feed->cursors[index];
    bool is_lapped = behind > feed->tail - feed->head;

    check(index < feed->cursor_count && cursor->position == feed->tail);
    if (behind == 0)
        return frame == 0;
    if (!is_lapped && frame >= feed_chunk(feed, feed->tail - behind)->frame_count)
        return false;
    check(!is_lapped || feed->head > 0);
    cursor_set_position(cursor, is_lapped ? feed->head - 1 : feed->tail - behind);
    cursor->frame = is_lapped ? 0 : (uint16_t)frame;
    feed->behind_count++;
    return true;
}

void feed_check(const struct feed *feed)
{
    size_t bytes = 0;
    uint32_t behind = 0;

    check(feed->head <= feed->tail);
    check(feed->flush_left <= feed->cursor_count);
    for (uint64_t position = feed->head; position < feed->tail; position++)
        bytes += feed_chunk(feed, position)->size;
    check(bytes == feed->bytes);
    for (uint32_t i = 0; i < feed->cursor_count; i++) {
        check(feed->cursors[i].position <= feed->tail);
        check(feed->cursors[i].position < feed->tail || feed->cursors[i].frame == 0);
        behind += feed->cursors[i].position < feed->tail;
    }
    check(behind == feed->behind_count);
}
