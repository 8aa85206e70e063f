/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include "base_test.h"

static char last_line[8192];
static int line_count;

static void keep_line(void *context, const char *line)
{
    assert_ptr_equal(context, last_line);
    assert_true(strlen(line) < sizeof(last_line));
    memcpy(last_line, line, strlen(line) + 1);
    line_count++;
}

static int64_t noon(void)
{
    return 1769860800042; /* 2026-01-31T12:00:00.042Z */
}

static int begin(void **state)
{
    (void)state;
    diag_set_sink(keep_line, last_line);
    diag_set_clock(NULL);
    diag_setup(DIAG_HUMAN, DIAG_INFO);
    last_line[0] = '\0';
    line_count = 0;
    return 0;
}

static int end(void **state)
{
    (void)begin(state);
    diag_set_sink(NULL, NULL);
    return 0;
}

static void a_line_for_people_has_time_level_event_and_pairs(void **state)
{
    (void)state;
    diag_set_clock(noon);
    diag(DIAG_INFO, "conn.ended", "reason", "slow", "lag_bytes", diag_number(65536), NULL);
    assert_string_equal(last_line, "2026-01-31 12:00:00 info  conn.ended reason=slow lag_bytes=65536");
    diag(DIAG_ERROR, "disk.full", NULL);
    assert_string_equal(last_line, "2026-01-31 12:00:00 error disk.full");
    diag_set_clock(NULL);
    diag(DIAG_WARNING, "a", "b", (const char *)NULL, NULL);
    assert_string_equal(last_line, "warn  a b=");
}

static void a_line_for_programs_is_one_json_object(void **state)
{
    (void)state;
    diag_setup(DIAG_JSON, DIAG_DEBUG);
    diag_set_clock(noon);
    diag(DIAG_INFO, "conn.ended", "reason", "slow", NULL);
    assert_string_equal(last_line, "{\"ts\":\"2026-01-31T12:00:00.042Z\",\"level\":\"info\",\"event\":\"conn.ended\","
                                   "\"reason\":\"slow\"}");
    diag_set_clock(NULL);
    diag(DIAG_DEBUG, "x", "empty", (const char *)NULL, NULL);
    assert_string_equal(last_line, "{\"level\":\"debug\",\"event\":\"x\",\"empty\":\"\"}");
}

static void lines_below_the_least_level_are_not_written(void **state)
{
    (void)state;
    diag(DIAG_DEBUG, "x", NULL);
    assert_int_equal(line_count, 0);
    diag(DIAG_INFO, "x", NULL);
    assert_int_equal(line_count, 1);
    diag_setup(DIAG_HUMAN, DIAG_ERROR);
    diag(DIAG_WARNING, "x", NULL);
    assert_int_equal(line_count, 1);
    diag(DIAG_ERROR, "x", NULL);
    assert_int_equal(line_count, 2);
}

struct escape_case {
    const char *value;
    const char *json;
};

static const struct escape_case escapes[] = {
    {"two words", "two words"},
    {"a\"b\\c", "a\\\"b\\\\c"},
    {"a\nb\rc\td", "a\\nb\\u000dc\\u0009d"},
    {"\x1b[31mred\x07", "\\u001b[31mred\\u0007"},
    {"\x7f", "\\u007f"},
    {"gr\xc3\xbc\xc3\x9f"
     "e \xe2\x82\xac \xf0\x9f\x98\x80",
     "gr\xc3\xbc\xc3\x9f"
     "e \xe2\x82\xac \xf0\x9f\x98\x80"},
    {"\xc2\x9b"
     "31m",
     "\\u009b31m"}, /* a control of eight bits */
    {"\xe2\x80\xae"
     "txt",
     "\\u202etxt"},                                 /* writing turned round */
    {"\xe2\x80\x8b\xef\xbb\xbf", "\\u200b\\ufeff"}, /* invisible */
    {"\xe2\x80\xa8", "\\u2028"},
    {"a\xff"
     "b",
     "a\\ufffdb"},
    {"\xc3", "\\ufffd"}, /* cut short */
    {"\xe2\x82", "\\ufffd\\ufffd"},
    {"\xf0\x9f\x98", "\\ufffd\\ufffd\\ufffd"},
    {"\xc0\xaf", "\\ufffd\\ufffd"}, /* longer than need be */
    {"\xe0\x80\xaf", "\\ufffd\\ufffd\\ufffd"},
    {"\xf0\x80\x80\xaf", "\\ufffd\\ufffd\\ufffd\\ufffd"},
    {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},            /* half of a pair */
    {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"}, /* beyond the last */
    {"\xf5", "\\ufffd"},
    {"\x80", "\\ufffd"},
    {"\xc3(", "\\ufffd("},
};

static void what_could_mislead_a_reader_is_escaped(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(escapes); index++) {
        char expected[256];
        diag_setup(DIAG_JSON, DIAG_INFO);
        diag(DIAG_INFO, "x", "key", escapes[index].value, NULL);
        (void)snprintf(expected, sizeof(expected), "{\"level\":\"info\",\"event\":\"x\",\"key\":\"%s\"}",
                       escapes[index].json);
        assert_string_equal(last_line, expected);
        diag_setup(DIAG_HUMAN, DIAG_INFO);
        diag(DIAG_INFO, "x", "key", escapes[index].value, NULL);
        (void)snprintf(expected, sizeof(expected), "info  x key=\"%s\"", escapes[index].json);
        assert_string_equal(last_line, expected);
    }
}

static void every_control_byte_is_escaped_in_both_forms(void **state)
{
    (void)state;
    for (char byte = 1; byte < 32; byte++) {
        for (int form = DIAG_HUMAN; form <= DIAG_JSON; form++) {
            diag_setup((enum diag_form)form, DIAG_INFO);
            const char value[] = {byte, '\0'};
            diag(DIAG_INFO, "x", "k", value, value, "v", NULL);
            for (const char *at = last_line; *at != '\0'; at++)
                assert_true((unsigned char)*at >= 32);
        }
    }
}

static void values_with_spaces_or_signs_are_quoted_for_people(void **state)
{
    (void)state;
    diag(DIAG_INFO, "x", "a", "two words", "b", "k=v", "c", "plain:8080", NULL);
    assert_string_equal(last_line, "info  x a=\"two words\" b=\"k=v\" c=plain:8080");
}

/* Whatever the length, the line stays whole: pairs that do not fit are left out, and it says so. */
static void a_line_that_is_too_long_is_cut_at_a_pair(void **state)
{
    (void)state;
    static char value[5000];
    for (size_t size = 3900; size < sizeof(value) - 1; size++) {
        memset(value, 'v', size);
        value[size] = '\0';
        diag_setup(DIAG_JSON, DIAG_INFO);
        diag(DIAG_INFO, "x", "first", "1", "long", value, "last", "2", NULL);
        size_t length = strlen(last_line);
        assert_true(length < 4096);
        assert_int_equal(last_line[length - 1], '}');
        assert_non_null(strstr(last_line, "\"first\":\"1\""));
        if (strstr(last_line, "\"last\"") == NULL)
            assert_string_equal(last_line + length - strlen(",\"cut\":\"true\"}"), ",\"cut\":\"true\"}");
    }
    assert_string_equal(last_line, "{\"level\":\"info\",\"event\":\"x\",\"first\":\"1\",\"cut\":\"true\"}");
    diag_setup(DIAG_HUMAN, DIAG_INFO);
    diag(DIAG_INFO, "x", "first", "1", "long", value, "last", "2", NULL);
    assert_string_equal(last_line, "info  x first=1 cut=true");
}

static void eight_texts_live_in_one_statement(void **state)
{
    (void)state;
    diag(DIAG_INFO, "x", diag_number(1), diag_number(2), diag_number(3), diag_number(INT64_MIN), diag_number(5),
         diag_format("%s-%d", "six", 6), diag_number(7), diag_number(8), NULL);
    assert_string_equal(last_line, "info  x 1=2 3=-9223372036854775808 5=six-6 7=8");
    static char value[600];
    memset(value, 'a', sizeof(value) - 1);
    assert_int_equal(strlen(diag_format("%s", value)), 511);
}

/* The journal reads the number, takes it off, and shows its own time. */
static void a_line_for_the_journal_begins_with_its_priority(void **state)
{
    static const char *const starts[] = {"<7>x a=1", "<6>x a=1", "<4>x a=1", "<3>x a=1"};
    (void)state;
    diag_set_clock(noon);
    diag_setup(DIAG_JOURNAL, DIAG_DEBUG);
    for (enum diag_level level = DIAG_DEBUG; level <= DIAG_ERROR; level++) {
        diag(level, "x", "a", "1", NULL);
        assert_string_equal(last_line, starts[level]);
    }
    diag_setup(DIAG_JSON, DIAG_INFO);
    diag_set_clock(NULL);
    diag_set_priorities(true);
    diag(DIAG_WARNING, "x", NULL);
    diag_set_priorities(false);
    assert_string_equal(last_line, "<4>{\"level\":\"warn\",\"event\":\"x\"}");
}

int test_diag(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(a_line_for_people_has_time_level_event_and_pairs, begin),
        cmocka_unit_test_setup(a_line_for_programs_is_one_json_object, begin),
        cmocka_unit_test_setup(a_line_for_the_journal_begins_with_its_priority, begin),
        cmocka_unit_test_setup(lines_below_the_least_level_are_not_written, begin),
        cmocka_unit_test_setup(what_could_mislead_a_reader_is_escaped, begin),
        cmocka_unit_test_setup(every_control_byte_is_escaped_in_both_forms, begin),
        cmocka_unit_test_setup(values_with_spaces_or_signs_are_quoted_for_people, begin),
        cmocka_unit_test_setup(a_line_that_is_too_long_is_cut_at_a_pair, begin),
        cmocka_unit_test_setup(eight_texts_live_in_one_statement, begin),
    };
    return cmocka_run_group_tests_name("diag", tests, NULL, end);
}
