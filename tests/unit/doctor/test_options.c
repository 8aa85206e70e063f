/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/options.h"

#include "doctor_test.h"

enum { WORDS_MAX = 12 };

static enum doctor_options_read read_words(const char *const words[], struct doctor_options *options, int *rest_count)
{
    char *arguments[WORDS_MAX], *rest[WORDS_MAX];
    struct builder problem;
    int count = 0;

    while (words[count]) {
        arguments[count] = (char *)(uintptr_t)words[count];
        count++;
    }
    builder_init(&problem, 1024);
    enum doctor_options_read outcome = doctor_options_read(count, arguments, options, rest, rest_count, &problem);
    assert_int_equal(problem.size > 0, outcome == DOCTOR_OPTIONS_WRONG);
    builder_done(&problem);
    return outcome;
}

static void words_are_read(void **state)
{
    struct doctor_options options;
    int rest = 0;

    (void)state;
    assert_int_equal(read_words((const char *[]){"https://a/", "--quick", "--json", "--idle-max", "70", "--ca", "f",
                                                 "--plain-port", "8080", NULL},
                                &options, &rest),
                     DOCTOR_OPTIONS_READ);
    assert_string_equal(options.url, "https://a/");
    assert_true(options.observe.is_quick && options.is_json && !options.observe.is_insecure);
    assert_int_equal(options.observe.idle_ms_max, 70000);
    assert_string_equal(options.observe.ca_file, "f");
    assert_int_equal(options.observe.plain_port, 8080);
    assert_int_equal(rest, 0);
}

static void without_an_address_the_rest_are_settings(void **state)
{
    struct doctor_options options;
    int rest = 0;

    (void)state;
    assert_int_equal(read_words((const char *[]){"--json", "--data", "folder", NULL}, &options, &rest),
                     DOCTOR_OPTIONS_READ);
    assert_null(options.url);
    assert_int_equal(rest, 2);
}

static void wrong_words_are_refused(void **state)
{
    const char *const cases[][4] = {{"https://a/", "--idle-max", "0"},  {"https://a/", "--idle-max", "901"},
                                    {"https://a/", "--idle-max", NULL}, {"https://a/", "--ca", NULL},
                                    {"https://a/", "--loud", NULL},     {"https://a/", "https://b/", NULL}};
    struct doctor_options options;
    int rest = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(read_words(cases[i], &options, &rest), DOCTOR_OPTIONS_WRONG);
    assert_int_equal(read_words((const char *[]){"--help", NULL}, &options, &rest), DOCTOR_OPTIONS_HELP);
}

int test_options(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_read),
        cmocka_unit_test(without_an_address_the_rest_are_settings),
        cmocka_unit_test(wrong_words_are_refused),
    };

    return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
