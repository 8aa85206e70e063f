/* SPDX-License-Identifier: Apache-2.0 */
#include "http/health.h"

#include "http_test.h"

static int status_of(const char *line, bool is_store_healthy, bool is_draining)
{
    struct exchange exchange;

    exchange_init(&exchange);
    exchange.is_store_healthy = is_store_healthy;
    exchange.site.is_draining = is_draining;
    exchange_ask(&exchange, line, NULL);
    int status = exchange.reply.answer.status;
    exchange_done(&exchange);
    return status;
}

static void a_process_that_answers_lives_whatever_else_is_wrong(void **state)
{
    (void)state;
    assert_int_equal(status_of("GET /livez", true, false), 200);
    assert_int_equal(status_of("GET /livez", false, false), 200);
    assert_int_equal(status_of("GET /livez", true, true), 200);
    assert_int_equal(status_of("GET /livez", false, true), 200);
}

static void it_is_ready_while_the_store_can_write_and_it_does_not_leave(void **state)
{
    static const char *const lines[] = {"GET /readyz", "GET /healthz", "HEAD /readyz", "GET /readyz?verbose"};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        assert_int_equal(status_of(lines[i], true, false), 200);
        assert_int_equal(status_of(lines[i], false, false), 503);
        assert_int_equal(status_of(lines[i], true, true), 503);
        assert_int_equal(status_of(lines[i], false, true), 503);
    }
}

static void verbose_says_what_was_looked_at(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_init(&exchange);
    exchange_ask(&exchange, "GET /readyz?verbose", NULL);
    assert_non_null(strstr(exchange.text, "store: ok"));
    assert_non_null(strstr(exchange.text, "draining: no"));
    exchange_done(&exchange);
    exchange_ask(&exchange, "GET /readyz", NULL);
    assert_string_equal(exchange.text, "ok\n");
    exchange_done(&exchange);
}

static void who_is_not_ready_says_why(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_init(&exchange);
    exchange.is_store_healthy = false;
    exchange_ask(&exchange, "GET /readyz", NULL);
    assert_non_null(strstr(exchange.text, "disk"));
    exchange_done(&exchange);
    exchange.site.is_draining = true;
    exchange_ask(&exchange, "GET /readyz", NULL);
    assert_non_null(strstr(exchange.text, "going away"));
    exchange_done(&exchange);
}

int test_health(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_process_that_answers_lives_whatever_else_is_wrong),
        cmocka_unit_test(it_is_ready_while_the_store_can_write_and_it_does_not_leave),
        cmocka_unit_test(verbose_says_what_was_looked_at),
        cmocka_unit_test(who_is_not_ready_says_why),
    };

    return cmocka_run_group_tests_name("health", tests, NULL, NULL);
}
