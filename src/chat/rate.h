/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: so many a second on the long run, so many at once. No clock of their own: the caller says what time it
 * is, and a time before the last one counts as the last one. */
#pragma once

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct rate_rule {
    uint64_t milli_per_second; /* thousandths of a token: 500 is one every two seconds */
    uint64_t milli_burst;
};

/* Zeroed, it is full. */
struct rate_bucket {
    uint64_t used_micro; /* millionths of a token, taken and not yet refilled as of `at_ms`; so no refill is rounded */
    uint64_t at_ms;
};

static_assert(sizeof(struct rate_bucket) == 16, "every connection has some, every address one");

struct rate_rule rate_rule_of(double per_second, uint32_t burst);
/* Takes one token. False: there is none; `*out_retry_after_ms`, at least 1, is when there will be. */
bool rate_take(struct rate_bucket *bucket, const struct rate_rule *rule, uint64_t now_ms, uint64_t *out_retry_after_ms);

/* Buckets by address: IPv4 whole, IPv6 by /64. Each address has a set of eight places that its keyed hash picks; where
 * they are taken, the one whose bucket is the fullest goes, and with it the least that is known of anybody. So nothing
 * is ever swept, and the memory stays what it is. One thread. */
struct rate_table {
    struct rate_rule rule;
    struct rate_place *places; /* NULL until the first take */
    size_t set_count;          /* a power of two */
};

/* `count_max`: addresses that it remembers, rounded down to a power of two, at least 8. Takes no memory yet. */
void rate_table_init(struct rate_table *table, const struct rate_rule *rule, size_t count_max);
void rate_table_done(struct rate_table *table);
/* As rate_take(). Without memory nobody is counted. After table_seed(). */
bool rate_table_take(struct rate_table *table, const uint8_t address[16], uint64_t now_ms,
                     uint64_t *out_retry_after_ms);
/* The eight bytes by which an address is counted. */
void rate_address_key(const uint8_t address[16], uint8_t out_key[8]);
