/* SPDX-License-Identifier: Apache-2.0 */
/* An echo server on the connection engine alone: every text or binary message goes back as it came. For WebSocket
 * conformance suites.
 *
 *     echo_server [--port N]              0, the default, draws a port; the address is printed on stdout
 *                 [--message-max BYTES]   of one message (32 MiB)
 *                 [--fragments-max N]     of one message (1,000,000)
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/table.h"
#include "net/conn.h"
#include "net/letters.h"
#include "net/shard.h"
#include "os/random.h"
#include "os/thread.h"

static void on_request(void *context, struct conn *conn, const struct http_request *request, struct view body)
{
    (void)context;
    (void)request;
    (void)body;
    conn_answer(
        conn,
        &(struct http_answer){
            .status = 426,
            .fields = VIEW("Upgrade: websocket\r\nConnection: Upgrade\r\nContent-Type: text/plain; charset=utf-8\r\n"),
            .body = VIEW("This is a WebSocket echo server. Connect with a WebSocket client.\n"),
        });
}

static void on_upgrade(void *context, struct conn *conn, const struct http_request *request,
                       const struct ws_offer *offer, struct net_upgrade *upgrade)
{
    (void)context;
    (void)conn;
    (void)request;
    (void)offer;
    upgrade->status = 101;
}

static void on_opened(void *context, struct conn *conn)
{
    (void)context;
    (void)conn;
}

static void on_message(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    (void)context;
    conn_send(conn, opcode, payload);
}

static void on_lapped(void *context, struct conn *conn, uint32_t number, uint64_t from, uint64_t to,
                      struct builder *out)
{
    (void)context;
    (void)conn;
    (void)number;
    (void)from;
    (void)to;
    (void)out;
}

static void on_ended(void *context, struct conn *conn)
{
    (void)context;
    (void)conn;
}

static struct net_options options = {
    .shard_count = 1,
    .backlog = 1024,
    .connections_max = 10000,
    .head_bytes_max = 16 * 1024,
    .body_bytes_max = 4096,
    .message_bytes_max = 32 * 1024 * 1024,
    .fragments_max = 1000000,
    .answers_pending_max = 1000,
    .outbox_bytes_max = 128 * 1024 * 1024,
    .feed_bytes_max = 1024 * 1024,
    .request_ms = 10000,
    .keep_alive_ms = 60000,
    .heartbeat_ms = 25000,
    .write_ms = 10000,
    .close_ms = 2000,
    .has_compression = true,
    .compression_level = 4,
    .compression_bytes_min = 1,
    .mailbox_letters = 64,
    .flush_slice = 1000,
};

static int usage(void)
{
    (void)fputs("usage: echo_server [--port N] [--message-max BYTES] [--fragments-max N]\n", stderr);
    return 2;
}

static bool read_arguments(int count, char **arguments, struct os_address *address)
{
    uint64_t port = 0, message_max = options.message_bytes_max, fragments_max = options.fragments_max;

    if (os_address_parse(VIEW("127.0.0.1:0"), address) != RESULT_OK)
        return false;
    for (int i = 1; i < count; i += 2) {
        const char *name = arguments[i];
        bool is_port = strcmp(name, "--port") == 0, is_message = strcmp(name, "--message-max") == 0;
        uint64_t *number = is_port ? &port : is_message ? &message_max : &fragments_max;
        if (i + 1 == count || !(is_port || is_message || strcmp(name, "--fragments-max") == 0))
            return false;
        uint64_t most = is_port ? UINT16_MAX : options.message_bytes_max;
        if (!view_to_number(view_of_string(arguments[i + 1]), most, number))
            return false;
    }
    address->port = (uint16_t)port;
    options.message_bytes_max = message_max;
    options.fragments_max = (uint32_t)fragments_max;
    return true;
}

int main(int count, char **arguments)
{
    static const struct net_events events = {
        .request = on_request,
        .upgrade = on_upgrade,
        .opened = on_opened,
        .message = on_message,
        .lapped = on_lapped,
        .ended = on_ended,
    };
    struct os_address address, bound;
    struct shard *shard;
    uint8_t secret[16];
    struct shard_listener listener = {.descriptor = -1};

    if (!read_arguments(count, arguments, &address))
        return usage();
    os_random_init();
    os_random_bytes(secret, sizeof secret);
    table_seed(secret);
    os_signals_init();
    if (os_listen(&address, options.backlog, false, &listener.descriptor, &bound) != RESULT_OK) {
        (void)fputs("echo_server: the port is in use or not allowed; choose another with --port\n", stderr);
        return 1;
    }
    struct admission *admission = admission_new(options.connections_max, 0);
    if (!admission || shard_new(&options, &events, admission, 0, &listener, 1, &shard) != RESULT_OK
        || shard_start(shard) != RESULT_OK) {
        (void)fputs("echo_server: no memory to start\n", stderr);
        return 1;
    }
    (void)printf("listening on 127.0.0.1:%" PRIu16 "\n", bound.port);
    (void)fflush(stdout);
    (void)os_signal_wait(-1);
    shard_post_stop(shard);
    shard_join(shard);
    shard_free(shard);
    admission_free(admission);
    return 0;
}
