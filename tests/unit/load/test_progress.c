/* SPDX-License-Identifier: Apache-2.0 */
#include "load/progress.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct load_options options = {.rooms = 1, .subscribers = 1000, .publishers = 1};

enum { SECOND = 1000000000 };

static void assert_line(const struct progress *progress, const struct worker_sums *sums,
                        const struct process_sample *server, const char *expected)
{
    struct builder line;
    builder_init(&line, 1024);
    progress_add(progress, 3 * (uint64_t)SECOND, sums, server, &line);
    builder_add_byte(&line, '\0');
    assert_string_equal((const char *)line.at, expected);
    builder_done(&line);
}

static void connections_are_counted_until_messages_flow(void **state)
{
    struct progress progress = {.options = &options, .shown_ns = 2 * (uint64_t)SECOND};
    (void)state;
    assert_line(&progress, &(struct worker_sums){.ready = 812}, NULL, "   3 s  812 connections of 1,001");
}

static void a_line_has_what_the_last_second_brought(void **state)
{
    struct progress progress = {
        .options = &options,
        .shown_ns = 2 * (uint64_t)SECOND,
        .sums = {.sent = 10, .delivered = 5000, .acked = 5, .cpu_ns = SECOND},
        .server = {.cpu_ns = SECOND},
        .has_server = true,
    };
    struct worker_sums sums = {
        .sent = 20, .delivered = 1005000, .acked = 1005, .cpu_ns = 1500000000, .faults = 2, .gaps = 3, .ended = 1};
    (void)state;
    assert_line(
        &progress, &sums, &(struct process_sample){.cpu_ns = 1900000000},
        "   3 s  1,000,000 deliveries/s  1,000 acks/s  server 0.90 µs/delivery, 90 %  generator 50 %  FAULTS 2  "
        "gaps 3  ended 1");
}

static void a_line_is_due_once_a_second(void **state)
{
    struct load_options quiet = {.is_quiet = true};
    struct progress progress;
    (void)state;
    progress_begin(&progress, &options, 500);
    assert_false(progress_is_due(&progress, 500 + SECOND - 1));
    assert_true(progress_is_due(&progress, 500 + SECOND));
    progress_begin(&progress, &quiet, 500);
    assert_false(progress_is_due(&progress, 500 + SECOND));
}

int test_progress(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_counted_until_messages_flow),
        cmocka_unit_test(a_line_has_what_the_last_second_brought),
        cmocka_unit_test(a_line_is_due_once_a_second),
    };
    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
