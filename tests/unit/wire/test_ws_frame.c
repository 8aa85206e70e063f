/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ws_frame.h"

#include "wire_test.h"

int test_ws_frame(void);

struct header_case {
    const char *name;
    struct view bytes;
    bool is_compression_agreed;
    enum decode decode;
    struct ws_header header;
};

#define MASK "\x37\xFA\x21\x3D"
#define MASK_BYTES             \
    {                          \
        0x37, 0xFA, 0x21, 0x3D \
    }

static const struct header_case cases[] = {
    /* RFC 6455 section 5.7 */
    {"the standard's masked Hello",
     BYTES("\x81\x85" MASK "\x7F\x9F\x4D\x51\x58"),
     false,
     DECODE_DONE,
     {WS_TEXT, true, false, MASK_BYTES, 5, 6}},
    {"a masked pong", BYTES("\x8A\x85" MASK), false, DECODE_DONE, {WS_PONG, true, false, MASK_BYTES, 5, 6}},
    {"an empty ping", BYTES("\x89\x80" MASK), false, DECODE_DONE, {WS_PING, true, false, MASK_BYTES, 0, 6}},
    {"a close of 125", BYTES("\x88\xFD" MASK), false, DECODE_DONE, {WS_CLOSE, true, false, MASK_BYTES, 125, 6}},
    {"a first fragment", BYTES("\x01\x83" MASK), false, DECODE_DONE, {WS_TEXT, false, false, MASK_BYTES, 3, 6}},
    {"a last fragment", BYTES("\x80\x82" MASK), false, DECODE_DONE, {WS_CONTINUATION, true, false, MASK_BYTES, 2, 6}},
    {"binary of 125", BYTES("\x82\xFD" MASK), false, DECODE_DONE, {WS_BINARY, true, false, MASK_BYTES, 125, 6}},
    {"binary of 126", BYTES("\x82\xFE\x00\x7E" MASK), false, DECODE_DONE, {WS_BINARY, true, false, MASK_BYTES, 126, 8}},
    {"binary of 127", BYTES("\x82\xFE\x00\x7F" MASK), false, DECODE_DONE, {WS_BINARY, true, false, MASK_BYTES, 127, 8}},
    {"binary of 256", BYTES("\x82\xFE\x01\x00" MASK), false, DECODE_DONE, {WS_BINARY, true, false, MASK_BYTES, 256, 8}},
    {"binary of 65535",
     BYTES("\x82\xFE\xFF\xFF" MASK),
     false,
     DECODE_DONE,
     {WS_BINARY, true, false, MASK_BYTES, 65535, 8}},
    {"binary of 65536",
     BYTES("\x82\xFF\0\0\0\0\0\1\0\0" MASK),
     false,
     DECODE_DONE,
     {WS_BINARY, true, false, MASK_BYTES, 65536, 14}},
    {"the largest length",
     BYTES("\x82\xFF\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF" MASK),
     false,
     DECODE_DONE,
     {WS_BINARY, true, false, MASK_BYTES, INT64_MAX, 14}},
    {"compressed text", BYTES("\xC1\x87" MASK), true, DECODE_DONE, {WS_TEXT, true, true, MASK_BYTES, 7, 6}},
    {"a compressed first fragment",
     BYTES("\x42\x87" MASK),
     true,
     DECODE_DONE,
     {WS_BINARY, false, true, MASK_BYTES, 7, 6}},

    {"unmasked", BYTES("\x81\x05Hello"), false, DECODE_BAD, {0}},
    {"unmasked and empty", BYTES("\x81\x00"), false, DECODE_BAD, {0}},
    {"RSV1 not agreed", BYTES("\xC1\x85" MASK), false, DECODE_BAD, {0}},
    {"RSV2", BYTES("\xA1\x85" MASK), true, DECODE_BAD, {0}},
    {"RSV3", BYTES("\x91\x85" MASK), true, DECODE_BAD, {0}},
    {"all reserved bits", BYTES("\xF1\x85" MASK), true, DECODE_BAD, {0}},
    {"RSV1 on a ping", BYTES("\xC9\x80" MASK), true, DECODE_BAD, {0}},
    {"RSV1 on a close", BYTES("\xC8\x80" MASK), true, DECODE_BAD, {0}},
    {"RSV1 on a continuation", BYTES("\xC0\x80" MASK), true, DECODE_BAD, {0}},
    {"opcode 3", BYTES("\x83\x80" MASK), false, DECODE_BAD, {0}},
    {"opcode 7", BYTES("\x87\x80" MASK), false, DECODE_BAD, {0}},
    {"opcode 11", BYTES("\x8B\x80" MASK), false, DECODE_BAD, {0}},
    {"opcode 15", BYTES("\x8F\x80" MASK), false, DECODE_BAD, {0}},
    {"a fragmented ping", BYTES("\x09\x80" MASK), false, DECODE_BAD, {0}},
    {"a fragmented close", BYTES("\x08\x82" MASK), false, DECODE_BAD, {0}},
    {"a ping of 126", BYTES("\x89\xFE\x00\x7E" MASK), false, DECODE_BAD, {0}},
    {"a close of 64 bits", BYTES("\x88\xFF\0\0\0\0\0\1\0\0" MASK), false, DECODE_BAD, {0}},
    {"125 in 16 bits", BYTES("\x82\xFE\x00\x7D" MASK), false, DECODE_BAD, {0}},
    {"0 in 16 bits", BYTES("\x82\xFE\x00\x00" MASK), false, DECODE_BAD, {0}},
    {"65535 in 64 bits", BYTES("\x82\xFF\0\0\0\0\0\0\xFF\xFF" MASK), false, DECODE_BAD, {0}},
    {"5 in 64 bits", BYTES("\x82\xFF\0\0\0\0\0\0\0\5" MASK), false, DECODE_BAD, {0}},
    {"the length's top bit", BYTES("\x82\xFF\x80\0\0\0\0\0\0\0" MASK), false, DECODE_BAD, {0}},
    {"all bits of the length", BYTES("\x82\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF" MASK), false, DECODE_BAD, {0}},
};

static void check_header(const struct header_case *header_case, struct view bytes)
{
    struct ws_header header = {0};
    struct ws_fault fault = {0};
    enum decode decode = ws_decode(bytes, header_case->is_compression_agreed, &header, &fault);

    if (decode != header_case->decode)
        fail_msg("%s: %d", header_case->name, (int)decode);
    if (decode == DECODE_BAD) {
        assert_int_equal(fault.code, WS_CLOSE_PROTOCOL_ERROR);
        assert_in_range(strlen(fault.text), 1, 123);
        return;
    }
    assert_int_equal(header.opcode, header_case->header.opcode);
    assert_int_equal(header.is_final, header_case->header.is_final);
    assert_int_equal(header.is_compressed, header_case->header.is_compressed);
    assert_memory_equal(header.mask, header_case->header.mask, 4);
    assert_true(header.payload_size == header_case->header.payload_size);
    assert_int_equal(header.size, header_case->header.size);
}

static void headers_are_judged_right_at_every_cut(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        const struct header_case *header_case = &cases[index];
        bool is_bad = false;

        for (size_t cut = 0; cut < header_case->bytes.size; cut++) {
            struct view bytes = exact_copy(view_first(header_case->bytes, cut));
            struct ws_header header;
            struct ws_fault fault;
            enum decode decode = ws_decode(bytes, header_case->is_compression_agreed, &header, &fault);

            assert_true(!is_bad || decode == DECODE_BAD); /* bad stays bad */
            is_bad = decode == DECODE_BAD;
            if (is_bad)
                assert_int_equal(header_case->decode, DECODE_BAD);
            if (decode == DECODE_DONE)
                assert_true(cut >= header_case->header.size);
            free_copy(bytes);
        }
        check_header(header_case, header_case->bytes);
    }
}

static void a_bad_first_byte_is_known_alone(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t opcode = byte & 15;
        bool is_data = opcode <= 2;
        bool is_control = opcode >= 8 && opcode <= 10;
        bool is_bad = (byte & 0x30) || (!is_data && !is_control) || (is_control && !(byte & 0x80))
                      || ((byte & 0x40) && (opcode == 0 || is_control));
        uint8_t first = (uint8_t)byte;
        struct ws_header header;
        struct ws_fault fault;

        assert_int_equal(ws_decode(view_of(&first, 1), true, &header, &fault), is_bad ? DECODE_BAD : DECODE_NEED_MORE);
        assert_int_equal(ws_decode(view_of(&first, 1), false, &header, &fault),
                         is_bad || (byte & 0x40) ? DECODE_BAD : DECODE_NEED_MORE);
    }
}

static void the_standards_masked_hello_is_unmasked(void **state)
{
    uint8_t payload[] = {0x7F, 0x9F, 0x4D, 0x51, 0x58};
    const uint8_t mask[4] = MASK_BYTES;

    (void)state;
    ws_unmask(payload, sizeof(payload), mask, 0);
    assert_memory_equal(payload, "Hello", 5);
    ws_unmask(NULL, 0, mask, 3);
}

static void unmasking_is_the_same_for_every_size_place_and_cut(void **state)
{
    const uint8_t mask[4] = {0x00, 0xFF, 0x5A, 0x81};
    uint8_t bytes[160];
    uint8_t expected[160];

    (void)state;
    for (size_t size = 0; size <= 100; size++)
        for (size_t place = 0; place < 9; place++)
            for (uint64_t phase = 0; phase < 4; phase++) {
                for (size_t index = 0; index < sizeof(bytes); index++)
                    bytes[index] = expected[index] = (uint8_t)(index * 7);
                for (size_t index = 0; index < size; index++)
                    expected[place + index] ^= mask[(phase + index) % 4];
                size_t cut = size * place / 9;
                ws_unmask(bytes + place, cut, mask, phase + (1ULL << 40));
                ws_unmask(bytes + place + cut, size - cut, mask, phase + cut);
                assert_memory_equal(bytes, expected, sizeof(bytes));
            }
}

struct size_case {
    uint64_t payload_size;
    size_t header_size;
    struct view bytes;
};

static void a_servers_headers_are_as_short_as_can_be(void **state)
{
    static const struct size_case sizes[] = {
        {0, 2, BYTES("\x82\x00")},
        {5, 2, BYTES("\x82\x05")},
        {125, 2, BYTES("\x82\x7D")},
        {126, 4, BYTES("\x82\x7E\x00\x7E")},
        {127, 4, BYTES("\x82\x7E\x00\x7F")},
        {256, 4, BYTES("\x82\x7E\x01\x00")},
        {65535, 4, BYTES("\x82\x7E\xFF\xFF")},
        {65536, 10, BYTES("\x82\x7F\0\0\0\0\0\1\0\0")},
        {0x123456789, 10, BYTES("\x82\x7F\0\0\0\1\x23\x45\x67\x89")},
    };

    (void)state;
    for (size_t index = 0; index < COUNT(sizes); index++) {
        uint8_t out[WS_SERVER_HEADER_BYTES_MAX];

        assert_int_equal(ws_header_encode(out, WS_BINARY, true, false, sizes[index].payload_size),
                         sizes[index].header_size);
        assert_memory_equal(out, sizes[index].bytes.at, sizes[index].header_size);
        assert_true(ws_server_frame_size(out) == sizes[index].header_size + sizes[index].payload_size);
    }
}

static void a_servers_first_byte_says_final_and_compressed(void **state)
{
    uint8_t out[WS_SERVER_HEADER_BYTES_MAX];

    (void)state;
    ws_header_encode(out, WS_TEXT, false, false, 3); /* RFC 6455 section 5.7: "Hel" and "lo" */
    assert_memory_equal(out, "\x01\x03", 2);
    ws_header_encode(out, WS_CONTINUATION, true, false, 2);
    assert_memory_equal(out, "\x80\x02", 2);
    ws_header_encode(out, WS_TEXT, true, true, 7);
    assert_memory_equal(out, "\xC1\x07", 2);
    ws_header_encode(out, WS_PING, true, false, 5);
    assert_memory_equal(out, "\x89\x05", 2);
}

static bool code_is_right(uint16_t code)
{
    static const uint16_t right[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014};

    for (size_t index = 0; index < COUNT(right); index++)
        if (code == right[index])
            return true;
    return code >= 3000 && code <= 4999;
}

static void only_codes_that_may_be_sent_are_read(void **state)
{
    (void)state;
    for (unsigned code = 0; code < 0x10000; code++) {
        uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};
        struct ws_fault fault = {0};
        struct view reason = {0};
        uint16_t read = 0;
        bool is_right = ws_close_read(view_of(payload, 2), &read, &reason, &fault);

        if (is_right != code_is_right((uint16_t)code))
            fail_msg("close code %u", code);
        if (is_right)
            assert_int_equal(read, code);
        else
            assert_int_equal(fault.code, WS_CLOSE_PROTOCOL_ERROR);
    }
}

static void close_payloads_are_read_or_refused(void **state)
{
    struct ws_fault fault = {0};
    struct view reason = {0};
    uint16_t code = 0;

    (void)state;
    assert_true(ws_close_read(VIEW(""), &code, &reason, &fault));
    assert_int_equal(code, WS_CLOSE_NO_STATUS);
    assert_int_equal(reason.size, 0);
    assert_true(ws_close_read(VIEW("\x03\xE8 tsch\xC3\xBC\xC3\x9F"), &code, &reason, &fault));
    assert_int_equal(code, WS_CLOSE_NORMAL);
    assert_views_equal(reason, VIEW(" tsch\xC3\xBC\xC3\x9F"));
    assert_false(ws_close_read(VIEW("\x03"), &code, &reason, &fault));
    assert_int_equal(fault.code, WS_CLOSE_PROTOCOL_ERROR);
    assert_false(ws_close_read(VIEW("\x03\xE8\xC3"), &code, &reason, &fault));
    assert_int_equal(fault.code, WS_CLOSE_NOT_UTF8);
    assert_false(ws_close_read(VIEW("\x03\xE8\xED\xA0\x80"), &code, &reason, &fault));
    assert_int_equal(fault.code, WS_CLOSE_NOT_UTF8);
}

static void a_close_frames_reason_is_cut_at_a_character(void **state)
{
    uint8_t out[WS_CONTROL_BYTES_MAX + 2];
    char reason[200];

    (void)state;
    assert_int_equal(ws_close_encode(out, WS_CLOSE_GOING_AWAY, VIEW("bye")), 7);
    assert_memory_equal(out,
                        "\x88\x05\x03\xE9"
                        "bye",
                        7);
    assert_int_equal(ws_close_encode(out, WS_CLOSE_NORMAL, VIEW("")), 4);
    assert_memory_equal(out, "\x88\x02\x03\xE8", 4);
    assert_int_equal(ws_close_encode(out, WS_CLOSE_NO_STATUS, VIEW("unsaid")), 2);
    assert_memory_equal(out, "\x88\x00", 2);
    for (size_t ascii = 0; ascii < 4; ascii++) { /* emoji behind letters: the cut falls on each of their bytes */
        struct ws_fault fault = {0};
        struct view read;
        uint16_t code;
        memset(reason, 'x', ascii);
        for (size_t at = ascii; at + 4 <= sizeof(reason); at += 4)
            memcpy(reason + at, "\xF0\x9F\x98\x80", 4);
        size_t size = ws_close_encode(out, WS_CLOSE_POLICY, view_of(reason, 196));
        assert_int_equal(size, 4 + ascii + (123 - ascii) / 4 * 4);
        assert_true(ws_server_frame_size(out) == size);
        assert_true(ws_close_read(view_of(out + 2, size - 2), &code, &read, &fault));
        assert_int_equal(code, WS_CLOSE_POLICY);
    }
    memset(reason, 'x', sizeof(reason));
    assert_int_equal(ws_close_encode(out, WS_CLOSE_POLICY, view_of(reason, 123)), 127);
    assert_int_equal(ws_close_encode(out, WS_CLOSE_POLICY, view_of(reason, 124)), 127);
}

int test_ws_frame(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_are_judged_right_at_every_cut),
        cmocka_unit_test(a_bad_first_byte_is_known_alone),
        cmocka_unit_test(the_standards_masked_hello_is_unmasked),
        cmocka_unit_test(unmasking_is_the_same_for_every_size_place_and_cut),
        cmocka_unit_test(a_servers_headers_are_as_short_as_can_be),
        cmocka_unit_test(a_servers_first_byte_says_final_and_compressed),
        cmocka_unit_test(only_codes_that_may_be_sent_are_read),
        cmocka_unit_test(close_payloads_are_read_or_refused),
        cmocka_unit_test(a_close_frames_reason_is_cut_at_a_character),
    };
    return cmocka_run_group_tests_name("ws_frame", tests, NULL, NULL);
}
