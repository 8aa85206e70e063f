/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/watchdog.h"

#include <string.h>

#include "base/diag.h"
#include "ops_test.h"

enum { MS = 1000 * 1000, LINES_MAX = 8 };

static char lines[LINES_MAX][1024];
static size_t line_count;

static void keep_line(void *context, const char *line)
{
    (void)context;
    assert_true(line_count < LINES_MAX);
    (void)snprintf(lines[line_count++], sizeof lines[0], "%s", line);
}

static void listen(void)
{
    line_count = 0;
    diag_setup(DIAG_HUMAN, DIAG_INFO);
    diag_set_sink(keep_line, NULL);
}

static void stop_listening(void)
{
    diag_set_sink(NULL, NULL);
    diag_setup(DIAG_HUMAN, DIAG_ERROR);
}

static struct turns *turns_of(const struct loop *loop)
{
    return (struct turns *)(uintptr_t)loop->turns;
}

static void run_turn(const struct loop *loop, unsigned phase, uint64_t ns)
{
    const uint64_t work[TURNS_WORK_MAX] = {[WORK_DELIVERIES] = 20000};
    struct turns *turns = turns_of(loop);

    turns->limit_ns = 10 * MS;
    turns_begin(turns, 1);
    turns_leave(turns, phase, 1 + ns);
    if (turns_end(turns))
        turns_keep(turns, work);
}

static void every_loop_has_a_name_and_words(void **state)
{
    struct parts parts;

    (void)state;
    parts_init(&parts);
    assert_int_equal(loop_count(&parts.sources), PARTS_SHARDS + 1);
    assert_string_equal(loop_at(&parts.sources, 0).name, "shard-0");
    assert_string_equal(loop_at(&parts.sources, PARTS_SHARDS).name, "store");
    for (size_t i = 0; i < loop_count(&parts.sources); i++) {
        struct loop loop = loop_at(&parts.sources, i);
        for (unsigned phase = 0; phase < loop.phase_count; phase++)
            assert_true(strlen(loop.phase_label(phase)) > 0);
        for (unsigned work = 0; work < loop.work_count; work++)
            assert_true(strlen(loop.work_label(work)) > 0);
    }
    parts_done(&parts);
}

static void a_slow_turn_is_told_once_and_by_its_cause(void **state)
{
    struct parts parts;
    struct watchdog watchdog = {0};

    (void)state;
    parts_init(&parts);
    struct loop loop = loop_at(&parts.sources, 1);
    listen();
    run_turn(&loop, PHASE_READ, 9 * MS);
    watchdog_look(&watchdog, &parts.sources, 5000ULL * MS);
    assert_int_equal(line_count, 0);
    run_turn(&loop, PHASE_FLUSH, 31 * MS);
    watchdog_look(&watchdog, &parts.sources, 10000ULL * MS);
    watchdog_look(&watchdog, &parts.sources, 15000ULL * MS);
    stop_listening();
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(lines[0], "loop.slow "));
    assert_non_null(strstr(lines[0], "shard-1"));
    assert_non_null(strstr(lines[0], "31.0"));
    assert_non_null(strstr(lines[0], "phase=flush"));
    assert_non_null(strstr(lines[0], "deliveries=20000"));
    parts_done(&parts);
}

static void many_slow_turns_are_one_line_a_minute(void **state)
{
    struct parts parts;
    struct watchdog watchdog = {0};

    (void)state;
    parts_init(&parts);
    struct loop loop = loop_at(&parts.sources, 0);
    listen();
    for (uint64_t second = 5; second <= 60; second += 5) {
        run_turn(&loop, PHASE_MAIL, 11 * MS);
        watchdog_look(&watchdog, &parts.sources, second * 1000 * MS);
    }
    assert_int_equal(line_count, 1);
    watchdog_look(&watchdog, &parts.sources, 66ULL * 1000 * MS);
    stop_listening();
    assert_int_equal(line_count, 2);
    assert_non_null(strstr(lines[1], "turns=11"));
    parts_done(&parts);
}

static void a_slow_disk_is_told_as_such(void **state)
{
    struct parts parts;
    struct watchdog watchdog = {0};

    (void)state;
    parts_init(&parts);
    struct loop loop = loop_at(&parts.sources, PARTS_SHARDS);
    listen();
    run_turn(&loop, STORE_PHASE_COMMIT, 400 * MS);
    watchdog_look(&watchdog, &parts.sources, 5000ULL * MS);
    stop_listening();
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(lines[0], "loop.slow_batch"));
    assert_non_null(strstr(lines[0], "phase=commit"));
    parts_done(&parts);
}

static void a_loop_that_hangs_is_told_while_it_hangs(void **state)
{
    struct parts parts;
    struct watchdog watchdog = {0};

    (void)state;
    parts_init(&parts);
    struct loop loop = loop_at(&parts.sources, 0);
    listen();
    turns_begin(turns_of(&loop), 1000ULL * MS);
    turns_enter(turns_of(&loop), PHASE_TURNED);
    watchdog_look(&watchdog, &parts.sources, 1500ULL * MS);
    assert_int_equal(line_count, 0);
    watchdog_look(&watchdog, &parts.sources, 6000ULL * MS);
    watchdog_look(&watchdog, &parts.sources, 11000ULL * MS);
    stop_listening();
    assert_int_equal(line_count, 1);
    assert_non_null(strstr(lines[0], "loop.stuck"));
    assert_non_null(strstr(lines[0], "phase=turned"));
    turns_cancel(turns_of(&loop));
    parts_done(&parts);
}

int test_watchdog(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loop_has_a_name_and_words),
        cmocka_unit_test(a_slow_turn_is_told_once_and_by_its_cause),
        cmocka_unit_test(many_slow_turns_are_one_line_a_minute),
        cmocka_unit_test(a_slow_disk_is_told_as_such),
        cmocka_unit_test(a_loop_that_hangs_is_told_while_it_hangs),
    };
    return cmocka_run_group_tests_name("watchdog", tests, NULL, NULL);
}
