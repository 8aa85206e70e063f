/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_link.h"

#include <stdio.h>

#include "doctor/link.h"
#include "fuzz.h"
#include "load/client_handshake.h"
#include "wire/ws_handshake.h"

enum { LENGTH_BYTES = 2, OPEN_DESCRIPTOR = 1000 };

static struct view world, answer;
static struct fuzz_cuts pieces;
static uint8_t how;

void fake_link_begin(struct view bytes, uint8_t cuts)
{
    world = bytes;
    answer = view_of(NULL, 0);
    pieces = (struct fuzz_cuts){cuts};
}

bool tls_client_init(struct tls_client *client, const char *ca_file, bool is_insecure, struct builder *out_problem)
{
    (void)ca_file;
    (void)out_problem;
    *client = (struct tls_client){.is_insecure = is_insecure};
    return true;
}

void tls_client_done(struct tls_client *client)
{
    check(!client->context);
}

bool link_open(struct link *link, const struct os_address *address, const struct tls_client *client, const char *host,
               struct link_facts *out_facts)
{
    (void)address;
    check(host[0]);
    *out_facts = (struct link_facts){0};
    *link = (struct link){.descriptor = -1};
    if (world.size < 1 + LENGTH_BYTES) {
        (void)snprintf(out_facts->problem, sizeof out_facts->problem, "nothing listens there");
        return false;
    }
    how = world.at[0];
    size_t size = (size_t)world.at[1] << 8 | world.at[2];
    world = view_skip(world, 1 + LENGTH_BYTES);
    answer = view_first(world, size < world.size ? size : world.size);
    world = view_skip(world, answer.size);
    out_facts->is_connected = true;
    if (client) {
        out_facts->is_secured = true;
        out_facts->is_chain_right = !(how & FAKE_TLS_WRONG);
        out_facts->is_name_right = out_facts->is_in_time = true;
        out_facts->days_left = 30;
    }
    link->descriptor = OPEN_DESCRIPTOR;
    return true;
}

void link_close(struct link *link)
{
    *link = (struct link){.descriptor = -1};
}

/* The answer to an upgrade that nobody can guess goes before the others. */
static struct builder upgrade;

bool link_write(struct link *link, struct view bytes, int timeout_ms)
{
    static const char name[] = "Sec-WebSocket-Key: ";
    const uint8_t *key = memmem(bytes.at, bytes.size, name, sizeof name - 1);
    char accept[29];

    check(link->descriptor == OPEN_DESCRIPTOR && timeout_ms > 0);
    builder_done(&upgrade);
    builder_init(&upgrade, 1024);
    if (!key || !(how & FAKE_UPGRADES))
        return true;
    check(ws_accept_value(view_of(key + sizeof name - 1, HANDSHAKE_KEY_SIZE), accept));
    builder_format(&upgrade,
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Accept: %s\r\nSec-WebSocket-Protocol: natter.doctor\r\n"
                   "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
                   accept);
    return true;
}

enum result link_read(struct link *link, struct builder *out, int timeout_ms)
{
    check(link->descriptor == OPEN_DESCRIPTOR && timeout_ms >= 0);
    if (upgrade.size > 0) {
        builder_add_view(out, builder_view(&upgrade));
        builder_clear(&upgrade);
        return RESULT_OK;
    }
    if (answer.size > 0) {
        struct view piece = fuzz_take_piece(&pieces, &answer);
        builder_add_view(out, piece);
        fuzz_free(piece);
        return RESULT_OK;
    }
    return how & FAKE_HANGS ? RESULT_AGAIN : how & FAKE_RESETS ? RESULT_FAILED : RESULT_CLOSED;
}
