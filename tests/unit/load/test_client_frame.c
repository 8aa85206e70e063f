/* SPDX-License-Identifier: Apache-2.0 */
#include "load/client_frame.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void headers_of_all_lengths_are_read_at_every_cut(void **state)
{
    static const uint64_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 1ULL << 40};
    (void)state;
    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++) {
        uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
        size_t size = ws_header_encode(header, WS_BINARY, true, true, sizes[index]);
        struct client_frame frame;
        for (size_t cut = 0; cut < size; cut++)
            assert_int_equal(client_frame_read(view_of(header, cut), true, &frame), DECODE_NEED_MORE);
        assert_int_equal(client_frame_read(view_of(header, size), true, &frame), DECODE_DONE);
        assert_int_equal(frame.opcode, WS_BINARY);
        assert_true(frame.is_final);
        assert_true(frame.is_compressed);
        assert_int_equal(frame.header_size, size);
        assert_int_equal(frame.payload_size, sizes[index]);
    }
}

static void what_a_server_must_not_send_is_refused(void **state)
{
    static const struct {
        const char *name;
        uint8_t bytes[10];
        size_t size;
        bool is_agreed;
    } rows[] = {
        {"masked", {0x81, 0x85}, 2, false},
        {"RSV1 without agreement", {0xc1}, 1, false},
        {"RSV1 on a ping", {0xc9}, 1, true},
        {"RSV1 on a continuation", {0xc0}, 1, true},
        {"RSV2", {0xa1}, 1, true},
        {"RSV3", {0x91}, 1, true},
        {"opcode 3", {0x83}, 1, false},
        {"opcode 11", {0x8b}, 1, false},
        {"a ping in pieces", {0x09}, 1, false},
        {"a long ping", {0x89, 126}, 2, false},
        {"the length's top bit", {0x82, 127, 0x80, 0, 0, 0, 0, 0, 0, 0}, 10, false},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct client_frame frame;
        print_message("# %s\n", rows[index].name);
        assert_int_equal(client_frame_read(view_of(rows[index].bytes, rows[index].size), rows[index].is_agreed, &frame),
                         DECODE_BAD);
    }
}

static void our_frames_are_what_a_server_reads(void **state)
{
    static const size_t sizes[] = {0, 1, 3, 4, 5, 125, 126, 1000, 65535, 65536};
    uint8_t *payload = calloc(1, 65536);
    (void)state;
    assert_non_null(payload);
    for (size_t index = 0; index < 65536; index++)
        payload[index] = (uint8_t)(index * 7);
    for (size_t index = 0; index < sizeof(sizes) / sizeof(sizes[0]); index++) {
        struct builder out;
        struct ws_header header;
        struct ws_fault fault;
        builder_init(&out, 1 << 20);
        client_frame_add(&out, WS_TEXT, view_of(payload, sizes[index]), 0x78563412);
        assert_int_equal(ws_decode(builder_view(&out), false, &header, &fault), DECODE_DONE);
        assert_int_equal(header.payload_size, sizes[index]);
        assert_int_equal(header.size + header.payload_size, out.size);
        ws_unmask(out.at + header.size, sizes[index], header.mask, 0);
        assert_memory_equal(out.at + header.size, payload, sizes[index]);
        builder_done(&out);
    }
    free(payload);
}

int test_client_frame(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_all_lengths_are_read_at_every_cut),
        cmocka_unit_test(what_a_server_must_not_send_is_refused),
        cmocka_unit_test(our_frames_are_what_a_server_reads),
    };
    return cmocka_run_group_tests_name("client_frame", tests, NULL, NULL);
}
