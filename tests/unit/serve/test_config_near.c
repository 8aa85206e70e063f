/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_near.h"

#include "serve_test.h"

static void a_distance_counts_letters_put_in_left_out_or_changed(void **state)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } cases[] = {
        {"", "", 0},
        {"", "abc", 3},
        {"abc", "", 3},
        {"listen", "listen", 0},
        {"lisen", "listen", 1},
        {"listenn", "listen", 1},
        {"lixten", "listen", 1},
        {"ilsten", "listen", 2},
        {"abc", "xyz", 3},
        {"CHAT-text.max", "chat_text_max", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view a = view_of_string(cases[i].a), b = view_of_string(cases[i].b);
        assert_int_equal(name_distance(a, b), cases[i].distance);
        assert_int_equal(name_distance(b, a), cases[i].distance);
    }
}

static void what_is_longer_than_any_name_is_near_to_none(void **state)
{
    char text[200];

    (void)state;
    memset(text, 'a', sizeof text);
    assert_true(name_distance(view_of(text, sizeof text), VIEW("listen")) == SIZE_MAX);
    assert_null(setting_nearest(view_of(text, sizeof text), NULL));
}

static void a_slip_finds_the_setting_that_was_meant(void **state)
{
    (void)state;
    assert_string_equal(setting_nearest(VIEW("lisen"), NULL)->key, "listen");
    assert_string_equal(setting_nearest(VIEW("chat-txt-max"), NULL)->key, "text_max");
    assert_string_equal(setting_nearest(VIEW("CHAT_TEXT_MAXX"), NULL)->key, "text_max");
    assert_string_equal(setting_nearest(VIEW("txt_max"), "chat")->key, "text_max");
}

static void what_is_like_none_finds_none(void **state)
{
    (void)state;
    assert_null(setting_nearest(VIEW(""), NULL));
    assert_null(setting_nearest(VIEW("zz"), NULL));
    assert_null(setting_nearest(VIEW("elephants"), NULL));
    assert_null(setting_nearest(VIEW("text_max"), "log"));
    assert_null(setting_nearest(VIEW("level"), "there is no such section"));
}

int test_config_near(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_distance_counts_letters_put_in_left_out_or_changed),
        cmocka_unit_test(what_is_longer_than_any_name_is_near_to_none),
        cmocka_unit_test(a_slip_finds_the_setting_that_was_meant),
        cmocka_unit_test(what_is_like_none_finds_none),
    };

    return cmocka_run_group_tests_name("config_near", tests, NULL, NULL);
}
