/* SPDX-License-Identifier: Apache-2.0 */
/* A hash table from byte keys to pointers: open addressing, SipHash with a secret drawn at start, so that keys chosen
 * by strangers cannot be made to collide. Twelve bytes a slot: it holds no keys. The owner says whether a value has a
 * key, from the value itself; that must not change while the value is inside. One thread. */
#pragma once

#include "base/result.h"
#include "base/view.h"

/* Is this the key of `value`? Asked only where 32 bits of their hashes are the same. */
typedef bool table_has_key(const void *value, struct view key);

struct table {
    void **values; /* NULL: a free slot; the array itself is NULL until the first put */
    uint32_t *hashes;
    table_has_key *has_key;
    size_t capacity;
    size_t count;
    size_t count_max;
};

/* `count_max`: beyond it table_put answers RESULT_FULL. */
void table_init(struct table *table, size_t count_max, table_has_key *has_key);
void table_done(struct table *table);

/* NULL if it is not there. */
void *table_get(const struct table *table, struct view key);
/* `value` is not NULL. RESULT_OK, RESULT_EXISTS (the old value stays), RESULT_FULL, RESULT_NO_MEMORY. */
enum result table_put(struct table *table, struct view key, void *value) MUST_USE;
/* The removed value, or NULL. */
void *table_remove(struct table *table, struct view key);

/* Removes that value without its key, looking everywhere: for when there is no memory to make the key. False: it is not
 * there. */
bool table_drop(struct table *table, const void *value);

/* Walks all values in no particular order: start with *position = 0; NULL at the end. No put or remove meanwhile. */
void *table_next(const struct table *table, size_t *position);

/* The keyed hash itself (SipHash-2-4 under the process's secret). Any thread, after table_seed(). */
uint64_t table_hash(struct view key);
/* Sets the process's secret, 16 bytes, once, before any table is used and before other threads start; a simulator or a
 * test gives a fixed one. Hashing without a secret is a bug and aborts. */
void table_seed(const uint8_t secret[16]);
