/* SPDX-License-Identifier: Apache-2.0 */
#include "load/options.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

enum { ARGUMENTS_MAX = 8 };

static enum load_options_read read_them(const char *const *list, struct load_options *out, char *problem, size_t size)
{
    char *arguments[ARGUMENTS_MAX];
    int count = 0;
    struct builder text;
    for (; count < ARGUMENTS_MAX && list[count] != NULL; count++)
        arguments[count] = (char *)(uintptr_t)list[count];
    builder_init(&text, 1024);
    enum load_options_read read = load_options_read(count, arguments, out, &text);
    (void)snprintf(problem, size, "%.*s", (int)text.size, text.size > 0 ? (const char *)text.at : "");
    builder_done(&text);
    return read;
}

static void an_address_is_enough(void **state)
{
    struct load_options options;
    char problem[256];
    (void)state;
    assert_int_equal(read_them((const char *const[]){"ws://127.0.0.1:8080", NULL}, &options, problem, 256),
                     LOAD_OPTIONS_READ);
    assert_int_equal(options.rooms, 1);
    assert_int_equal(options.window, 8);
    assert_int_equal(options.rate_milli, 0);
    assert_int_equal(options.address.port, 8080);
    assert_true(view_equal(options.path, VIEW("/ws")));
    assert_true(view_equal(options.host, VIEW("127.0.0.1:8080")));
    assert_string_equal(options.room_prefix, "~bench");
    assert_string_equal(options.until, "echo");
    assert_int_equal(load_options_connections(&options), 101);
}

static void numbers_have_their_units(void **state)
{
    struct load_options options;
    char problem[256];
    (void)state;
    const char *const list[] = {"--rate", "0.125", "--stalled", "12.5%", "--duration", "2.5", "ws://[::1]:1/a/b", NULL};
    assert_int_equal(read_them(list, &options, problem, 256), LOAD_OPTIONS_READ);
    assert_int_equal(options.rate_milli, 125);
    assert_int_equal(options.stalled_milli, 125);
    assert_int_equal(options.duration_ms, 2500);
    assert_true(view_equal(options.path, VIEW("/a/b")));
}

static void durable_rooms_have_plain_names(void **state)
{
    struct load_options options;
    char problem[256];
    (void)state;
    assert_int_equal(read_them((const char *const[]){"--durable", "ws://localhost:80/", NULL}, &options, problem, 256),
                     LOAD_OPTIONS_READ);
    assert_string_equal(options.room_prefix, "bench");
}

static void connections_are_spread_over_the_rooms(void **state)
{
    struct load_options options;
    char problem[256];
    (void)state;
    assert_int_equal(read_them((const char *const[]){"--connections", "40", "--rooms", "4", "--publishers", "3",
                                                     "ws://localhost:80", NULL},
                               &options, problem, 256),
                     LOAD_OPTIONS_READ);
    assert_int_equal(options.subscribers, 7);
    assert_int_equal(load_options_connections(&options), 40);
}

static void help_is_asked_for(void **state)
{
    struct load_options options;
    char problem[256];
    struct builder help;
    (void)state;
    assert_int_equal(read_them((const char *const[]){"--rooms", "2", "--help", NULL}, &options, problem, 256),
                     LOAD_OPTIONS_HELP);
    builder_init(&help, 16384);
    load_options_help(&help);
    assert_true(builder_ok(&help));
    assert_non_null(memmem(help.at, help.size, "--subscribers N", 15));
    builder_done(&help);
}

static void what_is_wrong_is_named(void **state)
{
    static const struct {
        const char *list[6];
        const char *words;
    } rows[] = {
        {{NULL}, "name the server"},
        {{"--nothing", "ws://localhost:1"}, "--nothing"},
        {{"ws://localhost:1", "ws://localhost:2"}, "ws://localhost:2"},
        {{"--rooms"}, "--rooms N"},
        {{"--rooms", "0", "ws://localhost:1"}, "--rooms takes a whole number from 1"},
        {{"--rooms", "1.5", "ws://localhost:1"}, "1.5"},
        {{"--rooms", "-1", "ws://localhost:1"}, "-1"},
        {{"--size", "40", "ws://localhost:1"}, "41"},
        {{"--rate", "0.0001", "ws://localhost:1"}, "--rate"},
        {{"--rate", "1.", "ws://localhost:1"}, "--rate"},
        {{"--rate", ".5", "ws://localhost:1"}, "--rate"},
        {{"--rate", "5", "--window", "3", "ws://localhost:1"}, "exclude each other"},
        {{"--rate", "5", "--publishers", "0", "ws://localhost:1"}, "at least one publisher"},
        {{"--stalled", "1.1", "ws://localhost:1"}, "share"},
        {{"--stalled", "%", "ws://localhost:1"}, "share"},
        {{"--until", "later", "ws://localhost:1"}, "ack, echo or all"},
        {{"--until", "all", "--threads", "2", "ws://localhost:1"}, "one thread"},
        {{"--subscribers", "0", "--publishers", "0", "ws://localhost:1"}, "no connections"},
        {{"--rooms", "100000", "--subscribers", "11", "ws://localhost:1"}, "1,000,000"},
        {{"--durable", "--room-prefix", "x", "ws://localhost:1"}, "leave it"},
        {{"--room-prefix", "a\"b", "ws://localhost:1"}, "--room-prefix"},
        {{"--room-prefix", "a~b", "ws://localhost:1"}, "--room-prefix"},
        {{"--raw", "--durable", "ws://localhost:1"}, "no names of rooms"},
        {{"--raw", "--storm", "1", "ws://localhost:1"}, "--storm"},
        {{"--stalled", "0.1", "--storm", "1", "ws://localhost:1"}, "--storm"},
        {{"--upgrade-only", "ws://localhost:1"}, "--publishers 0"},
        {{"--connections", "7", "--rooms", "2", "ws://localhost:1"}, "evenly"},
        {{"--connections", "4", "--publishers", "5", "ws://localhost:1"}, "no fewer"},
        {{"--raw", "--until", "ack", "ws://localhost:1"}, "no acks"},
        {{"--raw", "--publishers", "5000", "ws://localhost:1"}, "16 million"},
        {{"--insecure", "ws://localhost:1"}, "wss://"},
        {{"wss://localhost"}, "HOST:PORT"},
        {{"http://localhost:1"}, "no address"},
        {{"ws://localhost"}, "HOST:PORT"},
        {{"ws://localhost:0/ws"}, "HOST:PORT"},
        {{"ws://:80/ws"}, "HOST:PORT"},
        {{"ws://example.org:80/ws"}, "HOST:PORT"},
        {{"ws://localhost:80/w s"}, "blanks"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct load_options options;
        char problem[256];
        assert_int_equal(read_them(rows[index].list, &options, problem, 256), LOAD_OPTIONS_WRONG);
        if (strstr(problem, rows[index].words) == NULL)
            fail_msg("row %zu: \"%s\" lacks \"%s\"", index, problem, rows[index].words);
    }
}

int test_options(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_is_enough),
        cmocka_unit_test(numbers_have_their_units),
        cmocka_unit_test(durable_rooms_have_plain_names),
        cmocka_unit_test(help_is_asked_for),
        cmocka_unit_test(connections_are_spread_over_the_rooms),
        cmocka_unit_test(what_is_wrong_is_named),
    };
    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
