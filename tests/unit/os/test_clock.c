/* SPDX-License-Identifier: Apache-2.0 */
#include "os/clock.h"

#include "os_test.h"

static void the_monotonic_clock_never_goes_back(void **state)
{
    (void)state;
    uint64_t before = os_clock_monotonic_ns();
    for (int index = 0; index < 10000; index++) {
        uint64_t now = os_clock_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
    uint64_t before_ms = before / 1000000;
    assert_true(os_clock_monotonic_ms() >= before_ms);
}

static void work_takes_processor_time_of_its_thread(void **state)
{
    (void)state;
    uint64_t before = os_clock_thread_ns();
    uint64_t deadline_ms = os_clock_monotonic_ms() + PATIENCE_MS;
    while (os_clock_thread_ns() <= before)
        assert_true(os_clock_monotonic_ms() < deadline_ms);
}

static void the_wall_clock_is_written_as_utc(void **state)
{
    (void)state;
    char text[25];
    assert_true(os_clock_wall_ms() > 1700000000000);
    os_clock_format_utc(os_clock_wall_ms(), text);
    assert_int_equal(strlen(text), 24);
    os_clock_format_utc(1769903999123, text);
    assert_string_equal(text, "2026-01-31T23:59:59.123Z");
}

int test_clock(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_monotonic_clock_never_goes_back),
        cmocka_unit_test(work_takes_processor_time_of_its_thread),
        cmocka_unit_test(the_wall_clock_is_written_as_utc),
    };
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
