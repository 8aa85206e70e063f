/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_server.h"

#include "base/builder.h"
#include "load/scan.h"
#include "os/poller.h"
#include "os/socket.h"
#include "os/thread.h"
#include "wire/deflate.h"
#include "wire/ws_frame.h"
#include "wire/ws_handshake.h"

#include <stdio.h>
#include <stdlib.h>

enum { CLIENTS_MAX = 64, BYTES_MAX = 64 << 20, LOG_COUNT = 65536, LOG_TEXT_SIZE = 512 };

struct fake_client {
    int descriptor; /* -1: ended */
    char path[16];  /* raw: its room */
    uint32_t number;
    bool is_upgraded, is_joined, is_compressed, has_token;
    struct builder in, out, held;
};

struct fake_server {
    struct fake_options options;
    struct os_thread thread;
    struct os_poller poller;
    struct os_wakeup stop;
    int listener;
    struct os_address address;
    struct fake_client clients[CLIENTS_MAX];
    uint32_t count;
    uint64_t seq;
    char (*log)[LOG_TEXT_SIZE]; /* the newest events, by seq */
    bool was_busy;
    bool has_stopped;
    struct deflater *deflater;
    struct builder text, packed, glued;
};

static void flush(struct fake_client *client)
{
    while (client->descriptor >= 0 && client->out.size > 0) {
        size_t size;
        if (os_write(client->descriptor, client->out.at, client->out.size, &size) != RESULT_OK)
            return;
        memmove(client->out.at, client->out.at + size, client->out.size - size);
        client->out.size -= size;
    }
}

static void add_frame(struct builder *out, enum ws_opcode opcode, bool is_final, bool is_compressed,
                      struct view payload)
{
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    builder_add(out, header, ws_header_encode(header, opcode, is_final, is_compressed, payload.size));
    builder_add_view(out, payload);
}

static void add_message(struct fake_server *server, struct fake_client *client, struct builder *out, struct view text)
{
    if (client->is_compressed) {
        builder_clear(&server->packed);
        check(deflater_run(server->deflater, text, &server->packed));
        text = builder_view(&server->packed);
    }
    if (!server->options.is_fragmenting) {
        add_frame(out, WS_TEXT, true, client->is_compressed, text);
        return;
    }
    size_t third = text.size / 3;
    add_frame(out, WS_TEXT, false, client->is_compressed, view_first(text, third));
    add_frame(out, WS_PING, true, false, VIEW("here?"));
    add_frame(out, WS_CONTINUATION, false, false, view_first(view_skip(text, third), third));
    add_frame(out, WS_CONTINUATION, true, false, view_skip(text, 2 * third));
}

static void say(struct fake_server *server, struct fake_client *client, const char *text)
{
    add_message(server, client, &client->out, view_of_string(text));
    flush(client);
}

static void end(struct fake_server *server, struct fake_client *client)
{
    os_poller_remove(&server->poller, client->descriptor);
    os_socket_close(client->descriptor);
    client->descriptor = -1;
}

/* The event for one connection, or what the fault makes of it. */
static void deliver(struct fake_server *server, struct fake_client *client, struct view event)
{
    uint64_t place = server->seq - server->options.first_seq;
    bool is_hit = client->number == server->options.victim && place == server->options.at;
    bool is_victim = client->number == server->options.victim;
    enum fake_fault fault = server->options.fault;
    if (is_hit && fault == FAKE_DROPS)
        return;
    if (is_hit && fault == FAKE_SWAPS) {
        add_message(server, client, &client->held, event);
        return;
    }
    if (is_victim && fault == FAKE_GAPS && place >= server->options.at && place < server->options.at + 3) {
        char gap[128];
        (void)snprintf(gap, sizeof(gap), "{\"type\":\"gap\",\"room\":\"~bench-0\",\"from\":%llu,\"to\":%llu}",
                       (unsigned long long)server->seq, (unsigned long long)server->seq + 2);
        if (is_hit)
            say(server, client, gap);
        return;
    }
    if (is_hit && fault == FAKE_CLOSES) {
        uint8_t close[WS_CONTROL_BYTES_MAX + 2];
        builder_add(&client->out, close, ws_close_encode(close, WS_CLOSE_TOO_SLOW, VIEW("too slow")));
        flush(client);
        end(server, client);
        return;
    }
    add_message(server, client, &client->out, event);
    if (is_hit && fault == FAKE_DOUBLES)
        add_message(server, client, &client->out, event);
    builder_add_view(&client->out, builder_view(&client->held));
    builder_clear(&client->held);
    flush(client);
}

/* To all; in a raw server, to those with the same path. */
static void broadcast(struct fake_server *server, const struct fake_client *sender, struct view event)
{
    for (uint32_t index = 0; index < server->count; index++) {
        struct fake_client *client = &server->clients[index];
        if (server->options.is_raw && server->options.fault != FAKE_MIXES_ROOMS
            && strcmp(client->path, sender->path) != 0)
            continue;
        if (client->descriptor >= 0 && (client->is_joined || (server->options.is_raw && client->is_upgraded)))
            deliver(server, client, event);
    }
}

static void commit(struct fake_server *server, struct view text, struct view key)
{
    static const char plain[] =
        "{\"type\":\"message\",\"room\":\"~bench-0\",\"seq\":%llu,\"at\":1,\"user\":{\"id\":\"u\","
        "\"name\":\"\\\"seq\\\":9\"},\"text\":\"%.*s\",\"key\":\"%.*s\"}";
    static const char other[] = "{ \"user\" : {\"seq\":7, \"name\":\"type\"}, \"seq\" : %llu ,\"text\": \"%.*s\",\n"
                                "\t\"key\":\"%.*s\",\"type\" : \"message\"}";
    server->seq++;
    builder_clear(&server->text);
    builder_format(&server->text, server->options.is_reordering ? other : plain, (unsigned long long)server->seq,
                   (int)text.size, (const char *)text.at, (int)key.size, (const char *)key.at);
    (void)snprintf(server->log[server->seq % LOG_COUNT], LOG_TEXT_SIZE, "%.*s", (int)server->text.size,
                   (const char *)server->text.at);
    broadcast(server, NULL, builder_view(&server->text));
}

static void take_send(struct fake_server *server, struct fake_client *client, struct view text, struct view key)
{
    char answer[256];
    bool is_hit = server->seq + 1 - server->options.first_seq == server->options.at;
    enum fake_fault fault = server->options.fault;
    if (is_hit && ((fault == FAKE_IS_BUSY && !server->was_busy) || fault == FAKE_REFUSES)) {
        server->was_busy = true;
        (void)snprintf(
            answer, sizeof(answer),
            "{\"type\":\"error\",\"code\":\"%s\",\"message\":\"not now\",\"key\":\"%.*s\",\"retry_after\":5}",
            fault == FAKE_REFUSES ? "forbidden" : "busy", (int)key.size, (const char *)key.at);
        say(server, client, answer);
        return;
    }
    commit(server, text, key);
    (void)snprintf(answer, sizeof(answer),
                   "{\"type\":\"ack\",\"room\":\"~bench-0\",\"key\":\"%.*s\",\"seq\":%llu,\"at\":1}", (int)key.size,
                   (const char *)key.at, (unsigned long long)server->seq + (is_hit && fault == FAKE_ACKS_WRONGLY));
    if (!is_hit || fault != FAKE_ACKS_NOT)
        say(server, client, answer);
    if (is_hit && fault == FAKE_COMMITS_TWICE)
        commit(server, text, key);
}

/* What whoever resumes has missed, or what the fault makes of it. */
static void resume(struct fake_server *server, struct fake_client *client, uint64_t after)
{
    enum fake_fault fault = server->options.fault;
    uint64_t first = after + 1;
    if (fault == FAKE_FORGETS)
        first++;
    else if (fault == FAKE_REPEATS)
        first--;
    else if (fault == FAKE_TRUNCATES)
        first = server->seq;
    client->is_joined = true;
    builder_clear(&server->text);
    builder_format(&server->text, "{\"type\":\"joined\",\"epoch\":\"%s\",\"seq\":%llu,\"truncated\":%s,\"events\":[",
                   fault == FAKE_STARTS_ANEW ? "e2" : "e1", (unsigned long long)server->seq,
                   fault == FAKE_TRUNCATES ? "true" : "false");
    for (uint64_t seq = first; seq <= server->seq; seq++)
        builder_format(&server->text, "%s%s", seq == first ? "" : ",", server->log[seq % LOG_COUNT]);
    builder_add_string(&server->text, "]}");
    add_message(server, client, &client->out, builder_view(&server->text));
    flush(client);
}

static void take_join(struct fake_server *server, struct fake_client *client, struct view after, struct view epoch)
{
    char answer[160];
    uint64_t seq;
    if (view_to_number(after, INT64_MAX, &seq)) {
        check(view_equal(epoch, VIEW("e1")) && client->has_token);
        resume(server, client, seq);
        return;
    }
    if (server->options.fault == FAKE_FORBIDS && client->number == server->options.victim) {
        say(server, client, "{\"type\":\"error\",\"code\":\"forbidden\",\"message\":\"this room is closed\"}");
        return;
    }
    client->is_joined = true;
    (void)snprintf(answer, sizeof(answer),
                   "{\"type\":\"joined\",\"epoch\":\"e1\",\"events\":[{\"seq\":3}],\"seq\":%llu,\"count\":1}",
                   (unsigned long long)server->seq);
    say(server, client, answer);
    say(server, client, "{\"type\":\"presence\",\"joined\":[],\"left\":[],\"count\":2}");
}

/* Glued: every second message waits for the next. */
static void take_raw(struct fake_server *server, const struct fake_client *client, struct view text)
{
    server->seq++;
    if (server->options.fault == FAKE_GLUES && server->glued.size == 0) {
        builder_add_view(&server->glued, text);
        return;
    }
    if (server->glued.size > 0) {
        builder_add_byte(&server->glued, '\n');
        builder_add_view(&server->glued, text);
        text = builder_view(&server->glued);
    }
    broadcast(server, client, text);
    builder_clear(&server->glued);
}

static void take_command(struct fake_server *server, struct fake_client *client, struct view text)
{
    struct scan_field fields[] = {
        {.name = "type"}, {.name = "text"}, {.name = "key"}, {.name = "after"}, {.name = "epoch"}};
    if (server->options.is_raw) {
        take_raw(server, client, text);
        return;
    }
    scan_object(text, fields, 5);
    if (view_equal(fields[0].value, VIEW("join")))
        take_join(server, client, fields[3].value, fields[4].value);
    else if (view_equal(fields[0].value, VIEW("send")))
        take_send(server, client, fields[1].value, fields[2].value);
}

static size_t take_upgrade(struct fake_server *server, struct fake_client *client)
{
    struct view head = builder_view(&client->in);
    const uint8_t *finish = memmem(head.at, head.size, "\r\n\r\n", 4);
    bool is_victim = client->number == server->options.victim;
    if (finish == NULL || (server->options.fault == FAKE_IS_SILENT && is_victim))
        return 0;
    if (server->options.fault == FAKE_HAS_LIMIT && is_victim) {
        builder_add_string(&client->out, "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 9\r\n\r\nToo many\n");
        flush(client);
        return head.size;
    }
    const uint8_t *key = memmem(head.at, head.size, "Key: ", 5);
    const char *protocol = server->options.is_raw ? NULL : "natter.v1";
    struct deflate_terms terms = {.server_window_bits = 15, .client_no_context = true};
    client->is_compressed = memmem(head.at, head.size, "permessage-deflate", 18) != NULL;
    ws_handshake_answer(&(struct ws_answer){.key = view_of(key + 5, 24),
                                            .protocol = protocol,
                                            .deflate = client->is_compressed ? &terms : NULL},
                        &client->out);
    flush(client);
    client->has_token = memmem(head.at, head.size, "Authorization: Bearer t0k3n\r\n", 29) != NULL;
    (void)sscanf((const char *)head.at, "GET %15[^ ]", client->path);
    client->is_upgraded = true;
    if (!server->options.is_raw)
        say(server, client,
            "{\"type\":\"welcome\",\"protocol\":\"natter.v1\",\"token\":\"t0k3n\","
            "\"user\":{\"id\":\"u\",\"name\":\"n\"}}");
    return (size_t)(finish + 4 - head.at);
}

static size_t take_frame(struct fake_server *server, struct fake_client *client)
{
    struct ws_header header;
    struct ws_fault fault;
    enum decode decoded = ws_decode(builder_view(&client->in), false, &header, &fault);
    if (decoded == DECODE_NEED_MORE || client->in.size < header.size + header.payload_size)
        return 0;
    check(decoded == DECODE_DONE);
    uint8_t *payload = client->in.at + header.size;
    ws_unmask(payload, (size_t)header.payload_size, header.mask, 0);
    if (header.opcode == WS_TEXT)
        take_command(server, client, view_of(payload, (size_t)header.payload_size));
    return header.size + (size_t)header.payload_size;
}

static void take_bytes(struct fake_server *server, struct fake_client *client)
{
    while (client->descriptor >= 0 && client->in.size > 0) {
        size_t taken = client->is_upgraded ? take_frame(server, client) : take_upgrade(server, client);
        if (taken == 0)
            return;
        memmove(client->in.at, client->in.at + taken, client->in.size - taken);
        client->in.size -= taken;
    }
}

static void on_readable(struct fake_server *server, struct fake_client *client)
{
    while (client->descriptor >= 0) {
        size_t size;
        uint8_t *room = builder_reserve(&client->in, 65536);
        check(room != NULL);
        enum result result = os_read(client->descriptor, room, 65536, &size);
        if (result == RESULT_AGAIN)
            return;
        if (result != RESULT_OK) {
            end(server, client);
            return;
        }
        builder_wrote(&client->in, size);
        take_bytes(server, client);
    }
}

static void accept_all(struct fake_server *server)
{
    struct os_address peer;
    int descriptor;
    while (os_accept(server->listener, &descriptor, &peer) == RESULT_OK) {
        check(server->count < CLIENTS_MAX);
        struct fake_client *client = &server->clients[server->count];
        client->descriptor = descriptor;
        client->number = server->count++;
        os_socket_tune(descriptor, 0, 0);
        builder_init(&client->in, BYTES_MAX);
        builder_init(&client->out, BYTES_MAX);
        builder_init(&client->held, BYTES_MAX);
        check(os_poller_add(&server->poller, descriptor, OS_READ | OS_WRITE, client) == RESULT_OK);
    }
}

static void serve(void *context)
{
    struct fake_server *server = context;
    struct os_event events[OS_EVENTS_MAX];
    while (!server->has_stopped) {
        int count = os_poll(&server->poller, events, -1);
        for (int index = 0; index < count; index++) {
            struct fake_client *client = events[index].owner;
            if (events[index].owner == server)
                accept_all(server);
            else if (events[index].owner == &server->stop)
                server->has_stopped = true;
            else if (client->descriptor >= 0) {
                flush(client);
                on_readable(server, client);
            }
        }
    }
}

struct fake_server *fake_server_start(const struct fake_options *options)
{
    struct fake_server *server = calloc(1, sizeof(*server));
    struct os_address any;
    check(server != NULL);
    server->log = calloc(LOG_COUNT, sizeof(*server->log));
    check(server->log != NULL);
    server->options = *options;
    server->seq = options->first_seq;
    server->deflater = deflater_new(15, 1);
    builder_init(&server->text, BYTES_MAX);
    builder_init(&server->packed, BYTES_MAX);
    builder_init(&server->glued, BYTES_MAX);
    check(os_address_parse(VIEW("127.0.0.1:0"), &any) == RESULT_OK);
    check(os_listen(&any, 128, false, &server->listener, &server->address) == RESULT_OK);
    check(os_poller_init(&server->poller) == RESULT_OK);
    check(os_wakeup_init(&server->stop) == RESULT_OK);
    check(os_poller_add(&server->poller, server->listener, OS_READ | OS_LEVEL, server) == RESULT_OK);
    check(os_poller_add(&server->poller, server->stop.descriptor, OS_READ | OS_LEVEL, &server->stop) == RESULT_OK);
    check(os_thread_start(&server->thread, "fake", serve, server) == RESULT_OK);
    return server;
}

void fake_server_stop(struct fake_server *server)
{
    os_wakeup_signal(&server->stop);
    os_thread_join(&server->thread);
    for (uint32_t index = 0; index < server->count; index++) {
        struct fake_client *client = &server->clients[index];
        if (client->descriptor >= 0)
            os_socket_close(client->descriptor);
        builder_done(&client->in);
        builder_done(&client->out);
        builder_done(&client->held);
    }
    os_socket_close(server->listener);
    os_wakeup_done(&server->stop);
    os_poller_done(&server->poller);
    deflater_free(server->deflater);
    builder_done(&server->text);
    builder_done(&server->packed);
    builder_done(&server->glued);
    free(server->log);
    free(server);
}

uint16_t fake_server_port(const struct fake_server *server)
{
    return server->address.port;
}
