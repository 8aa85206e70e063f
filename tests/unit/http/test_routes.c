/* SPDX-License-Identifier: Apache-2.0 */
#include "http/routes.h"

#include "http_test.h"

static void every_request_gets_an_answer_with_the_right_status(void **state)
{
    static const struct {
        const char *line;
        int status;
    } cases[] = {
        {"GET /", 200},           {"HEAD /", 200},       {"GET /?x=1", 200},
        {"GET /index.html", 200}, {"GET /livez", 200},   {"GET /readyz", 200},
        {"GET /healthz", 200},    {"HEAD /livez", 200},  {"GET /ws", 426},
        {"GET /ws?room=x", 426},  {"HEAD /ws", 426},     {"GET /nothing", 404},
        {"GET /ws/", 404},        {"GET //", 404},       {"GET /../etc/passwd", 404},
        {"GET /%2e%2e/x", 404},   {"GET /metrics", 404}, {"GET /index.html/", 404},
        {"GET /Index.html", 404}, {"POST /", 405},       {"POST /nothing", 405},
        {"PUT /livez", 405},      {"DELETE /ws", 405},   {"OPTIONS /", 405},
        {"TRACE /", 405},         {"PATCH /", 405},      {"BREW /", 501},
        {"get /", 501},
    };
    struct exchange exchange;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        exchange_init(&exchange);
        exchange_ask(&exchange, cases[i].line, NULL);
        if (exchange.reply.answer.status != cases[i].status)
            fail_msg("%s: %d", cases[i].line, exchange.reply.answer.status);
        exchange_done(&exchange);
    }
}

static void what_is_no_page_is_plain_text_that_says_what_to_do(void **state)
{
    static const struct {
        const char *line, *part;
    } cases[] = {
        {"GET /nothing", "/ws"},          {"POST /", "GET"},    {"BREW /", "GET"},
        {"GET /ws", "Sec-WebSocket-Key"}, {"GET /ws", "proxy"},
    };
    struct exchange exchange;
    char value[1024];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        exchange_init(&exchange);
        exchange_ask(&exchange, cases[i].line, NULL);
        assert_string_equal(exchange_field(&exchange, "Content-Type", value), "text/plain; charset=utf-8");
        assert_string_equal(exchange_field(&exchange, "X-Content-Type-Options", value), "nosniff");
        assert_string_equal(exchange_field(&exchange, "Cache-Control", value), "no-store");
        assert_non_null(strstr(exchange.text, cases[i].part));
        exchange_done(&exchange);
    }
}

static void a_method_that_is_not_allowed_is_told_which_are(void **state)
{
    struct exchange exchange;
    char value[1024];

    (void)state;
    exchange_init(&exchange);
    exchange_ask(&exchange, "POST /", NULL);
    assert_string_equal(exchange_field(&exchange, "Allow", value), "GET, HEAD");
    exchange_done(&exchange);
}

/* RFC 9110 section 15.5.22: with 426 the answer names the protocol, and Connection names Upgrade. */
static void a_plain_request_for_the_websocket_is_told_to_upgrade(void **state)
{
    struct exchange exchange;
    char value[1024];

    (void)state;
    exchange_init(&exchange);
    exchange_ask(&exchange, "GET /ws", NULL);
    assert_string_equal(exchange_field(&exchange, "Upgrade", value), "websocket");
    assert_string_equal(exchange_field(&exchange, "Connection", value), "Upgrade");
    exchange_done(&exchange);
}

/* What came in the target or in fields never comes back in an answer. */
static void nothing_of_the_request_is_in_the_answer(void **state)
{
    static const char *const lines[] = {"GET /zebra",  "GET /ws?zebra",     "GET /?zebra",
                                        "POST /zebra", "GET /readyz?zebra", "ZEBRA /"};
    struct exchange exchange;

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        exchange_init(&exchange);
        exchange_ask(&exchange, lines[i], "X-Zebra: zebra\r\nAccept-Encoding: zebra\r\nIf-None-Match: \"zebra\"\r\n");
        assert_null(strstr(exchange.fields, "zebra"));
        assert_null(strstr(exchange.text, "zebra"));
        exchange_done(&exchange);
    }
}

int test_routes(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_request_gets_an_answer_with_the_right_status),
        cmocka_unit_test(what_is_no_page_is_plain_text_that_says_what_to_do),
        cmocka_unit_test(a_method_that_is_not_allowed_is_told_which_are),
        cmocka_unit_test(a_plain_request_for_the_websocket_is_told_to_upgrade),
        cmocka_unit_test(nothing_of_the_request_is_in_the_answer),
    };

    return cmocka_run_group_tests_name("routes", tests, NULL, NULL);
}
