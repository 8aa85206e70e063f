/* SPDX-License-Identifier: Apache-2.0 */
/* The two clocks. Deadlines use the monotonic one; what people and the log see uses the wall clock. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint64_t os_clock_monotonic_ms(void);
uint64_t os_clock_monotonic_ns(void);
/* CPU time of the calling thread. */
uint64_t os_clock_thread_ns(void);
/* Does the kernel say that somebody keeps the wall clock right? */
bool os_clock_is_synchronised(void);
/* Milliseconds since the Unix epoch, UTC. */
int64_t os_clock_wall_ms(void);
/* "2026-01-31T23:59:59.123Z"; `out` has room for 25 bytes with the closing NUL. */
void os_clock_format_utc(int64_t wall_ms, char out[25]);
