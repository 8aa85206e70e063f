/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include "wire_test.h"

int test_http1_text(void);

static void decode(const char *head, struct http_request *request)
{
    const struct http_limits limits = {4096, 1024, HTTP_FIELDS_MAX};
    struct http_fault fault;

    assert_int_equal(http_request_decode(view_of_string(head), &limits, request, &fault), DECODE_DONE);
}

static void fields_are_found_in_any_case(void **state)
{
    struct http_request request;

    (void)state;
    decode("GET / HTTP/1.1\r\nHost: a\r\nX-One: first\r\nx-ONE: second\r\nX-Ones: other\r\n\r\n", &request);
    assert_views_equal(http_field_find(&request, "x-one")->value, VIEW("first"));
    assert_int_equal(http_field_count(&request, "X-ONE"), 2);
    assert_int_equal(http_field_count(&request, "X-On"), 0);
    assert_null(http_field_find(&request, "X-On"));
    assert_null(http_field_find(&request, ""));
}

static void tokens_are_found_over_all_fields_of_a_name(void **state)
{
    struct http_request request;

    (void)state;
    decode("GET / HTTP/1.1\r\nHost: a\r\nConnection: ,keep-alive ,\tUpgrade\r\nConnection:\r\nConnection: x,,Y\r\n\r\n",
           &request);
    assert_true(http_field_has_token(&request, "connection", "upgrade"));
    assert_true(http_field_has_token(&request, "Connection", "KEEP-alive"));
    assert_true(http_field_has_token(&request, "Connection", "x"));
    assert_true(http_field_has_token(&request, "Connection", "y"));
    assert_false(http_field_has_token(&request, "Connection", "keep"));
    assert_false(http_field_has_token(&request, "Connection", "keep-alive ,\tupgrade"));
    assert_false(http_field_has_token(&request, "Host", "upgrade"));
    assert_false(http_field_has_token(&request, "Upgrade", "upgrade"));
}

struct decode_case {
    struct view text;
    struct view decoded;
    bool is_right;
};

static void paths_are_decoded_or_left_alone(void **state)
{
    static const struct decode_case cases[] = {
        {BYTES(""), BYTES(""), true},
        {BYTES("/plain"), BYTES("/plain"), true},
        {BYTES("/a%20b+c"), BYTES("/a b+c"), true},
        {BYTES("/%E2%82%ac"), BYTES("/\xE2\x82\xAC"), true},
        {BYTES("/%2e%2E%2f"), BYTES("/../"), true},
        {BYTES("/%25%32%35"), BYTES("/%25"), true},
        {BYTES("/%"), BYTES(""), false},
        {BYTES("/%2"), BYTES(""), false},
        {BYTES("/%2x"), BYTES(""), false},
        {BYTES("/%x2"), BYTES(""), false},
        {BYTES("/%-1"), BYTES(""), false},
        {BYTES("/% 1"), BYTES(""), false},
        {BYTES("/%00"), BYTES(""), false},
        {BYTES("/a\0b"), BYTES(""), false},
        {BYTES("/%FF"), BYTES(""), false},
        {BYTES("/%C0%AF"), BYTES(""), false},
        {BYTES("/%E2%82"), BYTES(""), false},
        {BYTES("/%ED%A0%80"), BYTES(""), false},
    };

    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct view text = exact_copy(cases[index].text);
        struct builder out;

        builder_init(&out, 64);
        builder_add_string(&out, "\xE2"
                                 "before:"); /* what was there is not looked at */
        assert_int_equal(http_percent_decode(text, &out), cases[index].is_right);
        assert_views_equal(view_skip(builder_view(&out), 8), cases[index].decoded);
        builder_done(&out);
        free_copy(text);
    }
}

static void a_text_without_room_is_not_decoded_in_part(void **state)
{
    struct builder out;

    (void)state;
    builder_init(&out, 4);
    builder_add_string(&out, "ab");
    assert_false(http_percent_decode(VIEW("%41%42%43"), &out));
    assert_int_equal(out.size, 2);
    builder_done(&out);
}

enum found { FOUND, MISSING, BAD };

struct query_case {
    struct view query;
    const char *name;
    enum found found;
    struct view value;
};

static void parameters_are_found_in_queries(void **state)
{
    static const struct query_case cases[] = {
        {BYTES("room=lobby&name=ada"), "room", FOUND, BYTES("lobby")},
        {BYTES("room=lobby&name=ada"), "name", FOUND, BYTES("ada")},
        {BYTES("room=lobby&name=ada"), "ame", MISSING, BYTES("")},
        {BYTES("room=lobby&name=ada"), "lobby", MISSING, BYTES("")},
        {BYTES(""), "a", MISSING, BYTES("")},
        {BYTES("&&=&a"), "a", FOUND, BYTES("")},
        {BYTES("a="), "a", FOUND, BYTES("")},
        {BYTES("a=1&a=2"), "a", FOUND, BYTES("1")},
        {BYTES("ab=1&a=2"), "a", FOUND, BYTES("2")},
        {BYTES("a=b=c"), "a", FOUND, BYTES("b=c")},
        {BYTES("a=x+y%2Bz%26"), "a", FOUND, BYTES("x y+z&")},
        {BYTES("%61=1"), "a", FOUND, BYTES("1")},
        {BYTES("my+name=1"), "my name", FOUND, BYTES("1")},
        {BYTES("%6=1&a=2"), "a", FOUND, BYTES("2")},
        {BYTES("A=1"), "a", MISSING, BYTES("")},
        {BYTES("a=%"), "a", BAD, BYTES("")},
        {BYTES("a=%00"), "a", BAD, BYTES("")},
        {BYTES("a=%FF&a=2"), "a", BAD, BYTES("")},
        {BYTES("b=%&a=2"), "a", FOUND, BYTES("2")},
    };

    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct view query = exact_copy(cases[index].query);
        bool is_bad = true;
        struct builder out;

        builder_init(&out, 64);
        bool is_found = http_query_get(query, cases[index].name, &out, &is_bad);
        assert_int_equal(is_found, cases[index].found == FOUND);
        assert_int_equal(is_bad, cases[index].found == BAD);
        assert_views_equal(builder_view(&out), cases[index].value);
        builder_done(&out);
        free_copy(query);
    }
}

struct cookie_case {
    struct view cookies;
    const char *name;
    bool is_found;
    struct view value;
};

static void cookies_are_found_by_their_whole_name(void **state)
{
    static const struct cookie_case cases[] = {
        {BYTES("natter=abc"), "natter", true, BYTES("abc")},
        {BYTES("a=1; natter=abc; b=2"), "natter", true, BYTES("abc")},
        {BYTES("a=1;natter=abc"), "natter", true, BYTES("abc")},
        {BYTES("natter=a=b=="), "natter", true, BYTES("a=b==")},
        {BYTES("natter="), "natter", true, BYTES("")},
        {BYTES("natter=1; natter=2"), "natter", true, BYTES("1")},
        {BYTES("xnatter=1; natterx=2; x=natter=3"), "natter", false, BYTES("")},
        {BYTES("Natter=1"), "natter", false, BYTES("")},
        {BYTES("natter"), "natter", false, BYTES("")},
        {BYTES("natter; natter=2"), "natter", true, BYTES("2")},
        {BYTES("; ;;=; natter=x ;"), "natter", true, BYTES("x")},
        {BYTES(""), "natter", false, BYTES("")},
    };

    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct view cookies = exact_copy(cases[index].cookies);
        struct view value = VIEW("");

        assert_int_equal(http_cookie_get(cookies, cases[index].name, &value), cases[index].is_found);
        assert_views_equal(value, cases[index].value);
        free_copy(cookies);
    }
}

static void statuses_have_words(void **state)
{
    (void)state;
    assert_string_equal(http_status_text(200), "OK");
    assert_string_equal(http_status_text(426), "Upgrade Required");
    assert_string_equal(http_status_text(431), "Request Header Fields Too Large");
    assert_string_equal(http_status_text(299), "Unknown");
}

int test_http1_text(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fields_are_found_in_any_case),
        cmocka_unit_test(tokens_are_found_over_all_fields_of_a_name),
        cmocka_unit_test(paths_are_decoded_or_left_alone),
        cmocka_unit_test(a_text_without_room_is_not_decoded_in_part),
        cmocka_unit_test(parameters_are_found_in_queries),
        cmocka_unit_test(cookies_are_found_by_their_whole_name),
        cmocka_unit_test(statuses_have_words),
    };
    return cmocka_run_group_tests_name("http1_text", tests, NULL, NULL);
}
