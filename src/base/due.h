/* SPDX-License-Identifier: Apache-2.0 */
/* Things that fall due in the order in which they were added, because all of them wait equally long: a ring that takes
 * 16 bytes for each while it waits and nothing before or after, where a timer would take its bytes always. It owns
 * nothing that it holds. One thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

struct due_item {
    void *object;
    uint64_t due_ms;
};

struct due {
    struct due_item *items; /* NULL while nothing waits */
    size_t capacity;        /* a power of two */
    size_t first, count;
};

/* A struct of zeroes is empty. Gives the memory back; what waited is forgotten. */
void due_done(struct due *due);
/* `due_ms` is not before that of the one added last. RESULT_OK or RESULT_NO_MEMORY. */
enum result due_add(struct due *due, void *object, uint64_t due_ms) MUST_USE;
/* Takes the next object that is due at `now_ms`. NULL: none is. */
void *due_take(struct due *due, uint64_t now_ms);
/* Forgets the object, wherever it waits; looks at each that waits. */
void due_forget(struct due *due, const void *object);
/* When the next one falls due; UINT64_MAX: nothing waits. */
uint64_t due_next_ms(const struct due *due);
