/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/rate.h"

#include <stdlib.h>

#include "base/table.h"

enum {
    MICRO = 1000000,              /* of one token */
    NEVER_RETRY_AFTER_MS = 60000, /* what a rule that never refills tells */
    SET_PLACES = 8,
};

struct rate_rule rate_rule_of(double per_second, uint32_t burst)
{
    return (struct rate_rule){.milli_per_second = (uint64_t)(per_second * 1000), .milli_burst = (uint64_t)burst * 1000};
}

/* A thousandth of a token a second is a millionth a millisecond: nothing to divide, so nothing is lost. */
static void refill(struct rate_bucket *bucket, const struct rate_rule *rule, uint64_t now_ms)
{
    uint64_t rate = rule->milli_per_second;

    if (now_ms <= bucket->at_ms)
        return;
    uint64_t passed_ms = now_ms - bucket->at_ms;
    bool is_full = rate > 0 && passed_ms > bucket->used_micro / rate;
    bucket->used_micro -= is_full ? bucket->used_micro : passed_ms * rate;
    bucket->at_ms = now_ms;
}

bool rate_take(struct rate_bucket *bucket, const struct rate_rule *rule, uint64_t now_ms, uint64_t *out_retry_after_ms)
{
    uint64_t burst_micro = rule->milli_burst * 1000;
    uint64_t rate = rule->milli_per_second;

    refill(bucket, rule, now_ms);
    if (bucket->used_micro + MICRO <= burst_micro) {
        bucket->used_micro += MICRO;
        return true;
    }
    bool is_possible = rate > 0 && burst_micro >= MICRO;
    uint64_t missing = bucket->used_micro + MICRO - burst_micro;
    *out_retry_after_ms = is_possible ? (missing + rate - 1) / rate : NEVER_RETRY_AFTER_MS;
    return false;
}

struct rate_place {
    struct rate_bucket bucket;
    uint8_t key[8];
};

void rate_table_init(struct rate_table *table, const struct rate_rule *rule, size_t count_max)
{
    *table = (struct rate_table){.rule = *rule, .set_count = 1};
    while (table->set_count * 2 * SET_PLACES <= count_max)
        table->set_count *= 2;
}

void rate_table_done(struct rate_table *table)
{
    free(table->places);
    table->places = NULL;
}

void rate_address_key(const uint8_t address[16], uint8_t out_key[8])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (memcmp(address, mapped, sizeof mapped) != 0) {
        memcpy(out_key, address, 8);
        return;
    }
    memcpy(out_key, (const uint8_t[]){0, 0, 0xff, 0xff}, 4); /* no network of IPv6 begins so */
    memcpy(out_key + 4, address + 12, 4);
}

/* The place of a key: its own, or the one in its set whose bucket is the fullest, made new. A place that was never used
 * is a full bucket. */
static struct rate_bucket *find(struct rate_table *table, const uint8_t key[8], uint64_t now_ms)
{
    size_t set = (size_t)table_hash(view_of(key, 8)) & (table->set_count - 1);
    struct rate_place *places = table->places + set * SET_PLACES;
    struct rate_place *fullest = &places[0];

    for (size_t i = 0; i < SET_PLACES; i++) {
        if (memcmp(places[i].key, key, 8) == 0)
            return &places[i].bucket;
        refill(&places[i].bucket, &table->rule, now_ms);
        if (places[i].bucket.used_micro < fullest->bucket.used_micro)
            fullest = &places[i];
    }
    *fullest = (struct rate_place){0};
    memcpy(fullest->key, key, 8);
    return &fullest->bucket;
}

bool rate_table_take(struct rate_table *table, const uint8_t address[16], uint64_t now_ms, uint64_t *out_retry_after_ms)
{
    uint8_t key[8];

    if (!table->places)
        table->places = calloc(table->set_count * SET_PLACES, sizeof *table->places);
    if (!table->places)
        return true;
    rate_address_key(address, key);
    return rate_take(find(table, key, now_ms), &table->rule, now_ms, out_retry_after_ms);
}
