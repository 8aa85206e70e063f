/* SPDX-License-Identifier: Apache-2.0 */
#include "serve_test.h"

static void nothing_at_all_is_a_right_configuration(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(&attempt, NULL, NULL);
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_int_equal(attempt.config.listen_count, 1);
    assert_int_equal(attempt.config.listen[0].address.port, 8080);
    assert_true(os_address_is_loopback(&attempt.config.listen[0].address));
    assert_true(os_address_is_loopback(&attempt.config.ops.listen));
    assert_string_equal(attempt.config.data, "data");
    assert_ptr_equal(attempt.config.store.folder, attempt.config.data);
    assert_true(attempt.config.has_limits && attempt.config.chat.has_limits);
    assert_int_equal(attempt.config.store.durability, STORE_DURABLE_POWER);
    attempt_done(&attempt);
}

static void flags_win_over_variables_and_those_over_the_file(void **state)
{
    static const char content[] = "shards = 1\ndata = one\nchat { text_max = 1KiB }\n";
    struct attempt attempt;
    char flags[256];

    (void)state;
    (void)snprintf(flags, sizeof flags, "--shards\n3\n--config=%s", attempt_file(content, sizeof content - 1));
    attempt_read(&attempt, flags, "NATTER_SHARDS=2\nNATTER_DATA=two");
    attempt_file_done();
    assert_string_equal(attempt.text, "");
    assert_int_equal(attempt.config.net.shard_count, 3);
    assert_string_equal(attempt.config.data, "two");
    assert_int_equal(attempt.config.chat.text_bytes_max, 1024);
    attempt_done(&attempt);
}

static void a_flag_takes_its_value_behind_a_blank_or_an_equals_sign(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(&attempt, "--data=a=b\n--chat-default-room\nhall\n--listen\n:0", NULL);
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_string_equal(attempt.config.data, "a=b");
    assert_string_equal(attempt.config.chat.default_room, "hall");
    assert_int_equal(attempt.config.listen[0].address.port, 0);
    attempt_done(&attempt);
}

static void the_variable_names_a_file_unless_a_flag_does(void **state)
{
    static const char content[] = "shards = 7\n";
    struct attempt attempt;
    char variables[256];

    (void)state;
    (void)snprintf(variables, sizeof variables, "NATTER_CONFIG=%s", attempt_file(content, sizeof content - 1));
    attempt_read(&attempt, NULL, variables);
    assert_int_equal(attempt.config.net.shard_count, 7);
    attempt_done(&attempt);
    attempt_read(&attempt, "--config\n/dev/null", variables);
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_int_not_equal(attempt.config.net.shard_count, 7);
    attempt_done(&attempt);
    attempt_file_done();
}

static void an_empty_variable_is_as_good_as_none(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(&attempt, NULL, "NATTER_DATA=\nNATTER_CONFIG=\nNATTER_SHARDS=\nNATTER_NONSENSE=");
    assert_string_equal(attempt.text, "");
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_string_equal(attempt.config.data, "data");
    attempt_done(&attempt);
}

static void variables_of_others_are_not_read(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(
        &attempt, NULL,
        "NATTERS=1\nnatter_shards=5\nPATH=/bin\nNATTER_PORT=tcp://10.0.0.1:80\nNATTER_PORT_80_TCP=tcp://10.0.0.1:80\n"
        "NATTER_SERVICE_HOST=10.0.0.1\nNATTER_SERVICE_PORT_HTTP=80");
    assert_string_equal(attempt.text, "");
    assert_int_equal(attempt.outcome, CONFIG_READY);
    attempt_done(&attempt);
}

static void a_wrong_command_line_is_a_usage_error(void **state)
{
    static const struct {
        const char *flags, *fault;
    } cases[] = {
        {"--lisen\n:1", "did you mean --listen?"},
        {"--chat-txt-max\n5", "did you mean --chat-text-max?"},
        {"--elephants\n5", "natter serve --help"},
        {"extra", "\"extra\""},
        {"-x", "\"-x\""},
        {"--", "\"--\""},
        {"--listen", "--listen needs a value"},
        {"--listen\n--data\nx", "--listen needs a value"},
        {"--data\nx\n--config", "--config needs a file"},
    };
    struct attempt attempt;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        attempt_read(&attempt, cases[i].flags, NULL);
        assert_int_equal(attempt.outcome, CONFIG_USAGE);
        assert_has(attempt.text, cases[i].fault);
        assert_null(strchr(attempt.text, '\n'));
        attempt_done(&attempt);
    }
}

static void a_wrong_value_names_its_source_its_setting_and_what_is_allowed(void **state)
{
    static const struct {
        const char *flags, *variables;
        const char *parts[3];
    } cases[] = {
        {"--shards\n65", NULL, {"the flag --shards", "shards", "from 0 to 64"}},
        {"--shards=", NULL, {"the flag --shards", "shards", "a whole number"}},
        {NULL, "NATTER_LOG_LEVEL=loud", {"the variable NATTER_LOG_LEVEL", "log.level", "debug info warning error"}},
        {NULL, "NATTER_LISTE=:1", {"the variable NATTER_LISTE", "no such setting", "did you mean NATTER_LISTEN?"}},
        {NULL, "NATTER_ELEPHANTS=1", {"the variable NATTER_ELEPHANTS", "no such setting", "natter config reference"}},
        {"--chat-default-room\na b", NULL, {"chat.default_room", "room", "letters"}},
        {"--chat-default-room\n..", NULL, {"chat.default_room", "", ""}},
        {"--chat-text-max=64KiB\n--connection-message-max=64KiB",
         NULL,
         {"chat.text_max", "connection.message_max", "raise"}},
        {"--connection-outbox-max=512KiB", NULL, {"connection.outbox_max", "chat.history_bytes_max", "twice"}},
    };
    struct attempt attempt;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        attempt_read(&attempt, cases[i].flags, cases[i].variables);
        if (attempt.outcome != CONFIG_BAD)
            fail_msg("was taken: %s %s", cases[i].flags ? cases[i].flags : "",
                     cases[i].variables ? cases[i].variables : "");
        for (size_t part = 0; part < COUNT(cases[i].parts); part++)
            assert_has(attempt.text, cases[i].parts[part]);
        assert_null(strchr(attempt.text, '\n'));
        attempt_done(&attempt);
    }
}

static void a_wrong_file_is_told_even_where_a_flag_would_win(void **state)
{
    static const char content[] = "shards = 99\n";
    struct attempt attempt;
    char flags[256];

    (void)state;
    (void)snprintf(flags, sizeof flags, "--shards\n1\n--config\n%s", attempt_file(content, sizeof content - 1));
    attempt_read(&attempt, flags, NULL);
    attempt_file_done();
    assert_int_equal(attempt.outcome, CONFIG_BAD);
    assert_has(attempt.text, "natter.conf:1");
    attempt_done(&attempt);
}

static void help_is_found_before_anything_is_read(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(&attempt, "--config\n/no/such/file\n--help", "NATTER_NONSENSE=1");
    assert_int_equal(attempt.outcome, CONFIG_HELP);
    attempt_done(&attempt);
    attempt_read(&attempt, "-h", NULL);
    assert_int_equal(attempt.outcome, CONFIG_HELP);
    attempt_done(&attempt);
}

static void without_limits_rates_and_numbers_of_connections_are_free_and_sizes_are_not(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(&attempt, "--limits\noff\n--connections-max\n1", NULL);
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_false(attempt.config.has_limits);
    assert_false(attempt.config.chat.has_limits);
    assert_int_equal(attempt.config.net.connections_per_address_max, 0);
    assert_int_equal(attempt.config.net.control_frames_per_second_max, 0);
    assert_true(attempt.config.net.connections_max > 100);
    assert_int_equal(attempt.config.net.message_bytes_max, 65536);
    attempt_done(&attempt);
}

static void what_clients_are_told_follows_from_what_connections_obey(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(&attempt, "--connection-heartbeat\n1500ms\n--connection-message-max\n32KiB", NULL);
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_int_equal(attempt.config.chat.heartbeat_s, 2);
    assert_int_equal(attempt.config.chat.frame_bytes_max, 32768);
    attempt_done(&attempt);
}

int test_config(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_at_all_is_a_right_configuration),
        cmocka_unit_test(flags_win_over_variables_and_those_over_the_file),
        cmocka_unit_test(a_flag_takes_its_value_behind_a_blank_or_an_equals_sign),
        cmocka_unit_test(the_variable_names_a_file_unless_a_flag_does),
        cmocka_unit_test(an_empty_variable_is_as_good_as_none),
        cmocka_unit_test(variables_of_others_are_not_read),
        cmocka_unit_test(a_wrong_command_line_is_a_usage_error),
        cmocka_unit_test(a_wrong_value_names_its_source_its_setting_and_what_is_allowed),
        cmocka_unit_test(a_wrong_file_is_told_even_where_a_flag_would_win),
        cmocka_unit_test(help_is_found_before_anything_is_read),
        cmocka_unit_test(without_limits_rates_and_numbers_of_connections_are_free_and_sizes_are_not),
        cmocka_unit_test(what_clients_are_told_follows_from_what_connections_obey),
    };

    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
