/* SPDX-License-Identifier: Apache-2.0 */
/* The loops of a server as the operator sees them: the shards' and the store's, with the words for what they do. */
#pragma once

#include "ops/metrics.h"

enum { LOOP_NAME_BYTES = 16 };

struct loop {
    char name[LOOP_NAME_BYTES]; /* "shard-0", "store" */
    const struct turns *turns;
    const char *(*phase_label)(unsigned phase);
    unsigned phase_count;
    const char *(*work_label)(unsigned work);
    unsigned work_count;
    bool may_block; /* the store's: it waits for the disk */
};

/* All shards, and then the store. */
size_t loop_count(const struct metrics_sources *sources);
struct loop loop_at(const struct metrics_sources *sources, size_t index);
