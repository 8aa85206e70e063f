/* SPDX-License-Identifier: Apache-2.0 */
/* One seed: faults and chaos, then calm in which everything must come right, then the end, after which nothing may be
 * left. Ends the process where a promise is broken. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

void run_init(void);
/* Returns the hash of all that happened. */
uint64_t run_seed(uint64_t seed, bool is_tracing);
/* The same right behind it: the process ends where anything is different. */
void run_seed_again(uint64_t seed, bool is_tracing);
