/* SPDX-License-Identifier: Apache-2.0 */
/* Linear probing. An empty slot has no value; removal moves the followers back, so that there are no tombstones and a
 * search always ends at the first empty slot. */
#include "base/table.h"

#include <sodium/crypto_shorthash.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 16, LOAD_PERCENT_MAX = 80 };

_Static_assert(crypto_shorthash_KEYBYTES == 16, "the secret of SipHash has 16 bytes");
_Static_assert(crypto_shorthash_BYTES == sizeof(uint64_t), "a hash is one number of 64 bits");

/* Written once by the main thread before others start, so readers need no order. */
static uint8_t hash_secret[16];
static bool has_hash_secret;

void table_seed(const uint8_t secret[16])
{
    memcpy(hash_secret, secret, sizeof(hash_secret));
    has_hash_secret = true;
}

uint64_t table_hash(struct view key)
{
    check(has_hash_secret);
    uint8_t bytes[crypto_shorthash_BYTES];
    const uint8_t *at = key.size > 0 ? key.at : hash_secret;  /* an empty view may point nowhere */
    (void)crypto_shorthash(bytes, at, key.size, hash_secret); /* it always answers 0 */
    uint64_t hash;
    memcpy(&hash, bytes, sizeof(hash));
    return hash;
}

void table_init(struct table *table, size_t count_max, table_has_key *has_key)
{
    *table = (struct table){.count_max = count_max, .has_key = has_key};
}

void table_done(struct table *table)
{
    free(table->values);
    free(table->hashes);
    table_init(table, table->count_max, table->has_key);
}

static uint32_t hash_of(struct view key)
{
    return (uint32_t)(table_hash(key) >> 32);
}

/* Where a search begins: the hash as a fraction of the capacity, which so may be any number. */
static size_t slot_home(const struct table *table, uint32_t hash)
{
    return (size_t)(((uint64_t)hash * table->capacity) >> 32);
}

static size_t slot_after(const struct table *table, size_t index)
{
    return index + 1 < table->capacity ? index + 1 : 0;
}

/* The slot of the key, or the empty one where it would go. There is always an empty one: the load stays below 100 %. */
static size_t slot_find(const struct table *table, struct view key, uint32_t hash)
{
    size_t index = slot_home(table, hash);
    while (table->values[index] != NULL) {
        if (table->hashes[index] == hash && table->has_key(table->values[index], key))
            break;
        index = slot_after(table, index);
    }
    return index;
}

void *table_get(const struct table *table, struct view key)
{
    if (table->count == 0)
        return NULL;
    return table->values[slot_find(table, key, hash_of(key))];
}

static void move_in(struct table *table, void *value, uint32_t hash)
{
    size_t index = slot_home(table, hash);
    while (table->values[index] != NULL)
        index = slot_after(table, index);
    table->values[index] = value;
    table->hashes[index] = hash;
}

/* By half as much again: twice as much would leave the table half empty more often. */
static enum result grow(struct table *table)
{
    struct table grown = *table;
    grown.capacity = table->capacity == 0 ? CAPACITY_MIN : table->capacity + table->capacity / 2;
    if (grown.capacity > UINT32_MAX)
        return RESULT_NO_MEMORY;
    grown.values = calloc(grown.capacity, sizeof(void *));
    grown.hashes = malloc(grown.capacity * sizeof(uint32_t));
    if (grown.values == NULL || grown.hashes == NULL) {
        free(grown.values);
        free(grown.hashes);
        return RESULT_NO_MEMORY;
    }
    for (size_t index = 0; index < table->capacity; index++) {
        if (table->values[index] != NULL)
            move_in(&grown, table->values[index], table->hashes[index]);
    }
    free(table->values);
    free(table->hashes);
    *table = grown;
    return RESULT_OK;
}

enum result table_put(struct table *table, struct view key, void *value)
{
    check(value != NULL);
    uint32_t hash = hash_of(key);
    if (table->count > 0 && table->values[slot_find(table, key, hash)] != NULL)
        return RESULT_EXISTS;
    if (table->count >= table->count_max)
        return RESULT_FULL;
    if ((table->count + 1) * 100 > table->capacity * LOAD_PERCENT_MAX) {
        enum result result = grow(table);
        if (result != RESULT_OK)
            return result;
    }
    move_in(table, value, hash);
    table->count++;
    return RESULT_OK;
}

/* How many slots after `from` the slot `to` comes in a search. */
static size_t distance(const struct table *table, size_t from, size_t to)
{
    return to >= from ? to - from : to + table->capacity - from;
}

/* Each follower up to the next empty slot moves into the hole unless that lies before its home, where a search for it
 * would not look; the hole goes on to where it came from. */
static void close_hole(struct table *table, size_t hole)
{
    for (size_t index = slot_after(table, hole); table->values[index] != NULL; index = slot_after(table, index)) {
        size_t home = slot_home(table, table->hashes[index]);
        if (distance(table, home, index) >= distance(table, hole, index)) {
            table->values[hole] = table->values[index];
            table->hashes[hole] = table->hashes[index];
            hole = index;
        }
    }
    table->values[hole] = NULL;
}

void *table_remove(struct table *table, struct view key)
{
    if (table->count == 0)
        return NULL;
    size_t index = slot_find(table, key, hash_of(key));
    void *value = table->values[index];
    if (value == NULL)
        return NULL;
    close_hole(table, index);
    table->count--;
    return value;
}

bool table_drop(struct table *table, const void *value)
{
    for (size_t index = 0; index < table->capacity; index++) {
        if (table->values[index] != value)
            continue;
        close_hole(table, index);
        table->count--;
        return true;
    }
    return false;
}

void *table_next(const struct table *table, size_t *position)
{
    while (*position < table->capacity) {
        void *value = table->values[(*position)++];
        if (value != NULL)
            return value;
    }
    return NULL;
}
