/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of base/ share: cmocka with what it needs before it, and random numbers from a seed. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/view.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int test_base64(void);
int test_builder(void);
int test_check(void);
int test_counter(void);
int test_diag(void);
int test_due(void);
int test_histogram(void);
int test_list(void);
int test_pack(void);
int test_pool(void);
int test_result(void);
int test_snapshot(void);
int test_table(void);
int test_turns(void);
int test_utc(void);
int test_view(void);
int test_wheel(void);

static inline void assert_view_is(struct view view, const char *expected)
{
    assert_int_equal(view.size, strlen(expected));
    if (view.size > 0)
        assert_memory_equal(view.at, expected, view.size);
}

/* The seed of a random test: NATTER_TEST_SEED, or a fixed one; printed, so that a failure can be repeated. */
static inline uint64_t seed_of(const char *test)
{
    const char *given = getenv("NATTER_TEST_SEED");
    uint64_t seed = given != NULL ? strtoull(given, NULL, 0) : 0x2545F4914F6CDD1DU;
    print_message("%s: NATTER_TEST_SEED=0x%llx\n", test, (unsigned long long)seed);
    return seed != 0 ? seed : 1;
}

static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
