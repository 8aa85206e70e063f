/* SPDX-License-Identifier: Apache-2.0 */
#include "load/report.h"

#include "load_test.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct load_options options = {
    .url = "ws://127.0.0.1:8080/ws",
    .rooms = 1,
    .subscribers = 1000,
    .publishers = 1,
    .text_size = 128,
    .window = 8,
    .until = "echo",
    .room_prefix = "~bench",
};

/* Ten seconds in which everything went well. */
static void fill(struct load_report *report)
{
    memset(report, 0, sizeof(*report));
    report->options = &options;
    report->run_id = 7;
    report->is_measured = true;
    report->connected = 1001;
    report->connect_ns = 500000000;
    report->window_ns = 10000000000;
    report->delivered = 13200000;
    report->delivered_bytes = 13200000ULL * 300;
    report->reads = 1320000;
    report->sent = report->acked = 13200;
    report->has_server = true;
    report->server_from = (struct process_sample){.cpu_ns = 1000000000, .resident_bytes = 20 << 20};
    report->server_to = (struct process_sample){.cpu_ns = 10240000000, .resident_bytes = 21 << 20};
    report->server_ready.resident_bytes = 1001 * 384;
    report->generator_cpu_ns = report->generator_busiest_ns = 6000000000;
    report->ledger.received = 14000000;
    histogram_add_many(&report->delays, 2000000, 990);
    histogram_add_many(&report->delays, 9000000, 10);
}

static char text[16384];

static const char *text_of(const struct load_report *report)
{
    struct builder out;
    builder_init(&out, sizeof(text) - 1);
    report_text(report, &out);
    assert_true(builder_ok(&out));
    memcpy(text, out.at, out.size);
    text[out.size] = '\0';
    builder_done(&out);
    return text;
}

static void the_text_has_the_figures(void **state)
{
    static const char *const words[] = {
        "1,000 subscribers",
        "8 in flight",
        "1,001 in 500 ms (2,002/s)",
        "1,320,000/s",
        "300 bytes each, 10.0 per read",
        "1,320/s",
        "p50 2.",
        "max 9.00 ms",
        "0.700 µs",
        "92 % of a core",
        "(384 bytes per",
        "60 %",
        "clean: each once",
        "14,000,000 deliveries",
    };
    struct load_report report;
    (void)state;
    fill(&report);
    const char *told = text_of(&report);
    for (size_t index = 0; index < sizeof(words) / sizeof(words[0]); index++)
        if (strstr(told, words[index]) == NULL)
            fail_msg("\"%s\" lacks \"%s\"", told, words[index]);
    assert_null(strstr(told, "WARNING"));
    assert_true(report_is_clean(&report));
}

static void a_generator_without_time_is_warned_of(void **state)
{
    struct load_report report;
    (void)state;
    fill(&report);
    report.generator_busiest_ns = 8600000000;
    assert_true(report_is_saturated(&report));
    assert_non_null(strstr(text_of(&report), "no time left"));
}

static void each_fault_makes_the_report_unclean(void **state)
{
    struct load_report report;
    uint64_t *const faults[] = {&report.ledger.lost,       &report.ledger.doubled, &report.ledger.reordered,
                                &report.ledger.mismatched, &report.unanswered,     &report.ended};
    (void)state;
    for (size_t index = 0; index < sizeof(faults) / sizeof(faults[0]); index++) {
        fill(&report);
        *faults[index] = 1;
        assert_false(report_is_clean(&report));
        assert_non_null(strstr(text_of(&report), "NOT CLEAN"));
    }
    fill(&report);
    (void)snprintf(report.failure, sizeof(report.failure), "the server left");
    assert_false(report_is_clean(&report));
    assert_non_null(strstr(text_of(&report), "FAILED      the server left"));
}

static void what_a_stalled_reader_costs_is_told_for_each_end(void **state)
{
    struct load_report report;
    (void)state;
    fill(&report);
    assert_null(strstr(text_of(&report), "never reads"));
    report.stalled = 10;
    report.stalled_bytes = 10 * 5000;
    report.server_ready.kernel_bytes = 1000;
    report.server_quiet.kernel_bytes = 1000 + 10 * 5000 + 10 * 2000;
    assert_non_null(strstr(text_of(&report), "2000 bytes in the kernel at the server's end, 5000 bytes at its own"));
}

static void storms_are_told(void **state)
{
    struct load_report report;
    struct load_options stormy = options;
    (void)state;
    fill(&report);
    assert_null(strstr(text_of(&report), "storm"));
    stormy.storms = 1;
    report.options = &stormy;
    report.returned = 1000;
    report.storm_ns_max = 2500000000;
    report.replayed = 31415;
    report.truncated = 2;
    histogram_add_many(&report.returns, 1200000000, 1000);
    assert_non_null(
        strstr(text_of(&report), "1,000 returns, all back after at most 2.50 s; 31,415 messages replayed; 2 had"));
    assert_non_null(strstr(text, "back after  p50 1.2"));
}

static void an_empty_report_divides_by_nothing(void **state)
{
    struct load_report report = {.options = &options, .is_measured = true, .has_server = true};
    (void)state;
    assert_non_null(strstr(text_of(&report), "0 deliveries"));
    assert_null(strstr(text, " nan"));
    assert_null(strstr(text, " inf"));
}

static void the_json_is_json_and_says_the_same(void **state)
{
    struct load_report report;
    struct builder out;
    (void)state;
    fill(&report);
    (void)snprintf(report.end_text, sizeof(report.end_text), "a \"quoted\"\n\xff text \\");
    builder_init(&out, 65536);
    report_json(&report, &out);
    assert_true(builder_ok(&out));
    json_t *json = json_loadb((const char *)out.at, out.size, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    assert_int_equal(json_integer_value(json_object_get(json, "delivered")), 13200000);
    assert_true(json_is_true(json_object_get(json, "is_clean")));
    assert_string_equal(json_string_value(json_object_get(json, "end_text")), "a \"quoted\"?? text \\");
    json_t *server = json_object_get(json, "server");
    assert_true(json_real_value(json_object_get(server, "cpu_us_per_delivery")) > 0.699);
    assert_true(json_real_value(json_object_get(server, "cpu_us_per_delivery")) < 0.701);
    json_t *delay = json_object_get(json, "delay_ns");
    assert_int_equal(json_integer_value(json_object_get(delay, "max")), 9000000);
    json_decref(json);
    builder_done(&out);
}

static void counts_and_times_are_easy_to_read(void **state)
{
    static const struct {
        bool is_time;
        uint64_t value;
        const char *text;
    } rows[] = {
        {false, 0, "0"},
        {false, 999, "999"},
        {false, 1000, "1,000"},
        {false, 1002003, "1,002,003"},
        {true, 0, "0.00 µs"},
        {true, 1234, "1.23 µs"},
        {true, 812000, "812 µs"},
        {true, 12340000, "12.3 ms"},
        {true, 90000000000, "90.0 s"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct builder out;
        builder_init(&out, 64);
        if (rows[index].is_time)
            report_add_time(&out, rows[index].value);
        else
            builder_add_grouped(&out, rows[index].value);
        assert_true(view_equal(builder_view(&out), view_of_string(rows[index].text)));
        builder_done(&out);
    }
}

int test_report(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_stalled_reader_costs_is_told_for_each_end),
        cmocka_unit_test(storms_are_told),
        cmocka_unit_test(the_text_has_the_figures),
        cmocka_unit_test(a_generator_without_time_is_warned_of),
        cmocka_unit_test(each_fault_makes_the_report_unclean),
        cmocka_unit_test(an_empty_report_divides_by_nothing),
        cmocka_unit_test(the_json_is_json_and_says_the_same),
        cmocka_unit_test(counts_and_times_are_easy_to_read),
    };
    return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
