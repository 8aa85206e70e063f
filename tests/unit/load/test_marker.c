/* SPDX-License-Identifier: Apache-2.0 */
#include "load/marker.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

static const struct marker example = {
    .run = 0xdeadbeef, .publisher = 0x00a1b2, .number = 77, .at_ns = 0x0123456789abcdef};

static void a_marker_is_read_as_it_was_written(void **state)
{
    uint8_t text[MARKER_SIZE + 3] = {0};
    struct marker marker;
    (void)state;
    marker_write(&example, text);
    assert_memory_equal(text, "@nbdeadbeef00a1b20000004d0123456789abcdef", MARKER_SIZE);
    assert_true(marker_read(view_of(text, sizeof(text)), &marker));
    assert_int_equal(marker.run, example.run);
    assert_int_equal(marker.publisher, example.publisher);
    assert_int_equal(marker.number, example.number);
    assert_int_equal(marker.at_ns, example.at_ns);
}

static void a_key_is_read_as_it_was_written(void **state)
{
    uint8_t key[MARKER_KEY_SIZE];
    struct marker marker = {.at_ns = 5};
    (void)state;
    marker_key_write(&example, key);
    assert_true(marker_key_read(view_of(key, sizeof(key)), &marker));
    assert_int_equal(marker.number, 77);
    assert_int_equal(marker.publisher, 0xa1b2);
    assert_int_equal(marker.at_ns, 5);
    assert_false(marker_key_read(view_of(key, sizeof(key) - 1), &marker));
}

static void other_texts_have_no_marker(void **state)
{
    uint8_t text[MARKER_SIZE];
    struct marker marker;
    (void)state;
    marker_write(&example, text);
    for (size_t size = 0; size < MARKER_SIZE; size++)
        assert_false(marker_read(view_of(text, size), &marker));
    for (size_t index = 0; index < MARKER_SIZE; index++) {
        uint8_t byte = text[index];
        text[index] = '-';
        assert_false(marker_read(view_of(text, sizeof(text)), &marker));
        text[index] = byte;
    }
}

int test_marker(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_marker_is_read_as_it_was_written),
        cmocka_unit_test(a_key_is_read_as_it_was_written),
        cmocka_unit_test(other_texts_have_no_marker),
    };
    return cmocka_run_group_tests_name("marker", tests, NULL, NULL);
}
