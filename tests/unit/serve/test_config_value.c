/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_table.h"

#include "serve_test.h"

static const struct setting *find(const char *name)
{
    for (size_t i = 0; i < setting_count; i++) {
        struct builder own;
        builder_init(&own, 64);
        setting_name(&settings[i], '.', &own);
        bool is_it = view_equal(builder_view(&own), view_of_string(name));
        builder_done(&own);
        if (is_it)
            return &settings[i];
    }
    fail_msg("there is no setting %s", name);
    return NULL;
}

/* What is written after reading; or, where reading fails, the fault. */
static bool read_and_write(const char *name, const char *value, char out[512])
{
    const struct setting *setting = find(name);
    struct config config;
    struct builder text;

    builder_init(&text, 511);
    assert_true(config_init(&config));
    bool is_fine = setting_read(setting, &config, value, &text);
    if (is_fine)
        setting_write(setting, &config, &text);
    assert_true(builder_ok(&text));
    if (text.size > 0)
        memcpy(out, text.at, text.size);
    out[text.size] = 0;
    builder_done(&text);
    config_done(&config);
    return is_fine;
}

static void values_are_read_and_written_in_their_largest_unit(void **state)
{
    static const struct {
        const char *name, *value, *written;
    } cases[] = {
        {"chat.text_max", "16KiB", "16KiB"},
        {"chat.text_max", "16384", "16KiB"},
        {"chat.text_max", "16 KiB", "16KiB"},
        {"chat.text_max", "1000", "1000"},
        {"chat.text_max", "1000B", "1000"},
        {"store.wal_max", "1024MiB", "1GiB"},
        {"connection.heartbeat", "25s", "25s"},
        {"connection.heartbeat", "25000ms", "25s"},
        {"connection.heartbeat", "60 s", "1min"},
        {"connection.heartbeat", "1h", "1h"},
        {"connection.heartbeat", "1500ms", "1500ms"},
        {"drain_time", "0", "0ms"},
        {"shards", "64", "64"},
        {"limits", "off", "off"},
        {"limits", "no", "off"},
        {"limits", "true", "on"},
        {"log.level", "warning", "warning"},
        {"store.durability", "process", "process"},
        {"rate.send", "5/20", "5/20"},
        {"rate.send", "0.5/1", "0.5/1"},
        {"listen", ":8080", "[::]:8080"},
        {"listen", " 127.0.0.1:1 ,[::1]:2,", "127.0.0.1:1, [::1]:2"},
        {"metrics.listen", "off", "off"},
        {"metrics.listen", "127.0.0.1:0", "127.0.0.1:0"},
        {"chat.origins", "", ""},
        {"chat.origins", "https://a.example,http://b.example:8080", "https://a.example, http://b.example:8080"},
        {"chat.origins", "*", "*"},
        {"data", "a folder/with \"signs\"", "a folder/with \"signs\""},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!read_and_write(cases[i].name, cases[i].value, text))
            fail_msg("%s: \"%s\" was refused: %s", cases[i].name, cases[i].value, text);
        assert_string_equal(text, cases[i].written);
    }
}

static void wrong_values_are_refused_with_what_is_allowed(void **state)
{
    static const struct {
        const char *name, *value, *fault;
    } cases[] = {
        {"chat.text_max", "", "such as 64KiB"},
        {"chat.text_max", "x", "such as 64KiB"},
        {"chat.text_max", "-1", "such as 64KiB"},
        {"chat.text_max", "+1", "such as 64KiB"},
        {"chat.text_max", "1.5KiB", "such as 64KiB"},
        {"chat.text_max", "5TB", "from 16 to 1MiB"},
        {"chat.text_max", "15", "from 16 to 1MiB"},
        {"chat.text_max", "2MiB", "from 16 to 1MiB"},
        {"chat.text_max", "99999999999999999999999999999", "from 16 to 1MiB"},
        {"chat.text_max", "16KiB x", "such as 64KiB"},
        {"connection.heartbeat", "25", "such as 200ms"},
        {"connection.heartbeat", "25 parsecs", "such as 200ms"},
        {"connection.heartbeat", "1ms", "from 100ms to 1h"},
        {"shards", "65", "from 0 to 64"},
        {"shards", "two", "a whole number"},
        {"shards", "1KiB", "a whole number"},
        {"limits", "maybe", "on or off"},
        {"log.level", "loud", "debug info warning error"},
        {"log.level", "inf", "debug info warning error"},
        {"log.level", "", "debug info warning error"},
        {"rate.send", "5", "PER_SECOND/BURST"},
        {"rate.send", "5/", "PER_SECOND/BURST"},
        {"rate.send", "0/5", "PER_SECOND/BURST"},
        {"rate.send", "5/0", "PER_SECOND/BURST"},
        {"rate.send", "nan/5", "PER_SECOND/BURST"},
        {"rate.send", "inf/5", "PER_SECOND/BURST"},
        {"rate.send", "5/-1", "PER_SECOND/BURST"},
        {"rate.send", "5/20 x", "PER_SECOND/BURST"},
        {"listen", "", "at least one address"},
        {"listen", ",", "at least one address"},
        {"listen", "example.org:80", "ADDRESS:PORT"},
        {"listen", "127.0.0.1", "ADDRESS:PORT"},
        {"listen", "127.0.0.1:99999", "ADDRESS:PORT"},
        {"listen", ":1,:2,:3,:4,:5,:6,:7,:8,:9", "at most 8"},
        {"metrics.listen", "on", "ADDRESS:PORT"},
        {"chat.origins", "example.org", "https://NAME"},
        {"chat.origins", "https://", "https://NAME"},
        {"chat.origins", "https://example.org/", "https://NAME"},
        {"chat.origins", "https://a@b", "https://NAME"},
        {"data", "", "not be empty"},
    };
    char text[512];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (read_and_write(cases[i].name, cases[i].value, text))
            fail_msg("%s: \"%s\" was taken as %s", cases[i].name, cases[i].value, text);
        assert_has(text, cases[i].fault);
    }
}

/* "60s" is written as "1min", which is the same; and the same again when it is read. */
static void every_default_can_be_written_and_read_again(void **state)
{
    char text[512], again[512];

    (void)state;
    for (size_t i = 0; i < setting_count; i++) {
        struct builder name;
        builder_init(&name, 64);
        setting_name(&settings[i], '.', &name);
        builder_add_byte(&name, 0);
        assert_true(read_and_write((const char *)name.at, settings[i].standard, text));
        assert_true(read_and_write((const char *)name.at, text, again));
        assert_string_equal(text, again);
        builder_done(&name);
    }
}

static void the_ends_of_each_range_are_taken_and_what_is_beyond_is_not(void **state)
{
    char value[64], text[512];

    (void)state;
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        struct builder name;
        const char *unit = setting->type == SETTING_TIME_32 || setting->type == SETTING_TIME_64 ? "ms" : "";
        if (setting->most <= 0)
            continue;
        builder_init(&name, 64);
        setting_name(setting, '.', &name);
        builder_add_byte(&name, 0);
        (void)snprintf(value, sizeof value, "%.0f%s", setting->least, unit);
        assert_true(read_and_write((const char *)name.at, value, text));
        (void)snprintf(value, sizeof value, "%.0f%s", setting->most, unit);
        assert_true(read_and_write((const char *)name.at, value, text));
        (void)snprintf(value, sizeof value, "%.0f%s", setting->most + 1, unit);
        assert_false(read_and_write((const char *)name.at, value, text));
        builder_done(&name);
    }
}

static void what_was_typed_is_shown_without_what_a_terminal_obeys(void **state)
{
    struct builder out;
    char large[400];

    (void)state;
    memset(large, 'a', sizeof large - 1);
    large[sizeof large - 1] = 0;
    builder_init(&out, 1000);
    setting_add_shown(&out, "a\x1b[31m\nb\xc3\xa4");
    assert_true(view_equal(builder_view(&out), VIEW("a?[31m?b??")));
    builder_clear(&out);
    setting_add_shown(&out, large);
    assert_int_equal(out.size, 203);
    builder_done(&out);
}

int test_config_value(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_read_and_written_in_their_largest_unit),
        cmocka_unit_test(wrong_values_are_refused_with_what_is_allowed),
        cmocka_unit_test(every_default_can_be_written_and_read_again),
        cmocka_unit_test(the_ends_of_each_range_are_taken_and_what_is_beyond_is_not),
        cmocka_unit_test(what_was_typed_is_shown_without_what_a_terminal_obeys),
    };

    return cmocka_run_group_tests_name("config_value", tests, NULL, NULL);
}
