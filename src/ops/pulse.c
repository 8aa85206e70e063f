/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pulse.h"

#include <string.h>

static bool has_nothing_to_do(const struct loop *loop, const struct metrics_sources *sources, uint64_t now_ns)
{
    unsigned phase;

    check(loop->turns);
    return loop->may_block && turns_at_work_ns(loop->turns, now_ns, &phase) == 0
           && store_queue_count(sources->store) == 0;
}

bool pulse_look(struct pulse *pulse, const struct metrics_sources *sources, uint64_t now_ns, uint64_t within_ns,
                char out_name[LOOP_NAME_BYTES])
{
    bool do_all_turn = true;

    for (size_t i = 0; i < loop_count(sources) && i < WATCHDOG_LOOPS_MAX; i++) {
        struct loop loop = loop_at(sources, i);
        uint64_t turns = counter_get(&loop.turns->count);
        if (pulse->loops[i].seen_ns == 0 || turns != pulse->loops[i].turns || has_nothing_to_do(&loop, sources, now_ns))
            pulse->loops[i].seen_ns = now_ns;
        pulse->loops[i].turns = turns;
        if (now_ns - pulse->loops[i].seen_ns <= within_ns)
            continue;
        memcpy(out_name, loop.name, LOOP_NAME_BYTES);
        do_all_turn = false;
    }
    return do_all_turn;
}
