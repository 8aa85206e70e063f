/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: the same frames, their payloads cut anywhere, give the same messages and the same fault; text is UTF-8; no
 * limit is passed; the short way agrees with the long one. The input is a client's stream of frames. */
#include "wire/ws_message.h"

#include "fuzz.h"

static const struct ws_message_limits limits = {.message_bytes_max = 4096, .fragments_max = 16};

struct result {
    struct builder messages; /* all of them, each with its opcode and size */
    int code;                /* of the fault, or 0 */
};

static void add_message(struct result *result, enum ws_opcode opcode, struct view bytes)
{
    check(bytes.size <= limits.message_bytes_max);
    check(opcode == WS_BINARY || (opcode == WS_TEXT && utf8_is_valid(bytes)));
    builder_add_byte(&result->messages, (uint8_t)opcode);
    builder_add_number(&result->messages, bytes.size);
    builder_add_view(&result->messages, bytes);
}

/* The code of the fault, or 0. */
static int feed_frame(struct ws_message *message, const struct ws_header *header, struct view payload,
                      struct fuzz_cuts *cuts, struct result *result)
{
    struct ws_fault fault = {0};
    bool is_whole = false;

    if (!ws_message_begin_frame(message, header, &fault))
        return (int)fault.code;
    while (payload.size > 0) {
        struct view piece = cuts ? fuzz_take_piece(cuts, &payload) : payload;
        bool is_right = ws_message_add(message, piece, &fault);

        check(message->bytes.capacity <= limits.message_bytes_max);
        if (cuts)
            fuzz_free(piece);
        else
            payload = view_skip(payload, payload.size);
        if (!is_right)
            return (int)fault.code;
    }
    if (!ws_message_end_frame(message, &is_whole, &fault))
        return (int)fault.code;
    if (is_whole) {
        add_message(result, message->opcode, builder_view(&message->bytes));
        ws_message_reset(message);
    }
    return 0;
}

/* A frame that could go the short way does, and must come to the same. */
static void compare_short_way(const struct ws_header *header, struct view payload, int code)
{
    struct ws_fault fault = {0};
    bool is_right = ws_message_whole(header, payload, &limits, &fault);

    check(is_right ? code == 0 : code == (int)fault.code);
}

static void run(struct view stream, struct fuzz_cuts *cuts, struct result *result)
{
    struct ws_message message;
    struct ws_header header;
    struct ws_fault fault;

    builder_init(&result->messages, 1 << 24);
    result->code = 0;
    ws_message_init(&message, &limits);
    while (result->code == 0 && ws_decode(stream, true, &header, &fault) == DECODE_DONE) {
        stream = view_skip(stream, header.size);
        if (header.payload_size > stream.size)
            header.payload_size = stream.size;
        struct view payload = view_first(stream, header.payload_size);

        stream = view_skip(stream, payload.size);
        if (header.opcode >= WS_CLOSE)
            continue;
        bool is_short = header.is_final && !header.is_compressed && header.opcode != WS_CONTINUATION
                        && !message.is_open;

        result->code = feed_frame(&message, &header, payload, cuts, result);
        if (is_short)
            compare_short_way(&header, payload, result->code);
    }
    ws_message_done(&message);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct result whole;
    struct result cut;

    if (size < 1)
        return 0;
    struct view stream = view_of(at, size);
    struct fuzz_cuts cuts = {fuzz_take_byte(&stream)};

    /* The masks are left on: unmasking has a target of its own, and streams stay readable. */
    run(stream, NULL, &whole);
    run(stream, &cuts, &cut);
    check(whole.code == cut.code);
    check(view_equal(builder_view(&whole.messages), builder_view(&cut.messages)));
    builder_done(&whole.messages);
    builder_done(&cut.messages);
    return 0;
}
