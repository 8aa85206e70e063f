/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/pulse.h"

#include <string.h>

#include "ops_test.h"
#include "store/store.h"

#define SECOND UINT64_C(1000000000)
enum { WITHIN_S = 15 };

static struct pulse pulse;
static char name[LOOP_NAME_BYTES];

static int begin(void **state)
{
    (void)state;
    pulse = (struct pulse){0};
    name[0] = 0;
    return 0;
}

static struct turns *turns_of(const struct parts *parts, size_t index)
{
    return (struct turns *)(uintptr_t)loop_at(&parts->sources, index).turns;
}

static void turn(const struct parts *parts, size_t index)
{
    struct turns *turns = turns_of(parts, index);

    turns_begin(turns, 1);
    if (turns_end(turns))
        turns_keep(turns, (const uint64_t[TURNS_WORK_MAX]){0});
}

static bool look(const struct parts *parts, uint64_t second)
{
    return pulse_look(&pulse, &parts->sources, second * SECOND, WITHIN_S * SECOND, name);
}

static void loops_that_turn_have_a_pulse(void **state)
{
    struct parts parts;

    (void)state;
    parts_init(&parts);
    for (uint64_t second = 1000; second < 1100; second += 5) {
        for (size_t i = 0; i < PARTS_SHARDS; i++)
            turn(&parts, i);
        assert_true(look(&parts, second)); /* the store has nothing to do, and needs no turn */
    }
    parts_done(&parts);
}

static void one_loop_that_hangs_is_enough_and_is_named(void **state)
{
    struct parts parts;

    (void)state;
    parts_init(&parts);
    assert_true(look(&parts, 1000));
    for (uint64_t second = 1005; second <= 1015; second += 5) {
        turn(&parts, 0);
        assert_true(look(&parts, second));
    }
    turn(&parts, 0);
    assert_false(look(&parts, 1020));
    assert_string_equal(name, "shard-1");
    turn(&parts, 1); /* it goes on after all */
    assert_true(look(&parts, 1021));
    parts_done(&parts);
}

static void a_store_at_work_must_turn(void **state)
{
    struct parts parts;

    (void)state;
    parts_init(&parts);
    assert_true(look(&parts, 1000));
    turns_begin(turns_of(&parts, PARTS_SHARDS), 1000 * SECOND);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        turn(&parts, i);
    assert_true(look(&parts, 1015));
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        turn(&parts, i);
    assert_false(look(&parts, 1016));
    assert_string_equal(name, "store");
    turns_cancel(turns_of(&parts, PARTS_SHARDS));
    assert_true(look(&parts, 1017));
    parts_done(&parts);
}

/* A wake-up that was lost: there is a letter, and nobody looks. */
static void a_store_that_sleeps_over_letters_has_none(void **state)
{
    const struct letter letter = {.kind = 0};
    struct parts parts;
    struct letter left;

    (void)state;
    parts_init(&parts);
    assert_true(look(&parts, 1000));
    assert_int_equal(store_post(parts.store, &letter), RESULT_OK);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        turn(&parts, i);
    assert_false(look(&parts, 1016));
    assert_string_equal(name, "store");
    assert_true(store_take_left(parts.store, &left));
    assert_true(look(&parts, 1017));
    parts_done(&parts);
}

int test_pulse(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(loops_that_turn_have_a_pulse, begin),
        cmocka_unit_test_setup(one_loop_that_hangs_is_enough_and_is_named, begin),
        cmocka_unit_test_setup(a_store_at_work_must_turn, begin),
        cmocka_unit_test_setup(a_store_that_sleeps_over_letters_has_none, begin),
    };

    return cmocka_run_group_tests_name("pulse", tests, NULL, NULL);
}
