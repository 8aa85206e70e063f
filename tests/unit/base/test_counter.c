/* SPDX-License-Identifier: Apache-2.0 */
#include "base/counter.h"

#include "base_test.h"

static void a_counter_adds_subtracts_and_keeps_the_highest(void **state)
{
    (void)state;
    struct counter counter = {0};
    counter_add(&counter, 5);
    counter_subtract(&counter, 2);
    assert_int_equal(counter_get(&counter), 3);
    counter_raise(&counter, 2);
    assert_int_equal(counter_get(&counter), 3);
    counter_raise(&counter, 9);
    assert_int_equal(counter_get(&counter), 9);
    counter_set(&counter, 1);
    assert_int_equal(counter_get(&counter), 1);
}

int test_counter(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_counter_adds_subtracts_and_keeps_the_highest),
    };
    return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
