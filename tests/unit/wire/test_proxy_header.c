/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/proxy_header.h"

#include "wire_test.h"

int test_proxy_header(void);

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define FROM_4    "\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x67\x00\x50"
#define FROM_6                                 \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1" \
    "\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2" \
    "\x12\x67\x00\x50"
#define SIXTEEN_NULS "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define NULS_108 \
    SIXTEEN_NULS SIXTEEN_NULS SIXTEEN_NULS SIXTEEN_NULS SIXTEEN_NULS SIXTEEN_NULS "\0\0\0\0\0\0\0\0\0\0\0\0"

struct header_case {
    const char *name;
    struct view bytes;
    enum decode decode;
    bool has_source, is_secure;
    uint8_t first, last; /* of the address */
};

#define RIGHT_4  DECODE_DONE, true, false, 0, 1
#define RIGHT_6  DECODE_DONE, true, false, 0x20, 1
#define NOBODY   DECODE_DONE, false, false, 0, 0
#define IS_WRONG DECODE_BAD, false, false, 0, 0

static const struct header_case cases[] = {
    {"1, IPv4", BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n"), RIGHT_4},
    {"1, IPv6", BYTES("PROXY TCP6 2001:db8::1 2001:db8::2 4711 80\r\n"), RIGHT_6},
    {"1, unknown", BYTES("PROXY UNKNOWN\r\n"), NOBODY},
    {"1, unknown with words", BYTES("PROXY UNKNOWN ffff::1 ffff::2 1 2\r\n"), NOBODY},
    {"1, other family", BYTES("PROXY UDP4 192.0.2.1 10.0.0.1 4711 80\r\n"), IS_WRONG},
    {"1, families mixed", BYTES("PROXY TCP4 2001:db8::1 10.0.0.1 4711 80\r\n"), IS_WRONG},
    {"1, families mixed the other way", BYTES("PROXY TCP6 192.0.2.1 2001:db8::2 4711 80\r\n"), IS_WRONG},
    {"1, no address", BYTES("PROXY TCP4 example.org 10.0.0.1 4711 80\r\n"), IS_WRONG},
    {"1, no port", BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 4711\r\n"), IS_WRONG},
    {"1, port too high", BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 65536 80\r\n"), IS_WRONG},
    {"1, two blanks", BYTES("PROXY TCP4  192.0.2.1 10.0.0.1 4711 80\r\n"), IS_WRONG},
    {"1, more words", BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 4711 80 x\r\n"), IS_WRONG},
    {"1, bare line feed", BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\n"), IS_WRONG},
    {"1, nothing", BYTES("PROXY \r\n"), IS_WRONG},
    {"1, endless",
     BYTES("PROXY TCP4 192.0.2.1 10.0.0.1 4711 80                                                                   "
           "                  "),
     IS_WRONG},
    {"2, IPv4", BYTES(SIGNATURE "\x21\x11\x00\x0c" FROM_4), RIGHT_4},
    {"2, IPv6", BYTES(SIGNATURE "\x21\x21\x00\x24" FROM_6), RIGHT_6},
    {"2, local", BYTES(SIGNATURE "\x20\x00\x00\x00"), NOBODY},
    {"2, local with addresses", BYTES(SIGNATURE "\x20\x11\x00\x0c" FROM_4), NOBODY},
    {"2, unspecified", BYTES(SIGNATURE "\x21\x00\x00\x03xyz"), NOBODY},
    {"2, unix", BYTES(SIGNATURE "\x21\x31\x00\xd8" NULS_108 NULS_108), NOBODY},
    {"2, with an extension", BYTES(SIGNATURE "\x21\x11\x00\x11" FROM_4 "\x04\x00\x02yz"), RIGHT_4},
    {"2, over TLS", BYTES(SIGNATURE "\x21\x11\x00\x14" FROM_4 "\x20\x00\x05\x01\0\0\0\0"), DECODE_DONE, true, true, 0,
     1},
    {"2, TLS not used", BYTES(SIGNATURE "\x21\x11\x00\x14" FROM_4 "\x20\x00\x05\x02\0\0\0\0"), RIGHT_4},
    {"2, extension cut", BYTES(SIGNATURE "\x21\x11\x00\x0e" FROM_4 "\x04\x00"), IS_WRONG},
    {"2, extension too long", BYTES(SIGNATURE "\x21\x11\x00\x10" FROM_4 "\x04\x00\x02y"), IS_WRONG},
    {"2, TLS too short", BYTES(SIGNATURE "\x21\x11\x00\x10" FROM_4 "\x20\x00\x01\x01"), IS_WRONG},
    {"2, addresses too short", BYTES(SIGNATURE "\x21\x11\x00\x0b\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x67\x00"),
     IS_WRONG},
    {"2, datagrams", BYTES(SIGNATURE "\x21\x12\x00\x0c" FROM_4), IS_WRONG},
    {"2, version 3", BYTES(SIGNATURE "\x31\x11\x00\x0c" FROM_4), IS_WRONG},
    {"2, command 2", BYTES(SIGNATURE "\x22\x11\x00\x0c" FROM_4), IS_WRONG},
    {"2, too long", BYTES(SIGNATURE "\x21\x11\xff\xff"), IS_WRONG},
    {"a request", BYTES("GET / HTTP/1.1\r\n"), IS_WRONG},
    {"a request without end", BYTES("PUT / HTTP/1.1\r\n"), IS_WRONG},
    {"a handshake of TLS", BYTES("\x16\x03\x01\x02\x00"), IS_WRONG},
    {"small letters", BYTES("proxy TCP4 192.0.2.1 10.0.0.1 4711 80\r\n"), IS_WRONG},
};

static void check_source(const struct header_case *row, const struct proxy_header *header)
{
    assert_int_equal(header->has_source, row->has_source);
    assert_int_equal(header->is_secure, row->is_secure);
    if (!row->has_source)
        return;
    assert_int_equal(header->source[0], row->first);
    assert_int_equal(header->source[IP_BYTES - 1], row->last);
    assert_int_equal(header->source_port, 4711);
}

/* Each header is shown with every number of its first bytes, and with a client's bytes behind it. */
static void headers_are_understood_at_every_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct header_case *row = &cases[i];
        enum decode decode = DECODE_NEED_MORE;
        struct proxy_header header;

        for (size_t size = 0; size <= row->bytes.size && decode == DECODE_NEED_MORE; size++) {
            struct view cut = exact_copy(view_first(row->bytes, size));
            decode = proxy_header_decode(cut, &header);
            free_copy(cut);
            if (decode == DECODE_DONE)
                assert_int_equal(size, row->bytes.size);
        }
        if (decode != row->decode)
            fail_msg("%s: came to %d", row->name, (int)decode);
        if (decode != DECODE_DONE)
            continue;
        assert_int_equal(header.size, row->bytes.size);
        check_source(row, &header);
        uint8_t more[512];
        memcpy(more, row->bytes.at, row->bytes.size);
        memcpy(more + row->bytes.size, "GET / ", 6);
        assert_int_equal(proxy_header_decode(view_of(more, row->bytes.size + 6), &header), DECODE_DONE);
        assert_int_equal(header.size, row->bytes.size);
        check_source(row, &header);
    }
}

int test_proxy_header(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(headers_are_understood_at_every_cut)};

    return cmocka_run_group_tests_name("proxy_header", tests, NULL, NULL);
}
