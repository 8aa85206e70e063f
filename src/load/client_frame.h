/* SPDX-License-Identifier: Apache-2.0 */
/* WebSocket frames from the client's side (RFC 6455 section 5): ours are masked, the server's must not be. */
#pragma once

#include "base/builder.h"
#include "wire/decode.h"
#include "wire/ws_frame.h"

struct client_frame {
    enum ws_opcode opcode;
    bool is_final;
    bool is_compressed;
    uint8_t header_size;
    uint64_t payload_size;
};

/* Decodes the header of a server's frame. BAD: masked, reserved bits (RSV1 is one unless compression was agreed),
 * unknown opcodes, long or fragmented control frames, a length with its top bit set. */
enum decode client_frame_read(struct view bytes, bool is_compression_agreed, struct client_frame *out_frame);

/* Appends a whole frame, masked with `mask`. */
void client_frame_add(struct builder *out, enum ws_opcode opcode, struct view payload, uint32_t mask);
