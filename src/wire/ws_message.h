/* SPDX-License-Identifier: Apache-2.0 */
/* Puts payload pieces together to whole messages: order of fragments, size over all of them, UTF-8 at the first bad
 * byte, inflating. One per connection, lent only while a message is incomplete: a small message in one frame that is
 * wholly there needs none (ws_message_whole). */
#pragma once

#include "base/builder.h"
#include "wire/deflate.h"
#include "wire/utf8.h"
#include "wire/ws_frame.h"

struct ws_message_limits {
    size_t message_bytes_max; /* after inflating */
    uint32_t fragments_max;   /* frames of one message */
};

struct ws_message {
    struct builder bytes;      /* inflated so far */
    struct inflater *inflater; /* NULL unless this message is compressed; owned */
    struct utf8 utf8;
    enum ws_opcode opcode; /* WS_TEXT or WS_BINARY while a message is open */
    bool is_open;          /* between the first frame's header and the last frame's end */
    bool is_final;         /* the frame that is coming in is the last */
    bool is_compressed;
    uint32_t fragments;
    uint64_t payload_bytes; /* announced by the headers so far, compressed where the message is */
    struct ws_message_limits limits;
};

void ws_message_init(struct ws_message *message, const struct ws_message_limits *limits);
void ws_message_done(struct ws_message *message);

/* A data frame's header has come. False: a continuation without a start, a start within a message (1002), announced
 * size over the limit (1009: known before a byte of it is kept; for compressed messages the announced size counts
 * too, with a little room for what cannot be compressed), too many fragments (1008), no memory (1011). After any
 * false, of this call or of those below, nothing but ws_message_reset and ws_message_done may follow. */
bool ws_message_begin_frame(struct ws_message *message, const struct ws_header *header, struct ws_fault *out_fault);
/* A piece of its payload, unmasked. False: 1007, 1009 (also for bombs), 1002 for a bad deflate stream, 1011 without
 * memory. Memory grows by what arrived, not by what was announced. */
bool ws_message_add(struct ws_message *message, struct view piece, struct ws_fault *out_fault);
/* The frame's payload is complete. True and `*out_is_whole` if that was the message's last: then opcode and bytes
 * are the message, valid until ws_message_reset or the next message's begin. False: text that ends within a
 * character (1007), a broken deflate stream, and what ws_message_add can fail with, for the last bytes may only come
 * out of the inflater here. */
bool ws_message_end_frame(struct ws_message *message, bool *out_is_whole, struct ws_fault *out_fault);
/* Ready for the next message; keeps the memory only if it is small. */
void ws_message_reset(struct ws_message *message);

/* The short way: a frame that is final, not compressed and wholly there, with no message open. Checks UTF-8 of text and
 * the size only. */
bool ws_message_whole(const struct ws_header *header, struct view payload, const struct ws_message_limits *limits,
                      struct ws_fault *out_fault);
