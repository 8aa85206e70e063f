/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utc.h"

#include "base_test.h"

static void known_moments_are_written_right(void **state)
{
    static const struct {
        int64_t wall_ms;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {86399999, "1970-01-01T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {951868800000, "2000-03-01T00:00:00.000Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {1769860799123, "2026-01-31T11:59:59.123Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {-62167219200000, "0000-01-01T00:00:00.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    };
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        char text[UTC_TEXT_SIZE];
        utc_format(cases[index].wall_ms, text);
        assert_string_equal(text, cases[index].text);
    }
}

static int days_in_month(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (is_leap && month == 2 ? 1 : 0);
}

/* Counted day by day, by the rules of the calendar. */
static void each_day_of_eight_centuries_follows_the_one_before(void **state)
{
    (void)state;
    int64_t wall_ms = 0;
    for (int year = 1970; year < 2770; year++) {
        for (int month = 1; month <= 12; month++) {
            for (int day = 1; day <= days_in_month(year, month); day++) {
                char expected[64];
                char text[UTC_TEXT_SIZE];
                (void)snprintf(expected, sizeof(expected), "%04d-%02d-%02dT00:00:00.000Z", year, month, day);
                utc_format(wall_ms, text);
                assert_string_equal(text, expected);
                wall_ms += 86400000;
            }
        }
    }
}

int test_utc(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_moments_are_written_right),
        cmocka_unit_test(each_day_of_eight_centuries_follows_the_one_before),
    };
    return cmocka_run_group_tests_name("utc", tests, NULL, NULL);
}
