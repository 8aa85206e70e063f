/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/http1.h"

#include "wire_test.h"

int test_http1_body(void);

struct body_case {
    const char *name;
    struct view bytes;
    enum decode decode;
    struct view body;
    size_t rest; /* bytes behind the body */
};

#define TEN   "0123456789"
#define FIFTY TEN TEN TEN TEN TEN

static const struct body_case cases[] = {
    {"nothing", BYTES("0\r\n\r\n"), DECODE_DONE, BYTES(""), 0},
    {"one chunk", BYTES("5\r\nhello\r\n0\r\n\r\n"), DECODE_DONE, BYTES("hello"), 0},
    {"several", BYTES("5\r\nhello\r\n2\r\n, \r\n5\r\nworld\r\n0\r\n\r\n"), DECODE_DONE, BYTES("hello, world"), 0},
    {"a request behind", BYTES("1\r\na\r\n0\r\n\r\nGET / HTTP/1.1\r\n"), DECODE_DONE, BYTES("a"), 16},
    {"hexadecimal in both cases", BYTES("a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n"), DECODE_DONE,
     BYTES("01234567890123456789a"), 0},
    {"zeros before the size", BYTES("0005\r\nhello\r\n000\r\n\r\n"), DECODE_DONE, BYTES("hello"), 0},
    {"line ends as data", BYTES("4\r\n\r\n\r\n\r\n0\r\n\r\n"), DECODE_DONE, BYTES("\r\n\r\n"), 0},
    {"extensions", BYTES("1;a\r\nx\r\n1; b=\"c;d\"\r\ny\r\n0;last\r\n\r\n"), DECODE_DONE, BYTES("xy"), 0},
    {"trailers", BYTES("1\r\nx\r\n0\r\nA: 1\r\nB:2\r\n\r\nrest"), DECODE_DONE, BYTES("x"), 4},
    {"half a size", BYTES("1"), DECODE_NEED_MORE, BYTES(""), 0},
    {"half a chunk", BYTES("5\r\nhel"), DECODE_NEED_MORE, BYTES("hel"), 0},
    {"no last chunk", BYTES("5\r\nhello\r\n"), DECODE_NEED_MORE, BYTES("hello"), 0},
    {"no last empty line", BYTES("0\r\n"), DECODE_NEED_MORE, BYTES(""), 0},

    {"no size", BYTES("\r\n"), DECODE_BAD, BYTES(""), 0},
    {"no size but an extension", BYTES(";a\r\n"), DECODE_BAD, BYTES(""), 0},
    {"letters", BYTES("xyz\r\n"), DECODE_BAD, BYTES(""), 0},
    {"0x5", BYTES("0x5\r\nhello\r\n0\r\n\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a plus", BYTES("+5\r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a minus", BYTES("-5\r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a blank before the size", BYTES(" 5\r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a blank behind the size", BYTES("5 \r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a blank before an extension", BYTES("5 ;a\r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a size with a bare LF", BYTES("5\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a size with a bare CR", BYTES("5\rhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"CR CR LF", BYTES("5\r\r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a bare LF in an extension", BYTES("5;a\nb\r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a control in an extension", BYTES("5;a\x01\r\nhello\r\n"), DECODE_BAD, BYTES(""), 0},
    {"more data than the size", BYTES("5\r\nhello!\r\n"), DECODE_BAD, BYTES("hello"), 0},
    {"less data than the size", BYTES("5\r\nhell\r\n0\r\n\r\n"), DECODE_BAD, BYTES("hell\r"), 0},
    {"a bare LF behind the data", BYTES("5\r\nhello\n0\r\n\r\n"), DECODE_BAD, BYTES("hello"), 0},
    {"a bare CR behind the data", BYTES("5\r\nhello\r0\r\n\r\n"), DECODE_BAD, BYTES("hello"), 0},
    {"no line end behind the data", BYTES("5\r\nhello0\r\n\r\n"), DECODE_BAD, BYTES("hello"), 0},
    {"a size over 64 bits", BYTES("10000000000000000\r\n"), DECODE_BAD, BYTES(""), 0},
    {"sizes that overflow together", BYTES("1\r\na\r\nffffffffffffffff\r\n"), DECODE_BAD, BYTES("a"), 0},
    {"an endless size line", BYTES("5;" FIFTY FIFTY FIFTY FIFTY FIFTY FIFTY), DECODE_BAD, BYTES(""), 0},
    {"an endless size", BYTES("0" FIFTY), DECODE_BAD, BYTES(""), 0},
    {"a trailer without name", BYTES("0\r\n: 1\r\n\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a trailer without colon", BYTES("0\r\nA\r\n\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a trailer with a blank before the colon", BYTES("0\r\nA : 1\r\n\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a folded trailer", BYTES("0\r\nA: 1\r\n b\r\n\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a trailer with a bare LF", BYTES("0\r\nA: 1\n\r\n"), DECODE_BAD, BYTES(""), 0},
    {"a last line with a bare LF", BYTES("0\r\n\n"), DECODE_BAD, BYTES(""), 0},
    {"a last line with a bare CR", BYTES("0\r\n\rX"), DECODE_BAD, BYTES(""), 0},
};

/* Decodes pieces of at most `piece_max` bytes, in memory of their own. Returns how many bytes were used. */
static size_t run(struct view bytes, size_t piece_max, struct builder *body, enum decode *out_decode)
{
    struct http_chunked chunked;
    size_t taken = 0;

    http_chunked_init(&chunked);
    *out_decode = DECODE_NEED_MORE;
    while (*out_decode == DECODE_NEED_MORE && taken < bytes.size) {
        struct view rest = view_skip(bytes, taken);
        struct view piece = exact_copy(view_first(rest, rest.size < piece_max ? rest.size : piece_max));
        struct view data;
        size_t used = 0;

        *out_decode = http_chunked_decode(&chunked, piece, &used, &data);
        builder_add_view(body, data);
        assert_true(used <= piece.size && (used > 0 || *out_decode != DECODE_NEED_MORE));
        taken += used;
        free_copy(piece);
    }
    assert_true(chunked.body_bytes == body->size);
    return taken;
}

static void bodies_are_judged_right_in_pieces_of_every_size(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++)
        for (size_t piece_max = 1; piece_max <= cases[index].bytes.size; piece_max++) {
            enum decode decode;
            struct builder body;

            builder_init(&body, 1000);
            size_t used = run(cases[index].bytes, piece_max, &body, &decode);
            if (decode != cases[index].decode || !view_equal(builder_view(&body), cases[index].body))
                fail_msg("%s, in pieces of %zu: %d", cases[index].name, piece_max, (int)decode);
            if (decode == DECODE_DONE)
                assert_int_equal(used, cases[index].bytes.size - cases[index].rest);
            builder_done(&body);
        }
}

static void trailers_are_bounded(void **state)
{
    struct http_chunked chunked;
    enum decode decode = DECODE_NEED_MORE;
    struct view data;
    size_t used;
    int count = 0;

    (void)state;
    http_chunked_init(&chunked);
    assert_int_equal(http_chunked_decode(&chunked, VIEW("0\r\n"), &used, &data), DECODE_NEED_MORE);
    while (decode == DECODE_NEED_MORE && count++ < 10000)
        decode = http_chunked_decode(&chunked, VIEW("Name: value\r\n"), &used, &data);
    assert_int_equal(decode, DECODE_BAD);
    assert_in_range(count, 300, 330);
}

static void what_has_ended_stays_so(void **state)
{
    struct http_chunked chunked;
    struct view data;
    size_t used;

    (void)state;
    http_chunked_init(&chunked);
    assert_int_equal(http_chunked_decode(&chunked, VIEW("0\r\n\r\n"), &used, &data), DECODE_DONE);
    assert_int_equal(http_chunked_decode(&chunked, VIEW("5\r\n"), &used, &data), DECODE_DONE);
    assert_int_equal(used, 0);
    http_chunked_init(&chunked);
    assert_int_equal(http_chunked_decode(&chunked, VIEW("!"), &used, &data), DECODE_BAD);
    assert_int_equal(http_chunked_decode(&chunked, VIEW("0\r\n\r\n"), &used, &data), DECODE_BAD);
    assert_int_equal(used, 0);
}

int test_http1_body(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_are_judged_right_in_pieces_of_every_size),
        cmocka_unit_test(trailers_are_bounded),
        cmocka_unit_test(what_has_ended_stays_so),
    };
    return cmocka_run_group_tests_name("http1_body", tests, NULL, NULL);
}
