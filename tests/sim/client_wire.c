/* SPDX-License-Identifier: Apache-2.0 */
/* Bytes: the upgrade, frames out, and frames in, read as strictly as the standards allow. Written for itself: nothing
 * of the server's own decoders is used. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/check.h"
#include "chance.h"
#include "client.h"
#include "memory.h"
#include "network.h"
#include "server.h"
#include "world.h"

enum { MESSAGE_BYTES_MAX = 1 << 22, HEAD_BYTES_MAX = 8192 };

void bytes_add(struct bytes *bytes, const void *at, size_t size)
{
    if (bytes->size + size > bytes->capacity) {
        while (bytes->capacity < bytes->size + size)
            bytes->capacity = bytes->capacity > 0 ? bytes->capacity * 2 : 1024;
        bytes->at = own_realloc(bytes->at, bytes->capacity);
    }
    if (size > 0)
        memcpy(bytes->at + bytes->size, at, size);
    bytes->size += size;
}

void bytes_take(struct bytes *bytes, size_t size)
{
    check(size <= bytes->size);
    if (size > 0)
        memmove(bytes->at, bytes->at + size, bytes->size - size);
    bytes->size -= size;
}

static void add_text(struct bytes *bytes, const char *text)
{
    bytes_add(bytes, text, strlen(text));
}

/* ---- the upgrade ---- */

static void ask_to_look(struct client *client)
{
    static const char *const paths[] = {"/", "/healthz", "/readyz", "/nothing", "/ws"};
    char text[200];
    bool keeps = chance_one_in(2);

    (void)snprintf(text, sizeof text, "GET %s HTTP/1.1\r\nHost: localhost\r\n%s\r\n", paths[chance_below(5)],
                   keeps ? "" : "Connection: close\r\n");
    add_text(&client->out, text);
    if (keeps && chance_one_in(3)) /* the next one before the first is answered */
        add_text(&client->out, "HEAD /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n");
}

void wire_ask(struct client *client)
{
    char text[TOKEN_BYTES + 200];

    if (client->is_visitor) {
        ask_to_look(client);
        return;
    }
    if (client->is_walk_in)
        (void)snprintf(text, sizeof text, "GET /ws?room=%s&history=%d HTTP/1.1\r\n", room_name(client->room_walked),
                       (int)chance_below(8));
    else
        (void)snprintf(text, sizeof text, "GET /ws HTTP/1.1\r\nSec-WebSocket-Protocol: natter.v1\r\n");
    add_text(&client->out, text);
    add_text(&client->out,
             "Host: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
             "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n");
    if (client->wants_deflate && chance_one_in(3))
        add_text(&client->out, "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10\r\n");
    else if (client->wants_deflate)
        add_text(&client->out, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    if (client->identity->token[0] && !client->is_anonymous && !client->logs_in) {
        (void)snprintf(text, sizeof text, "Authorization: Bearer %s\r\n", client->identity->token);
        add_text(&client->out, text);
    }
    add_text(&client->out, "\r\n");
}

static void opened(struct client *client, const char *head)
{
    if (!strstr(head, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        broken("the answer to the upgrade has not the right Sec-WebSocket-Accept");
    client->has_deflate = strstr(head, "permessage-deflate") != NULL;
    if (client->has_deflate && !client->wants_deflate)
        broken("compression was agreed, and not offered");
    trace(client->name, "is let in%s", client->has_deflate ? ", compressed" : "");
    client->stage = STAGE_OPEN;
    client->act_ns = world.now_ns;
    if (client->is_walk_in)
        client->seats[client->room_walked].state = SEAT_ASKED;
}

/* Answers to plain requests are let pass; that they are whole shows in that nothing hangs. */
static void hear_http(struct client *client)
{
    char head[HEAD_BYTES_MAX];
    size_t size = client->in.size < sizeof head - 1 ? client->in.size : sizeof head - 1;

    memcpy(head, client->in.at, size);
    head[size] = 0;
    const char *end = strstr(head, "\r\n\r\n");
    if (strncmp(head, "HTTP/1.1 ", size < 9 ? size : 9) != 0 && !client->has_heard_head)
        broken("the answer to a request begins with %.20s", head);
    if (client->is_visitor) {
        client->has_heard_head |= size >= 9;
        if (size < 9)
            return;
        if (chance_one_in(4))
            client_reset(client);
        else if (end && chance_one_in(3))
            link_finish(client->link);
        client->in.size = 0;
        return;
    }
    if (!end)
        return;
    long status = strtol(head + 9, NULL, 10);
    if (status == 101) {
        bytes_take(&client->in, (size_t)(end - head) + 4);
        head[end - head] = 0;
        opened(client, head);
        return;
    }
    if (status != 503 && status != 429 && status != 408 && !client->is_rude)
        broken("the upgrade was answered with %ld", status);
    trace(client->name, "is refused with %ld", status);
    client_reset(client);
}

/* ---- frames out ---- */

static void add_frame(struct client *client, uint8_t first, const uint8_t *at, size_t size)
{
    uint8_t head[14] = {first};
    size_t head_size = 2;
    uint8_t mask[4];

    chance_bytes(mask, sizeof mask);
    if (size < 126) {
        head[1] = (uint8_t)(0x80 | size);
    } else {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(size >> 8);
        head[3] = (uint8_t)size;
        head_size = 4;
    }
    memcpy(head + head_size, mask, sizeof mask);
    bytes_add(&client->out, head, head_size + sizeof mask);
    size_t start = client->out.size;
    bytes_add(&client->out, at, size);
    for (size_t i = 0; i < size; i++)
        client->out.at[start + i] ^= mask[i & 3];
}

static size_t compress_message(const uint8_t *at, size_t size, uint8_t *out, size_t out_max)
{
    z_stream stream = {0};

    check(deflateInit2(&stream, 1, Z_DEFLATED, -9, 1, Z_DEFAULT_STRATEGY) == Z_OK);
    stream.next_in = (uint8_t *)(uintptr_t)at;
    stream.avail_in = (uInt)size;
    stream.next_out = out;
    stream.avail_out = (uInt)out_max;
    check(deflate(&stream, Z_SYNC_FLUSH) == Z_OK && stream.avail_out > 0);
    size_t made = out_max - stream.avail_out;
    (void)deflateEnd(&stream); /* it complains that the stream goes on */
    return made - 4;
}

void wire_frame(struct client *client, int opcode, const void *at, size_t size)
{
    uint8_t compressed[8192];
    const uint8_t *bytes = at;
    uint8_t flags = 0;

    check(size < 4096);
    if (opcode < 8 && client->has_deflate && chance_one_in(6)) {
        size = compress_message(bytes, size, compressed, sizeof compressed);
        bytes = compressed;
        flags = 0x40;
    }
    if (opcode < 8 && chance_one_in(12)) { /* in fragments, with a ping between them */
        size_t first = (size_t)chance_below(size + 1);
        add_frame(client, (uint8_t)(flags | opcode), bytes, first);
        if (chance_one_in(2))
            add_frame(client, 0x80 | 9, (const uint8_t *)"between", 7);
        add_frame(client, 0x80, bytes + first, size - first);
        return;
    }
    add_frame(client, (uint8_t)(0x80 | flags | opcode), bytes, size);
}

void wire_garbage(struct client *client)
{
    uint8_t noise[200];
    size_t size = (size_t)chance_between(1, sizeof noise);

    trace(client->name, "sends garbage");
    chance_bytes(noise, sizeof noise);
    switch (chance_below(6)) {
    case 0: bytes_add(&client->out, noise, size); break;
    case 1: add_frame(client, 0x81, noise, size); break; /* text that is not UTF-8 */
    case 2: add_frame(client, 0x81, (const uint8_t *)"{\"a\":[[[", 8); break;
    case 3: add_frame(client, (uint8_t)noise[0], noise, size); break; /* any opcode, any flags */
    case 4: bytes_add(&client->out, "\x81\x05hello", 7); break;       /* not masked */
    case 5: bytes_add(&client->out, "\x81\xff\x00\x00\x00\x7f\xff\xff\xff\xff\x01\x02\x03\x04", 14); break;
    default: break;
    }
}

/* ---- frames in ---- */

static void check_close(struct client *client, const uint8_t *payload, size_t size)
{
    static const int codes[] = {1000, 1001, 1002, 1007, 1008, 1009, 1011, 1012, 1013, 4001, 4003, 4108, 4109};
    bool is_known = false;

    if (size == 0 && client->has_sent_close)
        return;
    if (size < 2)
        broken("a Close of %zu bytes", size);
    int code = payload[0] << 8 | payload[1];
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        is_known |= codes[i] == code;
    if (!is_known)
        broken("a Close with code %d", code);
    if (!client->is_rude && (code == 1002 || code == 1007 || code == 1009))
        broken("a Close with code %d, %.*s, and nothing was wrong", code, (int)size - 2, (const char *)payload + 2);
    if (code == 4001 && world.fault_hits[FAULT_WALL_JUMP] == 0)
        broken("a right token was refused");
    if (code == 4001) /* too old, or from the future: they are somebody else from now on */
        *client->identity = (struct identity){.token = ""};
    if (code == 1008 && !client->is_rude && !server_has_limits())
        broken("a Close 1008, and there are no limits");
    trace(client->name, "hears Close %d", code);
}

static void hear_close(struct client *client, const uint8_t *payload, size_t size)
{
    check_close(client, payload, size);
    if (client->has_heard_close)
        broken("two Close frames");
    client->has_heard_close = true;
    if (!client->has_sent_close)
        client_say_close(client, 1000);
    client->stage = STAGE_CLOSING;
    if (chance_one_in(2))
        link_finish(client->link);
}

static void hear_compressed(struct client *client, const uint8_t *payload, size_t size)
{
    static uint8_t out[MESSAGE_BYTES_MAX];
    static const uint8_t tail[4] = {0, 0, 0xff, 0xff};
    z_stream stream = {0};

    check(inflateInit2(&stream, -15) == Z_OK);
    stream.next_in = (uint8_t *)(uintptr_t)payload;
    stream.avail_in = (uInt)size;
    stream.next_out = out;
    stream.avail_out = sizeof out - 1;
    int code = inflate(&stream, Z_NO_FLUSH);
    stream.next_in = (uint8_t *)(uintptr_t)tail;
    stream.avail_in = sizeof tail;
    int last = inflate(&stream, Z_SYNC_FLUSH);
    if ((code != Z_OK && code != Z_BUF_ERROR) || (last != Z_OK && last != Z_BUF_ERROR) || stream.avail_out == 0)
        broken("a compressed message cannot be inflated (%d, %d)", code, last);
    size_t made = sizeof out - 1 - stream.avail_out;
    (void)inflateEnd(&stream); /* fine at any point */
    out[made] = 0;
    hear_text(client, (const char *)out, made);
}

static void hear_frame(struct client *client, uint8_t first, uint8_t *payload, size_t size)
{
    int opcode = first & 15;
    bool is_compressed = first & 0x40;

    world.frames_seen++;
    if (client->has_heard_close)
        broken("a frame after the Close");
    if (!(first & 0x80) || first & 0x30 || (is_compressed && (!client->has_deflate || opcode != 1)))
        broken("a frame begins with 0x%02x", first);
    switch (opcode) {
    case 1:
        if (is_compressed) {
            hear_compressed(client, payload, size);
        } else {
            char *text = own_realloc(NULL, size + 1);
            memcpy(text, payload, size);
            text[size] = 0;
            hear_text(client, text, size);
            own_free(text);
        }
        break;
    case 8: hear_close(client, payload, size); break;
    case 9:
        if (client->stage == STAGE_OPEN)
            wire_frame(client, 10, payload, size);
        break;
    case 10: break;
    default: broken("a frame with opcode %d", opcode);
    }
}

/* False: it is not whole yet. */
static bool hear_next_frame(struct client *client)
{
    uint8_t *at = client->in.at;
    size_t head = 2;

    if (client->in.size < 2)
        return false;
    if (at[1] & 0x80)
        broken("a frame of the server is masked");
    uint64_t size = at[1];
    if (size >= 126) {
        int bytes = size == 126 ? 2 : 8;
        head += (size_t)bytes;
        if (client->in.size < head)
            return false;
        size = 0;
        for (int i = 0; i < bytes; i++)
            size = size << 8 | at[2 + i];
        if (size < (bytes == 2 ? 126u : 65536u))
            broken("a frame's length is not minimal");
    }
    if ((at[0] & 8 && size > 125) || size > MESSAGE_BYTES_MAX)
        broken("a frame of %llu bytes, beginning with 0x%02x", (unsigned long long)size, at[0]);
    if (client->in.size < head + size)
        return false;
    uint8_t first = at[0];
    uint8_t *payload = own_realloc(NULL, size + 1);
    memcpy(payload, at + head, size);
    bytes_take(&client->in, head + (size_t)size);
    hear_frame(client, first, payload, (size_t)size);
    own_free(payload);
    return client->link != NULL;
}

void wire_hear(struct client *client)
{
    if (client->stage == STAGE_ASKED)
        hear_http(client);
    while (client->link && client->stage >= STAGE_OPEN && hear_next_frame(client)) {
    }
}
