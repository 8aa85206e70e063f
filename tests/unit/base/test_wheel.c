/* SPDX-License-Identifier: Apache-2.0 */
#include "base/wheel.h"

#include "base_test.h"

enum { TIMERS = 200, ROUNDS = 3000, SEEDS = 20 };

struct alarm {
    struct wheel_timer timer;
    bool is_armed; /* the reference */
    uint64_t tick;
};

static size_t length(const struct list_link *head)
{
    size_t count = 0;
    for (const struct list_link *link = head->next; link != head; link = link->next)
        count++;
    return count;
}

/* Around the edges of the levels, from each phase of the wheel that differs. */
static const uint64_t distances[] = {1,     2,       255,     256,     257,     511,     512,
                                     16127, 16128,   16129,   16383,   16384,   16385,   32768,
                                     99999, 1048575, 1048576, 1048577, 1064960, 2000000, 3000000};
static const uint64_t starts[] = {0, 1, 255, 256, 16383, 16384, 1048575, 1048576, 123456703, 123456789};

/* Goes to the tick in strides of at most `stride`, sleeping no longer than the wheel says. */
static void ride_to_tick(uint64_t start, uint64_t distance, uint64_t stride)
{
    struct wheel wheel;
    struct wheel_timer timer;
    struct list_link due;
    list_init(&due);
    wheel_init(&wheel, start);
    wheel_timer_init(&timer);
    uint64_t tick = start + distance;
    wheel_arm(&wheel, &timer, tick);
    while (wheel.now < tick) {
        assert_true(wheel_timer_is_armed(&timer));
        assert_true(list_is_empty(&due));
        uint64_t ahead = wheel_until_next(&wheel, UINT32_MAX);
        assert_in_range(ahead, 1, tick - wheel.now);
        wheel_advance(&wheel, wheel.now + (ahead < stride ? ahead : stride), &due);
    }
    assert_false(wheel_timer_is_armed(&timer));
    assert_ptr_equal(due.next, &timer.link);
    assert_int_equal(wheel.count, 0);
    assert_int_equal(wheel_until_next(&wheel, 1000), 1000);
}

static void a_timer_fires_at_its_tick_and_not_before(void **state)
{
    (void)state;
    for (size_t start = 0; start < COUNT(starts); start++) {
        for (size_t index = 0; index < COUNT(distances); index++) {
            ride_to_tick(starts[start], distances[index], UINT32_MAX);
            ride_to_tick(starts[start], distances[index], 1000);
        }
    }
}

/* One advance that ends before, at or behind the tick. */
static void one_leap_over_any_distance_fires_what_is_due(void **state)
{
    (void)state;
    for (size_t start = 0; start < COUNT(starts); start++) {
        for (size_t index = 0; index < COUNT(distances); index++) {
            for (uint64_t off = 0; off < 3; off++) {
                struct wheel wheel;
                struct wheel_timer timer;
                struct list_link due;
                list_init(&due);
                wheel_init(&wheel, starts[start]);
                wheel_timer_init(&timer);
                wheel_arm(&wheel, &timer, starts[start] + distances[index]);
                wheel_advance(&wheel, starts[start] + distances[index] + off - 1, &due);
                assert_int_equal(wheel_timer_is_armed(&timer), off == 0);
                assert_int_equal(length(&due), off == 0 ? 0 : 1);
            }
        }
    }
}

static void a_tick_that_has_passed_fires_at_the_next_one(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_timer timers[2];
    struct list_link due;
    list_init(&due);
    wheel_init(&wheel, 1000);
    wheel_timer_init(&timers[0]);
    wheel_timer_init(&timers[1]);
    wheel_arm(&wheel, &timers[0], 5);
    wheel_arm(&wheel, &timers[1], 1000);
    wheel_advance(&wheel, 1000, &due);
    assert_true(list_is_empty(&due));
    assert_int_equal(wheel_until_next(&wheel, 10), 1);
    wheel_advance(&wheel, 1001, &due);
    assert_int_equal(length(&due), 2);
}

static void arming_again_moves_and_disarming_takes_out(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_timer timer;
    struct list_link due;
    list_init(&due);
    wheel_init(&wheel, 0);
    wheel_timer_init(&timer);
    wheel_disarm(&wheel, &timer);
    assert_int_equal(wheel.count, 0);
    wheel_arm(&wheel, &timer, 10);
    wheel_arm(&wheel, &timer, 400);
    assert_int_equal(wheel.count, 1);
    wheel_advance(&wheel, 399, &due);
    assert_true(list_is_empty(&due));
    wheel_disarm(&wheel, &timer);
    wheel_disarm(&wheel, &timer);
    assert_int_equal(wheel.count, 0);
    wheel_advance(&wheel, 2000, &due);
    assert_true(list_is_empty(&due));
}

/* What happens when one timer's handler ends the owner of another that is due in the same moment. */
static void a_due_timer_can_still_be_taken_off(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_timer timers[3];
    struct list_link due;
    list_init(&due);
    wheel_init(&wheel, 0);
    for (size_t index = 0; index < COUNT(timers); index++) {
        wheel_timer_init(&timers[index]);
        wheel_arm(&wheel, &timers[index], 7);
    }
    wheel_advance(&wheel, 7, &due);
    assert_int_equal(length(&due), 3);
    assert_int_equal(wheel.count, 0);
    wheel_disarm(&wheel, &timers[1]);
    assert_int_equal(length(&due), 2);
    wheel_arm(&wheel, &timers[2], 9);
    assert_int_equal(length(&due), 1);
    assert_ptr_equal(due.next, &timers[0].link);
    assert_int_equal(wheel.count, 1);
}

static void the_furthest_deadline_never_fires(void **state)
{
    (void)state;
    struct wheel wheel;
    struct wheel_timer timer;
    struct list_link due;
    list_init(&due);
    wheel_init(&wheel, 5);
    wheel_timer_init(&timer);
    wheel_arm(&wheel, &timer, UINT64_MAX);
    assert_true(wheel_timer_is_armed(&timer));
    wheel_advance(&wheel, 5 + (1 << 21), &due);
    wheel_advance(&wheel, (uint64_t)1 << 60, &due);
    assert_true(list_is_empty(&due));
    assert_true(wheel_timer_is_armed(&timer));
    wheel_disarm(&wheel, &timer);
    assert_int_equal(wheel.count, 0);
}

static uint64_t random_distance(uint64_t *random)
{
    static const unsigned bits[] = {3, 8, 10, 14, 16, 20, 22};
    return next_random(random) & (((uint64_t)1 << bits[next_random(random) % COUNT(bits)]) - 1);
}

static void check_due(struct alarm *alarms, struct list_link *due, uint64_t now)
{
    while (!list_is_empty(due)) {
        struct wheel_timer *timer = list_entry(due->next, struct wheel_timer, link);
        struct alarm *alarm = (struct alarm *)(void *)timer; /* the timer is its first member */
        list_remove(&timer->link);
        assert_true(alarm->is_armed);
        assert_true(alarm->tick <= now);
        alarm->is_armed = false;
    }
    for (size_t index = 0; index < TIMERS; index++) {
        assert_int_equal(wheel_timer_is_armed(&alarms[index].timer), alarms[index].is_armed);
        if (alarms[index].is_armed)
            assert_true(alarms[index].tick > now);
    }
}

static void compare_with_reference(uint64_t *random)
{
    static struct alarm alarms[TIMERS];
    struct wheel wheel;
    struct list_link due;
    list_init(&due);
    wheel_init(&wheel, next_random(random) >> 20);
    for (size_t index = 0; index < TIMERS; index++) {
        alarms[index].is_armed = false;
        wheel_timer_init(&alarms[index].timer);
    }
    for (int round = 0; round < ROUNDS; round++) {
        struct alarm *alarm = &alarms[next_random(random) % TIMERS];
        alarm->is_armed = next_random(random) % 4 > 0;
        alarm->tick = wheel.now + random_distance(random);
        if (alarm->is_armed)
            wheel_arm(&wheel, &alarm->timer, alarm->tick);
        else
            wheel_disarm(&wheel, &alarm->timer);
        if (next_random(random) % 2 == 0)
            continue;
        uint64_t now = wheel.now + random_distance(random) % (round % 50 == 0 ? 1 << 21 : 600) + 1;
        uint64_t bound = wheel.now + wheel_until_next(&wheel, UINT32_MAX);
        for (size_t index = 0; index < TIMERS; index++)
            assert_true(!alarms[index].is_armed || bound <= alarms[index].tick || bound == wheel.now + 1);
        wheel_advance(&wheel, now, &due);
        check_due(alarms, &due, now);
    }
}

static void it_fires_what_a_simple_list_would(void **state)
{
    (void)state;
    uint64_t random = seed_of("it_fires_what_a_simple_list_would");
    for (int seed = 0; seed < SEEDS; seed++)
        compare_with_reference(&random);
}

int test_wheel(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timer_fires_at_its_tick_and_not_before),
        cmocka_unit_test(one_leap_over_any_distance_fires_what_is_due),
        cmocka_unit_test(a_tick_that_has_passed_fires_at_the_next_one),
        cmocka_unit_test(arming_again_moves_and_disarming_takes_out),
        cmocka_unit_test(a_due_timer_can_still_be_taken_off),
        cmocka_unit_test(the_furthest_deadline_never_fires),
        cmocka_unit_test(it_fires_what_a_simple_list_would),
    };
    return cmocka_run_group_tests_name("wheel", tests, NULL, NULL);
}
