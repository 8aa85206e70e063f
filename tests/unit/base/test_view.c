/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

#include "base_test.h"

static void views_are_equal_if_their_bytes_are(void **state)
{
    (void)state;
    assert_true(view_equal(VIEW("abc"), view_of_string("abc")));
    assert_false(view_equal(VIEW("abc"), VIEW("abd")));
    assert_false(view_equal(VIEW("abc"), VIEW("ab")));
    assert_true(view_equal(VIEW(""), view_of(NULL, 0)));
    assert_true(view_equal(VIEW("a\0b"), VIEW("a\0b")));
    assert_false(view_equal(VIEW("a\0b"), VIEW("a\0c")));
}

static void a_start_is_found_at_the_start_only(void **state)
{
    (void)state;
    assert_true(view_starts_with(VIEW("abc"), VIEW("ab")));
    assert_true(view_starts_with(VIEW("abc"), VIEW("abc")));
    assert_true(view_starts_with(VIEW("abc"), view_of(NULL, 0)));
    assert_false(view_starts_with(VIEW("abc"), VIEW("bc")));
    assert_false(view_starts_with(VIEW("ab"), VIEW("abc")));
}

static void ascii_letters_compare_without_their_case_and_others_with(void **state)
{
    (void)state;
    assert_true(view_equal_ignoring_case(VIEW("Upgrade"), VIEW("uPGRADE")));
    assert_true(view_equal_ignoring_case(VIEW("azAZ"), VIEW("AZaz")));
    assert_false(view_equal_ignoring_case(VIEW("@"), VIEW("`")));
    assert_false(view_equal_ignoring_case(VIEW("["), VIEW("{")));
    assert_false(view_equal_ignoring_case(VIEW("\xc4"), VIEW("\xe4")));
    assert_false(view_equal_ignoring_case(VIEW("ab"), VIEW("abc")));
    assert_true(view_equal_ignoring_case(VIEW(""), view_of(NULL, 0)));
}

static void trimming_cuts_spaces_and_tabs_from_both_ends(void **state)
{
    (void)state;
    assert_view_is(view_trim(VIEW(" \t a b\t ")), "a b");
    assert_view_is(view_trim(VIEW("ab")), "ab");
    assert_view_is(view_trim(VIEW(" \t ")), "");
    assert_view_is(view_trim(VIEW("\r\n")), "\r\n");
    assert_view_is(view_trim(view_of(NULL, 0)), "");
}

static void first_and_skip_part_a_view(void **state)
{
    (void)state;
    assert_view_is(view_first(VIEW("abcd"), 1), "a");
    assert_view_is(view_skip(VIEW("abcd"), 1), "bcd");
    assert_view_is(view_skip(VIEW("abcd"), 4), "");
    assert_int_equal(view_skip((struct view){NULL, 0}, 0).size, 0); /* the sanitizer looks on */
}

static void a_number_is_digits_and_nothing_else(void **state)
{
    static const struct {
        const char *text;
        uint64_t max;
        bool is_number;
        uint64_t number;
    } cases[] = {
        {"0", 0, true, 0},
        {"1", 0, false, 0},
        {"007", 7, true, 7},
        {"65535", 65535, true, 65535},
        {"65536", 65535, false, 0},
        {"9999999999999999999", UINT64_MAX, true, 9999999999999999999U},
        {"18446744073709551615", UINT64_MAX, false, 0}, /* 20 digits */
        {"00000000000000000001", UINT64_MAX, false, 0},
        {"", 9, false, 0},
        {"-1", 9, false, 0},
        {"+1", 9, false, 0},
        {" 1", 9, false, 0},
        {"1 ", 9, false, 0},
        {"1e3", 9999, false, 0},
        {"0x1", 9, false, 0},
        {"\xd9\xa1", 9, false, 0}, /* a digit elsewhere, not here */
    };
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        uint64_t number = 4711;
        bool is_number = view_to_number(view_of_string(cases[index].text), cases[index].max, &number);
        assert_int_equal(is_number, cases[index].is_number);
        assert_int_equal(number, is_number ? cases[index].number : 4711);
    }
}

int test_view(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(views_are_equal_if_their_bytes_are),
        cmocka_unit_test(a_start_is_found_at_the_start_only),
        cmocka_unit_test(ascii_letters_compare_without_their_case_and_others_with),
        cmocka_unit_test(trimming_cuts_spaces_and_tabs_from_both_ends),
        cmocka_unit_test(first_and_skip_part_a_view),
        cmocka_unit_test(a_number_is_digits_and_nothing_else),
    };
    return cmocka_run_group_tests_name("view", tests, NULL, NULL);
}
