/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ws_frame.h"

#include "wire/utf8.h"

enum {
    FINAL_BIT = 0x80,
    RSV1_BIT = 0x40,
    RSV2_AND_RSV3_BITS = 0x30,
    OPCODE_BITS = 0x0F,
    MASK_BIT = 0x80,
    LENGTH_BITS = 0x7F,
    LENGTH_IN_16_BITS = 126,
    LENGTH_IN_64_BITS = 127,
    MASK_BYTES = 4,
    CLOSE_CODE_BYTES = 2,
};

static uint64_t read_number(const uint8_t *at, size_t size)
{
    uint64_t number = 0;

    for (size_t index = 0; index < size; index++)
        number = number << 8 | at[index];
    return number;
}

static void write_number(uint8_t *at, size_t size, uint64_t number)
{
    for (size_t index = size; index-- > 0; number >>= 8)
        at[index] = (uint8_t)number;
}

static bool opcode_is_known(uint8_t opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

/* What is wrong with the first byte, or NULL. */
static const char *find_first_fault(uint8_t byte, bool is_compression_agreed)
{
    uint8_t opcode = byte & OPCODE_BITS;

    if (byte & RSV2_AND_RSV3_BITS)
        return "RSV2 and RSV3 must be 0";
    if (!opcode_is_known(opcode))
        return "unknown opcode";
    if (byte & RSV1_BIT && !is_compression_agreed)
        return "RSV1 must be 0: permessage-deflate was not agreed on";
    if (byte & RSV1_BIT && opcode != WS_TEXT && opcode != WS_BINARY)
        return "RSV1 belongs to a message's first frame only";
    if (opcode >= WS_CLOSE && !(byte & FINAL_BIT))
        return "control frames must not be fragmented";
    return NULL;
}

/* What is wrong with the second byte, or NULL. */
static const char *find_second_fault(uint8_t first, uint8_t second)
{
    if (!(second & MASK_BIT))
        return "a client's frames must be masked";
    if ((first & OPCODE_BITS) >= WS_CLOSE && (second & LENGTH_BITS) > WS_CONTROL_BYTES_MAX)
        return "control frames carry at most 125 bytes";
    return NULL;
}

/* What is wrong with a length in 16 or 64 bits, or NULL. */
static const char *find_length_fault(size_t length_bytes, uint64_t length)
{
    if (length >> 63)
        return "the length's top bit must be 0";
    if (length < LENGTH_IN_16_BITS || (length_bytes == 8 && length <= UINT16_MAX))
        return "the length must take the fewest bytes";
    return NULL;
}

static enum decode refuse(struct ws_fault *out_fault, const char *text)
{
    *out_fault = (struct ws_fault){WS_CLOSE_PROTOCOL_ERROR, text};
    return DECODE_BAD;
}

enum decode ws_decode(struct view bytes, bool is_compression_agreed, struct ws_header *out_header,
                      struct ws_fault *out_fault)
{
    if (bytes.size < 1)
        return DECODE_NEED_MORE;
    const char *fault = find_first_fault(bytes.at[0], is_compression_agreed);

    if (fault)
        return refuse(out_fault, fault);
    if (bytes.size < 2)
        return DECODE_NEED_MORE;
    fault = find_second_fault(bytes.at[0], bytes.at[1]);
    if (fault)
        return refuse(out_fault, fault);
    uint64_t length = bytes.at[1] & LENGTH_BITS;
    size_t length_bytes = length == LENGTH_IN_64_BITS ? 8 : length == LENGTH_IN_16_BITS ? 2 : 0;

    if (length_bytes > 0) {
        if (bytes.size < 2 + length_bytes)
            return DECODE_NEED_MORE;
        length = read_number(bytes.at + 2, length_bytes);
        fault = find_length_fault(length_bytes, length);
        if (fault)
            return refuse(out_fault, fault);
    }
    if (bytes.size < 2 + length_bytes + MASK_BYTES)
        return DECODE_NEED_MORE;
    *out_header = (struct ws_header){
        .opcode = (enum ws_opcode)(bytes.at[0] & OPCODE_BITS),
        .is_final = bytes.at[0] & FINAL_BIT,
        .is_compressed = bytes.at[0] & RSV1_BIT,
        .payload_size = length,
        .size = (uint8_t)(2 + length_bytes + MASK_BYTES),
    };
    memcpy(out_header->mask, bytes.at + 2 + length_bytes, MASK_BYTES);
    return DECODE_DONE;
}

static void xor_word(uint8_t *at, uint64_t mask)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    word ^= mask;
    memcpy(at, &word, sizeof(word));
}

void ws_unmask(uint8_t *at, size_t size, const uint8_t mask[4], uint64_t phase)
{
    uint8_t rotated[8];
    uint64_t wide;

    for (size_t index = 0; index < sizeof(rotated); index++)
        rotated[index] = mask[(phase + index) & 3];
    memcpy(&wide, rotated, sizeof(wide));
    /* Four words a step: the compiler makes vector instructions of them, and steps of 8 keep the mask's phase. */
    for (; size >= 32; at += 32, size -= 32) {
        xor_word(at, wide);
        xor_word(at + 8, wide);
        xor_word(at + 16, wide);
        xor_word(at + 24, wide);
    }
    for (; size >= 8; at += 8, size -= 8)
        xor_word(at, wide);
    for (size_t index = 0; index < size; index++)
        at[index] ^= rotated[index];
}

size_t ws_header_encode(uint8_t out[WS_SERVER_HEADER_BYTES_MAX], enum ws_opcode opcode, bool is_final,
                        bool is_compressed, uint64_t payload_size)
{
    out[0] = (uint8_t)((is_final ? FINAL_BIT : 0) | (is_compressed ? RSV1_BIT : 0) | (uint8_t)opcode);
    if (payload_size < LENGTH_IN_16_BITS) {
        out[1] = (uint8_t)payload_size;
        return 2;
    }
    if (payload_size <= UINT16_MAX) {
        out[1] = LENGTH_IN_16_BITS;
        write_number(out + 2, 2, payload_size);
        return 4;
    }
    out[1] = LENGTH_IN_64_BITS;
    write_number(out + 2, 8, payload_size);
    return WS_SERVER_HEADER_BYTES_MAX;
}

uint64_t ws_server_frame_size(const uint8_t *at)
{
    uint8_t length = at[1] & LENGTH_BITS;

    if (length == LENGTH_IN_16_BITS)
        return 4 + read_number(at + 2, 2);
    if (length == LENGTH_IN_64_BITS)
        return WS_SERVER_HEADER_BYTES_MAX + read_number(at + 2, 8);
    return 2 + (uint64_t)length;
}

/* May a peer send this code? 1012 to 1014 came with the IANA registry; 3000 to 4999 are libraries' and
 * applications'. */
static bool code_may_be_sent(uint16_t code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}

bool ws_close_read(struct view payload, uint16_t *out_code, struct view *out_reason, struct ws_fault *out_fault)
{
    if (payload.size == 0) {
        *out_code = WS_CLOSE_NO_STATUS;
        *out_reason = payload;
        return true;
    }
    if (payload.size < CLOSE_CODE_BYTES) {
        *out_fault = (struct ws_fault){WS_CLOSE_PROTOCOL_ERROR, "a close frame carries no byte or at least two"};
        return false;
    }
    uint16_t code = (uint16_t)read_number(payload.at, CLOSE_CODE_BYTES);
    struct view reason = view_skip(payload, CLOSE_CODE_BYTES);

    if (!code_may_be_sent(code)) {
        *out_fault = (struct ws_fault){WS_CLOSE_PROTOCOL_ERROR, "this close code must not be sent"};
        return false;
    }
    if (!utf8_is_valid(reason)) {
        *out_fault = (struct ws_fault){WS_CLOSE_NOT_UTF8, "the close frame's reason is not UTF-8"};
        return false;
    }
    *out_code = code;
    *out_reason = reason;
    return true;
}

size_t ws_close_encode(uint8_t out[WS_CONTROL_BYTES_MAX + 2], uint16_t code, struct view reason)
{
    size_t reason_size = reason.size;

    if (code == WS_CLOSE_NO_STATUS)
        return ws_header_encode(out, WS_CLOSE, true, false, 0);
    if (reason_size > WS_CONTROL_BYTES_MAX - CLOSE_CODE_BYTES) {
        reason_size = WS_CONTROL_BYTES_MAX - CLOSE_CODE_BYTES;
        while (reason_size > 0 && (reason.at[reason_size] & 0xC0) == 0x80)
            reason_size--;
    }
    size_t header_size = ws_header_encode(out, WS_CLOSE, true, false, CLOSE_CODE_BYTES + reason_size);

    write_number(out + header_size, CLOSE_CODE_BYTES, code);
    if (reason_size > 0)
        memcpy(out + header_size + CLOSE_CODE_BYTES, reason.at, reason_size);
    return header_size + CLOSE_CODE_BYTES + reason_size;
}
