/* SPDX-License-Identifier: Apache-2.0 */
/* The watchdog of P5: looks at the loops from outside, every few seconds, and tells the log which of them had long
 * turns and why, and which is in one now. The loops themselves only count (base/turns.h): a line in the log is a write
 * to a file or a pipe, and may wait. One thread, the main one. */
#pragma once

#include "ops/loops.h"

enum {
    WATCHDOG_LOOPS_MAX = 128,
    WATCHDOG_TELL_MS = 60 * 1000, /* between two lines about the same loop, at least */
    WATCHDOG_STUCK_MS = 2000,     /* a turn that takes so long already is told before it ends */
};

struct watchdog {
    struct {
        uint64_t slow_told;  /* long turns that the log has heard of */
        uint64_t told_ms;    /* when the last line was written; 0: none was */
        uint64_t stuck_turn; /* the turn that was told as stuck: how many there were before it, and one */
    } loops[WATCHDOG_LOOPS_MAX];
};

/* Starts from a struct of zeroes. `now_ns` is the loops' clock. */
void watchdog_look(struct watchdog *watchdog, const struct metrics_sources *sources, uint64_t now_ns);
