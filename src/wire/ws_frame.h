/* SPDX-License-Identifier: Apache-2.0 */
/* Frames (RFC 6455 section 5), server's side: headers in, headers out, unmasking in place.
 *
 *     0 1 2 3 4..7   0 1..7      8..                         then
 *     F R R R opcode M length    16 or 64 bits more length   4 bytes of mask    payload
 *     I S S S        A
 *     N V V V        S
 *       1 2 3        K
 */
#pragma once

#include "base/view.h"
#include "wire/decode.h"

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8,
    WS_PING = 9,
    WS_PONG = 10,
};

enum {
    WS_HEADER_BYTES_MAX = 14,        /* a client's */
    WS_SERVER_HEADER_BYTES_MAX = 10, /* ours have no mask */
    WS_CONTROL_BYTES_MAX = 125,
};

/* Close codes that natter sends (RFC 6455 section 7.4.1, the IANA registry, and our own 4000 to 4999). */
enum ws_close_code {
    WS_CLOSE_NORMAL = 1000,
    WS_CLOSE_GOING_AWAY = 1001,
    WS_CLOSE_PROTOCOL_ERROR = 1002,
    WS_CLOSE_NO_STATUS = 1005, /* never on the wire */
    WS_CLOSE_ABNORMAL = 1006,  /* never on the wire */
    WS_CLOSE_NOT_UTF8 = 1007,
    WS_CLOSE_POLICY = 1008,
    WS_CLOSE_TOO_BIG = 1009,
    WS_CLOSE_INTERNAL = 1011,
    WS_CLOSE_RESTARTING = 1012,
    WS_CLOSE_TRY_LATER = 1013,
    WS_CLOSE_NOT_SIGNED_IN = 4001,
    WS_CLOSE_REMOVED = 4003,
    WS_CLOSE_TOO_SLOW = 4108,
    WS_CLOSE_NO_HEARTBEAT = 4109,
};

struct ws_header {
    enum ws_opcode opcode;
    bool is_final;
    bool is_compressed; /* RSV1; legal only if permessage-deflate was agreed, on a message's first frame */
    uint8_t mask[4];
    uint64_t payload_size;
    uint8_t size; /* of this header */
};

/* A fault of the peer: the code to close with, and a few words for the close frame's reason (at most 123 bytes). */
struct ws_fault {
    enum ws_close_code code;
    const char *text;
};

/* Decodes a client's header at the start of `bytes`: refuses unmasked frames, RSV2, RSV3, unknown opcodes,
 * fragmented or long control frames, lengths that are not minimal or have the top bit (all 1002), each as soon as
 * its byte is there. RSV1 is refused unless `is_compression_agreed`, and on control and continuation frames. */
enum decode ws_decode(struct view bytes, bool is_compression_agreed, struct ws_header *out_header,
                      struct ws_fault *out_fault);

/* XORs in place. `phase` is how many payload bytes came before these (only its low two bits count). */
void ws_unmask(uint8_t *at, size_t size, const uint8_t mask[4], uint64_t phase);

/* Writes a server's header (no mask) and returns its size, 2, 4 or 10. */
size_t ws_header_encode(uint8_t out[WS_SERVER_HEADER_BYTES_MAX], enum ws_opcode opcode, bool is_final,
                        bool is_compressed, uint64_t payload_size);
/* Size of the whole frame (header and payload) that a server's encoder wrote at `at`, from its header. At least 2, 4
 * or 10 bytes must be there. */
uint64_t ws_server_frame_size(const uint8_t *at);

/* Close payloads (section 5.5.1, 7.4). Reading: empty gives 1005. False: length 1 or a code that must not be sent
 * (1002), or a reason that is not UTF-8 (1007). */
bool ws_close_read(struct view payload, uint16_t *out_code, struct view *out_reason, struct ws_fault *out_fault);
/* Writes a whole server's close frame. The reason is cut at a character's boundary to 123 bytes; 1005 makes an empty
 * frame. Returns the size, at most 127. */
size_t ws_close_encode(uint8_t out[WS_CONTROL_BYTES_MAX + 2], uint16_t code, struct view reason);
