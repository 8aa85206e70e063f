/* SPDX-License-Identifier: Apache-2.0 */
#include "os/random.h"

#include <sodium.h>
#include <string.h>

#include "base/check.h"

void os_random_init(void)
{
    check(sodium_init() >= 0); /* 1 says that it was done already */
}

/* Each connection draws a few bytes, and asking the kernel costs as much as a tenth of its upgrade: small draws share
 * what one question brought. What was given out is wiped at once, so that no byte is there to be found later, or given
 * twice. A forked child must not draw before it has executed a program of its own. */
struct reserve {
    uint8_t bytes[512];
    size_t left; /* at the end */
};

enum { SMALL_BYTES = 32 };

void os_random_bytes(void *out, size_t size)
{
    static _Thread_local struct reserve reserve;
    if (size == 0)
        return;
    if (size > SMALL_BYTES) {
        randombytes_buf(out, size);
        return;
    }
    if (reserve.left < size) {
        randombytes_buf(reserve.bytes, sizeof(reserve.bytes));
        reserve.left = sizeof(reserve.bytes);
    }
    uint8_t *at = reserve.bytes + sizeof(reserve.bytes) - reserve.left;
    memcpy(out, at, size);
    sodium_memzero(at, size);
    reserve.left -= size;
}

uint64_t os_random_u64(void)
{
    uint64_t number;
    os_random_bytes(&number, sizeof(number));
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
