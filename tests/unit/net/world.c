/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "os/random.h"

static uint64_t clock_ns = 1000 * 1000 * 1000;

uint64_t world_clock_ns(void)
{
    return clock_ns;
}

static void on_request(void *context, struct conn *conn, const struct http_request *request, struct view body)
{
    struct builder text;

    (void)context;
    builder_init(&text, 100000);
    builder_add_view(&text, request->method);
    builder_add_byte(&text, ' ');
    builder_add_view(&text, request->target);
    builder_add_byte(&text, ' ');
    builder_add_view(&text, body);
    builder_add_string(&text, " host=");
    builder_add_view(&text, conn_host(conn));
    conn_answer(conn,
                &(struct http_answer){.status = 200, .fields = VIEW("X-Test: yes\r\n"), .body = builder_view(&text)});
    builder_done(&text);
}

static void on_turned(void *context, struct shard *shard)
{
    const struct world *world = context;

    (void)shard;
    if (world->turned_is_slow)
        clock_ns += world->callback_takes_ns;
}

static void on_upgrade(void *context, struct conn *conn, const struct http_request *request,
                       const struct ws_offer *offer, struct net_upgrade *upgrade)
{
    struct world *world = context;

    (void)conn;
    (void)request;
    (void)offer;
    upgrade->status = world->upgrade_status;
    upgrade->refusal = "refused by the test";
}

static void on_faulty(void *context, struct conn *conn, const struct http_request *request,
                      const struct http_fault *fault)
{
    (void)context;
    if (http_field_find(request, "X-Explain"))
        conn_answer(conn, &(struct http_answer){
                              .status = fault->status, .body = VIEW("explained by the test"), .is_last = true});
}

static void on_arrived(void *context, const struct conn *conn, const struct http_request *request,
                       enum ws_handshake handshake)
{
    struct world *world = context;

    (void)conn;
    assert_true(request->path.size > 0);
    world->arrived[handshake]++;
}

static void on_upgrade_aside(void *context, struct conn *conn, const struct http_request *request,
                             const struct ws_offer *offer, struct net_upgrade *upgrade)
{
    (void)context;
    (void)conn;
    (void)offer;
    upgrade->is_aside = http_field_find(request, "X-Aside") != NULL;
}

static void on_opened_aside(void *context, struct conn *conn)
{
    (void)context;
    conn_wake(conn, 1);
}

static void on_message_aside(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    (void)context;
    (void)payload;
    conn_send(conn, opcode, VIEW("aside"));
}

static void on_ended_aside(void *context, struct conn *conn)
{
    struct world *world = context;

    (void)conn;
    world->ended_aside++;
}

static uint32_t on_pulse(void *context, struct conn *conn)
{
    (void)context;
    conn_send(conn, WS_TEXT, VIEW("pulse"));
    return 1;
}

static void on_opened(void *context, struct conn *conn)
{
    struct world *world = context;

    world->opened++;
    world->last = conn;
    world->last_handle = conn_handle(conn);
}

static void on_message(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    struct world *world = context;

    world->messages++;
    builder_add_view(&world->texts, payload);
    builder_add_byte(&world->texts, '\n');
    if (world->echoes)
        conn_send(conn, opcode, payload);
    clock_ns += world->callback_takes_ns;
}

static void on_lapped(void *context, struct conn *conn, uint32_t number, uint64_t from, uint64_t to,
                      struct builder *out)
{
    struct world *world = context;

    (void)conn;
    world->lapped++;
    world->gap_from = from;
    world->gap_to = to;
    builder_format(out, "gap %u %llu-%llu", number, (unsigned long long)from, (unsigned long long)to);
    if (world->lapped_has_no_memory)
        out->has_failed = true;
    clock_ns += world->callback_takes_ns;
}

static void on_ended(void *context, struct conn *conn)
{
    struct world *world = context;

    (void)conn;
    world->ended++;
}

static void on_farewell(void *context, struct conn *conn, struct builder *out)
{
    const struct world *world = context;

    (void)conn;
    builder_add_string(out, "goodbye");
    clock_ns += world->callback_takes_ns;
}

void world_init(struct world *world)
{
    os_random_init();
    *world = (struct world){.upgrade_status = 101, .echoes = true};
    builder_init(&world->texts, 16 * 1024 * 1024);
    world->options = (struct net_options){
        .shard_count = 1,
        .backlog = 128,
        .connections_max = 100,
        .head_bytes_max = 4096,
        .body_bytes_max = 4096,
        .message_bytes_max = 100000,
        .fragments_max = 1000,
        .answers_pending_max = 8,
        .outbox_bytes_max = 1024 * 1024,
        .feed_bytes_max = 64 * 1024,
        .request_ms = 60000,
        .keep_alive_ms = 60000,
        .heartbeat_ms = 60000,
        .write_ms = 60000,
        .close_ms = 60000,
        .send_buffer_bytes = 16 * 1024,
        .has_compression = true,
        .compression_level = 4,
        .compression_bytes_min = 200,
        .mailbox_letters = 256,
        .flush_slice = 16,
    };
}

void world_start(struct world *world)
{
    world->aside = (struct net_events){
        .context = world,
        .upgrade = on_upgrade_aside,
        .opened = on_opened_aside,
        .message = on_message_aside,
        .ended = on_ended_aside,
        .pulse = on_pulse,
    };
    struct net_events events = {
        .context = world,
        .request_context = world,
        .request = on_request,
        .upgrade = on_upgrade,
        .opened = on_opened,
        .message = on_message,
        .lapped = on_lapped,
        .ended = on_ended,
        .farewell = on_farewell,
        .turned = on_turned,
        .faulty = on_faulty,
        .arrived = on_arrived,
        .aside = &world->aside,
    };
    struct os_address wanted;
    struct shard_listener listener = {.how = world->how};

    world->admission = admission_new(world->options.connections_max, world->options.connections_per_address_max);
    assert_non_null(world->admission);
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &wanted), RESULT_OK);
    assert_int_equal(os_listen(&wanted, 128, false, &listener.descriptor, &world->address), RESULT_OK);
    assert_int_equal(shard_new(&world->options, &events, world->admission, 0, &listener, 1, &world->shard), RESULT_OK);
}

void world_done(struct world *world)
{
    world_check(world);
    shard_free(world->shard);
    admission_free(world->admission);
    builder_done(&world->texts);
}

void world_turn(struct world *world)
{
    (void)shard_turn(world->shard, 1);
}

uint64_t world_ended(const struct world *world, enum end_reason reason)
{
    return counter_get(&world->shard->counters.ended[reason]);
}

void world_check(const struct world *world)
{
    uint64_t ended = 0;

    for (int reason = 0; reason < END_REASON_COUNT; reason++)
        ended += world_ended(world, reason);
    assert_int_equal(counter_get(&world->shard->counters.accepted), shard_live_count(world->shard) + ended);
    assert_int_equal(world->shard->registry_count, shard_live_count(world->shard));
    for (uint32_t i = 0; i < world->shard->feeds_capacity; i++) {
        if (world->shard->feeds[i])
            feed_check(world->shard->feeds[i]);
    }
}

void client_connect(struct client *client, struct world *world)
{
    *client = (struct client){.world = world};
    builder_init(&client->in, CLIENT_BYTES_MAX);
    assert_int_equal(os_connect(&world->address, &client->descriptor), RESULT_OK);
    uint64_t before = counter_get(&world->shard->counters.accepted);
    world_until(world, counter_get(&world->shard->counters.accepted) > before);
}

void client_close(struct client *client)
{
    os_socket_close(client->descriptor);
    builder_done(&client->in);
}

void client_send(struct client *client, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (int tries = 0; size > 0; tries++) {
        size_t sent = 0;
        enum result result = os_write(client->descriptor, at, size, &sent);
        if (result == RESULT_OK) {
            at += sent;
            size -= sent;
        } else if (result != RESULT_AGAIN || tries > 20000) {
            return; /* the server has ended it; the test looks at what came */
        }
        world_turn(client->world);
        client_pump(client);
    }
}

void client_say(struct client *client, const char *text)
{
    client_send(client, text, strlen(text));
}

void client_pump(struct client *client)
{
    uint8_t bytes[16384];
    size_t size;

    for (;;) {
        enum result result = os_read(client->descriptor, bytes, sizeof bytes, &size);
        if (result == RESULT_AGAIN)
            return;
        if (result != RESULT_OK) {
            client->is_at_end = true;
            return;
        }
        builder_add(&client->in, bytes, size);
    }
}

bool client_has(struct client *client, const char *text)
{
    client_pump(client);
    return client->in.size > 0 && memmem(client->in.at, client->in.size, text, strlen(text)) != NULL;
}

static void drop(struct client *client, size_t size)
{
    assert_true(size <= client->in.size);
    memmove(client->in.at, client->in.at + size, client->in.size - size);
    client->in.size -= size;
}

void client_upgrade(struct client *client, struct world *world, const char *extra)
{
    struct builder request;

    client_connect(client, world);
    builder_init(&request, 4096);
    builder_format(&request,
                   "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                   "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n%s\r\n",
                   extra);
    client_send(client, request.at, request.size);
    builder_done(&request);
    world_until(world, client_has(client, "\r\n\r\n"));
    const uint8_t *end = memmem(client->in.at, client->in.size, "\r\n\r\n", 4);
    assert_memory_equal(client->in.at, "HTTP/1.1 101", 12);
    drop(client, (size_t)(end - client->in.at) + 4);
}

void frame_add(struct builder *out, uint8_t first, const void *payload, size_t size)
{
    static const uint8_t mask[4] = {0x12, 0x34, 0x56, 0x78};
    int size_bytes = size < 126 ? 0 : size < 65536 ? 2 : 8;

    builder_add_byte(out, first);
    builder_add_byte(out, (uint8_t)(0x80 | (size_bytes == 0 ? (int)size : size_bytes == 2 ? 126 : 127)));
    for (int i = size_bytes - 1; i >= 0; i--)
        builder_add_byte(out, (uint8_t)((uint64_t)size >> (8 * i)));
    builder_add(out, mask, sizeof mask);
    for (size_t i = 0; i < size; i++)
        builder_add_byte(out, ((const uint8_t *)payload)[i] ^ mask[i % 4]);
    assert_true(builder_ok(out));
}

void client_frame(struct client *client, uint8_t first, const void *payload, size_t size)
{
    struct builder frame;

    builder_init(&frame, size + 14);
    frame_add(&frame, first, payload, size);
    client_send(client, frame.at, frame.size);
    builder_done(&frame);
}

static bool has_frame(struct client *client, size_t *out_header, size_t *out_payload)
{
    const uint8_t *at = client->in.at;
    size_t size = client->in.size;

    if (size < 2)
        return false;
    assert_false(at[1] & 0x80); /* a server never masks (RFC 6455 section 5.1) */
    size_t length = at[1];
    *out_header = length == 127 ? 10 : length == 126 ? 4 : 2;
    if (size < *out_header)
        return false;
    if (length >= 126) {
        length = 0;
        for (size_t i = 2; i < *out_header; i++)
            length = length << 8 | at[i];
    }
    *out_payload = length;
    return size >= *out_header + length;
}

static bool pump_frame(struct client *client, size_t *out_header, size_t *out_payload)
{
    client_pump(client);
    return has_frame(client, out_header, out_payload);
}

uint8_t client_take_frame(struct client *client, char *out, size_t out_size, size_t *out_payload_size)
{
    size_t header = 0, payload = 0;

    world_until(client->world, pump_frame(client, &header, &payload));
    uint8_t first = client->in.at[0];
    size_t kept = payload < out_size ? payload : out_size - 1;
    memcpy(out, client->in.at + header, kept);
    out[kept] = 0;
    if (out_payload_size)
        *out_payload_size = payload;
    drop(client, header + payload);
    return first;
}

uint16_t client_take_close(struct client *client)
{
    char payload[256];
    size_t size = 0;
    uint8_t first;

    do {
        first = client_take_frame(client, payload, sizeof payload, &size);
    } while ((first & 0x0f) != WS_CLOSE);
    return size < 2 ? 1005 : (uint16_t)((uint8_t)payload[0] << 8 | (uint8_t)payload[1]);
}

struct chunk *chunk_of_text(const char *text, uint64_t seq)
{
    struct builder frames;
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    size_t size = strlen(text);

    builder_init(&frames, 16 * 1024 * 1024);
    builder_add(&frames, header, ws_header_encode(header, WS_TEXT, true, false, size));
    builder_add(&frames, text, size);
    struct chunk *chunk = chunk_new(builder_view(&frames), 1, seq, seq);
    builder_done(&frames);
    assert_non_null(chunk);
    return chunk;
}
