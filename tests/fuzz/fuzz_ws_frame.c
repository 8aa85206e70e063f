/* SPDX-License-Identifier: Apache-2.0 */
/* Frames: a header that is there in part is never judged otherwise than the whole one; unmasking is its own inverse,
 * cut anywhere; a close payload that is read can be written and read again. */
#include "wire/ws_frame.h"

#include "wire/utf8.h"

#include "fuzz.h"

static void check_header(struct view bytes, bool is_agreed, struct ws_header *out_header, enum decode *out_decode)
{
    struct ws_fault fault = {0};

    *out_decode = ws_decode(bytes, is_agreed, out_header, &fault);
    for (size_t there = 0; there < bytes.size && there <= WS_HEADER_BYTES_MAX; there++) {
        struct view part = fuzz_copy(view_first(bytes, there));
        struct ws_fault fault_cut = {0};
        struct ws_header header;
        enum decode decode = ws_decode(part, is_agreed, &header, &fault_cut);

        fuzz_free(part);
        check(decode == *out_decode || decode == DECODE_NEED_MORE);
        check(decode != DECODE_DONE || there >= out_header->size);
        check(decode != DECODE_BAD || fault_cut.text == fault.text);
    }
    if (*out_decode == DECODE_BAD)
        check(fault.code == WS_CLOSE_PROTOCOL_ERROR && strlen(fault.text) <= 123);
}

static void check_encoding(const struct ws_header *header)
{
    uint8_t out[WS_SERVER_HEADER_BYTES_MAX];
    size_t size = ws_header_encode(out, header->opcode, header->is_final, header->is_compressed, header->payload_size);

    check(size + 4 == header->size);
    check(ws_server_frame_size(out) == size + header->payload_size);
}

static void check_close(struct view payload)
{
    uint8_t frame[WS_CONTROL_BYTES_MAX + 2];
    struct ws_fault fault;
    struct view reason;
    struct view reason_again;
    uint16_t code;
    uint16_t code_again;

    if (!ws_close_read(payload, &code, &reason, &fault))
        return;
    check(utf8_is_valid(reason));
    size_t size = ws_close_encode(frame, code, reason);

    check(size <= sizeof(frame) && ws_server_frame_size(frame) == size);
    check(ws_close_read(view_of(frame + 2, size - 2), &code_again, &reason_again, &fault));
    check(code == code_again);
    if (payload.size <= WS_CONTROL_BYTES_MAX)
        check(view_equal(reason, reason_again));
}

static void check_unmasking(struct view payload, const struct ws_header *header, struct fuzz_cuts *cuts)
{
    uint8_t *whole = malloc(payload.size + 1);
    uint64_t phase = 0;

    check(whole != NULL);
    if (payload.size > 0)
        memcpy(whole, payload.at, payload.size);
    ws_unmask(whole, payload.size, header->mask, 0);
    check_close(view_of(whole, payload.size));
    for (struct view rest = payload; rest.size > 0;) {
        struct view piece = fuzz_take_piece(cuts, &rest);
        ws_unmask((uint8_t *)(uintptr_t)piece.at, piece.size, header->mask, phase);
        check(memcmp(piece.at, whole + phase, piece.size) == 0);
        phase += piece.size;
        fuzz_free(piece);
    }
    ws_unmask(whole, payload.size, header->mask, 0);
    check(payload.size == 0 || memcmp(whole, payload.at, payload.size) == 0);
    free(whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct ws_header header = {0};
    enum decode decode = DECODE_DONE;

    if (size < 1)
        return 0;
    struct view rest = view_of(at, size);
    uint8_t seed = fuzz_take_byte(&rest);
    struct fuzz_cuts cuts = {seed};

    while (decode == DECODE_DONE && rest.size > 0) {
        check_header(rest, seed & 1, &header, &decode);
        if (decode != DECODE_DONE)
            break;
        check_encoding(&header);
        rest = view_skip(rest, header.size);
        struct view payload = view_first(rest, header.payload_size < rest.size ? header.payload_size : rest.size);
        check_unmasking(payload, &header, &cuts);
        rest = view_skip(rest, payload.size);
    }
    return 0;
}
