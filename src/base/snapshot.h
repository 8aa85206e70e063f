/* SPDX-License-Identifier: Apache-2.0 */
/* A few numbers that belong together: one thread writes them, any reads them whole, and nobody waits for anybody. A
 * reader that meets the writer at work tries again; one that never finds it at rest says so. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/counter.h"

/* Zeroed, it holds zeroes. `words` is an array of the owner's, `count` long. */
struct snapshot {
    struct counter version; /* odd while the writer is at it */
    struct counter *words;
    size_t count;
};

/* The one writer. */
void snapshot_write(struct snapshot *snapshot, const uint64_t *numbers);
/* Any thread. False: no whole one was found, `out_numbers` is of no meaning. */
bool snapshot_read(const struct snapshot *snapshot, uint64_t *out_numbers);
