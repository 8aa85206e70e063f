/* SPDX-License-Identifier: Apache-2.0 */
/* A timer wheel: deadlines in ticks, O(1) to arm and to disarm, 24 bytes per timer. One thread.
 *
 *     level 0: 256 slots of 1 tick    level 1: 64 slots of 256 ticks    level 2: 64 slots of 16,384 ticks
 *
 * Deadlines further away than the last level wait in its last slot and are placed anew when it comes round. A timer may
 * fire late by the time between two calls of wheel_advance, never early. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/list.h"

struct wheel_timer {
    struct list_link link;
    uint64_t tick; /* when it is due; of no meaning unless armed */
};

enum { WHEEL_SLOTS = 256 + 64 + 64 };

struct wheel {
    struct list_link slots[WHEEL_SLOTS];
    uint64_t now; /* ticks passed to wheel_init or wheel_advance last */
    size_t count; /* armed timers */
};

void wheel_init(struct wheel *wheel, uint64_t now);

/* A timer must be initialised once, and is not armed then. */
void wheel_timer_init(struct wheel_timer *timer);
bool wheel_timer_is_armed(const struct wheel_timer *timer);

/* Arms, or moves an armed one. A tick that has passed already fires at the next advance by at least one tick. */
void wheel_arm(struct wheel *wheel, struct wheel_timer *timer, uint64_t tick);
/* Fine if it is not armed. */
void wheel_disarm(struct wheel *wheel, struct wheel_timer *timer);

/* Moves all timers that are due at or before `now` to the end of `due` (disarmed, linked by their `link`), in no
 * promised order. The caller takes them off one by one; wheel_arm() or wheel_disarm() on one that waits in `due`
 * takes it off as well, so that an end in between is safe. */
void wheel_advance(struct wheel *wheel, uint64_t now, struct list_link *due);

/* Ticks from the wheel's now until something may be due, at most `max`: a lower bound that is cheap. Whoever sleeps
 * that long and then advances fires nothing late. */
uint64_t wheel_until_next(const struct wheel *wheel, uint64_t max);
