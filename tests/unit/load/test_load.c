/* SPDX-License-Identifier: Apache-2.0 */
/* Whole runs against a server in this process that does one thing wrong. Runs are short: a tenth of a second holds
 * hundreds of messages. */
#include "load/load.h"

#include "fake_server.h"
#include "load_test.h"
#include "os/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { SUBSCRIBERS = 5 };

static struct load_report report; /* of the run that was last */

static struct load_options options_for(const char *const *extra, const char *url)
{
    char *arguments[32] = {"--subscribers", "5",      "--warmup", "0",          "--duration", "0.1",
                           "--quiet",       "--seed", "1",        "--patience", "0.3"};
    int count = 11;
    struct builder problem;
    struct load_options options;
    for (; extra != NULL && *extra != NULL; extra++)
        arguments[count++] = (char *)(uintptr_t)*extra;
    arguments[count++] = (char *)(uintptr_t)url;
    builder_init(&problem, 1024);
    assert_int_equal(load_options_read(count, arguments, &options, &problem), LOAD_OPTIONS_READ);
    builder_done(&problem);
    return options;
}

static void run(const struct fake_options *fake, const char *const *extra)
{
    struct fake_server *server = fake_server_start(fake);
    char url[64];
    (void)snprintf(url, sizeof(url), "ws://127.0.0.1:%u/ws", fake_server_port(server));
    struct load_options options = options_for(extra, url);
    if (fake->fault == 0 || fake->fault == FAKE_IS_BUSY)
        options.patience_ms = 10000; /* it ends well, however slow the machine is */
    load_measure(&options, &report);
    fake_server_stop(server);
    report.options = NULL; /* dies here; nothing below asks for it */
}

static void assert_clean(void)
{
    assert_string_equal(report.failure, "");
    assert_true(report_is_clean(&report));
    assert_true(report.ledger.received > 50);
    assert_int_equal(report.ledger.gaps, 0);
}

static void a_right_server_leaves_a_clean_ledger(void **state)
{
    (void)state;
    run(&(struct fake_options){.first_seq = 41}, NULL);
    assert_clean();
    assert_int_equal(report.connected, SUBSCRIBERS + 1);
    assert_int_equal(report.ledger.received % (SUBSCRIBERS + 1), 0);
    assert_true(counter_get(&report.delays.count) > 0);
    assert_true(counter_get(&report.ack_delays.count) > 0);
    assert_true(report.acked > 0);
}

static void several_threads_share_the_connections(void **state)
{
    (void)state;
    run(&(struct fake_options){0}, (const char *const[]){"--threads", "3", "--publishers", "2", NULL});
    assert_clean();
    assert_int_equal(report.connected, SUBSCRIBERS + 2);
    assert_int_equal(report.ledger.received % (SUBSCRIBERS + 2), 0);
}

static void fields_may_stand_in_any_order(void **state)
{
    (void)state;
    run(&(struct fake_options){.is_reordering = true}, NULL);
    assert_clean();
    assert_int_equal(report.ledger.foreign, 0);
}

static void messages_may_come_in_pieces_with_pings_between(void **state)
{
    (void)state;
    run(&(struct fake_options){.is_fragmenting = true}, NULL);
    assert_clean();
}

static void compressed_messages_are_read(void **state)
{
    (void)state;
    run(&(struct fake_options){0}, (const char *const[]){"--compressed", "50%", NULL});
    assert_clean();
    assert_int_equal(report.compressed, (SUBSCRIBERS + 1) / 2);
    assert_int_equal(report.ledger.foreign, 0);
}

static void a_fixed_rate_is_kept(void **state)
{
    (void)state;
    run(&(struct fake_options){0}, (const char *const[]){"--rate", "500", "--publishers", "3", NULL});
    assert_clean();
    /* The window's edges may cut one more or less than the 50 of a tenth of a second, and a busy machine prolongs it:
     * what counts is that the rate belongs to the time. */
    double expected = 500.0 * (double)report.window_ns / 1e9;
    assert_true((double)report.sent < expected + 50);
    assert_true(report.sent > 0);
}

static void an_idle_room_is_held(void **state)
{
    (void)state;
    run(&(struct fake_options){0}, (const char *const[]){"--publishers", "0", NULL});
    assert_string_equal(report.failure, "");
    assert_true(report_is_clean(&report));
    assert_int_equal(report.connected, SUBSCRIBERS);
}

static void all_may_be_waited_for(void **state)
{
    (void)state;
    run(&(struct fake_options){0}, (const char *const[]){"--until", "all", "--stalled", "0.2", NULL});
    assert_clean();
    run(&(struct fake_options){.is_raw = true}, (const char *const[]){"--raw", "--until", "all", NULL});
    assert_clean();
    /* Who has missed some is waited for no longer. */
    run(&(struct fake_options){.fault = FAKE_GAPS, .at = 20, .victim = 4},
        (const char *const[]){"--until", "all", NULL});
    assert_int_equal(report.unanswered, 0);
    assert_true(report.ledger.received > 150);
    run(&(struct fake_options){.fault = FAKE_CLOSES, .at = 20, .victim = 4},
        (const char *const[]){"--until", "all", NULL});
    assert_int_equal(report.unanswered, 0);
    assert_true(report.ledger.received > 150);
}

static void a_plain_broadcaster_is_judged_by_the_texts(void **state)
{
    (void)state;
    run(&(struct fake_options){.is_raw = true}, (const char *const[]){"--raw", "--publishers", "2", NULL});
    assert_clean();
    assert_int_equal(report.ledger.received % (SUBSCRIBERS + 2), 0);
}

static void glued_messages_are_told_apart(void **state)
{
    (void)state;
    run(&(struct fake_options){.is_raw = true, .fault = FAKE_GLUES}, (const char *const[]){"--raw", NULL});
    assert_int_equal(report.ledger.foreign, 0);
    assert_int_equal(report.ledger.lost + report.ledger.doubled + report.ledger.reordered, 0);
    assert_true(report.ledger.received > 50);
}

static void plain_rooms_are_kept_apart_by_path(void **state)
{
    static const char *const extra[] = {"--raw", "--rooms", "3", "--publishers", "2", NULL};
    (void)state;
    run(&(struct fake_options){.is_raw = true}, extra);
    assert_clean();
    assert_int_equal(report.connected, 3 * (SUBSCRIBERS + 2));
    assert_int_equal(report.ledger.received % (SUBSCRIBERS + 2), 0);
    assert_int_equal(report.ledger.foreign, 0);
    run(&(struct fake_options){.is_raw = true, .fault = FAKE_MIXES_ROOMS}, extra);
    assert_true(report.ledger.mismatched > 0);
    assert_false(report_is_clean(&report));
}

static void an_upgrade_may_be_all(void **state)
{
    (void)state;
    run(&(struct fake_options){.fault = FAKE_FORBIDS, .victim = 2},
        (const char *const[]){"--upgrade-only", "--publishers", "0", NULL});
    assert_string_equal(report.failure, "");
    assert_true(report_is_clean(&report));
    assert_int_equal(report.connected, SUBSCRIBERS);
}

static void after_a_storm_all_are_back_without_hole_or_repeat(void **state)
{
    (void)state;
    run(&(struct fake_options){.first_seq = 41}, (const char *const[]){"--storm", "2", "--window", "1", NULL});
    assert_clean();
    assert_int_equal(report.returned, 2 * SUBSCRIBERS);
    assert_int_equal(counter_get(&report.returns.count), 2 * SUBSCRIBERS);
    assert_true(report.replayed > 0);
    assert_int_equal(report.truncated, 0);
    assert_int_equal(report.ledger.foreign, 0);
    assert_int_equal(report.ledger.received % (SUBSCRIBERS + 1), 0);
    run(&(struct fake_options){0}, (const char *const[]){"--storm", "1", "--threads", "2", "--window", "1", NULL});
    assert_clean();
    assert_int_equal(report.returned, SUBSCRIBERS);
}

static void what_a_storm_tears_is_found(void **state)
{
    static const char *const extra[] = {"--storm", "1", "--window", "1", NULL};
    (void)state;
    run(&(struct fake_options){.fault = FAKE_FORGETS}, extra);
    assert_true(report.ledger.lost > 0);
    run(&(struct fake_options){.fault = FAKE_REPEATS}, extra);
    assert_int_equal(report.ledger.doubled, SUBSCRIBERS);
    run(&(struct fake_options){.fault = FAKE_STARTS_ANEW}, extra);
    assert_true(report.ledger.mismatched > 0);
    run(&(struct fake_options){.fault = FAKE_TRUNCATES}, extra);
    assert_string_equal(report.failure, "");
    assert_int_equal(report.truncated, SUBSCRIBERS);
    assert_int_equal(report.ledger.lost, 0);
    assert_true(report.ledger.gaps > 0);
}

static void a_busy_server_is_asked_again(void **state)
{
    (void)state;
    run(&(struct fake_options){.fault = FAKE_IS_BUSY, .at = 9}, NULL);
    assert_clean();
    assert_int_equal(report.repeats, 1);
}

static void those_who_stall_are_not_judged(void **state)
{
    (void)state;
    run(&(struct fake_options){0}, (const char *const[]){"--stalled", "0.4", NULL});
    assert_clean();
    assert_int_equal(report.stalled, 2);
    assert_int_equal(report.ledger.received % (SUBSCRIBERS + 1 - 2), 0);
}

/* Each fault of the server is named by its figure, and by no other. */
static void each_fault_is_found(void **state)
{
    static const struct {
        const char *name;
        struct fake_options fake;
        uint64_t lost, doubled, reordered, gaps, skipped, mismatched, unanswered, ended;
    } rows[] = {
        {"drops", {.fault = FAKE_DROPS, .at = 20, .victim = 3}, .lost = 1},
        {"drops in a raw stream", {.fault = FAKE_DROPS, .at = 20, .victim = 3, .is_raw = true}, .lost = 1},
        {"doubles", {.fault = FAKE_DOUBLES, .at = 20, .victim = 5}, .doubled = 1},
        {"doubles in a raw stream", {.fault = FAKE_DOUBLES, .at = 20, .victim = 5, .is_raw = true}, .doubled = 1},
        {"swaps", {.fault = FAKE_SWAPS, .at = 20, .victim = 2}, .reordered = 1},
        {"announces a gap", {.fault = FAKE_GAPS, .at = 20, .victim = 4}, .gaps = 1, .skipped = 3},
        {"a gap for the publisher", {.fault = FAKE_GAPS, .at = 20, .victim = 0}, .gaps = 1, .skipped = 3},
        {"forgets an ack", {.fault = FAKE_ACKS_NOT, .at = 20}, .unanswered = 1},
        {"acks wrongly", {.fault = FAKE_ACKS_WRONGLY, .at = 20}, .mismatched = 1},
        {"commits twice", {.fault = FAKE_COMMITS_TWICE, .at = 20}, .doubled = 1},
        {"closes", {.fault = FAKE_CLOSES, .at = 20, .victim = 2}, .ended = 1},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        print_message("# %s\n", rows[index].name);
        run(&rows[index].fake, (const char *const[]){rows[index].fake.is_raw ? "--raw" : NULL, NULL});
        assert_string_equal(report.failure, "");
        assert_int_equal(report.ledger.lost, rows[index].lost);
        assert_int_equal(report.ledger.doubled, rows[index].doubled);
        assert_int_equal(report.ledger.reordered, rows[index].reordered);
        assert_int_equal(report.ledger.gaps, rows[index].gaps);
        assert_int_equal(report.ledger.skipped, rows[index].skipped);
        assert_int_equal(report.ledger.mismatched, rows[index].mismatched);
        assert_int_equal(report.ended, rows[index].ended);
        assert_true(report.unanswered >= rows[index].unanswered);
        assert_int_equal(report_is_clean(&report), rows[index].fake.fault == FAKE_GAPS);
    }
}

static void a_server_that_will_not_is_quoted(void **state)
{
    static const struct {
        enum fake_fault fault;
        const char *words;
    } rows[] = {
        {FAKE_HAS_LIMIT, "429"},
        {FAKE_IS_SILENT, "nothing had moved"},
        {FAKE_FORBIDS, "this room is closed"},
        {FAKE_REFUSES, "forbidden: not now"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        run(&(struct fake_options){.fault = rows[index].fault, .victim = 4, .at = 5}, NULL);
        assert_non_null(strstr(report.failure, rows[index].words));
        assert_false(report_is_clean(&report));
    }
}

static void nobody_there_is_said_plainly(void **state)
{
    struct load_options options = options_for(NULL, "ws://127.0.0.1:1/ws");
    (void)state;
    load_measure(&options, &report);
    assert_non_null(strstr(report.failure, "nothing listens at 127.0.0.1:1"));
}

static void a_server_process_that_is_not_there_is_said_plainly(void **state)
{
    (void)state;
    run(&(struct fake_options){0}, (const char *const[]){"--pid", "4194304", NULL});
    assert_non_null(strstr(report.failure, "--pid"));
}

int test_load(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_server_leaves_a_clean_ledger),
        cmocka_unit_test(several_threads_share_the_connections),
        cmocka_unit_test(fields_may_stand_in_any_order),
        cmocka_unit_test(messages_may_come_in_pieces_with_pings_between),
        cmocka_unit_test(compressed_messages_are_read),
        cmocka_unit_test(a_fixed_rate_is_kept),
        cmocka_unit_test(an_idle_room_is_held),
        cmocka_unit_test(all_may_be_waited_for),
        cmocka_unit_test(a_plain_broadcaster_is_judged_by_the_texts),
        cmocka_unit_test(glued_messages_are_told_apart),
        cmocka_unit_test(plain_rooms_are_kept_apart_by_path),
        cmocka_unit_test(an_upgrade_may_be_all),
        cmocka_unit_test(after_a_storm_all_are_back_without_hole_or_repeat),
        cmocka_unit_test(what_a_storm_tears_is_found),
        cmocka_unit_test(a_busy_server_is_asked_again),
        cmocka_unit_test(those_who_stall_are_not_judged),
        cmocka_unit_test(each_fault_is_found),
        cmocka_unit_test(a_server_that_will_not_is_quoted),
        cmocka_unit_test(nobody_there_is_said_plainly),
        cmocka_unit_test(a_server_process_that_is_not_there_is_said_plainly),
    };
    return cmocka_run_group_tests_name("load", tests, NULL, NULL);
}
