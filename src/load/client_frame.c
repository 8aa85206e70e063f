/* SPDX-License-Identifier: Apache-2.0 */
#include "load/client_frame.h"

enum {
    FINAL_BIT = 0x80,
    RSV1_BIT = 0x40,
    RSV23_BITS = 0x30,
    OPCODE_BITS = 0x0f,
    CONTROL_BIT = 0x08,
    MASK_BIT = 0x80,
    LENGTH_BITS = 0x7f,
    LENGTH_IN_16_BITS = 126,
    LENGTH_IN_64_BITS = 127,
    MASK_SIZE = 4,
};

static uint64_t read_big_endian(const uint8_t *at, size_t size)
{
    uint64_t number = 0;
    for (size_t index = 0; index < size; index++)
        number = number << 8 | at[index];
    return number;
}

static bool is_known(uint8_t opcode)
{
    return opcode <= WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

static bool is_first_byte_right(uint8_t byte, bool is_compression_agreed)
{
    bool is_control = (byte & CONTROL_BIT) != 0;
    if ((byte & RSV23_BITS) || !is_known(byte & OPCODE_BITS) || (is_control && !(byte & FINAL_BIT)))
        return false;
    bool may_be_compressed = is_compression_agreed && !is_control && (byte & OPCODE_BITS) != WS_CONTINUATION;
    return !(byte & RSV1_BIT) || may_be_compressed;
}

enum decode client_frame_read(struct view bytes, bool is_compression_agreed, struct client_frame *out_frame)
{
    if (bytes.size < 1)
        return DECODE_NEED_MORE;
    if (!is_first_byte_right(bytes.at[0], is_compression_agreed))
        return DECODE_BAD;
    if (bytes.size < 2)
        return DECODE_NEED_MORE;
    uint8_t length = bytes.at[1] & LENGTH_BITS;
    if ((bytes.at[1] & MASK_BIT) || ((bytes.at[0] & CONTROL_BIT) && length > WS_CONTROL_BYTES_MAX))
        return DECODE_BAD;
    size_t length_size = length == LENGTH_IN_64_BITS ? 8 : length == LENGTH_IN_16_BITS ? 2 : 0;
    if (bytes.size < 2 + length_size)
        return DECODE_NEED_MORE;
    uint64_t payload_size = length_size > 0 ? read_big_endian(bytes.at + 2, length_size) : length;
    if (payload_size >> 63)
        return DECODE_BAD;
    *out_frame = (struct client_frame){
        .opcode = (enum ws_opcode)(bytes.at[0] & OPCODE_BITS),
        .is_final = (bytes.at[0] & FINAL_BIT) != 0,
        .is_compressed = (bytes.at[0] & RSV1_BIT) != 0,
        .header_size = (uint8_t)(2 + length_size),
        .payload_size = payload_size,
    };
    return DECODE_DONE;
}

void client_frame_add(struct builder *out, enum ws_opcode opcode, struct view payload, uint32_t mask)
{
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    uint8_t mask_bytes[MASK_SIZE];
    memcpy(mask_bytes, &mask, MASK_SIZE);
    size_t header_size = ws_header_encode(header, opcode, true, false, payload.size);
    header[1] |= MASK_BIT;
    uint8_t *at = builder_reserve(out, header_size + MASK_SIZE + payload.size);
    if (at == NULL)
        return;
    memcpy(at, header, header_size);
    memcpy(at + header_size, mask_bytes, MASK_SIZE);
    if (payload.size > 0)
        memcpy(at + header_size + MASK_SIZE, payload.at, payload.size);
    ws_unmask(at + header_size + MASK_SIZE, payload.size, mask_bytes, 0);
    builder_wrote(out, header_size + MASK_SIZE + payload.size);
}
