/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/api.h"
#include "ops_test.h"

static const char *const names[] = {"room", NULL};

/* The status; 200: it was taken. */
static int read_page(const char *query, struct api_page *out)
{
    struct http_request request = {.query = view_of_string(query)};
    struct builder text;
    struct api api = {.request = &request, .out = &text, .status = 200};
    bool is_read;

    builder_init(&text, 4096);
    is_read = api_read_page(&api, names, out);
    assert_int_equal(is_read, api.status == 200);
    assert_int_equal(is_read, text.size == 0);
    builder_done(&text);
    return api.status;
}

static void pages_have_bounds(void **state)
{
    struct api_page page;

    (void)state;
    assert_int_equal(read_page("", &page), 200);
    assert_int_equal(page.limit, API_LIMIT_DEFAULT);
    assert_int_equal(page.page, 0);
    assert_false(page.is_rising);
    assert_int_equal(read_page("room=x&limit=500&page=19&order=rising", &page), 200);
    assert_int_equal(page.limit, 500);
    assert_int_equal(page.page, 19);
    assert_true(page.is_rising);
    assert_int_equal(read_page("limit=500&page=20", &page), 400);
    assert_int_equal(read_page("limit=501", &page), 400);
    assert_int_equal(read_page("limit=-1", &page), 400);
    assert_int_equal(read_page("limit=many", &page), 400);
    assert_int_equal(read_page("order=upwards", &page), 400);
    assert_int_equal(read_page("page=99999999999999999999", &page), 400);
}

static void a_misspelt_parameter_is_refused(void **state)
{
    struct api_page page;

    (void)state;
    assert_int_equal(read_page("romm=x", &page), 400);
    assert_int_equal(read_page("room=x&&limit=1", &page), 200);
    assert_int_equal(read_page("room", &page), 200);
}

static void a_part_is_found_in_any_case(void **state)
{
    (void)state;
    assert_true(api_contains("Hello", ""));
    assert_true(api_contains("", ""));
    assert_true(api_contains("Hello", "ELL"));
    assert_true(api_contains("Hello", "o"));
    assert_false(api_contains("Hello", "hellos"));
    assert_false(api_contains("", "a"));
}

int test_api_query(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_have_bounds),
        cmocka_unit_test(a_misspelt_parameter_is_refused),
        cmocka_unit_test(a_part_is_found_in_any_case),
    };
    return cmocka_run_group_tests_name("ops/api_query", tests, NULL, NULL);
}
