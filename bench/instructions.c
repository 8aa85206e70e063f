/* SPDX-License-Identifier: Apache-2.0 */
/* The whole server in one thread, turned by hand, with clients that only write ready bytes and throw away what comes:
 *
 *     instructions CASE           one case, once; prints how many units it did
 *     instructions --list
 *
 * bench/check runs each case under callgrind, which counts the instructions within measured(). The same build does the
 * same work each time, so the counts repeat to well within a hundredth, on a busy machine as on a quiet one. What the
 * kernel does is not in them. */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "chat/chat.h"
#include "net/letters.h"
#include "os/random.h"
#include "serve/config.h"
#include "wire/command.h"
#include "wire/ws_frame.h"

enum {
    CLIENTS_MAX = 512,
    FRAME_BYTES_MAX = 512,
    READ_BYTES = 1 << 20,
    TURNS_MAX = 200000,
    QUIET_TURNS = 20,
    NEVER_MS = 1000 * 1000 * 1000,
    MESSAGES = 64, /* that a publisher sends at a time in the cases with batches */
    ROUNDS = 20,
    DECODES = 2000,
};

struct peer {
    int descriptor;
};

struct bench {
    struct config config;
    struct token_key key;
    struct chat *chat;
    struct store *store;
    struct admission *admission;
    struct shard *shard;
    struct os_address address;
    struct peer peers[CLIENTS_MAX];
    size_t peer_count;
    uint64_t number; /* of the next key */
    struct builder out;
    uint8_t *scratch; /* READ_BYTES */
};

static void must(bool holds, const char *what)
{
    if (holds)
        return;
    (void)fprintf(stderr, "instructions: %s\n", what);
    exit(EXIT_FAILURE);
}

/* ---- the server ---- */

static void on_request(void *context, struct conn *conn, const struct http_request *request, struct view body)
{
    (void)context;
    (void)conn;
    (void)request;
    (void)body;
}

/* Nothing may depend on the time that valgrind takes. */
static void configure(struct config *config, const char *folder)
{
    must(config_init(config), "no memory");
    config->net.request_ms = config->net.keep_alive_ms = config->net.heartbeat_ms = NEVER_MS;
    config->net.write_ms = config->net.close_ms = NEVER_MS;
    config->net.connections_per_address_max = 0;
    config->chat.presence_interval_ms = config->chat.presence_lease_ms = NEVER_MS;
    config->chat.has_limits = false;
    config->store.folder = folder;
    config->store.durability = STORE_DURABLE_PROCESS;
}

static void bench_init(struct bench *bench, const char *folder)
{
    static const uint8_t secret[16] = "sixteen letters";
    struct store_events store_events;
    struct net_events net_events;
    struct shard_listener listener = {0};

    os_random_init();
    table_seed(secret);
    json_object_seed(1);
    memset(bench, 0, sizeof *bench);
    builder_init(&bench->out, READ_BYTES);
    bench->scratch = malloc(READ_BYTES);
    configure(&bench->config, folder);
    must(bench->scratch != NULL && os_address_parse(VIEW("127.0.0.1:0"), &bench->address) == RESULT_OK, "no memory");
    must(os_listen(&bench->address, CLIENTS_MAX, false, &listener.descriptor, &bench->address) == RESULT_OK,
         "cannot listen");
    must(chat_new(&bench->config.chat, &bench->key, &bench->chat) == RESULT_OK, "no chat");
    chat_store_events(bench->chat, &store_events);
    must(store_open(&bench->config.store, &store_events, &bench->store) == RESULT_OK, "no store");
    chat_net_events(bench->chat, &net_events);
    net_events.request = on_request;
    bench->admission = admission_new(CLIENTS_MAX, 0);
    must(bench->admission != NULL
             && shard_new(&bench->config.net, &net_events, bench->admission, 0, &listener, 1, &bench->shard)
                    == RESULT_OK
             && chat_bind(bench->chat, bench->store, &bench->shard, 1) == RESULT_OK,
         "no shard");
}

static void turn(struct bench *bench)
{
    (void)shard_turn(bench->shard, 0);
    (void)store_turn(bench->store);
}

static void bench_done(struct bench *bench)
{
    for (size_t index = 0; index < bench->peer_count; index++)
        os_socket_close(bench->peers[index].descriptor);
    for (int turns = 0; shard_live_count(bench->shard) > 0; turns++) {
        must(turns < TURNS_MAX, "connections do not end");
        turn(bench);
    }
    for (int turns = 0; turns < QUIET_TURNS; turns++)
        turn(bench);
    shard_post_stop(bench->shard);
    while (shard_turn(bench->shard, 0)) {
    }
    chat_free(bench->chat);
    store_free(bench->store);
    shard_free(bench->shard);
    admission_free(bench->admission);
    builder_done(&bench->out);
    config_done(&bench->config);
    free(bench->scratch);
}

static uint64_t received_of(const struct bench *bench)
{
    const struct shard_counters *counters = shard_counters(bench->shard);
    return counter_get(&counters->deliveries) + counter_get(&counters->replies_out);
}

static void read_all(struct bench *bench)
{
    for (size_t index = 0; index < bench->peer_count; index++) {
        size_t size;
        while (os_read(bench->peers[index].descriptor, bench->scratch, READ_BYTES, &size) == RESULT_OK) {
        }
    }
}

/* Until so many frames have left. */
static void turn_until(struct bench *bench, uint64_t frames)
{
    uint64_t last = received_of(bench);
    for (int turns = 0; last < frames; turns++) {
        must(turns < TURNS_MAX, "what was awaited did not come");
        turn(bench);
        if (received_of(bench) == last)
            read_all(bench); /* their buffers may be full */
        last = received_of(bench);
    }
    read_all(bench);
}

/* ---- clients ---- */

static void write_all(struct bench *bench, const struct peer *peer)
{
    struct view rest = builder_view(&bench->out);
    must(builder_ok(&bench->out), "no memory");
    for (int turns = 0; rest.size > 0; turns++) {
        size_t size = 0;
        must(turns < TURNS_MAX, "a client cannot write");
        if (os_write(peer->descriptor, rest.at, rest.size, &size) == RESULT_OK)
            rest = view_skip(rest, size);
        else
            turn(bench);
    }
    builder_clear(&bench->out);
}

/* A frame whose mask is zero, which the server does not know. */
static void add_frame(struct bench *bench, const char *text)
{
    size_t size = strlen(text);
    builder_add_byte(&bench->out, 0x81);
    if (size < 126) {
        builder_add_byte(&bench->out, (uint8_t)(0x80 | size));
    } else {
        builder_add_byte(&bench->out, 0x80 | 126);
        builder_add_byte(&bench->out, (uint8_t)(size >> 8));
        builder_add_byte(&bench->out, (uint8_t)size);
    }
    builder_add(&bench->out, "\0\0\0\0", 4);
    builder_add(&bench->out, text, size);
}

static void add_send(struct bench *bench, const char *room)
{
    char text[FRAME_BYTES_MAX];
    (void)snprintf(text, sizeof text,
                   "{\"type\":\"send\",\"room\":\"%s\",\"key\":\"6f1d2a40-%012llx\",\"text\":\"the boat leaves at nine "
                   "and nobody has seen my keys since Tuesday, so we could take the bus if it rains again\"}",
                   room, (unsigned long long)bench->number++);
    add_frame(bench, text);
}

static void add_join(struct bench *bench, const char *room, const char *more)
{
    char text[FRAME_BYTES_MAX];
    (void)snprintf(text, sizeof text, "{\"type\":\"join\",\"room\":\"%s\"%s}", room, more);
    add_frame(bench, text);
}

static void peers_add(struct bench *bench, size_t count)
{
    static const char request[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Protocol: natter.v1\r\n\r\n";
    must(bench->peer_count + count <= CLIENTS_MAX, "too many clients");
    for (size_t index = 0; index < count; index++) {
        struct peer *peer = &bench->peers[bench->peer_count];
        must(os_connect(&bench->address, &peer->descriptor) == RESULT_OK, "cannot connect");
        bench->peer_count++;
        builder_add(&bench->out, request, sizeof request - 1);
        write_all(bench, peer);
    }
}

/* With a ping each, so that nobody waits for a login that may follow. */
static void peers_arrive(struct bench *bench, size_t count)
{
    uint64_t before = received_of(bench);
    size_t first = bench->peer_count;
    peers_add(bench, count);
    for (size_t index = first; index < bench->peer_count; index++) {
        add_frame(bench, "{\"type\":\"ping\"}");
        write_all(bench, &bench->peers[index]);
    }
    turn_until(bench, before + 2 * count); /* welcome and pong */
}

static void peers_join(struct bench *bench, size_t from, const char *room, const char *more)
{
    uint64_t before = received_of(bench);
    for (size_t index = from; index < bench->peer_count; index++) {
        add_join(bench, room, more);
        write_all(bench, &bench->peers[index]);
    }
    turn_until(bench, before + bench->peer_count - from);
}

static void peers_leave(struct bench *bench, size_t from, const char *room)
{
    char text[FRAME_BYTES_MAX];
    uint64_t before = received_of(bench);
    (void)snprintf(text, sizeof text, "{\"type\":\"leave\",\"room\":\"%s\"}", room);
    for (size_t index = from; index < bench->peer_count; index++) {
        add_frame(bench, text);
        write_all(bench, &bench->peers[index]);
    }
    turn_until(bench, before + bench->peer_count - from);
}

/* Messages of the first client, all written before the server's next turn; until all have them, and it its acks. */
static void publish(struct bench *bench, const char *room, size_t messages, size_t subscribers)
{
    uint64_t before = received_of(bench);
    for (size_t index = 0; index < messages; index++)
        add_send(bench, room);
    write_all(bench, &bench->peers[0]);
    turn_until(bench, before + messages * subscribers + 1); /* acks of one batch are one reply or more */
    for (int turns = 0; turns < QUIET_TURNS; turns++)
        turn(bench);
    read_all(bench);
}

static void fill(struct bench *bench, const char *room, size_t messages)
{
    for (size_t done = 0; done < messages; done += MESSAGES)
        publish(bench, room, MESSAGES, 1);
}

/* ---- cases: prepare what is needed, then do so many units within measured() ---- */

struct scene {
    const char *name;
    const char *unit;
    bool is_on_disk;
    void (*prepare)(struct bench *bench);
    size_t (*run)(struct bench *bench);
};

static void prepare_small(struct bench *bench)
{
    peers_arrive(bench, 50);
    peers_join(bench, 0, "~hall", "");
}

static void prepare_large(struct bench *bench)
{
    peers_arrive(bench, 500);
    peers_join(bench, 0, "~hall", "");
}

static size_t deliver(struct bench *bench, size_t rounds, size_t messages)
{
    for (size_t round = 0; round < rounds; round++)
        publish(bench, "~hall", messages, bench->peer_count);
    return rounds * messages * bench->peer_count;
}

static size_t deliver_single(struct bench *bench)
{
    return deliver(bench, ROUNDS, 1);
}

static size_t deliver_batch(struct bench *bench)
{
    return deliver(bench, ROUNDS, 16);
}

static void prepare_alone(struct bench *bench)
{
    peers_arrive(bench, 1);
    peers_join(bench, 0, "~desk", "");
}

static size_t message(struct bench *bench)
{
    fill(bench, "~desk", MESSAGES * ROUNDS);
    return (size_t)MESSAGES * ROUNDS;
}

static void prepare_log(struct bench *bench)
{
    peers_arrive(bench, 1);
    peers_join(bench, 0, "log", "");
    fill(bench, "log", 1000);
}

static size_t append(struct bench *bench)
{
    fill(bench, "log", MESSAGES * ROUNDS);
    return (size_t)MESSAGES * ROUNDS;
}

static size_t duplicate(struct bench *bench)
{
    uint64_t before = received_of(bench);
    size_t count = 0;
    for (; count < MESSAGES * 4; count++) {
        bench->number = count;
        add_send(bench, "log");
        if (count % MESSAGES == MESSAGES - 1) {
            write_all(bench, &bench->peers[0]);
            turn_until(bench, before + count / MESSAGES + 1);
            for (int turns = 0; turns < QUIET_TURNS; turns++)
                turn(bench);
        }
    }
    return count;
}

static size_t pages(struct bench *bench, const char *text)
{
    enum { PAGES = 40 };
    uint64_t before = received_of(bench);
    for (int page = 0; page < PAGES; page++) {
        add_frame(bench, text);
        write_all(bench, &bench->peers[0]);
        turn_until(bench, before + (uint64_t)page + 1);
    }
    return PAGES;
}

static size_t page_of_memory(struct bench *bench)
{
    return pages(bench, "{\"type\":\"history\",\"room\":\"log\",\"before\":1000,\"limit\":50}");
}

static void prepare_arrived(struct bench *bench)
{
    peers_arrive(bench, 300);
}

static size_t join(struct bench *bench)
{
    peers_join(bench, 0, "~hall", "");
    return bench->peer_count;
}

static void prepare_joined(struct bench *bench)
{
    prepare_arrived(bench);
    peers_join(bench, 0, "~hall", "");
}

static size_t leave(struct bench *bench)
{
    peers_leave(bench, 0, "~hall");
    return bench->peer_count;
}

static void prepare_away(struct bench *bench)
{
    prepare_log(bench);
    peers_arrive(bench, 100);
}

static size_t resume(struct bench *bench)
{
    peers_join(bench, 1, "log", ",\"history\":50");
    return bench->peer_count - 1;
}

static void prepare_nothing(struct bench *bench)
{
    (void)bench;
}

/* What only the first one of a process needs, such as OpenSSL's tables, is not the others' cost. */
static void prepare_first(struct bench *bench)
{
    peers_arrive(bench, 1);
}

static size_t arrive(struct bench *bench)
{
    enum { ARRIVALS = 300 };
    peers_arrive(bench, ARRIVALS);
    return ARRIVALS;
}

static size_t decode(struct bench *bench)
{
    const struct command_limits limits = {.text_bytes_max = 1024};
    uint8_t copy[FRAME_BYTES_MAX];
    add_send(bench, "hall");
    size_t size = bench->out.size;
    for (int round = 0; round < DECODES; round++) {
        struct ws_header header;
        struct ws_fault fault;
        struct command command;
        memcpy(copy, bench->out.at, size);
        must(ws_decode(view_of(copy, size), false, &header, &fault) == DECODE_DONE, "a frame that is none");
        ws_unmask(copy + header.size, (size_t)header.payload_size, header.mask, 0);
        must(command_decode_flat(view_of(copy + header.size, (size_t)header.payload_size), &limits, &command),
             "a command of another form");
    }
    builder_clear(&bench->out);
    return DECODES;
}

static const struct scene scenes[] = {
    {"deliver-50", "delivery, 50 subscribers, one message at a time", false, prepare_small, deliver_single},
    {"deliver-500", "delivery, 500 subscribers, one message at a time", false, prepare_large, deliver_single},
    {"deliver-batch", "delivery, 500 subscribers, 16 messages at a time", false, prepare_large, deliver_batch},
    {"message", "message to an ephemeral room, with its ack", false, prepare_alone, message},
    {"append", "message to a room on disk, with its ack", true, prepare_log, append},
    {"duplicate", "retried key", true, prepare_log, duplicate},
    {"page-memory", "page of 50 events from memory", true, prepare_log, page_of_memory},
    {"arrive", "connection: accept, upgrade, welcome, pong", false, prepare_first, arrive},
    {"join", "join of a room of 300", false, prepare_arrived, join},
    {"leave", "leave of a room of 300", false, prepare_joined, leave},
    {"resume", "join with 50 events from memory", true, prepare_away, resume},
    {"decode", "frame and command decoded", false, prepare_nothing, decode},
};

/* What callgrind counts; its name is an argument there. */
size_t measured(const struct scene *scene, struct bench *bench);
__attribute__((noinline, used)) size_t measured(const struct scene *scene, struct bench *bench)
{
    return scene->run(bench);
}

static int run(const struct scene *scene, const char *folder)
{
    static struct bench bench;
    bench_init(&bench, scene->is_on_disk ? folder : NULL);
    scene->prepare(&bench);
    size_t units = measured(scene, &bench);
    (void)printf("%zu\n", units);
    bench_done(&bench);
    return EXIT_SUCCESS;
}

int main(int count, char **arguments)
{
    if (count == 2 && strcmp(arguments[1], "--list") == 0) {
        for (size_t index = 0; index < sizeof scenes / sizeof scenes[0]; index++)
            (void)printf("%s %s\n", scenes[index].name, scenes[index].unit);
        return EXIT_SUCCESS;
    }
    for (size_t index = 0; count == 3 && index < sizeof scenes / sizeof scenes[0]; index++)
        if (strcmp(arguments[1], scenes[index].name) == 0)
            return run(&scenes[index], arguments[2]);
    (void)fprintf(stderr, "usage: instructions CASE FOLDER | --list\n");
    return 2;
}
