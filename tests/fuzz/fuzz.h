/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share. A target takes the first byte of its input as the seed of the cuts: the same bytes, cut
 * anywhere, must give the same result. A property that does not hold ends the program by check(). */
#pragma once

#include <stdlib.h>

#include "base/builder.h"
#include "base/check.h"
#include "base/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size);

struct fuzz_cuts {
    uint32_t state;
};

/* A copy in memory of exactly its size, so that the sanitizer sees a byte read too far. */
static inline struct view fuzz_copy(struct view bytes)
{
    uint8_t *at = malloc(bytes.size > 0 ? bytes.size : 1);

    check(at != NULL);
    if (bytes.size > 0)
        memcpy(at, bytes.at, bytes.size);
    return view_of(at, bytes.size);
}

static inline void fuzz_free(struct view copy)
{
    free((void *)(uintptr_t)copy.at);
}

/* A copy of the next piece of `rest`. Most pieces are small. */
static inline struct view fuzz_take_piece(struct fuzz_cuts *cuts, struct view *rest)
{
    cuts->state = cuts->state * 1664525 + 1013904223;
    size_t wish = cuts->state >> 30 == 0 ? 1 + (cuts->state >> 8 & 0xFFF) : 1 + (cuts->state >> 8 & 7);
    size_t size = wish < rest->size ? wish : rest->size;
    struct view piece = fuzz_copy(view_first(*rest, size));

    *rest = view_skip(*rest, size);
    return piece;
}

/* Takes the input's first byte. */
static inline uint8_t fuzz_take_byte(struct view *rest)
{
    uint8_t byte = rest->at[0];

    *rest = view_skip(*rest, 1);
    return byte;
}
