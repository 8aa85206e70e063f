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

/* Who answers there may be anybody: nothing of it may reach the terminal as an order, keep us waiting for years, or
 * make us ask for more memory than there is. */
static void what_natter_would_never_say_is_bounded(void **state)
{
    struct seen seen;

    (void)state;
    assert_true(seen_read(VIEW("{\"type\":\"report\",\"server\":\"natter/9\",\"fault\":\"\\u001b[2J\\u009b\\tx\","
                               "\"limits\":{\"text_bytes\":-1,\"frame_bytes\":4611686018427387904,"
                               "\"heartbeat_ms\":9223372036854775807}}"),
                          &seen));
    for (const char *at = seen.fault; *at; at++)
        assert_true(*at >= ' ' && *at < 0x7f);
    assert_int_equal(seen.text_bytes, 0);
    assert_int_equal(seen.frame_bytes, SEEN_BYTES_MAX);
    assert_int_equal(seen.heartbeat_ms, SEEN_HEARTBEAT_MS_MAX);
}

int test_seen(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_is_read),
        cmocka_unit_test(others_words_are_no_report),
        cmocka_unit_test(what_natter_would_never_say_is_bounded),
    };

    return cmocka_run_group_tests_name("seen", tests, NULL, NULL);
}
