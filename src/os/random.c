/* SPDX-License-Identifier: Apache-2.0 */
#include "os/random.h"

#include <sodium.h>

#include "base/check.h"

void os_random_init(void)
{
    check(sodium_init() >= 0); /* 1 says that it was done already */
}

void os_random_bytes(void *out, size_t size)
{
    if (size > 0)
        randombytes_buf(out, size);
}

uint64_t os_random_u64(void)
{
    uint64_t number;
    randombytes_buf(&number, sizeof(number));
    return number;
}

uint64_t os_random_below(uint64_t bound)
{
    check(bound >= 1);
    /* Numbers under 2^64 mod bound are drawn again, so that each remainder is equally likely: one more draw at most on
     * average. */
    uint64_t least = (0 - bound) % bound;
    uint64_t number;
    do {
        number = os_random_u64();
    } while (number < least);
    return number % bound;
}
