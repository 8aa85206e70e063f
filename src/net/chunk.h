/* SPDX-License-Identifier: Apache-2.0 */
/* A chunk is what one commit adds to one room: ready server frames, one after the other, immutable, counted. Made by
 * one thread, then shared by all shards. Its compressed form is made once, on first need, and shared as well. */
#pragma once

#include <stdatomic.h>

#include "base/counter.h"
#include "base/view.h"
#include "wire/deflate.h"

enum { CHUNK_FRAMES_MAX = 65000 };

struct chunk_form {
    uint32_t size;
    uint8_t bytes[];
};

struct chunk {
    _Atomic uint32_t references;
    _Atomic int compression;               /* enum chunk_compression */
    struct chunk_form *_Atomic compressed; /* when compression is CHUNK_COMPRESSED */
    uint64_t seq_first;                    /* of the events inside; 0: none of them has a seq (presence, typing) */
    uint64_t seq_last;
    uint32_t frame_count;
    uint32_t size;
    uint8_t bytes[];
};

enum chunk_compression { CHUNK_UNTRIED, CHUNK_AT_WORK, CHUNK_COMPRESSED, CHUNK_NOT_WORTH_IT };

/* From 1 to CHUNK_FRAMES_MAX whole frames (headers written). One reference. NULL: no memory. Any thread. */
struct chunk *chunk_new(struct view frames, uint32_t frame_count, uint64_t seq_first, uint64_t seq_last);
/* Are these bytes so many whole server frames, one behind the other? For those that come from another process. */
bool chunk_is_whole(struct view frames, uint32_t frame_count);
struct chunk *chunk_ref(struct chunk *chunk);
void chunk_unref(struct chunk *chunk);

/* The bytes for a compressing subscriber: compressed now, if nobody has (`compressions` counts the messages); plain
 * while another thread is at it (a message may always go plain, RFC 7692 section 6) or where nothing is won.
 * `bytes_min`: shorter messages stay plain. Any thread with its own deflater. */
struct view chunk_compressed(struct chunk *chunk, struct deflater *deflater, size_t bytes_min,
                             struct counter *compressions);
static inline struct view chunk_plain(const struct chunk *chunk)
{
    return view_of(chunk->bytes, chunk->size);
}
/* The byte offset of frame number `frame` in a form of a chunk: 0 for 0, its size for the last one's end. */
size_t chunk_frame_offset(struct view form, uint32_t frame);
