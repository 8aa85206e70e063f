/* SPDX-License-Identifier: Apache-2.0 */
/* A room's way out on one shard: the newest chunks, bounded, and the cursors of those who follow. Nothing is copied or
 * queued per subscriber.
 *
 *     chunks   [ 41 | 42 | 43 | 44 ]            head = 41, tail = 45
 *     cursors         ▲         ▲  ▲
 *                  slow one   most are at the tail
 */
#pragma once

#include "base/list.h"
#include "net/chunk.h"

struct conn;

/* A subscriber's place: the next frame to send is number `frame` of chunk `position`; frame 0 of `tail` when all is
 * sent. Always at a frame's start: the rest of a frame that was cut is copied to the connection's outbox. */
struct cursor {
    struct conn *conn;
    uint64_t position;
    uint64_t seq_next; /* the first event not yet sent: where a gap begins when lapped */
    uint32_t frame;
    bool is_held; /* subscribed, but a replay comes first */
};

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

static inline struct feed_slot *feed_slot(const struct feed *feed, uint64_t position)
{
    return &feed->ring[position & feed->mask];
}

static inline struct chunk *feed_chunk(const struct feed *feed, uint64_t position)
{
    return feed_slot(feed, position)->chunk;
}
void feed_check(const struct feed *feed);
