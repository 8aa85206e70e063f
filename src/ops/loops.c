/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/loops.h"

#include <stdio.h>

static const char *shard_phase_text(unsigned phase)
{
    return shard_phase_label((enum shard_phase)phase);
}

static const char *shard_work_text(unsigned work)
{
    return shard_work_label((enum shard_work)work);
}

static const char *store_phase_text(unsigned phase)
{
    return store_phase_label((enum store_phase)phase);
}

static const char *store_work_text(unsigned work)
{
    return store_work_label((enum store_work)work);
}

size_t loop_count(const struct metrics_sources *sources)
{
    return sources->shard_count + 1;
}

struct loop loop_at(const struct metrics_sources *sources, size_t index)
{
    check(index <= sources->shard_count);
    if (index == sources->shard_count)
        return (struct loop){
            .name = "store",
            .turns = &store_counters(sources->store)->batch_turns,
            .phase_label = store_phase_text,
            .phase_count = STORE_PHASE_COUNT,
            .work_label = store_work_text,
            .work_count = STORE_WORK_COUNT,
            .may_block = true,
        };
    struct loop loop = {
        .turns = &shard_counters(sources->shards[index])->turns,
        .phase_label = shard_phase_text,
        .phase_count = SHARD_PHASE_COUNT,
        .work_label = shard_work_text,
        .work_count = SHARD_WORK_COUNT,
    };
    (void)snprintf(loop.name, sizeof loop.name, "shard-%u", (unsigned)index % 10000); /* so it fits */
    return loop;
}
