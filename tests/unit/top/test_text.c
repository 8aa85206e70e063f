/* SPDX-License-Identifier: Apache-2.0 */
#include "top/text.h"

#include "top_test.h"

static void numbers_fit_into_few_characters(void **state)
{
    static const struct {
        void (*write)(struct builder *out, double number);
        double number;
        const char *wanted;
    } cases[] = {
        {text_count, 0, "0"},
        {text_count, 7, "7"},
        {text_count, 0.42, "0.4"},
        {text_count, 999, "999"},
        {text_count, 1000, "1.0k"},
        {text_count, 12345, "12k"},
        {text_count, 999999, "1.0M"},
        {text_count, 4.5e9, "4.5G"},
        {text_bytes, 0, "0B"},
        {text_bytes, 65952, "66kB"},
        {text_bytes, 13.7e6, "14MB"},
        {text_duration, 5, "5ms"},
        {text_duration, 1500, "2s"},
        {text_duration, 119000, "119s"},
        {text_duration, 600000, "10m"},
        {text_duration, 7.2e6, "2h"},
        {text_duration, 4.3e8, "5d"},
        {text_milliseconds, 0.352, "0.35"},
        {text_milliseconds, 12.34, "12.3"},
        {text_milliseconds, 1234.5, "1234"},
    };
    struct builder out;

    (void)state;
    builder_init(&out, 256);
    for (size_t i = 0; i < COUNT(cases); i++) {
        builder_clear(&out);
        cases[i].write(&out, cases[i].number);
        builder_add_byte(&out, 0);
        assert_string_equal((const char *)out.at, cases[i].wanted);
        assert_true(out.size <= 7);
    }
    builder_done(&out);
}

int test_text(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_fit_into_few_characters)};

    return cmocka_run_group_tests_name("top/text", tests, NULL, NULL);
}
