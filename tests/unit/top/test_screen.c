/* SPDX-License-Identifier: Apache-2.0 */
#include "top/screen.h"

#include "top_test.h"

static void expect_text(const struct screen *screen, const char *wanted)
{
    struct builder text;

    builder_init(&text, 65536);
    screen_write(screen, &text);
    builder_add_byte(&text, 0);
    assert_string_equal((const char *)text.at, wanted);
    builder_done(&text);
}

static void text_stands_in_its_columns_and_is_cut_there(void **state)
{
    struct screen screen;

    (void)state;
    assert_int_equal(screen_init(&screen, 12, 4), RESULT_OK);
    assert_int_equal(screen_put(&screen, 0, 1, 5, STYLE_PLAIN, VIEW("abc")), 3);
    assert_int_equal(screen_put(&screen, 1, 0, 5, STYLE_PLAIN, VIEW("abcdefgh")), 5);
    assert_int_equal(screen_put(&screen, 2, 8, 10, STYLE_PLAIN, VIEW("abcdefgh")), 4);
    screen_put_right(&screen, 3, 0, 6, STYLE_PLAIN, VIEW("42"));
    assert_int_equal(screen_put(&screen, 4, 0, 5, STYLE_PLAIN, VIEW("nowhere")), 0);
    assert_int_equal(screen_put(&screen, -1, 0, 5, STYLE_PLAIN, VIEW("nowhere")), 0);
    expect_text(&screen, " abc\nabcd~\n        abc~\n    42\n");
    screen_done(&screen);
}

static void wide_characters_take_two_columns_and_marks_none(void **state)
{
    struct screen screen;

    (void)state;
    assert_int_equal(screen_width(VIEW("e\xcc\x81")), 1);
    assert_int_equal(screen_width(VIEW("\xe6\xbc\xa2\xe5\xad\x97")), 4);
    assert_int_equal(screen_init(&screen, 8, 3), RESULT_OK);
    assert_int_equal(screen_put(&screen, 0, 0, 8, STYLE_PLAIN, VIEW("\xe6\xbc\xa2\xe5\xad\x97|")), 5);
    assert_int_equal(screen_put(&screen, 1, 0, 3, STYLE_PLAIN, VIEW("\xe6\xbc\xa2\xe5\xad\x97")), 3);
    assert_int_equal(screen_put(&screen, 2, 0, 8, STYLE_PLAIN, VIEW("e\xcc\x81!")), 2);
    expect_text(&screen, "\xe6\xbc\xa2\xe5\xad\x97|\n\xe6\xbc\xa2~\ne\xcc\x81!\n");
    screen_done(&screen);
}

/* Escape, bells, marks of direction and broken UTF-8 become question marks. */
static void text_of_strangers_moves_no_cursor(void **state)
{
    struct screen screen;
    struct builder out;

    (void)state;
    assert_int_equal(screen_init(&screen, 12, 1), RESULT_OK);
    screen_put(&screen, 0, 0, 12, STYLE_PLAIN,
               VIEW("a\x1b[2Jb\x07\xe2\x80\xae\xff"
                    "c\n"));
    expect_text(&screen, "a?[2Jb???c?\n");
    builder_init(&out, 65536);
    screen_paint(&screen, false, &out);
    assert_null(memchr(out.at, 0x07, out.size));
    builder_done(&out);
    screen_done(&screen);
}

static void only_rows_that_changed_are_painted(void **state)
{
    struct screen screen;
    struct builder out;

    (void)state;
    assert_int_equal(screen_init(&screen, 10, 3), RESULT_OK);
    builder_init(&out, 65536);
    screen_paint(&screen, true, &out);
    builder_clear(&out);
    screen_paint(&screen, false, &out);
    assert_int_equal(out.size, 0);
    screen_put(&screen, 1, 0, 10, STYLE_BAD, VIEW("new"));
    screen_paint(&screen, false, &out);
    builder_add_byte(&out, 0);
    assert_string_equal((const char *)out.at, "\x1b[2;1H\x1b[0;31mnew\x1b[0m       \x1b[0m");
    builder_done(&out);
    screen_done(&screen);
}

int test_screen(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stands_in_its_columns_and_is_cut_there),
        cmocka_unit_test(wide_characters_take_two_columns_and_marks_none),
        cmocka_unit_test(text_of_strangers_moves_no_cursor),
        cmocka_unit_test(only_rows_that_changed_are_painted),
    };
    return cmocka_run_group_tests_name("top/screen", tests, NULL, NULL);
}
