/* SPDX-License-Identifier: Apache-2.0 */
/* How many connections there are, in all and per address, over all shards, without a lock: one atomic total and a
 * count-min sketch of atomics (two rows; a count can only come out too high, and that with a chance of some millionths
 * at 20,000 connections). IPv6 counts by /64. Any thread. */
#pragma once

#include <stdatomic.h>

#include "base/result.h"
#include "os/socket.h"

enum { ADMISSION_CELLS = 65536 };

struct admission {
    _Atomic uint64_t total;
    size_t total_max;
    size_t per_address_max; /* 0: no limit */
    _Atomic uint32_t rows[2][ADMISSION_CELLS];
    uint64_t upgrade_us;           /* between two upgrades, on the long run; 0: no limit */
    uint64_t upgrade_burst_us;     /* so much earlier than that they may come */
    _Atomic uint64_t upgrade_next; /* when the next one is due, in microseconds of the monotonic clock */
    _Atomic uint64_t promised;     /* up to when returns are spoken for */
};

enum admission_verdict { ADMISSION_YES, ADMISSION_TOO_MANY, ADMISSION_TOO_MANY_FROM_ADDRESS };

struct admission *admission_new(size_t total_max, size_t per_address_max);
void admission_free(struct admission *admission);
/* Upgrades of all shards together: so many a second on the long run, `burst` at once. Before the first connection. */
void admission_limit_upgrades(struct admission *admission, double per_second, uint32_t burst);
/* True: one more may be. False: come back in `*out_retry_after_ms`; each who is told so gets a later moment of their
 * own, one after the other at the same rate, until a minute is full: then one at random. */
bool admission_upgrade(struct admission *admission, uint64_t now_ms, uint64_t *out_retry_after_ms);
/* How long those who were told so may still be away; 0: upgrades are let in. */
uint64_t admission_wait_ms(const struct admission *admission, uint64_t now_ms);

/* Counts a connection whatever the verdict is; admission_leave() must follow at its end. */
enum admission_verdict admission_enter(struct admission *admission);
void admission_leave(struct admission *admission);
/* The same for its address, once it is known: behind a proxy that is later, and may change with every request. */
enum admission_verdict admission_enter_address(struct admission *admission, const struct os_address *address);
void admission_leave_address(struct admission *admission, const struct os_address *address);
