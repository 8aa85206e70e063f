/* SPDX-License-Identifier: Apache-2.0 */
/* Do all loops turn? For whoever restarts a server that hangs. A loop that sleeps wakes by itself (a shard once a
 * second), or it has nothing to do (the store); so one that has neither turned nor been idle for long hangs, in
 * whatever it calls. One thread, the main one. */
#pragma once

#include "ops/loops.h"
#include "ops/watchdog.h"

struct pulse {
    struct {
        uint64_t turns;   /* seen last */
        uint64_t seen_ns; /* when the loop last proved to turn */
    } loops[WATCHDOG_LOOPS_MAX];
};

/* Starts from a struct of zeroes. True: each loop has turned, or had nothing to do, within `within_ns` before now (a
 * loop that is seen for the first time has). False: `out_name` is one that has not. */
bool pulse_look(struct pulse *pulse, const struct metrics_sources *sources, uint64_t now_ns, uint64_t within_ns,
                char out_name[LOOP_NAME_BYTES]);
