/* SPDX-License-Identifier: Apache-2.0 */
#include "top/data.h"

#include "top_test.h"

static void values_are_found_by_their_path(void **state)
{
    json_t *document = json_loads("{\"a\":{\"b\":7,\"c\":\"x\"},\"rooms\":[1,2]}", 0, NULL);

    (void)state;
    assert_true(data_number(document, "a.b") == 7);
    assert_string_equal(data_text(document, "a.c"), "x");
    assert_string_equal(data_text(document, "a.b"), "");
    assert_true(data_number(document, "a.nothing.there") == 0);
    assert_true(data_number(NULL, "a") == 0);
    assert_int_equal(json_array_size(data_rows(document)), 2);
    assert_null(data_rows(NULL));
    json_decref(document);
}

static void a_rate_needs_two_looks_at_the_same_process(void **state)
{
    struct top_data data = {.problem = ""};

    (void)state;
    top_data_overview(&data, json_loads("{\"uptime_ms\":1000,\"n\":10}", 0, NULL));
    assert_true(data_rate(&data, "n") == 0);
    top_data_overview(&data, json_loads("{\"uptime_ms\":3000,\"n\":30}", 0, NULL));
    assert_true(data_rate(&data, "n") == 10);
    top_data_overview(&data, json_loads("{\"uptime_ms\":500,\"n\":3}", 0, NULL)); /* it was started anew */
    assert_true(data_rate(&data, "n") == 0);
    top_data_done(&data);
}

int test_data(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_found_by_their_path),
        cmocka_unit_test(a_rate_needs_two_looks_at_the_same_process),
    };
    return cmocka_run_group_tests_name("top/data", tests, NULL, NULL);
}
