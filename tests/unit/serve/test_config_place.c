/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_place.h"

#include "serve_test.h"

static void a_public_address_is_taken_apart(void **state)
{
    static const struct {
        const char *flags, *origin, *base_path;
        bool is_secure;
    } cases[] = {
        {"", NULL, "", false},
        {"--public-url\nhttps://example.org", "https://example.org", "", true},
        {"--public-url\nhttps://example.org:8443/", "https://example.org:8443", "", true},
        {"--public-url\nhttp://example.org/chat", "http://example.org", "/chat", false},
        {"--public-url\nhttps://example.org/a/b-c_d.e~f/", "https://example.org", "/a/b-c_d.e~f", true},
        {"--public-url\n/chat/", NULL, "/chat", false},
        {"--public-url\n/", NULL, "", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct attempt attempt;
        attempt_read(&attempt, cases[i].flags, NULL);
        if (attempt.outcome != CONFIG_READY)
            fail_msg("%s: %s", cases[i].flags, attempt.text);
        const char *origin = attempt.config.chat.public_origin;
        assert_true((origin == NULL) == (cases[i].origin == NULL));
        if (origin)
            assert_string_equal(origin, cases[i].origin);
        assert_string_equal(attempt.config.net.base_path, cases[i].base_path);
        assert_string_equal(attempt.config.chat.base_path, cases[i].base_path);
        assert_int_equal(attempt.config.net.is_public_secure, cases[i].is_secure);
        attempt_done(&attempt);
    }
}

static void a_wrong_place_is_refused_with_what_is_allowed(void **state)
{
    static const struct {
        const char *flags, *fault;
    } cases[] = {
        {"--public-url\nexample.org", "https://NAME"},
        {"--public-url\nhttps://", "https://NAME"},
        {"--public-url\nhttps:///chat", "https://NAME"},
        {"--public-url\n/a//b", "https://NAME"},
        {"--public-url\n/a/../b", "https://NAME"},
        {"--public-url\n/a;b", "https://NAME"},
        {"--public-url\n/a?b", "https://NAME"},
        {"--public-url\n/a b", "https://NAME"},
        {"--trusted-proxies\nexample.org", "10.0.0.0/8"},
        {"--trusted-proxies\n10.0.0.1/8", "nothing set behind"},
        {"--listen\n127.0.0.1:0 proxy_protocol", "trusted_proxies"},
        {"--listen\n127.0.0.1:0 nonsense", "proxy_protocol"},
        {"--listen\n127.0.0.1:0 tls", "tls.certificates"},
        {"--listen\n127.0.0.1:0 redirect", "nowhere to send"},
        {"--tls-certificates\na b c", "two files"},
        {"--listen\nunix:", "unix:/PATH"},
        {"--listen\nunix:relative", "unix:/PATH"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct attempt attempt;
        attempt_read(&attempt, cases[i].flags, NULL);
        if (attempt.outcome != CONFIG_BAD)
            fail_msg("%s was taken", cases[i].flags);
        assert_has(attempt.text, cases[i].fault);
        attempt_done(&attempt);
    }
}

static void places_and_proxies_are_lists(void **state)
{
    struct attempt attempt;

    (void)state;
    attempt_read(
        &attempt,
        "--listen\n127.0.0.1:1, unix:/run/a.sock,[::1]:2  proxy_protocol\n--trusted-proxies\n10.0.0.0/8,::1,unix:",
        NULL);
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_int_equal(attempt.config.listen_count, 3);
    assert_string_equal(attempt.config.listen[1].path, "/run/a.sock");
    assert_true(attempt.config.listen[2].has_proxy_header && !attempt.config.listen[0].has_proxy_header);
    assert_int_equal(attempt.config.net.trust->count, 2);
    assert_true(attempt.config.net.trust->has_unix);
    struct builder text;
    builder_init(&text, 1024);
    config_write_listen(&attempt.config, &text);
    builder_add_byte(&text, 0);
    assert_string_equal(text.at, "127.0.0.1:1, unix:/run/a.sock, [::1]:2 proxy_protocol");
    builder_done(&text);
    attempt_done(&attempt);
}

int test_config_place(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_address_is_taken_apart),
        cmocka_unit_test(a_wrong_place_is_refused_with_what_is_allowed),
        cmocka_unit_test(places_and_proxies_are_lists),
    };

    return cmocka_run_group_tests_name("config_place", tests, NULL, NULL);
}
