/* SPDX-License-Identifier: Apache-2.0 */
/* The newest messages of one stream, byte by byte as they came first. Thousands of subscribers get the same bytes, so
 * all but the first copy are checked by one comparison: cheaper than reading them, and stricter. What is not the same,
 * or is not remembered, is read anew. */
#pragma once

#include "base/result.h"
#include "base/view.h"
#include "load/marker.h"

/* What a message was found to be. */
struct recalled {
    uint64_t seq; /* 0 where there are none */
    struct marker marker;
    bool is_ours; /* it has a marker of this run */
};

struct recall_slot;

struct recall {
    struct recall_slot *slots;
    uint64_t count; /* a power of two; 0: remembers nothing */
};

/* `count` is rounded up to a power of two; 0 is fine. RESULT_OK or RESULT_NO_MEMORY. */
enum result recall_init(struct recall *recall, uint64_t count) MUST_USE;
void recall_done(struct recall *recall);

/* What the payload is, if it is the one remembered for this place in the stream; or NULL. */
const struct recalled *recall_find(const struct recall *recall, uint64_t place, struct view payload,
                                   bool is_compressed);
/* Remembers it, if it is newer than what its slot holds. */
void recall_keep(struct recall *recall, uint64_t place, struct view payload, bool is_compressed,
                 const struct recalled *recalled);
