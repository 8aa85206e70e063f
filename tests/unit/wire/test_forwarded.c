/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/forwarded.h"

#include <arpa/inet.h>

#include "wire_test.h"

int test_forwarded(void);

static size_t read_fields(const char *fields, enum forwarded_kind kind, struct forwarded_hop *hops)
{
    const struct http_limits limits = {65536, 1024, HTTP_FIELDS_MAX};
    static char head[65536];
    struct http_request request;
    struct http_fault fault = {0};

    (void)snprintf(head, sizeof head, "GET / HTTP/1.1\r\nHost: h\r\n%s\r\n", fields);
    if (http_request_decode(view_of_string(head), &limits, &request, &fault) != DECODE_DONE)
        fail_msg("%s: %s", fields, fault.text);
    return forwarded_read(&request, kind, hops);
}

/* "address scheme host, …", the nearest first; "-" for what was not said. */
static void write_hops(const struct forwarded_hop *hops, size_t count, struct builder *out)
{
    static const char *const schemes[] = {"-", "http", "https"};

    builder_clear(out);
    for (size_t i = 0; i < count; i++) {
        char text[INET6_ADDRSTRLEN] = "-";
        bool is_4 = ip_is_4(hops[i].address);
        if (hops[i].has_address)
            assert_non_null(inet_ntop(is_4 ? AF_INET : AF_INET6, hops[i].address + (is_4 ? 12 : 0), text, sizeof text));
        builder_format(out, "%s%s %s ", i > 0 ? ", " : "", text, schemes[hops[i].scheme]);
        builder_add_view(out, hops[i].host.size > 0 ? hops[i].host : VIEW("-"));
    }
    builder_add_byte(out, 0);
}

#define X   FORWARDED_X
#define RFC FORWARDED_7239
#define XFF "X-Forwarded-For: "
#define FWD "Forwarded: "

static void the_nearest_statement_comes_first(void **state)
{
    static const struct {
        const char *fields;
        enum forwarded_kind kind;
        const char *hops;
    } cases[] = {
        {"", X, ""},
        {"", RFC, ""},
        {XFF "192.0.2.1\r\n", X, "192.0.2.1 - -"},
        {XFF "192.0.2.1\r\n", RFC, ""},
        {FWD "for=192.0.2.1\r\n", X, ""},
        {XFF "10.0.0.1, 192.0.2.1 ,2001:db8::1\r\n", X, "2001:db8::1 - -, 192.0.2.1 - -, 10.0.0.1 - -"},
        {XFF "10.0.0.1\r\n" XFF "192.0.2.1,\r\n", X, "192.0.2.1 - -, 10.0.0.1 - -"},
        {XFF "forged, 192.0.2.1:99\r\n", X, "192.0.2.1 - -, - - -"},
        {"x-forwarded-proto: https\r\n", X, "- https -"},
        {"X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", X, "- http -"},
        {"X-Forwarded-Proto: http, HTTPS\r\n" XFF "192.0.2.1\r\n", X, "192.0.2.1 https -"},
        {"X-Forwarded-Proto: wss\r\nX-Forwarded-Host: evil, a.example:8443\r\n", X, "- https a.example:8443"},
        {"X-Forwarded-Host: not a host\r\nX-Forwarded-Proto: gopher\r\n", X, ""},
        {FWD "for=192.0.2.60;proto=http;by=203.0.113.43\r\n", RFC, "192.0.2.60 http -"},
        {FWD "For=\"[2001:db8:cafe::17]:4711\"\r\n", RFC, "2001:db8:cafe::17 - -"},
        {FWD "for=192.0.2.43, for=198.51.100.17;host=\"a.example:99\" ; proto=\"https\"\r\n", RFC,
         "198.51.100.17 https a.example:99, 192.0.2.43 - -"},
        {FWD "for=unknown\r\n" FWD "for=\"_a\"\r\n", RFC, "- - -, - - -"},
        {FWD "by=\"a,b;for=10.0.0.1\";for=192.0.2.1\r\n", RFC, "192.0.2.1 - -"},
        {FWD "by=\"a\\\"b\";for=\"192.0.2.\\1\"\r\n", RFC, "- - -"},
        {FWD ", ,for=192.0.2.1,\r\n", RFC, "192.0.2.1 - -"},
        {FWD "for=192.0.2.1;\r\n", RFC, ""},
        {FWD "for\r\n", RFC, ""},
        {FWD "for=\r\n", RFC, ""},
        {FWD "for=\"192.0.2.1\r\n", RFC, ""},
        {FWD "for=\"192.0.2.1\\\r\n", RFC, ""},
        {FWD "for=192.0.2.1 for=10.0.0.1\r\n", RFC, ""},
        {FWD "for=[::1]\r\n", RFC, ""},
    };
    struct builder text;

    (void)state;
    builder_init(&text, 4096);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct forwarded_hop hops[FORWARDED_HOPS_MAX];
        size_t count = read_fields(cases[i].fields, cases[i].kind, hops);
        write_hops(hops, count, &text);
        if (strcmp((const char *)text.at, cases[i].hops) != 0)
            fail_msg("%s gave \"%s\", not \"%s\"", cases[i].fields, text.at, cases[i].hops);
    }
    builder_done(&text);
}

/* Somebody who invents a thousand proxies pushes nobody out: theirs stand in front. */
static void of_very_many_the_nearest_count(void **state)
{
    static const char *const starts[] = {XFF, FWD};
    static const char *const middles[] = {"10.0.0.1,", "for=10.0.0.1,"};
    static const char *const ends[] = {"192.0.2.1\r\n", "for=192.0.2.1\r\n"};

    (void)state;
    for (enum forwarded_kind kind = X; kind <= RFC; kind++) {
        struct forwarded_hop hops[FORWARDED_HOPS_MAX];
        char fields[32768];
        size_t at = (size_t)snprintf(fields, sizeof fields, "%s", starts[kind]);
        for (int i = 0; i < 1000; i++)
            at += (size_t)snprintf(fields + at, sizeof fields - at, "%s", middles[kind]);
        (void)snprintf(fields + at, sizeof fields - at, "%s", ends[kind]);
        assert_int_equal(read_fields(fields, kind, hops), FORWARDED_HOPS_MAX);
        assert_int_equal(hops[0].address[12], 192);
        assert_int_equal(hops[1].address[12], 10);
    }
}

int test_forwarded(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_nearest_statement_comes_first),
        cmocka_unit_test(of_very_many_the_nearest_count),
    };

    return cmocka_run_group_tests_name("forwarded", tests, NULL, NULL);
}
