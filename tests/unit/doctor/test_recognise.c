/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/recognise.h"

#include "doctor_test.h"

static void proxies_are_known_by_their_answers(void **state)
{
    static const struct {
        struct observed_answer answer;
        enum proxy proxy;
    } cases[] = {
        {{.server = "nginx/1.22.1"}, PROXY_NGINX},
        {{.server = "Caddy"}, PROXY_CADDY},
        {{.via = "1.1 Caddy"}, PROXY_CADDY},
        {{.server = "Apache/2.4.57 (Debian)"}, PROXY_APACHE},
        {{.has_small_names = true}, PROXY_HAPROXY},
        {{.has_small_names = true, .server = "envoy"}, PROXY_UNKNOWN},
        {{.snippet = "<html><body><h1>503 Service Unavailable</h1> No server is available"}, PROXY_HAPROXY},
        {{.snippet = "<html> <head><title>502 Bad Gateway</title></head> <hr><center>nginx</center>"}, PROXY_NGINX},
        {{.status = 200}, PROXY_UNKNOWN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct observations seen = {.report = cases[i].answer};
        assert_int_equal(recognise(&seen), cases[i].proxy);
        seen = (struct observations){.page = cases[i].answer};
        assert_int_equal(recognise(&seen), cases[i].proxy);
    }
}

static void natter_is_known_by_its_words(void **state)
{
    const struct observed_answer own = {.snippet = "There is nothing here. The chat is at /, its WebSocket at /ws."};
    const struct observed_answer other = {.snippet = "Not Found"};

    (void)state;
    assert_true(recognise_natter(&own));
    assert_false(recognise_natter(&other));
}

static void what_nobody_changed_came_directly(void **state)
{
    struct observations seen = {.report = {.seen = {.is_there = true, .http = "1.1", .scheme = "http"}}};

    (void)state;
    assert_false(recognise_is_proxied(&seen));
    seen.url.is_secure = true; /* somebody else does TLS */
    assert_true(recognise_is_proxied(&seen));
    seen.url.is_secure = false;
    memcpy(seen.report.seen.forwarded_for, "a", 2);
    assert_true(recognise_is_proxied(&seen));
    memcpy(seen.report.seen.forwarded_for, "", 1);
    memcpy(seen.report.seen.behind, "proxy_header", 13); /* of which nothing is seen in the request */
    assert_true(recognise_is_proxied(&seen));
}

int test_recognise(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxies_are_known_by_their_answers),
        cmocka_unit_test(natter_is_known_by_its_words),
        cmocka_unit_test(what_nobody_changed_came_directly),
    };

    return cmocka_run_group_tests_name("recognise", tests, NULL, NULL);
}
