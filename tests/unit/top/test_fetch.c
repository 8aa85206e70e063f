/* SPDX-License-Identifier: Apache-2.0 */
#include "top/fetch.h"

#include "top_test.h"

static void places_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        bool is_fine;
        const char *host;
        uint16_t port;
    } cases[] = {
        {"127.0.0.1:9180", true, "127.0.0.1:9180", 9180},
        {"http://127.0.0.1:81/", true, "127.0.0.1:81", 81},
        {"http://[::1]:81", true, "[::1]:81", 81},
        {"localhost:7", true, "localhost:7", 7},
        {"127.0.0.1", true, "127.0.0.1:9180", 9180},
        {"unix:/run/natter/ops.sock", true, "localhost", 0},
        {"unix:ops.sock", false, "", 0},
        {"https://127.0.0.1", false, "", 0},
        {"http://127.0.0.1/api", false, "", 0},
        {"", false, "", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct fetch_target target;
        if (fetch_target_read(cases[i].text, &target) != cases[i].is_fine)
            fail_msg("%s", cases[i].text);
        if (!cases[i].is_fine)
            continue;
        assert_string_equal(target.host, cases[i].host);
        assert_int_equal(target.address.port, cases[i].port);
    }
}

static void an_answer_is_its_status_and_its_body(void **state)
{
    struct view body;
    int status = 0;

    (void)state;
    assert_true(fetch_read_answer(VIEW("HTTP/1.1 404 Not Found\r\nA: b\r\n\r\n{}"), &status, &body));
    assert_int_equal(status, 404);
    assert_true(view_equal(body, VIEW("{}")));
    assert_false(fetch_read_answer(VIEW("HTTP/1.1 200 OK\r\nA: b\r\n"), &status, &body));
    assert_false(fetch_read_answer(VIEW("SSH-2.0-OpenSSH\r\n\r\n"), &status, &body));
    assert_false(fetch_read_answer(VIEW("HTTP/1.1 2x"), &status, &body));
    assert_false(fetch_read_answer(VIEW(""), &status, &body));
}

static void where_nobody_listens_that_is_said(void **state)
{
    struct fetch_target target;
    char problem[FETCH_PROBLEM_BYTES] = "";
    int status = 0;

    (void)state;
    assert_true(fetch_target_read("127.0.0.1:1", &target));
    assert_null(fetch(&target, "GET", "/", &status, problem));
    assert_non_null(strstr(problem, "Nobody listens"));
    assert_true(fetch_target_read("unix:/nowhere/at/all", &target));
    assert_null(fetch(&target, "GET", "/", &status, problem));
    assert_non_null(strstr(problem, "Nobody listens"));
}

int test_fetch(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_read_as_people_write_them),
        cmocka_unit_test(an_answer_is_its_status_and_its_body),
        cmocka_unit_test(where_nobody_listens_that_is_said),
    };
    return cmocka_run_group_tests_name("top/fetch", tests, NULL, NULL);
}
