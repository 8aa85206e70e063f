/* SPDX-License-Identifier: Apache-2.0 */
/* Row 0 has a bucket for each value below 64; row n, from 1 on, has 64 buckets for the values from 2^(n+5) to
 * 2^(n+6) - 1, each 2^(n-1) wide: so a bucket is never wider than 1/64 of its least value. */
#include "base/histogram.h"

#include <string.h>

enum { SUB_COUNT = 1 << HISTOGRAM_SUB_BITS };

static const uint64_t VALUE_MAX = ((uint64_t)1 << HISTOGRAM_BITS_MAX) - 1;

static size_t bucket_of(uint64_t value)
{
    if (value < SUB_COUNT)
        return (size_t)value;
    unsigned top_bit = 63 - (unsigned)__builtin_clzll(value);
    unsigned row = top_bit - HISTOGRAM_SUB_BITS + 1;
    size_t sub = (size_t)(value >> (row - 1)) & (SUB_COUNT - 1);
    return ((size_t)row << HISTOGRAM_SUB_BITS) + sub;
}

static uint64_t bucket_upper_edge(size_t bucket)
{
    if (bucket < SUB_COUNT)
        return bucket;
    size_t row = bucket >> HISTOGRAM_SUB_BITS;
    uint64_t sub = bucket & (SUB_COUNT - 1);
    return ((SUB_COUNT + sub + 1) << (row - 1)) - 1;
}

void histogram_init(struct histogram *histogram)
{
    memset(histogram, 0, sizeof(*histogram));
}

void histogram_add(struct histogram *histogram, uint64_t value)
{
    histogram_add_many(histogram, value, 1);
}

void histogram_add_many(struct histogram *histogram, uint64_t value, uint64_t count)
{
    if (count == 0)
        return;
    if (value > VALUE_MAX)
        value = VALUE_MAX;
    counter_add(&histogram->buckets[bucket_of(value)], count);
    counter_add(&histogram->count, count);
    counter_add(&histogram->sum, value * count);
    counter_raise(&histogram->max, value);
}

void histogram_merge(struct histogram *histogram, const struct histogram *other)
{
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        uint64_t count = counter_get(&other->buckets[bucket]);
        if (count > 0)
            counter_add(&histogram->buckets[bucket], count);
    }
    counter_add(&histogram->count, counter_get(&other->count));
    counter_add(&histogram->sum, counter_get(&other->sum));
    counter_raise(&histogram->max, counter_get(&other->max));
}

/* Which of `count` sorted values stands at the quantile, counted from 1. */
static uint64_t rank_of(double quantile, uint64_t count)
{
    double exact = quantile * (double)count;
    if (!(exact > 1.0)) /* so written that a quantile that is no number counts as 0 */
        return 1;
    if (exact >= (double)count)
        return count;
    uint64_t rank = (uint64_t)exact;
    return (double)rank < exact ? rank + 1 : rank;
}

uint64_t histogram_quantile(const struct histogram *histogram, double quantile)
{
    uint64_t count = counter_get(&histogram->count);
    if (count == 0)
        return 0;
    uint64_t rank = rank_of(quantile, count);
    uint64_t max = counter_get(&histogram->max);
    uint64_t seen = 0;
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        seen += counter_get(&histogram->buckets[bucket]);
        if (seen >= rank) {
            uint64_t edge = bucket_upper_edge(bucket);
            return edge < max ? edge : max;
        }
    }
    return max;
}

uint64_t histogram_count_up_to(const struct histogram *histogram, uint64_t value)
{
    size_t last = bucket_of(value > VALUE_MAX ? VALUE_MAX : value);
    uint64_t count = 0;
    for (size_t bucket = 0; bucket <= last; bucket++)
        count += counter_get(&histogram->buckets[bucket]);
    return count;
}
