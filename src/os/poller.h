/* SPDX-License-Identifier: Apache-2.0 */
/* Which descriptors can go on. Edge-triggered: after an event the owner works until RESULT_AGAIN (or remembers that
 * it has not), so that no descriptor is ever re-armed. One thread, but os_wakeup_signal() from any. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/result.h"

struct os_poller {
    int descriptor;
};

struct os_event {
    void *owner;      /* as given to os_poller_add */
    bool is_readable; /* includes: the peer has finished, or an error waits to be read */
    bool is_writable;
    bool is_finished; /* the peer sends no more, or an error waits: read to the very end */
};

enum { OS_EVENTS_MAX = 256 };

/* RESULT_OK, RESULT_NO_MEMORY, RESULT_FAILED. Done is fine on a struct of zeroes and a second time; so for the
 * wake-up. */
enum result os_poller_init(struct os_poller *poller) MUST_USE;
void os_poller_done(struct os_poller *poller);

enum os_interest { OS_READ = 1, OS_WRITE = 2, OS_LEVEL = 4 /* level-triggered: for listeners and wake-ups */ };
/* RESULT_OK, RESULT_EXISTS (it is in already), RESULT_FULL (no memory, or too many watched), RESULT_FAILED. */
enum result os_poller_add(struct os_poller *poller, int descriptor, enum os_interest interest, void *owner) MUST_USE;
/* Before the descriptor is closed. Events that os_poll has given out already still name its owner. */
void os_poller_remove(struct os_poller *poller, int descriptor);

/* Waits at most `timeout_ms` (0: not at all, -1: for ever), or less if a signal comes. `events` has room for
 * OS_EVENTS_MAX. Returns the number of events, 0 to OS_EVENTS_MAX. */
int os_poll(struct os_poller *poller, struct os_event *events, int timeout_ms);

/* A descriptor that becomes readable when another thread signals. Many signals before the owner looks are one. */
struct os_wakeup {
    int descriptor;
};
enum result os_wakeup_init(struct os_wakeup *wakeup) MUST_USE;
void os_wakeup_done(struct os_wakeup *wakeup);
void os_wakeup_signal(struct os_wakeup *wakeup);
/* Forgets signals that have come. */
void os_wakeup_clear(struct os_wakeup *wakeup);
/* Blocks until a signal comes or the time is over (-1: for ever), sometimes less; clears it. For threads without a
 * poller. */
void os_wakeup_wait(struct os_wakeup *wakeup, int timeout_ms);
