/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_table.h"

#include "serve_test.h"

static void name_of(const struct setting *setting, char out[64])
{
    struct builder name;

    builder_init(&name, 63);
    setting_name(setting, '_', &name);
    assert_true(builder_ok(&name));
    memcpy(out, name.at, name.size);
    out[name.size] = 0;
    builder_done(&name);
}

/* "chat" with "rooms_max" and "chat_rooms" with "max" would be the same variable. */
static void no_two_settings_have_the_same_flag_or_variable(void **state)
{
    char a[64], b[64];

    (void)state;
    for (size_t i = 0; i < setting_count; i++) {
        for (size_t j = 0; j < i; j++) {
            name_of(&settings[i], a);
            name_of(&settings[j], b);
            assert_string_not_equal(a, b);
        }
    }
}

static void no_two_settings_fill_the_same_field(void **state)
{
    (void)state;
    for (size_t i = 0; i < setting_count; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_not_equal(settings[i].offset, settings[j].offset);
    }
}

/* The file, the sample and the reference have each section once. */
static void settings_of_a_section_stand_together(void **state)
{
    (void)state;
    for (size_t i = 1; i < setting_count; i++) {
        if (strcmp(settings[i].section, settings[i - 1].section) == 0)
            continue;
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(settings[i].section, settings[j].section);
    }
}

static void every_setting_says_what_it_is_for_in_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < setting_count; i++) {
        const char *text = settings[i].text;
        assert_non_null(text);
        assert_true(strlen(text) > 10);
        if (text[strlen(text) - 1] != '.')
            fail_msg("no full stop after the text of %s", settings[i].key);
        assert_null(strchr(text, '|')); /* it would break the reference's table */
        assert_null(strchr(text, '\n'));
    }
}

static void names_are_lower_case_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < setting_count; i++) {
        for (const char *at = settings[i].key; *at; at++)
            assert_true((*at >= 'a' && *at <= 'z') || *at == '_');
        for (const char *at = settings[i].section; *at; at++)
            assert_true(*at >= 'a' && *at <= 'z');
    }
}

/* What the engine, the store and the chat are given when nobody says anything: every number is there. */
static void no_default_leaves_a_limit_at_nothing(void **state)
{
    struct config config;

    (void)state;
    assert_true(config_init(&config));
    assert_true(config.net.connections_max > 0 && config.net.backlog > 0 && config.net.mailbox_letters > 0);
    assert_true(config.net.head_bytes_max > 0 && config.net.body_bytes_max > 0 && config.net.message_bytes_max > 0);
    assert_true(config.net.fragments_max > 0 && config.net.answers_pending_max > 0 && config.net.flush_slice > 0);
    assert_true(config.net.outbox_bytes_max > 0 && config.net.feed_bytes_max > 0 && config.net.compression_level > 0);
    assert_true(config.net.request_ms > 0 && config.net.keep_alive_ms > 0 && config.net.heartbeat_ms > 0);
    assert_true(config.net.write_ms > 0 && config.net.close_ms > 0);
    assert_true(config.store.queue_letters > 0 && config.store.batch_letters_max > 0
                && config.store.recent_events_max > 0);
    assert_true(config.store.recent_bytes_max > 0 && config.store.reader_threads > 0);
    assert_true(config.store.reader_jobs_max > 0 && config.store.wal_bytes_max > 0);
    assert_true(config.chat.rooms_live_max > 0 && config.chat.rooms_per_connection_max > 0
                && config.chat.text_bytes_max > 0);
    assert_true(config.chat.history_events_max > 0 && config.chat.history_bytes_max > 0 && config.chat.token_days > 0);
    assert_true(config.chat.presence_interval_ms > 0 && config.chat.typing_interval_ms > 0);
    for (size_t i = 0; i < RATE_CLASS_COUNT; i++)
        assert_true(config.chat.rates[i].per_second > 0 && config.chat.rates[i].burst > 0);
    assert_true(config.chat.address_rate.per_second > 0 && config.chat.address_rate.burst > 0);
    config_done(&config);
}

int test_config_table(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_two_settings_have_the_same_flag_or_variable),
        cmocka_unit_test(no_two_settings_fill_the_same_field),
        cmocka_unit_test(settings_of_a_section_stand_together),
        cmocka_unit_test(every_setting_says_what_it_is_for_in_a_sentence),
        cmocka_unit_test(names_are_lower_case_words),
        cmocka_unit_test(no_default_leaves_a_limit_at_nothing),
    };

    return cmocka_run_group_tests_name("config_table", tests, NULL, NULL);
}
