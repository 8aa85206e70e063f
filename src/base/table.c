/* SPDX-License-Identifier: Apache-2.0 */
/* Linear probing. An empty slot has no value; removal moves the followers back, so that there are no tombstones and a
 * search always ends at the first empty slot. */
#include "base/table.h"

#include <sodium/crypto_shorthash.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 16, LOAD_PERCENT_MAX = 70 };

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

void table_init(struct table *table, size_t count_max)
{
    *table = (struct table){.count_max = count_max};
}

void table_done(struct table *table)
{
    free(table->slots);
    *table = (struct table){.count_max = table->count_max};
}

static size_t slot_after(const struct table *table, size_t index)
{
    return (index + 1) & (table->capacity - 1);
}

/* The slot of the key, or the empty one where it would go. There is always an empty one: the load stays below 100 %. */
static size_t slot_find(const struct table *table, struct view key, uint64_t hash)
{
    size_t index = hash & (table->capacity - 1);
    while (table->slots[index].value != NULL) {
        const struct table_slot *slot = &table->slots[index];
        if (slot->hash == hash && view_equal(slot->key, key))
            break;
        index = slot_after(table, index);
    }
    return index;
}

void *table_get(const struct table *table, struct view key)
{
    if (table->count == 0)
        return NULL;
    return table->slots[slot_find(table, key, table_hash(key))].value;
}

static enum result grow(struct table *table)
{
    size_t capacity = table->capacity == 0 ? CAPACITY_MIN : table->capacity * 2;
    struct table_slot *slots = calloc(capacity, sizeof(*slots));
    if (slots == NULL)
        return RESULT_NO_MEMORY;
    struct table grown = {.slots = slots, .capacity = capacity, .count = table->count, .count_max = table->count_max};
    for (size_t index = 0; index < table->capacity; index++) {
        const struct table_slot *slot = &table->slots[index];
        if (slot->value != NULL)
            grown.slots[slot_find(&grown, slot->key, slot->hash)] = *slot;
    }
    free(table->slots);
    *table = grown;
    return RESULT_OK;
}

enum result table_put(struct table *table, struct view key, void *value)
{
    check(value != NULL);
    uint64_t hash = table_hash(key);
    if (table->count > 0 && table->slots[slot_find(table, key, hash)].value != NULL)
        return RESULT_EXISTS;
    if (table->count >= table->count_max)
        return RESULT_FULL;
    if ((table->count + 1) * 100 > table->capacity * LOAD_PERCENT_MAX) {
        enum result result = grow(table);
        if (result != RESULT_OK)
            return result;
    }
    table->slots[slot_find(table, key, hash)] = (struct table_slot){.key = key, .value = value, .hash = hash};
    table->count++;
    return RESULT_OK;
}

/* Each follower up to the next empty slot moves into the hole unless that lies before its home, where a search for it
 * would not look; the hole goes on to where it came from. */
static void close_hole(struct table *table, size_t hole)
{
    size_t mask = table->capacity - 1;
    for (size_t index = slot_after(table, hole); table->slots[index].value != NULL; index = slot_after(table, index)) {
        size_t distance_home = (index - table->slots[index].hash) & mask;
        size_t distance_hole = (index - hole) & mask;
        if (distance_home >= distance_hole) {
            table->slots[hole] = table->slots[index];
            hole = index;
        }
    }
    table->slots[hole] = (struct table_slot){.value = NULL};
}

void *table_remove(struct table *table, struct view key)
{
    if (table->count == 0)
        return NULL;
    size_t index = slot_find(table, key, table_hash(key));
    void *value = table->slots[index].value;
    if (value == NULL)
        return NULL;
    close_hole(table, index);
    table->count--;
    return value;
}

void *table_next(const struct table *table, size_t *position)
{
    while (*position < table->capacity) {
        void *value = table->slots[(*position)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
