/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/url.h"

#include "doctor_test.h"

static void addresses_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *text, *host, *authority, *socket, *origin;
        int port;
    } cases[] = {
        {"chat.example.org", "chat.example.org", "chat.example.org", "/ws", "https://chat.example.org", 443},
        {"https://chat.example.org/", "chat.example.org", "chat.example.org", "/ws", "https://chat.example.org", 443},
        {"wss://chat.example.org/ws", "chat.example.org", "chat.example.org", "/ws", "https://chat.example.org", 443},
        {"HTTPS://a/chat", "a", "a", "/chat/ws", "https://a", 443},
        {"https://a/chat/?x=1#y", "a", "a", "/chat/ws", "https://a", 443},
        {"ws://a:8080/chat/ws", "a", "a:8080", "/chat/ws", "http://a:8080", 8080},
        {"http://a:80/", "a", "a", "/ws", "http://a", 80},
        {"http://[::1]:8080/", "::1", "[::1]:8080", "/ws", "http://[::1]:8080", 8080},
        {"https://[2001:db8::1]", "2001:db8::1", "[2001:db8::1]", "/ws", "https://[2001:db8::1]", 443},
        {"http://a/news", "a", "a", "/news/ws", "http://a", 80},
    };
    struct builder problem;
    struct url url;

    (void)state;
    builder_init(&problem, 1024);
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!url_read(cases[i].text, &url, &problem))
            fail_msg("not read: %s", cases[i].text);
        assert_string_equal(url.host, cases[i].host);
        assert_string_equal(url.authority, cases[i].authority);
        assert_string_equal(url.socket, cases[i].socket);
        assert_string_equal(url.origin, cases[i].origin);
        assert_int_equal(url.port, cases[i].port);
    }
    builder_done(&problem);
}

static void what_is_no_address_is_refused(void **state)
{
    static char too_long[2000];
    const char *const cases[] = {"",
                                 "ftp://a/",
                                 "https://",
                                 "https://a:0/",
                                 "https://a:99999/",
                                 "https://:80",
                                 "https://a b/",
                                 "https://u@a/",
                                 "https://a/\r\n",
                                 too_long};
    struct url url;

    (void)state;
    memset(too_long, 'a', sizeof too_long - 1);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct builder problem;
        builder_init(&problem, 1024);
        if (url_read(cases[i], &url, &problem))
            fail_msg("read: %s", cases[i]);
        assert_true(problem.size > 10);
        builder_done(&problem);
    }
}

int test_url(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_read_as_people_write_them),
        cmocka_unit_test(what_is_no_address_is_refused),
    };

    return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
