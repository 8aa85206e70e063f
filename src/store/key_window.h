/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes of keys with the numbers of their events, in memory: those of the newest events, which the index on disk does
 * not have yet. Not here: how they get there (sqlite_keys), what is hashed.
 *
 *     entries   in order of arrival, or by hash once sorted      slots   open addressing: index of an entry + 1; 0:
 * free
 *
 * Different keys may have one hash: every match is to be compared in full. One thread: the store's. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

struct key_entry {
    uint64_t hash;
    int64_t event; /* its row's number */
};

struct key_window {
    struct key_entry *entries;
    size_t count, capacity;
    uint32_t *slots;
    size_t slot_mask; /* 0: no slots yet */
};

void key_window_init(struct key_window *window);
void key_window_done(struct key_window *window);
/* RESULT_OK, RESULT_NO_MEMORY. */
enum result key_window_add(struct key_window *window, uint64_t hash, int64_t event) MUST_USE;
/* Forgets what was added after the first `count`. Not once sorted. */
void key_window_cut(struct key_window *window, size_t count);
/* The next entry of that hash; NULL: no more. `*position` is 0 at first. */
const struct key_entry *key_window_next(const struct key_window *window, uint64_t hash, size_t *position);
/* Orders the entries by hash, for taking them to where such neighbours lie together. A hundred thousand take about 3
 * ms. RESULT_OK, RESULT_NO_MEMORY: nothing has changed. */
enum result key_window_sort(struct key_window *window) MUST_USE;
