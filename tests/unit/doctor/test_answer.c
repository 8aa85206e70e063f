/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/answer.h"

#include "doctor_test.h"

static void a_head_is_read_at_every_cut(void **state)
{
    static const char text[] = "HTTP/1.1 404 Not Found\r\nServer: nginx\r\ncontent-length: 5\r\n\r\nhello";
    struct answer answer;

    (void)state;
    for (size_t size = 0; size < sizeof text - 1 - 5; size++)
        assert_int_equal(answer_read(view_of(text, size), &answer), DECODE_NEED_MORE);
    assert_int_equal(
        answer_read(VIEW("HTTP/1.1 404 Not Found\r\nServer: nginx\r\ncontent-length: 5\r\n\r\nhello"), &answer),
        DECODE_DONE);
    assert_int_equal(answer.status, 404);
    assert_true(view_equal(answer_field(&answer, "SERVER"), VIEW("nginx")));
    assert_int_equal(answer_field(&answer, "Via").size, 0);
    assert_true(answer.has_length && answer.length == 5);
}

static void what_is_no_http_is_refused(void **state)
{
    static const char *const cases[] = {"SSH-2.0-OpenSSH\r\n\r\n", "\x15\x03\x03", "HTTP/2 200\r\n\r\n",
                                        "HTTP/1.1 abc\r\n\r\n", "HTTP/1.1\r\n\r\n"};
    struct answer answer;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++)
        assert_int_equal(answer_read(view_of_string(cases[i]), &answer), DECODE_BAD);
}

static void bodies_come_in_three_forms(void **state)
{
    static const struct {
        const char *text;
        bool is_at_end, is_whole;
        const char *body;
    } cases[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, false, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcd", false, true, "abc"},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n", false, false, NULL},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", false, true, "abc"},
        {"HTTP/1.0 200 OK\r\n\r\nab", false, false, ""},
        {"HTTP/1.0 200 OK\r\n\r\nab", true, true, "ab"},
        {"HTTP/1.1 204 No Content\r\n\r\n", false, true, ""},
        {"HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\nab", true, true, "ab"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view text = view_of_string(cases[i].text);
        struct answer answer;
        struct builder body;
        builder_init(&body, 1024);
        assert_int_equal(answer_read(text, &answer), DECODE_DONE);
        assert_int_equal(answer_body(&answer, view_skip(text, answer.head_size), cases[i].is_at_end, &body),
                         cases[i].is_whole);
        if (cases[i].body)
            assert_true(view_equal(builder_view(&body), view_of_string(cases[i].body)));
        builder_done(&body);
    }
}

int test_answer(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_head_is_read_at_every_cut),
        cmocka_unit_test(what_is_no_http_is_refused),
        cmocka_unit_test(bodies_come_in_three_forms),
    };

    return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
