/* SPDX-License-Identifier: Apache-2.0 */
/* Token buckets: so many a second on the long run, so many at once. No clock of their own. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/table.h"

struct rate_rule {
    uint64_t milli_per_second; /* thousandths of a token */
    uint64_t milli_burst;
};

/* Zeroed, it is full. 16 bytes. */
struct rate_bucket {
    uint64_t used_milli; /* taken and not yet refilled, as of `at_ms` */
    uint64_t at_ms;
};

struct rate_rule rate_rule_of(double per_second, uint32_t burst);
/* Takes one token. False: there is none; `*out_retry_after_ms` is when there will be. */
bool rate_take(struct rate_bucket *bucket, const struct rate_rule *rule, uint64_t now_ms, uint64_t *out_retry_after_ms);

/* Buckets by address: IPv4 whole, IPv6 by /64. Bounded: beyond `count_max` full buckets are forgotten first, and if there are none the address goes uncounted. One thread. */
struct rate_table {
    struct rate_rule rule;
    struct table table;
    size_t count_max;
    uint64_t swept_ms;
};

void rate_table_init(struct rate_table *table, const struct rate_rule *rule, size_t count_max);
void rate_table_done(struct rate_table *table);
bool rate_table_take(struct rate_table *table, const uint8_t address[16], uint64_t now_ms, uint64_t *out_retry_after_ms);
/* The eight bytes by which an address is counted. */
void rate_address_key(const uint8_t address[16], uint8_t out_key[8]);
