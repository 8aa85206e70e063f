/* SPDX-License-Identifier: Apache-2.0 */
/* A room's way out on one shard: the newest chunks, bounded, and the cursors of those who follow. Nothing is copied or
 * queued per subscriber.
 *
 *     chunks   [ 41 | 42 | 43 | 44 ]            head = 41, tail = 45
 *     cursors         ▲         ▲  ▲
 *                  slow one   most are at the tail
 */
#pragma once

#include <assert.h>

#include "base/list.h"
#include "net/chunk.h"

struct conn;

/* A subscriber's place: the next frame to send is number `frame` of chunk `position`; frame 0 of `tail` when all is
 * sent. Always at a frame's start: the rest of a frame that was cut is copied to the connection's outbox. */
struct cursor {
    struct conn *conn;
    uint64_t seq_next;      /* the first event not yet sent: where a gap begins when lapped */
    uint64_t position : 47; /* at a million chunks a second it lasts for years */
    uint64_t frame : 16;
    uint64_t is_held : 1; /* subscribed, but a replay comes first */
};

static_assert(sizeof(struct cursor) == 24, "a broadcast walks over one for every subscriber");
static_assert(CHUNK_FRAMES_MAX < 1 << 16, "a cursor may stand behind the last frame for a moment");

static inline void cursor_set_position(struct cursor *cursor, uint64_t position)
{
    cursor->position = position & ((UINT64_C(1) << 47) - 1);
}

/* A chunk in a feed, and the bytes of it that compressing subscribers of this shard are sent. These are settled on
 * first need and never change again: while another shard still compresses the chunk they are the plain ones, and must
 * stay so, or a socket that took a part of them would go on with the rest of something else. */
struct feed_slot {
    struct chunk *chunk;
    struct view for_deflate; /* size 0: not settled yet */
};

struct feed {
    uint32_t number;
    struct feed_slot *ring; /* chunk p is in ring[p & mask] for head <= p < tail; NULL until the first */
    uint64_t mask;
    uint64_t head;
    uint64_t tail;
    size_t bytes;
    size_t bytes_max;
    uint64_t seq_last;      /* the newest event that was given; 0: none yet */
    struct cursor *cursors; /* by value and dense: a broadcast walks them in order */
    uint32_t cursor_count;
    uint32_t cursor_capacity;
    uint32_t behind_count;  /* cursors that are not at the tail: while there are none, no chunk is kept */
    uint32_t flush_next;    /* where the flush goes on */
    uint32_t flush_left;    /* cursors still to be visited for the newest chunk */
    struct list_link dirty; /* in the shard's list while flush_left > 0 */
    struct list_link empty; /* in the shard's list of feeds to free at the turn's end, while nobody follows */
};

struct feed *feed_new(uint32_t number, size_t bytes_max);
/* No cursor may be left. Accepts NULL. */
void feed_free(struct feed *feed);

/* Puts `chunk` (one reference, given) at the feed's end. Beyond `bytes_max` the oldest chunks go, and cursors that
 * stood there are lapped. False: no memory, the chunk is dropped and every cursor counts as lapped. Shard thread. */
bool feed_give(struct feed *feed, struct chunk *chunk);

/* Drops all chunks: every cursor is lapped, up to the event `seq_last` (0: as before). */
void feed_lose(struct feed *feed, uint64_t seq_last);

/* Adds a cursor at the end and returns its index, or UINT32_MAX without memory. `seq_next` is the first event that it
 * will see. */
uint32_t feed_subscribe(struct feed *feed, struct conn *conn, uint64_t seq_next);
/* Removes it; the last cursor takes its index: its connection is returned to be told (NULL: nobody moved). */
struct conn *feed_unsubscribe(struct feed *feed, uint32_t index);

/* A feed without chunks and cursors that goes on where one of another process stood: readers that fell off its tail
 * there can stand before its head. */
void feed_resume(struct feed *feed, uint64_t seq_last);
/* Puts the cursor, which stands at the tail, `behind` chunks before it, at that frame; where there are not as many, it
 * has been lapped. False: the chunk has no such frame. */
bool feed_put_behind(struct feed *feed, uint32_t index, uint64_t behind, uint32_t frame);

/* `cursor` now stands at the tail. The chunks stay until feed_trim(). */
static inline void feed_caught_up(struct feed *feed, struct cursor *cursor)
{
    cursor_set_position(cursor, feed->tail);
    cursor->frame = 0;
    feed->behind_count--;
}

/* Gives the chunks back if everybody has them. No byte of them may be in use. */
void feed_trim(struct feed *feed);

static inline struct feed_slot *feed_slot(const struct feed *feed, uint64_t position)
{
    return &feed->ring[position & feed->mask];
}

static inline struct chunk *feed_chunk(const struct feed *feed, uint64_t position)
{
    return feed_slot(feed, position)->chunk;
}
void feed_check(const struct feed *feed);
