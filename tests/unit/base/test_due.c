/* SPDX-License-Identifier: Apache-2.0 */
#include "base/due.h"

#include "base_test.h"

enum { OBJECTS = 100 };

static int objects[OBJECTS];

static void an_empty_one_has_nothing_due(void **state)
{
    (void)state;
    struct due due = {0};
    assert_null(due_take(&due, UINT64_MAX));
    assert_int_equal(due_next_ms(&due), UINT64_MAX);
    due_forget(&due, objects);
    due_done(&due);
}

static void nothing_is_taken_before_its_time(void **state)
{
    (void)state;
    struct due due = {0};
    assert_int_equal(due_add(&due, &objects[0], 10), RESULT_OK);
    assert_int_equal(due_add(&due, &objects[1], 20), RESULT_OK);
    assert_int_equal(due_next_ms(&due), 10);
    assert_null(due_take(&due, 9));
    assert_ptr_equal(due_take(&due, 10), &objects[0]);
    assert_null(due_take(&due, 19));
    assert_int_equal(due_next_ms(&due), 20);
    assert_ptr_equal(due_take(&due, 30), &objects[1]);
    assert_int_equal(due_next_ms(&due), UINT64_MAX);
    assert_null(due.items);
}

static void the_order_is_that_of_adding_however_it_grows(void **state)
{
    (void)state;
    struct due due = {0};
    size_t added = 0;
    size_t taken = 0;
    while (taken < OBJECTS) {
        for (int count = 0; count < 7 && added < OBJECTS; count++, added++)
            assert_int_equal(due_add(&due, &objects[added], added), RESULT_OK);
        for (int count = 0; count < 3 && taken < OBJECTS; count++, taken++)
            assert_ptr_equal(due_take(&due, UINT64_MAX), &objects[taken]);
    }
    assert_null(due_take(&due, UINT64_MAX));
}

static void what_is_forgotten_never_comes(void **state)
{
    (void)state;
    struct due due = {0};
    for (size_t index = 0; index < 5; index++)
        assert_int_equal(due_add(&due, &objects[index % 2], index), RESULT_OK);
    due_forget(&due, &objects[0]);
    assert_ptr_equal(due_take(&due, 10), &objects[1]);
    assert_ptr_equal(due_take(&due, 10), &objects[1]);
    assert_null(due_take(&due, 10));
    assert_int_equal(due.count, 0);
}

int test_due(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_one_has_nothing_due),
        cmocka_unit_test(nothing_is_taken_before_its_time),
        cmocka_unit_test(the_order_is_that_of_adding_however_it_grows),
        cmocka_unit_test(what_is_forgotten_never_comes),
    };
    return cmocka_run_group_tests_name("due", tests, NULL, NULL);
}
