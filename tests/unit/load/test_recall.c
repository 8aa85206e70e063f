/* SPDX-License-Identifier: Apache-2.0 */
#include "load/recall.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void the_same_bytes_at_the_same_place_are_known(void **state)
{
    struct recall recall;
    struct recalled what = {.seq = 5, .is_ours = true};
    (void)state;
    assert_int_equal(recall_init(&recall, 3), RESULT_OK);
    assert_null(recall_find(&recall, 0, VIEW(""), false));
    assert_null(recall_find(&recall, 5, VIEW("five"), false));
    recall_keep(&recall, 5, VIEW("five"), false, &what);
    const struct recalled *found = recall_find(&recall, 5, VIEW("five"), false);
    assert_non_null(found);
    assert_int_equal(found->seq, 5);
    assert_null(recall_find(&recall, 5, VIEW("fivE"), false));
    assert_null(recall_find(&recall, 5, VIEW("five "), false));
    assert_null(recall_find(&recall, 5, VIEW("five"), true));
    assert_null(recall_find(&recall, 1, VIEW("five"), false));
    recall_done(&recall);
}

static void newer_ones_take_the_slots_of_older_ones(void **state)
{
    struct recall recall;
    struct recalled what = {.seq = 1};
    (void)state;
    assert_int_equal(recall_init(&recall, 4), RESULT_OK);
    recall_keep(&recall, 1, VIEW("one"), false, &what);
    recall_keep(&recall, 5, VIEW("five, which is longer"), false, &what);
    recall_keep(&recall, 1, VIEW("one"), false, &what);
    assert_null(recall_find(&recall, 1, VIEW("one"), false));
    assert_non_null(recall_find(&recall, 5, VIEW("five, which is longer"), false));
    recall_done(&recall);
}

static void no_slots_remember_nothing(void **state)
{
    struct recall recall;
    (void)state;
    assert_int_equal(recall_init(&recall, 0), RESULT_OK);
    recall_keep(&recall, 1, VIEW("one"), false, &(struct recalled){0});
    assert_null(recall_find(&recall, 1, VIEW("one"), false));
    recall_done(&recall);
}

int test_recall(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_bytes_at_the_same_place_are_known),
        cmocka_unit_test(newer_ones_take_the_slots_of_older_ones),
        cmocka_unit_test(no_slots_remember_nothing),
    };
    return cmocka_run_group_tests_name("recall", tests, NULL, NULL);
}
