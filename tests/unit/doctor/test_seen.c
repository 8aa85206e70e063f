/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/seen.h"

#include "doctor_test.h"

static void a_report_is_read(void **state)
{
    struct seen seen;

    (void)state;
    assert_true(
        seen_read(VIEW("{\"type\":\"report\",\"server\":\"natter/9\",\"at\":5,\"http\":\"1.0\",\"origin\":\"none\","
                       "\"upgrade\":\"faulty\",\"fault\":\"why\",\"fields\":{\"Host\":\"h\",\"Upgrade\":\"u\"},"
                       "\"limits\":{\"frame_bytes\":7,\"heartbeat_ms\":8},\"compression\":true,\"more\":[1]}"),
                  &seen));
    assert_true(seen.is_there && seen.has_compression);
    assert_string_equal(seen.server, "natter/9");
    assert_string_equal(seen.http, "1.0");
    assert_string_equal(seen.fault, "why");
    assert_string_equal(seen.host, "h");
    assert_string_equal(seen.upgrade_field, "u");
    assert_string_equal(seen.connection, "");
    assert_int_equal(seen.frame_bytes, 7);
    assert_int_equal(seen.heartbeat_ms, 8);
    assert_int_equal(seen.at_ms, 5);
}

static void others_words_are_no_report(void **state)
{
    static const char *const cases[] = {"",
                                        "<html>",
                                        "{}",
                                        "[]",
                                        "{\"type\":\"report\"}",
                                        "{\"type\":\"report\",\"server\":\"apache/2\"}",
                                        "{\"type\":1,\"server\":\"natter/1\"}",
                                        "{\"server\":\"natter/1\"}"};
    struct seen seen;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_false(seen_read(view_of_string(cases[i]), &seen));
}

int test_seen(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_read),
        cmocka_unit_test(others_words_are_no_report),
    };

    return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
