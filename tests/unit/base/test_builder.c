/* SPDX-License-Identifier: Apache-2.0 */
#include "base/builder.h"

#include "base_test.h"

static void appended_parts_stand_one_after_another(void **state)
{
    (void)state;
    struct builder builder;
    builder_init(&builder, 1000);
    builder_add(&builder, "ab", 2);
    builder_add_view(&builder, VIEW("c"));
    builder_add_view(&builder, view_of(NULL, 0));
    builder_add_string(&builder, "de");
    builder_add_byte(&builder, 'f');
    builder_add_hex(&builder, "\x00\x7f\xff", 3);
    builder_format(&builder, "<%s %d>", "x", 7);
    assert_true(builder_ok(&builder));
    assert_view_is(builder_view(&builder), "abcdef007fff<x 7>");
    builder_done(&builder);
}

static void numbers_are_written_in_full_range(void **state)
{
    (void)state;
    struct builder builder;
    builder_init(&builder, 1000);
    builder_add_number(&builder, 0);
    builder_add_byte(&builder, ' ');
    builder_add_number(&builder, UINT64_MAX);
    builder_add_byte(&builder, ' ');
    builder_add_signed(&builder, INT64_MIN);
    builder_add_byte(&builder, ' ');
    builder_add_signed(&builder, -1);
    builder_add_byte(&builder, ' ');
    builder_add_signed(&builder, INT64_MAX);
    assert_view_is(builder_view(&builder), "0 18446744073709551615 -9223372036854775808 -1 9223372036854775807");
    builder_done(&builder);
}

static void the_ceiling_can_be_reached_but_not_passed(void **state)
{
    (void)state;
    for (size_t ceiling = 0; ceiling < 300; ceiling++) {
        struct builder builder;
        builder_init(&builder, ceiling);
        for (size_t index = 0; index < ceiling; index++)
            builder_add_byte(&builder, (uint8_t)index);
        assert_true(builder_ok(&builder));
        assert_int_equal(builder.size, ceiling);
        assert_true(builder.capacity <= ceiling);
        builder_add_byte(&builder, 1);
        assert_false(builder_ok(&builder));
        assert_int_equal(builder.size, ceiling);
        builder_done(&builder);
    }
}

static void after_a_failure_nothing_more_is_taken(void **state)
{
    (void)state;
    struct builder builder;
    builder_init(&builder, 4);
    builder_add_string(&builder, "abc");
    builder_add_string(&builder, "de");
    builder_add_string(&builder, "f");
    builder_add_number(&builder, 1);
    builder_add_hex(&builder, "x", 1);
    builder_format(&builder, "%d", 1);
    assert_null(builder_reserve(&builder, 1));
    assert_false(builder_ok(&builder));
    assert_view_is(builder_view(&builder), "abc");
    builder_clear(&builder);
    assert_true(builder_ok(&builder));
    builder_add_string(&builder, "wxyz");
    assert_true(builder_ok(&builder));
    assert_view_is(builder_view(&builder), "wxyz");
    builder_done(&builder);
}

static void huge_sizes_fail_without_overflow(void **state)
{
    (void)state;
    struct builder builder;
    builder_init(&builder, 100);
    builder_add_byte(&builder, 'a');
    assert_null(builder_reserve(&builder, SIZE_MAX));
    assert_false(builder_ok(&builder));
    builder_clear(&builder);
    builder_add_hex(&builder, "a", SIZE_MAX / 2 + 1);
    assert_false(builder_ok(&builder));
    builder_done(&builder);
}

static void formatted_text_of_any_length_fills_to_the_last_byte(void **state)
{
    (void)state;
    char text[600];
    memset(text, 'x', sizeof(text));
    for (size_t size = 0; size < sizeof(text); size++) {
        struct builder builder;
        builder_init(&builder, size);
        builder_format(&builder, "%.*s", (int)size, text);
        assert_true(builder_ok(&builder));
        assert_int_equal(builder.size, size);
        builder_format(&builder, "%s", "");
        assert_true(builder_ok(&builder));
        builder_clear(&builder);
        builder_format(&builder, "%.*s!", (int)size, text);
        assert_false(builder_ok(&builder));
        assert_int_equal(builder.size, 0);
        builder_done(&builder);
    }
}

static void reserved_room_counts_once_it_is_written(void **state)
{
    (void)state;
    struct builder builder;
    builder_init(&builder, 200);
    builder_add_string(&builder, "a");
    uint8_t *room = builder_reserve(&builder, 199);
    assert_non_null(room);
    memset(room, 'b', 199);
    assert_int_equal(builder.size, 1);
    builder_wrote(&builder, 3);
    assert_view_is(builder_view(&builder), "abbb");
    builder_wrote(&builder, 0);
    assert_int_equal(builder.size, 4);
    builder_done(&builder);
}

static void taken_bytes_belong_to_the_taker(void **state)
{
    (void)state;
    struct builder builder;
    builder_init(&builder, 10);
    size_t size = 99;
    assert_null(builder_take(&builder, &size));
    assert_int_equal(size, 0);
    builder_add_string(&builder, "abc");
    uint8_t *taken = builder_take(&builder, &size);
    assert_int_equal(size, 3);
    assert_memory_equal(taken, "abc", 3);
    free(taken);
    assert_int_equal(builder.size, 0);
    builder_add_string(&builder, "0123456789"); /* the ceiling has stayed */
    assert_true(builder_ok(&builder));
    builder_add_byte(&builder, 'x');
    assert_null(builder_take(&builder, &size));
    assert_int_equal(size, 0);
    builder_done(&builder);
}

int test_builder(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(appended_parts_stand_one_after_another),
        cmocka_unit_test(numbers_are_written_in_full_range),
        cmocka_unit_test(the_ceiling_can_be_reached_but_not_passed),
        cmocka_unit_test(after_a_failure_nothing_more_is_taken),
        cmocka_unit_test(huge_sizes_fail_without_overflow),
        cmocka_unit_test(formatted_text_of_any_length_fills_to_the_last_byte),
        cmocka_unit_test(reserved_room_counts_once_it_is_written),
        cmocka_unit_test(taken_bytes_belong_to_the_taker),
    };
    return cmocka_run_group_tests_name("builder", tests, NULL, NULL);
}
