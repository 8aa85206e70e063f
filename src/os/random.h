/* SPDX-License-Identifier: Apache-2.0 */
/* Chance that strangers cannot foresee. Any thread. */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Must be called once, first, by the main thread. Aborts if the system has no entropy source. */
void os_random_init(void);
void os_random_bytes(void *out, size_t size);
uint64_t os_random_u64(void);
/* Uniform in 0 to bound - 1; bound is at least 1. */
uint64_t os_random_below(uint64_t bound);
