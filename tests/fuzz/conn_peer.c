/* SPDX-License-Identifier: Apache-2.0 */
#include "conn_peer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fake_os.h"
#include "wire/utf8.h"

enum { FRAME_BYTES_MAX = 1 << 18 };

void peer_upgrade(const struct peer *peer, uint8_t form)
{
    static const char *const extensions[] = {
        "",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=9\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n",
    };
    static const char *const faults[] = {"", "Sec-WebSocket-Version: 8\r\n", "Content-Length: 1\r\n", "Bad\r\n"};
    char head[512];
    int size = snprintf(head, sizeof head,
                        "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n%s"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                        extensions[form & 3], form >= 240 ? faults[form >> 2 & 3] : "");

    fake_send(peer->descriptor, view_of(head, (size_t)size));
}

void peer_send_frame(const struct peer *peer, uint8_t first, struct view payload, bool is_masked)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t head[WS_SERVER_HEADER_BYTES_MAX];
    size_t size = ws_header_encode(head, WS_TEXT, true, false, payload.size);
    uint8_t *bytes = malloc(size + 4 + payload.size);

    check(bytes != NULL);
    memcpy(bytes, head, size);
    bytes[0] = first;
    if (is_masked) {
        bytes[1] |= 0x80;
        memcpy(bytes + size, mask, 4);
        size += 4;
    }
    if (payload.size > 0)
        memcpy(bytes + size, payload.at, payload.size);
    if (is_masked)
        ws_unmask(bytes + size, payload.size, mask, 0);
    fake_send(peer->descriptor, view_of(bytes, size + payload.size));
    free(bytes);
}

void peer_send_packed(const struct peer *peer, struct deflater *deflater, struct view text)
{
    struct builder packed;

    builder_init(&packed, FRAME_BYTES_MAX);
    check(deflater_run(deflater, text, &packed));
    peer_send_frame(peer, 0xC0 | WS_TEXT, builder_view(&packed), true);
    builder_done(&packed);
}

void peer_leave(struct peer_feed *feed)
{
    if (feed->is_followed)
        feed->stale[feed->stale_count++ % PEER_STALE_MAX] = feed->next;
    feed->is_followed = feed->is_held = false;
}

/* "#FEED:SEQ:…" is an event, "gap FEED FROM TO" a hole. Numbers are ours, so they are there. */
static void look_at_text(struct peer *peer, struct view text)
{
    unsigned long long number = 0, from = 0, to = 0;
    char start[64];
    int size = snprintf(start, sizeof start, "%.*s", (int)(text.size < 60 ? text.size : 60), (const char *)text.at);

    check(size >= 0);
    if (sscanf(start, "#%llu:%llu:", &number, &from) == 2)
        to = from;
    else if (sscanf(start, "gap %llu %llu %llu", &number, &from, &to) != 3)
        return;
    check(number < PEER_FEEDS_MAX && from <= to);
    struct peer_feed *feed = &peer->feeds[number];

    for (int i = 0; i < PEER_STALE_MAX; i++) {
        if (feed->stale[i] == from) {
            feed->stale[i] = to + 1;
            return;
        }
    }
    check(feed->is_followed && !feed->is_held);
    check(from == feed->next);
    feed->next = to + 1;
}

static void look_at_data(struct peer *peer, uint8_t first, struct view payload)
{
    bool is_text = (first & 0x0F) == WS_TEXT;
    struct builder plain;

    check(first & 0x80); /* natter never cuts its messages */
    builder_init(&plain, FRAME_BYTES_MAX);
    if (first & 0x40) {
        struct inflater *inflater = inflater_new();
        check(peer->has_deflate && inflater != NULL);
        check(inflater_run(inflater, payload, true, &plain) == INFLATE_OK);
        inflater_free(inflater);
        payload = builder_view(&plain);
    }
    if (is_text) {
        check(utf8_is_valid(payload));
        if (payload.size > 0)
            look_at_text(peer, payload);
    }
    builder_done(&plain);
}

/* The size of the frame, or 0: it is not whole yet. */
static size_t look_at_frame(struct peer *peer, struct view bytes)
{
    if (bytes.size < 2)
        return 0;
    uint8_t first = bytes.at[0];
    uint8_t opcode = first & 0x0F;
    uint8_t length = bytes.at[1] & 0x7F;
    size_t head_size = length == 127 ? 10 : length == 126 ? 4 : 2;

    check(peer->stage == PEER_OPEN);
    check(!(bytes.at[1] & 0x80) && !(first & 0x30));
    check(opcode == WS_TEXT || opcode == WS_BINARY || (opcode >= WS_CLOSE && opcode <= WS_PONG));
    if (bytes.size < head_size)
        return 0;
    uint64_t size = ws_server_frame_size(bytes.at);
    uint8_t again[WS_SERVER_HEADER_BYTES_MAX];

    check(ws_header_encode(again, WS_TEXT, true, false, size - head_size) == head_size); /* the fewest bytes */
    if (bytes.size < size)
        return 0;
    struct view payload = view_skip(view_first(bytes, size), head_size);

    if (opcode < WS_CLOSE) {
        look_at_data(peer, first, payload);
        return size;
    }
    check(payload.size <= WS_CONTROL_BYTES_MAX && (first & 0xF0) == 0x80);
    if (opcode == WS_CLOSE) {
        struct ws_fault fault;
        struct view reason;
        uint16_t code;
        check(ws_close_read(payload, &code, &reason, &fault));
        peer->stage = PEER_CLOSED;
    }
    return size;
}

/* The size of the answer, or 0: it is not whole yet. Our answers with 200 have no body; whoever is refused gets no
 * other answer behind it. */
static size_t look_at_answer(struct peer *peer, struct view bytes)
{
    const uint8_t *end = bytes.size > 0 ? memmem(bytes.at, bytes.size, "\r\n\r\n", 4) : NULL;

    if (!end)
        return 0;
    struct view head = view_first(bytes, (size_t)(end - bytes.at) + 4);

    check(view_starts_with(head, VIEW("HTTP/1.1 ")) && head.size > 12);
    check(memchr(head.at, 0, head.size) == NULL);
    if (view_starts_with(head, VIEW("HTTP/1.1 101"))) {
        peer->stage = PEER_OPEN;
        peer->has_deflate = memmem(head.at, head.size, "permessage-deflate", 18) != NULL;
    } else if (!view_starts_with(head, VIEW("HTTP/1.1 100")) && !view_starts_with(head, VIEW("HTTP/1.1 200"))) {
        check(head.at[9] == '4' || head.at[9] == '5');
        peer->stage = PEER_REFUSED;
    }
    return head.size;
}

void peer_look(struct peer *peer)
{
    const struct fake_socket *socket = &fake_sockets[peer->descriptor];
    size_t size = 1;

    while (size > 0 && peer->seen < socket->out.size && peer->stage != PEER_REFUSED) {
        struct view rest = view_skip(view_of(socket->out.at, socket->out.size), peer->seen);
        if (peer->stage == PEER_HTTP)
            size = look_at_answer(peer, rest);
        else
            size = look_at_frame(peer, rest);
        peer->seen += size;
    }
    check(peer->stage != PEER_CLOSED || peer->seen == socket->out.size); /* nothing after Close */
}
