/* SPDX-License-Identifier: Apache-2.0 */
#include "chance.h"

#include "base/check.h"

static uint64_t state;

void chance_seed(uint64_t seed)
{
    state = seed;
    (void)chance_u64();
}

/* SplitMix64: every state is as good as another, so any seed is. */
uint64_t chance_u64(void)
{
    uint64_t z = state += UINT64_C(0x9e3779b97f4a7c15);

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

uint64_t chance_below(uint64_t bound)
{
    check(bound >= 1);
    return bound <= UINT32_MAX ? (chance_u64() >> 32) * bound >> 32 : chance_u64() % bound;
}

uint64_t chance_between(uint64_t least, uint64_t most)
{
    check(least <= most);
    return least + chance_below(most - least + 1);
}

bool chance_ppm(uint32_t ppm)
{
    return ppm > 0 && chance_below(1000000) < ppm;
}

bool chance_one_in(uint64_t bound)
{
    return chance_below(bound) == 0;
}

uint64_t chance_skewed(uint64_t most)
{
    uint64_t number = chance_below(most + 1);

    return number >> chance_below(12);
}

void chance_bytes(void *out, size_t size)
{
    uint8_t *at = out;

    for (size_t i = 0; i < size; i++)
        at[i] = (uint8_t)chance_u64();
}
