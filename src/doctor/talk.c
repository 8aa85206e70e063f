/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/talk.h"

#include <stdio.h>

#include "load/client_frame.h"
#include "load/client_handshake.h"
#include "os/clock.h"
#include "os/random.h"
#include "wire/deflate.h"
#include "wire/json.h"
#include "wire/ws_handshake.h"

enum { SAY_MS = 20000, REPORT_MS = 10000, MESSAGE_BYTES_MAX = 4 * 1024 * 1024, RSV1_BIT = 0x40 };

static uint64_t draw(void)
{
    uint64_t number;

    os_random_bytes(&number, sizeof number);
    return number;
}

static void copy_view(struct view from, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < from.size && used + 1 < size; i++)
        out[used++] = (char)(from.at[i] >= ' ' && from.at[i] < 0x7f ? from.at[i] : ' ');
    out[used] = 0;
}

static void read_facts(const struct exchange *exchange, const char *key, struct talk_facts *facts)
{
    char accept[29];

    facts->is_answered = exchange->is_answered;
    if (!exchange->is_answered) {
        (void)snprintf(facts->problem, sizeof facts->problem, "%s", exchange->problem);
        return;
    }
    const struct answer *answer = &exchange->answer;
    facts->status = answer->status;
    facts->is_accept_right = ws_accept_value(view_of(key, HANDSHAKE_KEY_SIZE), accept)
                             && view_equal(answer_field(answer, "Sec-WebSocket-Accept"), view_of_string(accept));
    copy_view(answer_field(answer, "Sec-WebSocket-Protocol"), facts->protocol, sizeof facts->protocol);
    copy_view(answer_field(answer, "Sec-WebSocket-Extensions"), facts->extensions, sizeof facts->extensions);
    copy_view(answer_field(answer, "Server"), facts->server, sizeof facts->server);
    copy_view(builder_view(&exchange->body), facts->snippet, sizeof facts->snippet);
    (void)seen_read(builder_view(&exchange->body), &facts->seen);
}

bool talk_open(struct talk *talk, const struct target *target, bool offers_compression, struct talk_facts *out_facts)
{
    char key[HANDSHAKE_KEY_SIZE + 1], path[URL_BYTES_MAX + 32], fields[512];

    *talk = (struct talk){.end = TALK_CUT};
    *out_facts = (struct talk_facts){0};
    builder_init(&talk->in, MESSAGE_BYTES_MAX);
    builder_init(&talk->message, MESSAGE_BYTES_MAX);
    handshake_key(draw(), key);
    (void)snprintf(path, sizeof path, "%s?doctor", target->url.socket);
    (void)snprintf(fields, sizeof fields,
                   "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
                   "%s\r\nSec-WebSocket-Protocol: natter.doctor\r\n%s",
                   key,
                   offers_compression ? "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                        "client_no_context_takeover\r\n"
                                      : "");
    exchange_run(&talk->exchange, target, path, fields);
    read_facts(&talk->exchange, key, out_facts);
    if (!out_facts->is_answered || out_facts->status != 101 || !out_facts->is_accept_right)
        return false;
    struct view bytes = builder_view(&talk->exchange.bytes);
    builder_add_view(&talk->in, view_skip(bytes, talk->exchange.answer.head_size));
    talk->end = TALK_OPEN;
    out_facts->is_open = talk_hear(talk, REPORT_MS) && seen_read(builder_view(&talk->message), &out_facts->seen);
    return out_facts->is_open;
}

void talk_done(struct talk *talk)
{
    if (talk->end == TALK_OPEN) {
        uint8_t normal[2] = {1000 >> 8, 1000 & 0xff};
        (void)talk_say(talk, WS_CLOSE, view_of(normal, sizeof normal));
    }
    exchange_done(&talk->exchange);
    builder_done(&talk->in);
    builder_done(&talk->message);
    deflater_free(talk->deflater);
}

static bool send_frame(struct talk *talk, enum ws_opcode opcode, struct view payload, bool is_compressed)
{
    struct builder frame;

    builder_init(&frame, payload.size + 32);
    client_frame_add(&frame, opcode, payload, (uint32_t)draw());
    bool is_sent = builder_ok(&frame) && talk->end == TALK_OPEN;
    if (is_sent && is_compressed)
        frame.at[0] |= RSV1_BIT;
    is_sent = is_sent && link_write(&talk->exchange.link, builder_view(&frame), SAY_MS);
    builder_done(&frame);
    return is_sent;
}

bool talk_say(struct talk *talk, enum ws_opcode opcode, struct view payload)
{
    return send_frame(talk, opcode, payload, false);
}

bool talk_say_compressed(struct talk *talk, struct view payload)
{
    struct builder smaller;

    if (!talk->deflater)
        talk->deflater = deflater_new(15, 4);
    builder_init(&smaller, payload.size + 1024);
    bool is_sent = talk->deflater && deflater_run(talk->deflater, payload, &smaller)
                   && send_frame(talk, WS_BINARY, builder_view(&smaller), true);
    builder_done(&smaller);
    return is_sent;
}

bool talk_command(struct talk *talk, const char *json)
{
    return talk_say(talk, WS_TEXT, view_of_string(json));
}

static void drop_bytes(struct talk *talk, size_t size)
{
    memmove(talk->in.at, talk->in.at + size, talk->in.size - size);
    talk->in.size -= size;
}

static void take_message(struct talk *talk, const struct client_frame *frame, struct view payload)
{
    talk->opcode = frame->opcode;
    talk->was_compressed = frame->is_compressed;
    builder_clear(&talk->message);
    if (!frame->is_compressed) {
        builder_add_view(&talk->message, payload);
        return;
    }
    struct inflater *inflater = inflater_new();
    if (!inflater || inflater_run(inflater, payload, true, &talk->message) != INFLATE_OK)
        talk->end = TALK_CUT; /* that is not what natter sent */
    inflater_free(inflater);
}

/* Takes a frame that is whole. True: it was a message. natter sends its messages unfragmented; a proxy that cuts them
 * up has changed them, and is found so. */
static bool take_frame(struct talk *talk, bool *out_needs_more)
{
    struct client_frame frame;
    enum decode decoded = client_frame_read(builder_view(&talk->in), true, &frame);

    *out_needs_more = decoded == DECODE_NEED_MORE
                      || (decoded == DECODE_DONE && talk->in.size - frame.header_size < frame.payload_size);
    if (decoded == DECODE_BAD)
        talk->end = TALK_CUT;
    if (decoded == DECODE_BAD || *out_needs_more)
        return false;
    struct view payload = view_of(talk->in.at + frame.header_size, frame.payload_size);
    bool is_message = frame.opcode == WS_TEXT || frame.opcode == WS_BINARY;
    if (frame.opcode == WS_CLOSE) {
        talk->end = TALK_CLOSED;
        talk->close_code = payload.size >= 2 ? payload.at[0] << 8 | payload.at[1] : 0;
    }
    if (is_message)
        take_message(talk, &frame, payload);
    drop_bytes(talk, frame.header_size + frame.payload_size);
    return is_message;
}

bool talk_hear(struct talk *talk, int timeout_ms)
{
    uint64_t end_ms = os_clock_monotonic_ms() + (uint64_t)timeout_ms;

    while (talk->end == TALK_OPEN) {
        bool needs_more = talk->in.size == 0;
        if (!needs_more && take_frame(talk, &needs_more))
            return true;
        if (!needs_more)
            continue;
        uint64_t now_ms = os_clock_monotonic_ms();
        enum result result = link_read(&talk->exchange.link, &talk->in, now_ms < end_ms ? (int)(end_ms - now_ms) : 0);
        if (result == RESULT_AGAIN)
            return false;
        if (result != RESULT_OK || !builder_ok(&talk->in))
            talk->end = TALK_CUT;
    }
    return false;
}

bool talk_heard(const struct talk *talk, const char *type)
{
    char fault[JSON_FAULT_BYTES];

    if (talk->opcode != WS_TEXT)
        return false;
    json_t *object = json_read_object(builder_view(&talk->message), fault);
    const char *found = json_string_value(json_object_get(object, "type"));
    bool is_it = found && strcmp(found, type) == 0;
    json_decref(object);
    return is_it;
}
