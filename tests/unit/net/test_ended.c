/* SPDX-License-Identifier: Apache-2.0 */
#include "net/ended.h"

#include "world.h"

static void the_newest_are_kept_and_the_oldest_go(void **state)
{
    struct ended ended;

    (void)state;
    assert_int_equal(ended_init(&ended, 3), RESULT_OK);
    assert_int_equal(ended_count(&ended), 0);
    for (uint64_t i = 1; i <= 5; i++)
        ended_add(&ended)->handle = i;
    assert_int_equal(ended_count(&ended), 3);
    assert_int_equal(ended.count, 5);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(ended_at(&ended, i)->handle, 5 - i);
    ended_done(&ended);
}

static void where_none_is_kept_none_is_there(void **state)
{
    struct ended ended;

    (void)state;
    assert_int_equal(ended_init(&ended, 0), RESULT_OK);
    assert_null(ended_add(&ended));
    assert_int_equal(ended_count(&ended), 0);
    ended_done(&ended);
}

int test_ended(void);
int test_ended(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_kept_and_the_oldest_go),
        cmocka_unit_test(where_none_is_kept_none_is_there),
    };
    return cmocka_run_group_tests_name("ended", tests, NULL, NULL);
}
