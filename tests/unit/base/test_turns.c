/* SPDX-License-Identifier: Apache-2.0 */
#include "base/turns.h"

#include "base_test.h"

enum { A, B, C };

static const uint64_t no_work[TURNS_WORK_MAX];

/* A turn that begins at 1,000, in which B takes `b_ns` and C the `c_ns` after it. */
static void run_turn(struct turns *turns, uint64_t b_ns, uint64_t c_ns, const uint64_t *work)
{
    turns_begin(turns, 1000);
    turns_enter(turns, A); /* had nothing to do */
    turns_enter(turns, B);
    turns_leave(turns, B, 1000 + b_ns);
    turns_enter(turns, C);
    turns_leave(turns, C, 1000 + b_ns + c_ns);
    if (turns_end(turns))
        turns_keep(turns, work);
}

static void a_long_turn_is_counted_by_its_longest_phase(void **state)
{
    (void)state;
    static struct turns turns;
    turns_init(&turns, 100);
    run_turn(&turns, 40, 60, no_work);
    assert_int_equal(turns_slow_count(&turns), 0);
    run_turn(&turns, 90, 11, no_work);
    run_turn(&turns, 11, 95, no_work);
    run_turn(&turns, 500, 5, no_work);
    assert_int_equal(counter_get(&turns.slow[A]), 0);
    assert_int_equal(counter_get(&turns.slow[B]), 2);
    assert_int_equal(counter_get(&turns.slow[C]), 1);
    assert_int_equal(counter_get(&turns.count), 4);
    assert_int_equal(counter_get(&turns.ns.count), 4);
}

static void the_worst_is_kept_with_its_phases_and_its_work(void **state)
{
    (void)state;
    static struct turns turns;
    struct turn turn;
    const uint64_t much[TURNS_WORK_MAX] = {7, 8, 9};
    turns_init(&turns, 100);
    assert_false(turn_kept_read(&turns.worst, &turn));
    run_turn(&turns, 10, 20, no_work);
    assert_true(turn_kept_read(&turns.worst, &turn)); /* the longest so far, though it is not long */
    assert_int_equal(turn.total_ns, 30);
    assert_false(turn_kept_read(&turns.newest, &turn));
    run_turn(&turns, 200, 700, much);
    run_turn(&turns, 150, 30, no_work);
    assert_true(turn_kept_read(&turns.worst, &turn));
    assert_int_equal(turn.number, 2);
    assert_int_equal(turn.total_ns, 900);
    assert_int_equal(turn.phase_ns[B], 200);
    assert_int_equal(turn.phase_ns[C], 700);
    assert_int_equal(turn_longest_phase(&turn), C);
    assert_int_equal(turn.work[1], 8);
    assert_true(turn_kept_read(&turns.newest, &turn));
    assert_int_equal(turn.number, 3);
    assert_int_equal(turn.work[1], 0);
}

static void without_a_limit_nothing_is_slow(void **state)
{
    (void)state;
    static struct turns turns;
    turns_init(&turns, 0);
    run_turn(&turns, 1U << 30, 1, no_work);
    assert_int_equal(turns_slow_count(&turns), 0);
}

static void a_turn_that_does_not_end_shows_its_phase(void **state)
{
    (void)state;
    static struct turns turns;
    unsigned phase;
    turns_init(&turns, 100);
    assert_int_equal(turns_at_work_ns(&turns, 5000, &phase), 0);
    turns_begin(&turns, 1000);
    turns_enter(&turns, C);
    assert_int_equal(turns_at_work_ns(&turns, 5000, &phase), 4000);
    assert_int_equal(phase, C);
    turns_leave(&turns, C, 5000);
    if (turns_end(&turns))
        turns_keep(&turns, no_work);
    assert_int_equal(turns_at_work_ns(&turns, 9000, &phase), 0);
    turns_begin(&turns, 9000);
    turns_cancel(&turns);
    assert_int_equal(turns_at_work_ns(&turns, 9500, &phase), 0);
    assert_int_equal(counter_get(&turns.count), 1);
}

static void what_is_being_written_is_not_shown(void **state)
{
    (void)state;
    static struct turns turns;
    struct turn turn;
    turns_init(&turns, 100);
    run_turn(&turns, 300, 300, no_work);
    counter_add(&turns.worst.version, 1); /* as if its writer had been stopped in the middle */
    assert_false(turn_kept_read(&turns.worst, &turn));
    counter_add(&turns.worst.version, 1);
    assert_true(turn_kept_read(&turns.worst, &turn));
}

int test_turns(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_long_turn_is_counted_by_its_longest_phase),
        cmocka_unit_test(the_worst_is_kept_with_its_phases_and_its_work),
        cmocka_unit_test(without_a_limit_nothing_is_slow),
        cmocka_unit_test(a_turn_that_does_not_end_shows_its_phase),
        cmocka_unit_test(what_is_being_written_is_not_shown),
    };
    return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
