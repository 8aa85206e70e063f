/* SPDX-License-Identifier: Apache-2.0 */
/* The one source of chance in a simulation: everything that could have been otherwise is drawn here, from one seed. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

void chance_seed(uint64_t seed);
uint64_t chance_u64(void);
/* Uniform in 0 to bound - 1; bound is at least 1. */
uint64_t chance_below(uint64_t bound);
/* Uniform in least to most, both included. */
uint64_t chance_between(uint64_t least, uint64_t most);
/* True so many times in a million. Draws nothing for 0. */
bool chance_ppm(uint32_t ppm);
/* True once in `bound` times. */
bool chance_one_in(uint64_t bound);
/* Small numbers mostly, rarely up to `most`: as many bits as are drawn. */
uint64_t chance_skewed(uint64_t most);
void chance_bytes(void *out, size_t size);
