/* SPDX-License-Identifier: Apache-2.0 */
#include "store/key_window.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"

enum { ENTRIES_MIN = 1024, SLOTS_PER_ENTRY = 2, DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS, HASH_BITS = 64 };

void key_window_init(struct key_window *window)
{
    *window = (struct key_window){0};
}

void key_window_done(struct key_window *window)
{
    free(window->entries);
    free(window->slots);
    key_window_init(window);
}

/* Hashes may begin with a time, so neighbours are spread by Fibonacci's multiplier. */
static size_t first_slot(const struct key_window *window, uint64_t hash)
{
    return (size_t)(hash * 0x9e3779b97f4a7c15u >> 32) & window->slot_mask;
}

static void fill_slot(struct key_window *window, size_t index)
{
    size_t slot = first_slot(window, window->entries[index].hash);

    while (window->slots[slot] != 0)
        slot = (slot + 1) & window->slot_mask;
    window->slots[slot] = (uint32_t)(index + 1);
}

static void fill_slots(struct key_window *window)
{
    memset(window->slots, 0, (window->slot_mask + 1) * sizeof *window->slots);
    for (size_t index = 0; index < window->count; index++)
        fill_slot(window, index);
}

static enum result grow(struct key_window *window)
{
    size_t capacity = window->capacity > 0 ? window->capacity * 2 : ENTRIES_MIN;
    if (capacity >= UINT32_MAX / SLOTS_PER_ENTRY)
        return RESULT_NO_MEMORY;
    struct key_entry *entries = realloc(window->entries, capacity * sizeof *entries);
    if (entries == NULL)
        return RESULT_NO_MEMORY;
    window->entries = entries;
    uint32_t *slots = calloc(capacity * SLOTS_PER_ENTRY, sizeof *slots);
    if (slots == NULL)
        return RESULT_NO_MEMORY;
    free(window->slots);
    window->slots = slots;
    window->slot_mask = capacity * SLOTS_PER_ENTRY - 1;
    window->capacity = capacity;
    fill_slots(window);
    return RESULT_OK;
}

enum result key_window_add(struct key_window *window, uint64_t hash, int64_t event)
{
    if (window->count == window->capacity && grow(window) != RESULT_OK)
        return RESULT_NO_MEMORY;
    window->entries[window->count] = (struct key_entry){hash, event};
    fill_slot(window, window->count);
    window->count++;
    return RESULT_OK;
}

/* The newest go first: what was added after an entry never stands in the way to it. */
void key_window_cut(struct key_window *window, size_t count)
{
    check(count <= window->count);
    while (window->count > count) {
        size_t slot = first_slot(window, window->entries[window->count - 1].hash);
        while (window->slots[slot] != window->count)
            slot = (slot + 1) & window->slot_mask;
        window->slots[slot] = 0;
        window->count--;
    }
}

const struct key_entry *key_window_next(const struct key_window *window, uint64_t hash, size_t *position)
{
    if (window->count == 0)
        return NULL;
    for (size_t slot = first_slot(window, hash) + *position;; slot++) {
        uint32_t index = window->slots[slot & window->slot_mask];
        (*position)++;
        if (index == 0)
            return NULL;
        if (window->entries[index - 1].hash == hash)
            return &window->entries[index - 1];
    }
}

/* One pass of a radix sort. False: all have the same digit there, and `to` was not written. */
static bool sort_pass(const struct key_entry *from, struct key_entry *to, size_t count, unsigned shift)
{
    size_t ends[DIGITS] = {0};
    for (size_t index = 0; index < count; index++)
        ends[from[index].hash >> shift & (DIGITS - 1)]++;
    if (ends[from[0].hash >> shift & (DIGITS - 1)] == count)
        return false;
    size_t place = 0;
    for (size_t digit = 0; digit < DIGITS; digit++) {
        size_t size = ends[digit];
        ends[digit] = place;
        place += size;
    }
    for (size_t index = 0; index < count; index++)
        to[ends[from[index].hash >> shift & (DIGITS - 1)]++] = from[index];
    return true;
}

enum result key_window_sort(struct key_window *window)
{
    if (window->count < 2)
        return RESULT_OK;
    struct key_entry *other = malloc(window->capacity * sizeof *other);
    if (other == NULL)
        return RESULT_NO_MEMORY;
    for (unsigned shift = 0; shift < HASH_BITS; shift += DIGIT_BITS) {
        if (!sort_pass(window->entries, other, window->count, shift))
            continue;
        struct key_entry *sorted = other;
        other = window->entries;
        window->entries = sorted;
    }
    free(other);
    fill_slots(window);
    return RESULT_OK;
}
