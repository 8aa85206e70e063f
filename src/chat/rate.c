/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/rate.h"

#include <stdlib.h>

enum { SWEEP_MS = 10000 };

struct rate_rule rate_rule_of(double per_second, uint32_t burst)
{
    return (struct rate_rule){.milli_per_second = (uint64_t)(per_second * 1000), .milli_burst = (uint64_t)burst * 1000};
}

static void refill(struct rate_bucket *bucket, const struct rate_rule *rule, uint64_t now_ms)
{
    uint64_t passed_ms = now_ms - bucket->at_ms;
    uint64_t refilled = passed_ms > 3600000 ? UINT64_MAX : passed_ms * rule->milli_per_second / 1000;

    bucket->used_milli = refilled >= bucket->used_milli ? 0 : bucket->used_milli - refilled;
    bucket->at_ms = now_ms;
}

bool rate_take(struct rate_bucket *bucket, const struct rate_rule *rule, uint64_t now_ms, uint64_t *out_retry_after_ms)
{
    refill(bucket, rule, now_ms);
    if (bucket->used_milli + 1000 <= rule->milli_burst) {
        bucket->used_milli += 1000;
        return true;
    }
    uint64_t missing = bucket->used_milli + 1000 - rule->milli_burst;
    *out_retry_after_ms = rule->milli_per_second ? missing * 1000 / rule->milli_per_second + 1 : 60000;
    return false;
}

struct entry {
    struct rate_bucket bucket;
    uint8_t key[8];
};

void rate_table_init(struct rate_table *table, const struct rate_rule *rule, size_t count_max)
{
    *table = (struct rate_table){.rule = *rule, .count_max = count_max};
    table_init(&table->table, count_max);
}

void rate_table_done(struct rate_table *table)
{
    size_t position = 0;
    struct entry *entry;

    while ((entry = table_next(&table->table, &position)))
        free(entry);
    table_done(&table->table);
}

void rate_address_key(const uint8_t address[16], uint8_t out_key[8])
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    if (memcmp(address, mapped, sizeof mapped) != 0) {
        memcpy(out_key, address, 8);
        return;
    }
    memcpy(out_key, "\0\0\xff\xff", 4);
    memcpy(out_key + 4, address + 12, 4);
}

/* Buckets that have filled up again carry no memory of anybody. */
static void sweep(struct rate_table *table, uint64_t now_ms)
{
    struct table kept;
    size_t position = 0;
    struct entry *entry;

    table_init(&kept, table->count_max);
    while ((entry = table_next(&table->table, &position))) {
        refill(&entry->bucket, &table->rule, now_ms);
        if (entry->bucket.used_milli == 0 || table_put(&kept, view_of(entry->key, 8), entry) != RESULT_OK)
            free(entry);
    }
    table_done(&table->table);
    table->table = kept;
    table->swept_ms = now_ms;
}

static struct entry *find_or_make(struct rate_table *table, const uint8_t address[16], uint64_t now_ms)
{
    uint8_t key[8];

    rate_address_key(address, key);
    struct entry *entry = table_get(&table->table, view_of(key, 8));
    if (entry)
        return entry;
    if (table->table.count > table->count_max / 2 && now_ms - table->swept_ms > SWEEP_MS)
        sweep(table, now_ms);
    entry = calloc(1, sizeof *entry);
    if (!entry)
        return NULL;
    memcpy(entry->key, key, 8);
    entry->bucket.at_ms = now_ms;
    if (table_put(&table->table, view_of(entry->key, 8), entry) != RESULT_OK) {
        free(entry);
        return NULL;
    }
    return entry;
}

bool rate_table_take(struct rate_table *table, const uint8_t address[16], uint64_t now_ms, uint64_t *out_retry_after_ms)
{
    struct entry *entry = find_or_make(table, address, now_ms);

    return !entry || rate_take(&entry->bucket, &table->rule, now_ms, out_retry_after_ms);
}
