/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of chat/ share: cmocka with what it needs before it, and random numbers from a seed. */
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

/* An initialiser for a view of a literal in a static table; the literal may hold NULs. */
#define BYTES(literal)                                     \
    {                                                      \
        (const uint8_t *)("" literal), sizeof(literal) - 1 \
    }

int test_chat(void);
int test_door_session(void);
int test_mention(void);
int test_mentions(void);
int test_name(void);
int test_name_shape(void);
int test_pack_hub(void);
int test_people(void);
int test_presence(void);
int test_rate(void);
int test_report(void);
int test_roster(void);
int test_spender(void);
int test_survey(void);
int test_token(void);

/* A copy in memory of exactly its size, so that a sanitizer sees each byte that is read too far; free() its `at`. */
static inline struct view exact_copy(struct view bytes)
{
    uint8_t *at = malloc(bytes.size > 0 ? bytes.size : 1);

    assert_non_null(at);
    if (bytes.size > 0)
        memcpy(at, bytes.at, bytes.size);
    return view_of(at, bytes.size);
}

static inline void free_copy(struct view copy)
{
    free((void *)(uintptr_t)copy.at);
}

/* The seed of a random test: NATTER_TEST_SEED, or a fixed one; printed, so that a failure can be repeated. */
static inline uint64_t seed_of(const char *test)
{
    const char *given = getenv("NATTER_TEST_SEED");
    uint64_t seed = given ? strtoull(given, NULL, 0) : 0x9E3779B97F4A7C15U;

    print_message("# %s: NATTER_TEST_SEED=0x%llx\n", test, (unsigned long long)seed);
    return seed ? seed : 1;
}

static inline uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}
