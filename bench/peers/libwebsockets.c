/* SPDX-License-Identifier: Apache-2.0 */
/* A broadcaster on libwebsockets. A ring holds the newest messages; each connection has a place in it and writes one
 * message for each of its writable callbacks, as the library wants it; who falls off the ring is closed. With --direct
 * a connection that has kept up is written to at once, from the loop over all. */
#include <libwebsockets.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RING_MESSAGES = 4096, MESSAGE_BYTES_MAX = 64 * 1024, RX_BYTES = 64 * 1024 };

struct message {
    uint8_t *bytes; /* LWS_PRE, then the text */
    size_t size;
};

struct client {
    struct lws *socket;
    struct client *next;
    struct client **place;
    uint64_t position;
};

static struct message ring[RING_MESSAGES];
static uint64_t ring_end;
static struct client *clients;
static bool is_direct;

static int write_next(struct client *client);

static void take(struct lws *socket, const void *text, size_t size)
{
    struct message *message = &ring[ring_end % RING_MESSAGES];

    if (!lws_is_first_fragment(socket) || !lws_is_final_fragment(socket) || size > MESSAGE_BYTES_MAX)
        return; /* what the load sends comes in one piece */
    free(message->bytes);
    message->bytes = malloc(LWS_PRE + size);
    if (!message->bytes)
        abort();
    memcpy(message->bytes + LWS_PRE, text, size);
    message->size = size;
    ring_end++;
    for (struct client *client = clients; client; client = client->next) {
        bool has_kept_up = client->position + 1 == ring_end;
        if (!is_direct || !has_kept_up || lws_send_pipe_choked(client->socket) || write_next(client) != 0)
            lws_callback_on_writable(client->socket);
    }
}

static int write_next(struct client *client)
{
    if (client->position == ring_end)
        return 0;
    if (ring_end - client->position > RING_MESSAGES)
        return -1;
    struct message *message = &ring[client->position++ % RING_MESSAGES];
    if (lws_write(client->socket, message->bytes + LWS_PRE, message->size, LWS_WRITE_TEXT) < (int)message->size)
        return -1;
    if (client->position < ring_end)
        lws_callback_on_writable(client->socket);
    return 0;
}

static int handle(struct lws *socket, enum lws_callback_reasons reason, void *user, void *in, size_t size)
{
    struct client *client = user;

    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        client->socket = socket;
        client->position = ring_end;
        client->next = clients;
        client->place = &clients;
        if (clients)
            clients->place = &client->next;
        clients = client;
        return 0;
    case LWS_CALLBACK_CLOSED:
        *client->place = client->next;
        if (client->next)
            client->next->place = client->place;
        return 0;
    case LWS_CALLBACK_RECEIVE: take(socket, in, size); return 0;
    case LWS_CALLBACK_SERVER_WRITEABLE: return write_next(client);
    default: return lws_callback_http_dummy(socket, reason, user, in, size);
    }
}

int main(int count, char **arguments)
{
    is_direct = count > 1 && strcmp(arguments[1], "--direct") == 0;
    const struct lws_protocols protocols[] = {{"broadcast", handle, sizeof(struct client), RX_BYTES, 0, NULL, 0},
                                              {NULL, NULL, 0, 0, 0, NULL, 0}};
    struct lws_context_creation_info info = {
        .port = 0,
        .iface = "127.0.0.1",
        .protocols = protocols,
        .fd_limit_per_thread = 16000,
        .gid = (gid_t)-1,
        .uid = (uid_t)-1,
    };

    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context *context = lws_create_context(&info);
    if (!context)
        return 1;
    (void)printf("%d\n", lws_get_vhost_listen_port(lws_get_vhost_by_name(context, "default")));
    (void)fflush(stdout);
    while (lws_service(context, 0) >= 0) {
    }
    lws_context_destroy(context);
    return 0;
}
