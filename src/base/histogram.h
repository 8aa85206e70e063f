/* SPDX-License-Identifier: Apache-2.0 */
/* A histogram of whole numbers with a relative error below 1/64 (HDR-style: for each power of two, 64 equal buckets).
 * Fixed memory, one writer thread; a reader on another thread may see it a moment behind, never torn counts. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/counter.h"

enum {
    HISTOGRAM_SUB_BITS = 6,
    HISTOGRAM_BITS_MAX = 42, /* values up to 2^42 - 1, 73 minutes in nanoseconds; larger ones count as that */
    HISTOGRAM_BUCKETS = (HISTOGRAM_BITS_MAX - HISTOGRAM_SUB_BITS + 1) << HISTOGRAM_SUB_BITS,
};

struct histogram {
    struct counter buckets[HISTOGRAM_BUCKETS];
    struct counter count;
    struct counter sum;
    struct counter max;
};

void histogram_init(struct histogram *histogram);
void histogram_add(struct histogram *histogram, uint64_t value);
void histogram_add_many(struct histogram *histogram, uint64_t value, uint64_t count);
/* Adds the counts of `other`. */
void histogram_merge(struct histogram *histogram, const struct histogram *other);
/* The value at `quantile` (0 to 1): the upper edge of its bucket, not above the maximum. 0 if empty. */
uint64_t histogram_quantile(const struct histogram *histogram, double quantile);
/* How many values were at most `value` (as far as buckets can tell): for cumulative exposition. */
uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t value);
