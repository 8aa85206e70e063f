/* SPDX-License-Identifier: Apache-2.0 */
/* The server's threads, as fibers of one thread: each runs until it asks the world for something, and which goes on
 * then is drawn. Outside of fibers (clients, the simulator itself) nothing here waits. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct fiber;

/* NULL: no fiber is free. */
struct fiber *fiber_start(const char *name, void (*run)(void *context), void *context);
/* NULL outside of fibers. */
struct fiber *fiber_current(void);
const char *fiber_name(void);
bool fiber_has_ended(const struct fiber *fiber);
/* Frees it; it has ended. */
void fiber_free(struct fiber *fiber);

/* Another may go on here, or not, as is drawn: the calls that could block or be interrupted begin with it. */
void fiber_point(void);
/* Others go on first, at least once. */
void fiber_yield(void);
/* Until that time, or until fiber_wake(). */
void fiber_wait(uint64_t until_ns);
/* That time passes for it, whatever happens. */
void fiber_sleep(uint64_t ns);
void fiber_wake(struct fiber *fiber);

/* For the scheduler: how many could go on now; that one goes on until it waits. */
uint32_t fibers_ready(void);
void fiber_run_ready(uint32_t index);
/* The soonest time at which one that waits goes on; UINT64_MAX: none. */
uint64_t fibers_next_ns(void);
uint32_t fibers_live(void);
/* Is one in the middle of something, and only made to wait? */
bool fibers_asleep(void);
void fibers_trace(void);
/* How often a point gives way, in a million. */
void fibers_set_points(uint32_t ppm);

/* os_mailbox.c: signals that a thread holds back are its own. */
struct held_signals;
struct held_signals *held_signals_new(void);
void held_signals_clear(struct held_signals *kept);
void held_signals_swap(struct held_signals *kept);
