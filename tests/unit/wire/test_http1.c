/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include "wire_test.h"

int test_http1(void);

static const struct http_limits limits = {.head_bytes_max = 1024, .target_bytes_max = 128, .field_count_max = 8};

#define GET     "GET / HTTP/1.1\r\n"
#define HOST    "Host: example.org\r\n"
#define POST    "POST / HTTP/1.1\r\n" HOST
#define TEN     "0123456789"
#define HUNDRED TEN TEN TEN TEN TEN TEN TEN TEN TEN TEN

enum { TAKEN = 0, NEED_MORE = -1 };

struct head_case {
    const char *name;
    struct view bytes;
    int status; /* TAKEN, NEED_MORE or the status of a refusal */
};

static const struct head_case right_cases[] = {
    {"the least", BYTES(GET HOST "\r\n"), TAKEN},
    {"HTTP/1.0 without Host", BYTES("GET / HTTP/1.0\r\n\r\n"), TAKEN},
    {"HTTP/1.0 with Host", BYTES("GET / HTTP/1.0\r\n" HOST "\r\n"), TAKEN},
    {"an empty line before", BYTES("\r\n" GET HOST "\r\n"), TAKEN},
    {"no blank behind the colon", BYTES(GET "Host:example.org\r\n\r\n"), TAKEN},
    {"many blanks around the value", BYTES(GET "Host: \t example.org \t \r\n\r\n"), TAKEN},
    {"an empty value", BYTES(GET HOST "X:\r\n\r\n"), TAKEN},
    {"a value of blanks", BYTES(GET HOST "X: \t \r\n\r\n"), TAKEN},
    {"a tab within a value", BYTES(GET HOST "X: a\tb\r\n\r\n"), TAKEN},
    {"opaque bytes in a value", BYTES(GET HOST "X: caf\xE9 \xFF\r\n\r\n"), TAKEN},
    {"all bytes of a token in a name", BYTES(GET HOST "!#$%&'*+-.^_`|~09azAZ: 1\r\n\r\n"), TAKEN},
    {"a name in any case", BYTES(GET "hOST: example.org\r\n\r\n"), TAKEN},
    {"a port", BYTES(GET "Host: example.org:8080\r\n\r\n"), TAKEN},
    {"an empty port", BYTES(GET "Host: example.org:\r\n\r\n"), TAKEN},
    {"the largest port", BYTES(GET "Host: example.org:65535\r\n\r\n"), TAKEN},
    {"an IPv4 address", BYTES(GET "Host: 127.0.0.1:1\r\n\r\n"), TAKEN},
    {"an IPv6 address", BYTES(GET "Host: [::1]\r\n\r\n"), TAKEN},
    {"an IPv6 address with a port", BYTES(GET "Host: [2001:db8::ffff:1.2.3.4]:443\r\n\r\n"), TAKEN},
    {"an escape in the host", BYTES(GET "Host: a%20b\r\n\r\n"), TAKEN},
    {"a method of one's own", BYTES("BREW / HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
    {"a method of 32 bytes", BYTES("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
    {"OPTIONS for all", BYTES("OPTIONS * HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
    {"the absolute form", BYTES("GET http://example.org/a?b HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
    {"the absolute form without a path", BYTES("GET http://example.org HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
    {"the absolute form in another case", BYTES("GET HTTPS://Example.ORG/ HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
    {"a length", BYTES(POST "Content-Length: 5\r\n\r\n"), TAKEN},
    {"a length of 0", BYTES(POST "Content-Length: 0\r\n\r\n"), TAKEN},
    {"a length with zeros before", BYTES(POST "Content-Length: 0000000000000000005\r\n\r\n"), TAKEN},
    {"a length of 19 digits", BYTES(POST "Content-Length: 9999999999999999999\r\n\r\n"), TAKEN},
    {"chunked", BYTES(POST "Transfer-Encoding: chunked\r\n\r\n"), TAKEN},
    {"chunked in another case", BYTES(POST "Transfer-Encoding: CHUNKED\r\n\r\n"), TAKEN},
    {"100-continue", BYTES(POST "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n"), TAKEN},
    {"eight fields", BYTES(GET HOST "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\n\r\n"), TAKEN},
    {"bytes behind the head", BYTES(GET HOST "\r\nGET /next HTTP/1.1\r\n"), TAKEN},
    {"unwise bytes in a target", BYTES("GET /a|b{c}^`\\\"<> HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
    {"two slashes", BYTES("GET //evil.example/ HTTP/1.1\r\n" HOST "\r\n"), TAKEN},
};

static const struct head_case incomplete_cases[] = {
    {"nothing", BYTES(""), NEED_MORE},
    {"half a method", BYTES("GE"), NEED_MORE},
    {"no version yet", BYTES("GET / "), NEED_MORE},
    {"half a version", BYTES("GET / HTTP/"), NEED_MORE},
    {"a request line", BYTES(GET), NEED_MORE},
    {"half a field", BYTES(GET "Host"), NEED_MORE},
    {"no empty line yet", BYTES(GET HOST), NEED_MORE},
    {"half an empty line", BYTES(GET HOST "\r"), NEED_MORE},
};

static const struct head_case line_cases[] = {
    {"TLS", BYTES("\x16\x03\x01\x02"), 400},
    {"a NUL", BYTES("\0"), 400},
    {"a blank first", BYTES(" GET / HTTP/1.1\r\n"), 400},
    {"a bare LF first", BYTES("\n" GET HOST "\r\n"), 400},
    {"two empty lines first", BYTES("\r\n\r\n" GET HOST "\r\n"), 400},
    {"a bare CR first", BYTES("\rGET / HTTP/1.1\r\n"), 400},
    {"no target", BYTES("GET\r\n"), 400},
    {"HTTP/0.9", BYTES("GET /\r\n"), 400},
    {"two blanks before the target", BYTES("GET  / HTTP/1.1\r\n"), 400},
    {"two blanks before the version", BYTES("GET /  HTTP/1.1\r\n"), 400},
    {"a tab before the target", BYTES("GET\t/ HTTP/1.1\r\n"), 400},
    {"a tab before the version", BYTES("GET /\tHTTP/1.1\r\n"), 400},
    {"a blank in the target", BYTES("GET /a b HTTP/1.1\r\n"), 400},
    {"a blank behind the version", BYTES("GET / HTTP/1.1 \r\n"), 400},
    {"a bare LF behind the version", BYTES("GET / HTTP/1.1\n" HOST "\r\n"), 400},
    {"a bare CR behind the version", BYTES("GET / HTTP/1.1\r" HOST "\r\n"), 400},
    {"CR CR LF", BYTES("GET / HTTP/1.1\r\r\n" HOST "\r\n"), 400},
    {"a method that is no token", BYTES("G(T / HTTP/1.1\r\n"), 400},
    {"a very long method", BYTES("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\n"), 501},
    {"a small http", BYTES("GET / http/1.1\r\n"), 400},
    {"another protocol", BYTES("GET / RTSP/1.0\r\n"), 400},
    {"a version of letters", BYTES("GET / HTTP/x.y\r\n"), 400},
    {"a version of two digits", BYTES("GET / HTTP/1.10\r\n"), 400},
    {"a version without minor", BYTES("GET / HTTP/1\r\n"), 400},
    {"HTTP/1.2", BYTES("GET / HTTP/1.2\r\n" HOST "\r\n"), 505},
    {"HTTP/0.9 in words", BYTES("GET / HTTP/0.9\r\n" HOST "\r\n"), 505},
    {"HTTP/2.0", BYTES("GET / HTTP/2.0\r\n" HOST "\r\n"), 505},
    {"the preface of HTTP/2", BYTES("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505},
    {"a fragment", BYTES("GET /#top HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"a control in the target", BYTES("GET /\x01 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"a NUL in the target", BYTES("GET /\0 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"a byte over 0x7F in the target", BYTES("GET /\xC3\xBC HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"a target without slash", BYTES("GET index.html HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"a star with GET", BYTES("GET * HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"a query alone", BYTES("GET ?a HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"another scheme", BYTES("GET ftp://example.org/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"an authority alone", BYTES("GET example.org:80 HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"CONNECT", BYTES("CONNECT example.org:443 HTTP/1.1\r\n" HOST "\r\n"), 501},
    {"an absolute form without host", BYTES("GET http:///a HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"an absolute form with a query alone", BYTES("GET http://example.org?a HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"an absolute form for another host", BYTES("GET http://evil.example/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"an absolute form with a user", BYTES("GET http://u@example.org/ HTTP/1.1\r\n" HOST "\r\n"), 400},
    {"a target of 129 bytes", BYTES("GET /" HUNDRED TEN TEN "01234567 HTTP/1.1\r\n" HOST "\r\n"), 414},
    {"an endless target", BYTES("GET /" HUNDRED HUNDRED), 414},
};

static const struct head_case field_cases[] = {
    {"no Host", BYTES(GET "\r\n"), 400},
    {"two Hosts", BYTES(GET HOST HOST "\r\n"), 400},
    {"two Hosts with 1.0", BYTES("GET / HTTP/1.0\r\n" HOST "Host: b\r\n\r\n"), 400},
    {"an empty Host", BYTES(GET "Host:\r\n\r\n"), 400},
    {"a Host with a path", BYTES(GET "Host: example.org/a\r\n\r\n"), 400},
    {"a Host with a user", BYTES(GET "Host: a@example.org\r\n\r\n"), 400},
    {"a Host with a blank", BYTES(GET "Host: a b\r\n\r\n"), 400},
    {"a list of Hosts", BYTES(GET "Host: a,b\r\n\r\n"), 400},
    {"a Host with a bad escape", BYTES(GET "Host: a%2\r\n\r\n"), 400},
    {"a Host of opaque bytes", BYTES(GET "Host: \xFF\r\n\r\n"), 400},
    {"a port of letters", BYTES(GET "Host: a:http\r\n\r\n"), 400},
    {"a port too large", BYTES(GET "Host: a:65536\r\n\r\n"), 400},
    {"a port alone", BYTES(GET "Host: :80\r\n\r\n"), 400},
    {"two ports", BYTES(GET "Host: a:80:80\r\n\r\n"), 400},
    {"a bracket alone", BYTES(GET "Host: [\r\n\r\n"), 400},
    {"an open bracket", BYTES(GET "Host: [::1\r\n\r\n"), 400},
    {"empty brackets", BYTES(GET "Host: []\r\n\r\n"), 400},
    {"words in brackets", BYTES(GET "Host: [word]\r\n\r\n"), 400},
    {"something behind brackets", BYTES(GET "Host: [::1]a\r\n\r\n"), 400},
    {"an address of six without brackets", BYTES(GET "Host: ::1\r\n\r\n"), 400},
    {"a blank before the colon", BYTES(GET "Host : example.org\r\n\r\n"), 400},
    {"a tab before the colon", BYTES(GET "Host\t: example.org\r\n\r\n"), 400},
    {"no colon", BYTES(GET "Host\r\n\r\n"), 400},
    {"no name", BYTES(GET HOST ": 1\r\n\r\n"), 400},
    {"a name that is no token", BYTES(GET HOST "a(b: 1\r\n\r\n"), 400},
    {"a quoted name", BYTES(GET HOST "\"a\": 1\r\n\r\n"), 400},
    {"a name of opaque bytes", BYTES(GET HOST "\xC3\xBC: 1\r\n\r\n"), 400},
    {"a NUL in a name", BYTES(GET HOST "a\0b: 1\r\n\r\n"), 400},
    {"a folded field", BYTES(GET HOST "X: a\r\n b\r\n\r\n"), 400},
    {"a field folded with a tab", BYTES(GET HOST "X: a\r\n\tb\r\n\r\n"), 400},
    {"a fold behind the request line", BYTES(GET " " HOST "\r\n"), 400},
    {"a fold before the empty line", BYTES(GET HOST " \r\n\r\n"), 400},
    {"a bare LF behind a field", BYTES(GET "Host: example.org\n\r\n"), 400},
    {"a bare LF as the empty line", BYTES(GET HOST "\n"), 400},
    {"a bare CR in a value", BYTES(GET HOST "X: a\rb\r\n\r\n"), 400},
    {"CR CR LF behind a value", BYTES(GET HOST "X: a\r\r\n\r\n"), 400},
    {"a CR without LF as the empty line", BYTES(GET HOST "\rX"), 400},
    {"a NUL in a value", BYTES(GET HOST "X: a\0b\r\n\r\n"), 400},
    {"a control in a value", BYTES(GET HOST "X: a\x1b[31m\r\n\r\n"), 400},
    {"DEL in a value", BYTES(GET HOST "X: \x7F\r\n\r\n"), 400},
    {"nine fields", BYTES(GET HOST "A: 1\r\nB: 2\r\nC: 3\r\nD: 4\r\nE: 5\r\nF: 6\r\nG: 7\r\nH: 8\r\n\r\n"), 431},
    {"another expectation", BYTES(POST "Expect: 200-ok\r\n\r\n"), 417},
    {"two expectations", BYTES(POST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"), 417},
};

#define LENGTH(value) POST "Content-Length:" value "\r\n\r\n"
#define CODING(value) POST "Transfer-Encoding:" value "\r\n\r\n"

static const struct head_case framing_cases[] = {
    {"length and coding", BYTES(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"coding and length", BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), 400},
    {"coding and a length of 0", BYTES(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n"), 400},
    {"two lengths", BYTES(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), 400},
    {"the same length twice", BYTES(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), 400},
    {"lengths in other cases", BYTES(POST "Content-Length: 5\r\ncontent-LENGTH: 6\r\n\r\n"), 400},
    {"a list of lengths", BYTES(LENGTH(" 5, 6")), 400},
    {"a list of the same length", BYTES(LENGTH(" 5, 5")), 400},
    {"a negative length", BYTES(LENGTH(" -1")), 400},
    {"a length with a plus", BYTES(LENGTH(" +5")), 400},
    {"a hexadecimal length", BYTES(LENGTH(" 0x5")), 400},
    {"a length with a letter", BYTES(LENGTH(" 5a")), 400},
    {"a length with a blank", BYTES(LENGTH(" 5 5")), 400},
    {"a length with a point", BYTES(LENGTH(" 5.0")), 400},
    {"a length with a group", BYTES(LENGTH(" 1_000")), 400},
    {"an empty length", BYTES(LENGTH("")), 400},
    {"a quoted length", BYTES(LENGTH(" \"5\"")), 400},
    {"a length of 20 digits", BYTES(LENGTH(" 18446744073709551621")), 413},
    {"a length of 32 digits", BYTES(LENGTH(" 00000000000000000000000000000005")), 413},
    {"chunked twice", BYTES(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"a list of chunked", BYTES(CODING(" chunked, chunked")), 400},
    {"gzip and chunked", BYTES(CODING(" gzip, chunked")), 400},
    {"chunked and gzip", BYTES(CODING(" chunked, gzip")), 400},
    {"chunked and nothing", BYTES(CODING(" chunked,")), 400},
    {"nothing and chunked", BYTES(CODING(" ,chunked")), 400},
    {"gzip", BYTES(CODING(" gzip")), 501},
    {"identity", BYTES(CODING(" identity")), 501},
    {"no coding", BYTES(CODING("")), 501},
    {"xchunked", BYTES(CODING(" xchunked")), 501},
    {"chunked with a parameter", BYTES(CODING(" chunked;q=1")), 501},
    {"quoted chunked", BYTES(CODING(" \"chunked\"")), 501},
    {"chunked and a vertical tab",
     BYTES(CODING(" \x0b"
                  "chunked")),
     400},
    {"chunked in HTTP/1.0", BYTES("POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n"), 400},
    {"a blank before the coding's colon", BYTES(POST "Transfer-Encoding : chunked\r\n\r\n"), 400},
    {"a coding in a folded line", BYTES(POST "X: a\r\n Transfer-Encoding: chunked\r\n\r\n"), 400},
    {"a coding behind a bare LF", BYTES(POST "X: a\nTransfer-Encoding: chunked\r\n\r\n"), 400},
    {"a coding behind a bare CR", BYTES(POST "X: a\rTransfer-Encoding: chunked\r\n\r\n"), 400},
};

static int decode_status(struct view bytes, struct http_request *request, struct http_fault *fault)
{
    struct view copy = exact_copy(bytes);
    enum decode decode = http_request_decode(copy, &limits, request, fault);

    free_copy(copy);
    if (decode == DECODE_BAD) {
        assert_in_range(strlen(fault->text), 10, 200);
        return fault->status;
    }
    return decode == DECODE_DONE ? TAKEN : NEED_MORE;
}

/* However much of the bytes is there, the answer is the same or that more is needed. */
static void agrees_at_every_cut(const struct head_case *head, const struct http_request *whole,
                                const struct http_fault *why)
{
    struct http_request request;
    struct http_fault fault;

    for (size_t cut = 0; cut < head->bytes.size; cut++) {
        int status = decode_status(view_first(head->bytes, cut), &request, &fault);

        if (head->status == TAKEN && status != (cut < whole->head_size ? NEED_MORE : TAKEN))
            fail_msg("%s: cut at %zu: %d", head->name, cut, status);
        if (head->status != TAKEN && status != NEED_MORE && status != head->status)
            fail_msg("%s: cut at %zu: %d", head->name, cut, status);
        if (status > 0)
            assert_string_equal(fault.text, why->text);
    }
}

static void check_heads(const struct head_case *heads, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        struct http_request request;
        struct http_fault fault = {0};
        int status = decode_status(heads[index].bytes, &request, &fault);

        if (status != heads[index].status)
            fail_msg("%s: %d instead of %d (%s)", heads[index].name, status, heads[index].status,
                     status > 0 ? fault.text : "");
        agrees_at_every_cut(&heads[index], &request, &fault);
    }
}

static void right_heads_are_taken_at_every_cut(void **state)
{
    (void)state;
    check_heads(right_cases, COUNT(right_cases));
}

static void incomplete_heads_need_more(void **state)
{
    (void)state;
    check_heads(incomplete_cases, COUNT(incomplete_cases));
}

static void bad_request_lines_are_refused_at_every_cut(void **state)
{
    (void)state;
    check_heads(line_cases, COUNT(line_cases));
}

static void bad_fields_are_refused_at_every_cut(void **state)
{
    (void)state;
    check_heads(field_cases, COUNT(field_cases));
}

static void what_could_smuggle_a_request_is_refused(void **state)
{
    (void)state;
    check_heads(framing_cases, COUNT(framing_cases));
}

static void decode(struct view bytes, struct http_request *request)
{
    struct http_fault fault;

    assert_int_equal(http_request_decode(bytes, &limits, request, &fault), DECODE_DONE);
}

static void all_parts_of_a_head_are_found(void **state)
{
    const struct view bytes = VIEW("\r\nPOST /api/rooms?q=a%20b&c=?d HTTP/1.1\r\nHost: chat.example:8080\r\n"
                                   "X-Two:  two words \t\r\nContent-Length: 12\r\nx-two: again\r\n\r\nhello, world");
    struct http_request request;

    (void)state;
    decode(bytes, &request);
    assert_views_equal(request.method, VIEW("POST"));
    assert_views_equal(request.target, VIEW("/api/rooms?q=a%20b&c=?d"));
    assert_views_equal(request.path, VIEW("/api/rooms"));
    assert_views_equal(request.query, VIEW("q=a%20b&c=?d"));
    assert_int_equal(request.minor_version, 1);
    assert_int_equal(request.field_count, 4);
    assert_views_equal(request.fields[1].name, VIEW("X-Two"));
    assert_views_equal(request.fields[1].value, VIEW("two words"));
    assert_true(request.content_length == 12);
    assert_false(request.is_chunked);
    assert_true(request.is_kept_alive);
    assert_false(request.expects_continue);
    assert_views_equal(view_skip(bytes, request.head_size), VIEW("hello, world"));
}

struct target_case {
    const char *head;
    struct view target;
    struct view path;
    struct view query;
};

static void targets_are_reduced_and_split(void **state)
{
    static const struct target_case targets[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", BYTES("/"), BYTES("/"), BYTES("")},
        {"GET /? HTTP/1.1\r\n" HOST "\r\n", BYTES("/?"), BYTES("/"), BYTES("")},
        {"GET /a?b?c HTTP/1.1\r\n" HOST "\r\n", BYTES("/a?b?c"), BYTES("/a"), BYTES("b?c")},
        {"GET http://example.org HTTP/1.1\r\n" HOST "\r\n", BYTES("/"), BYTES("/"), BYTES("")},
        {"GET http://example.org/x/y?z HTTP/1.1\r\n" HOST "\r\n", BYTES("/x/y?z"), BYTES("/x/y"), BYTES("z")},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", BYTES("*"), BYTES("*"), BYTES("")},
    };

    (void)state;
    for (size_t index = 0; index < COUNT(targets); index++) {
        struct http_request request;
        decode(view_of_string(targets[index].head), &request);
        assert_views_equal(request.target, targets[index].target);
        assert_views_equal(request.path, targets[index].path);
        assert_views_equal(request.query, targets[index].query);
    }
}

struct connection_case {
    const char *head;
    bool is_kept_alive;
    bool expects_continue;
    bool is_chunked;
};

static void version_and_connection_say_what_follows(void **state)
{
    static const struct connection_case connections[] = {
        {GET HOST "\r\n", true, false, false},
        {GET HOST "Connection: close\r\n\r\n", false, false, false},
        {GET HOST "Connection: Upgrade, CLOSE\r\n\r\n", false, false, false},
        {GET HOST "Connection: upgrade\r\nConnection: close\r\n\r\n", false, false, false},
        {GET HOST "Connection: closed, not-close\r\n\r\n", true, false, false},
        {"GET / HTTP/1.0\r\n\r\n", false, false, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true, false, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", false, false, false},
        {POST "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n", true, true, false},
        {POST "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n", true, true, true},
        {POST "Expect: 100-continue\r\n\r\n", true, false, false},
        {"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n", false, false, false},
        {"POST / HTTP/1.0\r\nContent-Length: 1\r\nExpect: any\r\n\r\n", false, false, false},
    };

    (void)state;
    for (size_t index = 0; index < COUNT(connections); index++) {
        struct http_request request;
        decode(view_of_string(connections[index].head), &request);
        assert_int_equal(request.is_kept_alive, connections[index].is_kept_alive);
        assert_int_equal(request.expects_continue, connections[index].expects_continue);
        assert_int_equal(request.is_chunked, connections[index].is_chunked);
    }
}

/* A head of exactly `size` bytes, filled up in one field. */
static struct view head_of(size_t size, char *room)
{
    static const char start[] = GET HOST "X: ";

    memset(room, 'x', size);
    memcpy(room, start, sizeof(start) - 1);
    memcpy(room + size - 4, "\r\n\r\n", 4);
    return view_of(room, size);
}

static void a_head_may_fill_its_limit_and_no_more(void **state)
{
    struct http_request request;
    struct http_fault fault;
    char room[2000];

    (void)state;
    assert_int_equal(decode_status(head_of(1024, room), &request, &fault), TAKEN);
    assert_int_equal(decode_status(head_of(1025, room), &request, &fault), 431);
    /* Sure as soon as the limit's last byte is not the head's. */
    assert_int_equal(decode_status(view_first(head_of(1025, room), 1023), &request, &fault), NEED_MORE);
    assert_int_equal(decode_status(view_first(head_of(1025, room), 1024), &request, &fault), 431);
    memset(room, 'x', sizeof(room));
    memcpy(room, GET, sizeof(GET) - 1);
    assert_int_equal(decode_status(view_of(room, sizeof(room)), &request, &fault), 431);
}

static void a_target_may_fill_its_limit_and_no_more(void **state)
{
    struct http_request request;
    struct http_fault fault;
    char head[400];

    (void)state;
    for (size_t size = 127; size <= 129; size++) {
        char target[130];
        memset(target, 'a', sizeof(target));
        target[0] = '/';
        target[size] = '\0';
        int length = snprintf(head, sizeof(head), "GET %s HTTP/1.1\r\n" HOST "\r\n", target);
        assert_int_equal(decode_status(view_of(head, (size_t)length), &request, &fault), size <= 128 ? TAKEN : 414);
    }
}

static void no_single_byte_changed_breaks_anything(void **state)
{
    static const char head[] = "GET /ws?room=lobby HTTP/1.1\r\nHost: [::1]:80\r\nConnection: keep-alive, Upgrade\r\n"
                               "Content-Length: 3\r\n\r\n";
    char changed[sizeof(head)];

    (void)state;
    for (size_t place = 0; place < sizeof(head) - 1; place++)
        for (unsigned byte = 0; byte < 256; byte++) {
            struct http_request request;
            struct http_fault fault;
            memcpy(changed, head, sizeof(head));
            changed[place] = (char)byte;
            int status = decode_status(view_of(changed, sizeof(head) - 1), &request, &fault);
            /* A line's end stands nowhere but at a line's end. */
            if ((byte == '\r' || byte == '\n') && head[place] != (char)byte)
                assert_true(status > 0);
        }
}

int test_http1(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(right_heads_are_taken_at_every_cut),
        cmocka_unit_test(incomplete_heads_need_more),
        cmocka_unit_test(bad_request_lines_are_refused_at_every_cut),
        cmocka_unit_test(bad_fields_are_refused_at_every_cut),
        cmocka_unit_test(what_could_smuggle_a_request_is_refused),
        cmocka_unit_test(all_parts_of_a_head_are_found),
        cmocka_unit_test(targets_are_reduced_and_split),
        cmocka_unit_test(version_and_connection_say_what_follows),
        cmocka_unit_test(a_head_may_fill_its_limit_and_no_more),
        cmocka_unit_test(a_target_may_fill_its_limit_and_no_more),
        cmocka_unit_test(no_single_byte_changed_breaks_anything),
    };
    return cmocka_run_group_tests_name("http1", tests, NULL, NULL);
}
