/* SPDX-License-Identifier: Apache-2.0 */
/* The turns of one loop: how long they took, and of those that took too long, which phase was to blame. Promise P5:
 * nothing blocks a loop's thread. Not here: a clock (the loop reads it and says what it says), and what the phases and
 * the kinds of work are called (the loop's own enums).
 *
 *     begin ── enter(a) … leave(a, now) ── enter(b) … leave(b, now) ── … ── end ── keep, if it was a long one
 *
 * A phase that found nothing to do is entered and not left: that saves reading the clock, and the few nanoseconds count
 * for the phase after it. One writer, the loop's thread; what consists of counters is for any reader. */
#pragma once

#include <stdbool.h>

#include "base/histogram.h"

enum { TURNS_PHASES_MAX = 8, TURNS_WORK_MAX = 12 };

/* One turn: how long each phase took, and how much there was of each kind of work. */
struct turn {
    uint64_t number; /* 1 for the loop's first; 0: there is none */
    uint64_t total_ns;
    uint64_t phase_ns[TURNS_PHASES_MAX];
    uint64_t work[TURNS_WORK_MAX];
};

/* The same for any reader: its version is odd while the writer is at it. */
struct turn_kept {
    struct counter version;
    struct counter number, total_ns, phase_ns[TURNS_PHASES_MAX], work[TURNS_WORK_MAX];
};

struct turns {
    struct counter count;
    struct counter slow[TURNS_PHASES_MAX]; /* turns over the limit, by the phase that took longest */
    struct counter begun_ns;               /* gauge: when the turn at work began; 0 between turns */
    struct counter phase;                  /* gauge: which phase is at work */
    struct histogram ns;
    struct turn_kept worst;  /* the longest of all */
    struct turn_kept newest; /* the newest that was over the limit */
    uint64_t limit_ns;       /* 0: no turn is too long */
    uint64_t left_ns;        /* when the last phase was left */
    uint64_t phase_ns[TURNS_PHASES_MAX];
};

void turns_init(struct turns *turns, uint64_t limit_ns);
void turns_begin(struct turns *turns, uint64_t now_ns);
static inline void turns_enter(struct turns *turns, unsigned phase)
{
    counter_set(&turns->phase, phase);
}
static inline void turns_leave(struct turns *turns, unsigned phase, uint64_t now_ns)
{
    turns->phase_ns[phase] += now_ns - turns->left_ns;
    turns->left_ns = now_ns;
}
/* Counts the turn. True: it was over the limit, or the longest so far; then turns_keep() may follow. */
bool turns_end(struct turns *turns);
/* There was nothing to do: not a turn. */
static inline void turns_cancel(struct turns *turns)
{
    counter_set(&turns->begun_ns, 0);
}
/* Keeps the turn that has just ended, with `work`, an array of TURNS_WORK_MAX. */
void turns_keep(struct turns *turns, const uint64_t *work);

/* Any thread. False: there is none yet. */
bool turn_kept_read(const struct turn_kept *kept, struct turn *out_turn);
/* The phase that took most of it. */
unsigned turn_longest_phase(const struct turn *turn);
/* Turns over the limit so far. Any thread. */
uint64_t turns_slow_count(const struct turns *turns);
/* How long the turn at work takes already, and in which phase it is; 0 between turns. Any thread. */
uint64_t turns_at_work_ns(const struct turns *turns, uint64_t now_ns, unsigned *out_phase);
