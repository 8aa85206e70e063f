/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ws_message.h"

/* A message's memory up to this size is kept for the next one; more is given back. */
enum { KEPT_BYTES_MAX = 4096 };

static bool refuse(struct ws_fault *out_fault, enum ws_close_code code, const char *text)
{
    *out_fault = (struct ws_fault){code, text};
    return false;
}

static bool refuse_size(struct ws_fault *out_fault)
{
    return refuse(out_fault, WS_CLOSE_TOO_BIG, "the message is larger than this server takes");
}

static bool refuse_text(struct ws_fault *out_fault)
{
    return refuse(out_fault, WS_CLOSE_NOT_UTF8, "the text is not UTF-8");
}

void ws_message_init(struct ws_message *message, const struct ws_message_limits *limits)
{
    *message = (struct ws_message){.limits = *limits};
    builder_init(&message->bytes, limits->message_bytes_max);
}

void ws_message_done(struct ws_message *message)
{
    inflater_free(message->inflater);
    message->inflater = NULL;
    builder_done(&message->bytes);
}

void ws_message_reset(struct ws_message *message)
{
    inflater_free(message->inflater);
    message->inflater = NULL;
    message->is_open = false;
    message->fragments = 0;
    message->payload_bytes = 0;
    message->utf8 = (struct utf8){0};
    if (message->bytes.capacity > KEPT_BYTES_MAX) {
        builder_done(&message->bytes);
        builder_init(&message->bytes, message->limits.message_bytes_max);
    }
    builder_clear(&message->bytes);
}

/* What a message may take on the wire. Data that cannot be compressed grows by a few bytes per block and fragment, so a
 * compressed message of the full size needs a little more; a bound it has, for blocks may be empty for ever. */
static uint64_t payload_bytes_max(const struct ws_message *message)
{
    uint64_t max = message->limits.message_bytes_max;

    return message->is_compressed ? max + max / 64 + 64 : max;
}

static bool start(struct ws_message *message, const struct ws_header *header, struct ws_fault *out_fault)
{
    ws_message_reset(message);
    message->opcode = header->opcode;
    message->is_compressed = header->is_compressed;
    message->is_open = true;
    if (!header->is_compressed)
        return true;
    message->inflater = inflater_new();
    if (!message->inflater)
        return refuse(out_fault, WS_CLOSE_INTERNAL, "the server is out of memory");
    return true;
}

bool ws_message_begin_frame(struct ws_message *message, const struct ws_header *header, struct ws_fault *out_fault)
{
    check(header->opcode <= WS_BINARY);
    if (header->opcode == WS_CONTINUATION && !message->is_open)
        return refuse(out_fault, WS_CLOSE_PROTOCOL_ERROR, "a continuation without a message to continue");
    if (header->opcode != WS_CONTINUATION && message->is_open)
        return refuse(out_fault, WS_CLOSE_PROTOCOL_ERROR, "a new message before the last one's end");
    if (header->opcode != WS_CONTINUATION && !start(message, header, out_fault))
        return false;
    if (header->payload_size > payload_bytes_max(message) - message->payload_bytes)
        return refuse_size(out_fault);
    if (message->fragments >= message->limits.fragments_max)
        return refuse(out_fault, WS_CLOSE_POLICY, "the message is in too many fragments");
    message->fragments++;
    message->payload_bytes += header->payload_size;
    message->is_final = header->is_final;
    return true;
}

/* Inflates a piece and checks what came out of it as text. In what was inflated before a fault of the stream, bad
 * text comes first: so the answer is the same however the bytes were cut. */
static bool add_compressed(struct ws_message *message, struct view piece, bool is_last, struct ws_fault *out_fault)
{
    size_t size = message->bytes.size;
    enum inflate inflated = inflater_run(message->inflater, piece, is_last, &message->bytes);

    if (message->opcode == WS_TEXT && message->bytes.size > size
        && !utf8_add(&message->utf8, view_skip(builder_view(&message->bytes), size)))
        return refuse_text(out_fault);
    switch (inflated) {
    case INFLATE_OK: return true;
    case INFLATE_TOO_BIG: return refuse_size(out_fault);
    case INFLATE_BAD: return refuse(out_fault, WS_CLOSE_PROTOCOL_ERROR, "the compressed message cannot be inflated");
    case INFLATE_NO_MEMORY: break;
    }
    return refuse(out_fault, WS_CLOSE_INTERNAL, "the server is out of memory");
}

bool ws_message_add(struct ws_message *message, struct view piece, struct ws_fault *out_fault)
{
    check(message->is_open);
    if (piece.size == 0)
        return true;
    if (message->is_compressed)
        return add_compressed(message, piece, false, out_fault);
    if (message->opcode == WS_TEXT && !utf8_add(&message->utf8, piece))
        return refuse_text(out_fault);
    if (piece.size > message->limits.message_bytes_max - message->bytes.size)
        return refuse_size(out_fault);
    builder_add_view(&message->bytes, piece);
    if (!builder_ok(&message->bytes))
        return refuse(out_fault, WS_CLOSE_INTERNAL, "the server is out of memory");
    return true;
}

bool ws_message_end_frame(struct ws_message *message, bool *out_is_whole, struct ws_fault *out_fault)
{
    check(message->is_open);
    if (!message->is_final) {
        *out_is_whole = false;
        return true;
    }
    if (message->is_compressed && !add_compressed(message, VIEW(""), true, out_fault))
        return false;
    if (message->opcode == WS_TEXT && !utf8_is_complete(&message->utf8))
        return refuse_text(out_fault);
    message->is_open = false;
    *out_is_whole = true;
    return true;
}

bool ws_message_whole(const struct ws_header *header, struct view payload, const struct ws_message_limits *limits,
                      struct ws_fault *out_fault)
{
    if (payload.size > limits->message_bytes_max)
        return refuse_size(out_fault);
    if (header->opcode == WS_TEXT && !utf8_is_valid(payload))
        return refuse_text(out_fault);
    return true;
}
