/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/report.h"

#include "chat_test.h"

static void the_newest_are_kept_with_what_they_said(void **state)
{
    struct reports reports;

    (void)state;
    reports_init(&reports, 2);
    for (uint16_t code = 1000; code < 1004; code++)
        reports_add(
            &reports,
            &(struct last){.connection = VIEW("0-1"), .reason = VIEW("why"), .ago_ms = 5, .code = code, .saw = 3}, code,
            100);
    assert_int_equal(reports_count(&reports), 2);
    assert_int_equal(reports_at(&reports, 0)->code, 1003);
    assert_int_equal(reports_at(&reports, 1)->code, 1002);
    assert_string_equal(reports_at(&reports, 0)->connection, "0-1");
    assert_string_equal(reports_at(&reports, 0)->reason, "why");
    assert_int_equal(reports_at(&reports, 0)->told_ms, 100);
    assert_int_equal(reports_at(&reports, 0)->saw, 3);
    reports_done(&reports);
}

static void where_none_is_kept_none_is_there(void **state)
{
    struct reports reports;

    (void)state;
    reports_init(&reports, 0);
    reports_add(&reports, &(struct last){.code = 1006}, 1, 1);
    assert_int_equal(reports_count(&reports), 0);
    reports_done(&reports);
}

int test_report(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_newest_are_kept_with_what_they_said),
        cmocka_unit_test(where_none_is_kept_none_is_there),
    };
    return cmocka_run_group_tests_name("chat/report", tests, NULL, NULL);
}
