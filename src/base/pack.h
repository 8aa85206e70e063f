/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers and bytes one behind the other, the little end first: what one process writes down for another. Not here:
 * what they mean, and whether they make sense together; the reader asks that.
 *
 * A reader that runs past the end gives zeroes and has failed from then on; it is asked once, at the end of a part. */
#pragma once

#include "base/builder.h"

/* Appends the lowest `size` bytes of `number`, 1 to 8. */
void pack_number(struct builder *out, uint64_t number, size_t size);
/* Its size in four bytes, and the bytes. */
void pack_view(struct builder *out, struct view bytes);

struct unpack {
    struct view rest;
    bool has_failed;
};

static inline struct unpack unpack_of(struct view bytes)
{
    return (struct unpack){.rest = bytes};
}

uint64_t unpack_number(struct unpack *in, size_t size);
/* A number of `size` bytes that is at most `max`; a larger one is a failure, and 0. */
uint64_t unpack_up_to(struct unpack *in, size_t size, uint64_t max);
/* A view of at most `size_max` bytes into what is read. */
struct view unpack_view(struct unpack *in, size_t size_max);
/* Exactly `size` bytes. */
bool unpack_bytes(struct unpack *in, void *out, size_t size);
/* What was read makes no sense. Always false. */
bool unpack_fail(struct unpack *in);
/* All of it was there, and nothing is left. */
bool unpack_is_done(const struct unpack *in);

/* A sum over bytes that changes when any of them does: against accidents, not against people (FNV-1a, 64 bits). */
uint64_t pack_sum(struct view bytes);
