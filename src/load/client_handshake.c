/* SPDX-License-Identifier: Apache-2.0 */
#include "load/client_handshake.h"

#include "wire/ws_handshake.h"

/* The parts of an answer that matter here. */
struct answer_head {
    uint64_t status;
    struct view status_line;
    struct view accept;
    struct view protocol;
    struct view extensions;
    size_t size;
};

void handshake_key(uint64_t random, char out[HANDSHAKE_KEY_SIZE + 1])
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t index = 0; index < HANDSHAKE_KEY_SIZE - 3; index++) {
        out[index] = alphabet[random & 63];
        random = random >> 6 | random << 58;
    }
    /* 16 bytes end in the middle of a group of three: the last digit has four bits that must be zero. */
    memcpy(out + HANDSHAKE_KEY_SIZE - 3, "Q==", sizeof("Q=="));
}

void handshake_request(const struct handshake *handshake, struct builder *out)
{
    builder_add_string(out, "GET ");
    builder_add_view(out, handshake->path);
    builder_add_string(out, " HTTP/1.1\r\nHost: ");
    builder_add_view(out, handshake->host);
    builder_format(out,
                   "\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                   "Sec-WebSocket-Key: %s\r\n",
                   handshake->key);
    if (handshake->protocol != NULL)
        builder_format(out, "Sec-WebSocket-Protocol: %s\r\n", handshake->protocol);
    if (handshake->token != NULL)
        builder_format(out, "Authorization: Bearer %s\r\n", handshake->token);
    if (handshake->offers_compression)
        builder_add_string(out, "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
                                "client_no_context_takeover\r\n");
    builder_add_string(out, "\r\n");
}

/* Takes the next line off `rest`, without its end. */
static struct view next_line(struct view *rest)
{
    const uint8_t *end = memchr(rest->at, '\n', rest->size);
    size_t size = end == NULL ? rest->size : (size_t)(end - rest->at);
    struct view line = view_first(*rest, size);
    *rest = view_skip(*rest, end == NULL ? size : size + 1);
    if (line.size > 0 && line.at[line.size - 1] == '\r')
        line.size--;
    return line;
}

static void take_field(struct answer_head *head, struct view line)
{
    const uint8_t *colon = memchr(line.at, ':', line.size);
    if (colon == NULL)
        return;
    struct view name = view_of(line.at, (size_t)(colon - line.at));
    struct view value = view_trim(view_skip(line, name.size + 1));
    if (view_equal_ignoring_case(name, VIEW("Sec-WebSocket-Accept")))
        head->accept = value;
    else if (view_equal_ignoring_case(name, VIEW("Sec-WebSocket-Protocol")))
        head->protocol = value;
    else if (view_equal_ignoring_case(name, VIEW("Sec-WebSocket-Extensions")))
        head->extensions = value;
}

static enum decode read_head(struct view bytes, struct answer_head *out_head)
{
    if (!view_starts_with(bytes, view_first(VIEW("HTTP/1."), bytes.size < 7 ? bytes.size : 7)))
        return DECODE_BAD;
    const uint8_t *end = memmem(bytes.at, bytes.size, "\r\n\r\n", 4);
    if (end == NULL)
        return bytes.size > HANDSHAKE_ANSWER_BYTES_MAX ? DECODE_BAD : DECODE_NEED_MORE;
    struct answer_head head = {.size = (size_t)(end - bytes.at) + 4};
    struct view rest = view_of(bytes.at, (size_t)(end - bytes.at));
    head.status_line = next_line(&rest);
    if (head.status_line.size < 12 || !view_to_number(view_of(head.status_line.at + 9, 3), 999, &head.status))
        return DECODE_BAD;
    while (rest.size > 0)
        take_field(&head, next_line(&rest));
    *out_head = head;
    return DECODE_DONE;
}

/* What to do about the answers that a server under load is likely to give. */
static const char *advice_for(uint64_t status)
{
    switch (status) {
    case 400: return "the server does not take this for an upgrade";
    case 403: return "it refuses clients like this one; name it by the host that it expects";
    case 404: return "there is no WebSocket at this path; natter's is /ws";
    case 426: return "it wants another kind of upgrade";
    case 429: return "its limit per address is reached: start it with --limits off, or ask for fewer connections";
    case 503: return "it takes no more connections: start it with --limits off, or ask for fewer";
    default: return "it is no WebSocket server, or not at this path";
    }
}

static void tell_refusal(const struct answer_head *head, struct view body, struct builder *problem)
{
    if (body.size > 200)
        body.size = 200;
    while (body.size > 0 && (body.at[body.size - 1] == '\n' || body.at[body.size - 1] == '\r'))
        body.size--;
    builder_add_string(problem, "the server answered \"");
    for (size_t index = 0; index < head->status_line.size; index++) {
        uint8_t byte = head->status_line.at[index];
        builder_add_byte(problem, byte >= ' ' && byte < 0x7f ? byte : '?');
    }
    builder_add_byte(problem, '"');
    if (body.size > 0)
        builder_add_string(problem, " (");
    for (size_t index = 0; index < body.size; index++)
        builder_add_byte(problem, body.at[index] >= ' ' && body.at[index] < 0x7f ? body.at[index] : '?');
    builder_format(problem, "%s: %s", body.size > 0 ? ")" : "", advice_for(head->status));
}

enum decode handshake_read(const struct handshake *handshake, struct view bytes, struct handshake_answer *out_answer,
                           struct builder *out_problem)
{
    struct answer_head head;
    enum decode decoded = read_head(bytes, &head);
    if (decoded == DECODE_BAD)
        builder_add_string(out_problem, "what answers at this port is no HTTP server");
    if (decoded != DECODE_DONE)
        return decoded;
    char accept[29];
    if (!ws_accept_value(view_of(handshake->key, HANDSHAKE_KEY_SIZE), accept)) {
        builder_add_string(out_problem, "there is no memory");
        return DECODE_BAD;
    }
    struct view protocol = handshake->protocol == NULL ? VIEW("") : view_of_string(handshake->protocol);
    static const char deflate[] = "permessage-deflate";
    bool is_agreed = head.extensions.size > 0;
    if (head.status != 101) {
        tell_refusal(&head, view_skip(bytes, head.size), out_problem);
    } else if (!view_equal(head.accept, view_of_string(accept))) {
        builder_add_string(out_problem, "the server's Sec-WebSocket-Accept is wrong: something in between rewrote it");
    } else if (!view_equal(head.protocol, protocol)) {
        builder_format(out_problem, "the server does not speak %s: measure a plain broadcaster with --raw",
                       handshake->protocol == NULL ? "without a subprotocol" : handshake->protocol);
    } else if (is_agreed
               && (!handshake->offers_compression
                   || !view_starts_with(head.extensions, view_of(deflate, sizeof(deflate) - 1))
                   || memmem(head.extensions.at, head.extensions.size, "server_no_context", 17) == NULL)) {
        builder_add_string(out_problem, "the server agreed to an extension that was not offered so");
    } else {
        *out_answer = (struct handshake_answer){.size = head.size, .is_compression_agreed = is_agreed};
        return DECODE_DONE;
    }
    return DECODE_BAD;
}
