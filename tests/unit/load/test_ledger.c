/* SPDX-License-Identifier: Apache-2.0 */
#include "load/ledger.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A story of numbers: above 0 one that arrives, 0 the end; below, a gap from -n to the number that follows. */
enum { STORY_MAX = 12 };

static void each_story_has_its_verdict(void **state)
{
    static const struct {
        const char *name;
        int story[STORY_MAX];
        uint64_t lost, doubled, reordered, gaps, skipped;
    } rows[] = {
        {"all in order", {11, 12, 13}, .lost = 0},
        {"a hole", {11, 13}, .lost = 1},
        {"a wide hole", {11, 200}, .lost = 188},
        {"a repeat", {11, 12, 12}, .doubled = 1},
        {"a repeat later", {11, 12, 13, 11}, .doubled = 1},
        {"a swap", {11, 13, 12, 14}, .reordered = 1},
        {"a late one, twice", {11, 13, 12, 12}, .reordered = 1, .doubled = 1},
        {"far too late", {11, 13, 100, 12}, .lost = 87, .doubled = 1},
        {"from before the start", {11, 9}, .doubled = 1},
        {"an announced gap", {11, -12, 15, 16}, .gaps = 1, .skipped = 4},
        {"a gap and a hole before it", {11, -13, 15, 16}, .lost = 1, .gaps = 1, .skipped = 3},
        {"a gap too small", {11, -12, 13, 15}, .lost = 1, .gaps = 1, .skipped = 2},
        {"a gap and then what it announced", {11, -12, 13, 12, 14}, .doubled = 1, .gaps = 1, .skipped = 2},
        {"a gap over what has come", {11, 12, -11, 12, 13}, .gaps = 1},
        {"a gap that begins in what has come", {11, 12, -12, 14, 15}, .gaps = 1, .skipped = 2},
        {"a gap backwards", {11, -15, 12, 12}, .gaps = 1},
        {"a huge gap", {11, -12, 5000, 5001}, .gaps = 1, .skipped = 4989},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct ledger ledger = {0};
        struct ledger_stream stream;
        print_message("# %s\n", rows[index].name);
        ledger_start(&stream, 10);
        for (const int *at = rows[index].story; *at != 0; at++) {
            if (*at > 0) {
                ledger_take(&ledger, &stream, (uint64_t)*at);
                continue;
            }
            ledger_gap(&ledger, &stream, (uint64_t) - *at, (uint64_t)at[1]);
            at++;
        }
        assert_int_equal(ledger.lost, rows[index].lost);
        assert_int_equal(ledger.doubled, rows[index].doubled);
        assert_int_equal(ledger.reordered, rows[index].reordered);
        assert_int_equal(ledger.gaps, rows[index].gaps);
        assert_int_equal(ledger.skipped, rows[index].skipped);
        bool has_fault = rows[index].lost + rows[index].doubled + rows[index].reordered > 0;
        assert_int_equal(ledger_is_clean(&ledger), !has_fault);
    }
}

static void what_never_came_is_lost_in_the_end(void **state)
{
    struct ledger ledger = {0};
    struct ledger_stream stream;
    (void)state;
    ledger_start(&stream, 0);
    ledger_take(&ledger, &stream, 1);
    ledger_finish(&ledger, &stream, 1);
    assert_true(ledger_is_clean(&ledger));
    ledger_finish(&ledger, &stream, 4);
    assert_int_equal(ledger.lost, 3);
}

/* Any order of 1 to 40, some twice, some never: holes and repeats come out exactly. Repeats from the seed. */
static void any_muddle_within_the_window_is_counted_exactly(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 200; seed++) {
        struct ledger ledger = {0};
        struct ledger_stream stream;
        uint64_t random = seed;
        unsigned times[41] = {0};
        ledger_start(&stream, 0);
        for (int count = 0; count < 60; count++) {
            random = random * 6364136223846793005U + 1442695040888963407U;
            uint64_t number = 1 + (random >> 40) % 40;
            times[number]++;
            ledger_take(&ledger, &stream, number);
        }
        uint64_t lost = 0;
        uint64_t doubled = 0;
        for (uint64_t number = 1; number <= stream.last; number++) {
            lost += times[number] == 0;
            doubled += times[number] > 1 ? times[number] - 1 : 0;
        }
        if (ledger.lost != lost || ledger.doubled != doubled)
            fail_msg("seed %llu", (unsigned long long)seed);
    }
}

static void ledgers_add_up(void **state)
{
    struct ledger sum = {.received = 1, .lost = 2, .foreign = 3};
    struct ledger other = {.received = 10, .doubled = 20, .mismatched = 1, .gaps = 4, .skipped = 5, .reordered = 6};
    (void)state;
    ledger_merge(&sum, &other);
    assert_int_equal(sum.received, 11);
    assert_int_equal(sum.lost, 2);
    assert_int_equal(sum.doubled, 20);
    assert_int_equal(sum.reordered, 6);
    assert_int_equal(sum.skipped, 5);
    assert_int_equal(sum.gaps, 4);
    assert_int_equal(sum.mismatched, 1);
    assert_int_equal(sum.foreign, 3);
}

int test_ledger(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_story_has_its_verdict),
        cmocka_unit_test(what_never_came_is_lost_in_the_end),
        cmocka_unit_test(any_muddle_within_the_window_is_counted_exactly),
        cmocka_unit_test(ledgers_add_up),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
