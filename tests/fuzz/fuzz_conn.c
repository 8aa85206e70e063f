/* SPDX-License-Identifier: Apache-2.0 */
/* A connection through all its states, on a kernel of our own: the input is a list of steps. Bytes arrive in any
 * pieces, sockets take no more and go on, time passes, peers leave and reset, subscriptions, chunks and answers come as
 * letters, the server drains. After each turn the counters of P3 hold, each structure proves itself, and each peer has
 * seen only what it may (conn_peer.h). In the end everything is over, and nothing is left. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/table.h"
#include "conn_peer.h"
#include "fake_os.h"
#include "fuzz.h"
#include "net/shard_inside.h"

enum {
    OPS_MAX = 2000,
    MAILBOX_LETTERS = 64,
    CHUNK_BYTES_MAX = 4096,
    END_TURNS_MAX = 400,
    END_STEP_MS = 1000,
    LARGE_BYTES = 3000,
};

/* Appended to, never reordered: kept inputs mean what they meant. */
#define STEPS(X)                                                                                                 \
    X(CONNECT)                                                                                                   \
    X(UPGRADE)                                                                                                   \
    X(REQUEST)                                                                                                   \
    X(RAW)                                                                                                       \
    X(FRAME) X(TEXT) X(PACKED) X(SAY_CLOSE) X(FINISH) X(RESET) X(BLOCK) X(ROOM) X(SHORT_READS) X(TURN) X(TIME)   \
        X(SUBSCRIBE) X(HOLD) X(RELEASE) X(UNSUBSCRIBE) X(CHUNK) X(EPHEMERAL) X(LOST) X(REPLY) X(SETTLE) X(CLOSE) \
            X(DRAIN) X(FAIL_ACCEPTS) X(REFUSE) X(PING) X(MANY)

enum step {
#define X(symbol) STEP_##symbol,
    STEPS(X)
#undef X
        STEP_COUNT,
};

static struct world {
    struct shard *shard;
    struct admission *admission;
    struct deflater *deflater;
    struct peer peers[FAKE_SOCKETS_MAX];
    int peer_count;
    uint64_t seq[PEER_FEEDS_MAX]; /* of the newest event */
    int upgrade_status;
    struct view input;
} world;

static uint8_t take(void)
{
    return world.input.size > 0 ? fuzz_take_byte(&world.input) : 0;
}

static struct view take_view(size_t size)
{
    struct view taken = view_first(world.input, size < world.input.size ? size : world.input.size);

    world.input = view_skip(world.input, taken.size);
    return taken;
}

/* What the engine tells. */

static struct peer *peer_of(const struct conn *conn)
{
    check(conn->descriptor >= 0 && conn->descriptor < world.peer_count);
    return &world.peers[conn->descriptor];
}

static void on_request(void *context, struct conn *conn, const struct http_request *request, struct view body)
{
    (void)context;
    (void)body;
    conn_answer(conn, &(struct http_answer){.status = 200, .is_last = request->query.size > 0});
}

static void on_upgrade(void *context, struct conn *conn, const struct http_request *request,
                       const struct ws_offer *offer, struct net_upgrade *upgrade)
{
    (void)context;
    (void)request;
    (void)offer;
    upgrade->status = world.upgrade_status;
    upgrade->refusal = "refused by the target";
    conn_set_owner(conn, peer_of(conn));
}

static void on_opened(void *context, struct conn *conn)
{
    struct peer *peer = conn_owner(conn);

    (void)context;
    check(peer == peer_of(conn) && peer->opened == 0);
    peer->opened++;
    peer->handle = conn_handle(conn);
}

/* The first byte says what the program above would do. */
static void on_message(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload)
{
    static uint8_t large[LARGE_BYTES];
    struct builder answer;

    (void)context;
    check(conn_is_open(conn) && peer_of(conn)->ended == 0);
    check(opcode != WS_TEXT || utf8_is_valid(payload));
    switch (payload.size > 0 ? payload.at[0] : 0) {
    case 'a': conn_expect_answer(conn); return;
    case 'b':
        memset(large, '=', sizeof large);
        conn_send(conn, WS_TEXT, view_of(large, sizeof large));
        return;
    case 'c': conn_close(conn, END_NORMAL, VIEW("as you wish")); return;
    case 'x': conn_end(conn, END_INTERNAL); return;
    default: break;
    }
    builder_init(&answer, 1 << 16);
    builder_add_byte(&answer, '=');
    builder_add_view(&answer, payload);
    conn_send(conn, opcode, builder_view(&answer));
    builder_done(&answer);
}

static void on_lapped(void *context, struct conn *conn, uint32_t number, uint64_t from, uint64_t to,
                      struct builder *out)
{
    (void)context;
    check(conn_is_open(conn));
    builder_format(out, "gap %u %llu %llu", number, (unsigned long long)from, (unsigned long long)to);
}

static void on_ended(void *context, struct conn *conn)
{
    struct peer *peer = conn_owner(conn);

    (void)context;
    check(peer->opened == 1 && peer->ended == 0);
    peer->ended++;
}

static void on_farewell(void *context, struct conn *conn, struct builder *out)
{
    (void)context;
    check(conn_is_open(conn));
    builder_add_string(out, "goodbye");
}

/* What must hold after each turn. */

static void check_shard(void)
{
    const struct shard *shard = world.shard;
    const struct shard_counters *counters = &shard->counters;
    uint64_t live[CONN_STATE_COUNT] = {0}, subscriptions = 0, feeds = 0, feed_bytes = 0, ended = 0;

    for (uint32_t i = 0; i < shard->registry_used; i++) {
        if (shard->registry[i].conn)
            live[shard->registry[i].conn->state]++;
    }
    for (int state = 0; state < CONN_ENDED; state++) /* one that has ended may wait a turn until a queue lets it go */
        check(live[state] == counter_get(&counters->live[state]));
    for (int reason = 0; reason < END_REASON_COUNT; reason++)
        ended += counter_get(&counters->ended[reason]);
    check(counter_get(&counters->accepted) == shard_live_count(shard) + ended);
    check(shard_live_count(shard) == fake_open_count());
    for (uint32_t i = 0; i < shard->feeds_capacity; i++) {
        if (!shard->feeds[i])
            continue;
        feed_check(shard->feeds[i]);
        feeds++;
        subscriptions += shard->feeds[i]->cursor_count;
        feed_bytes += shard->feeds[i]->bytes;
    }
    check(counter_get(&counters->subscriptions) == subscriptions);
    check(counter_get(&counters->feeds) == feeds);
    check(counter_get(&counters->feed_bytes) == feed_bytes);
}

static void turn(void)
{
    (void)shard_turn(world.shard, 0);
    for (int i = 0; i < world.peer_count; i++)
        peer_look(&world.peers[i]);
    check_shard();
}

/* A full mailbox would be waited for by the one thread that empties it. */
static void make_room_for_letters(void)
{
    if (shard_mailbox_count(world.shard) > MAILBOX_LETTERS / 2)
        turn();
}

/* The steps. */

static struct reply *some_reply(uint8_t kind)
{
    return kind & 1 ? reply_new(WS_TEXT, kind & 2 ? VIEW("=a reply") : VIEW("")) : NULL;
}

static void post_chunk(uint32_t number, uint8_t shape, bool has_events)
{
    uint32_t count = 1 + (shape & 3);
    size_t padding = (size_t)(shape >> 2) * 16;
    struct builder frames;
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    char text[CHUNK_BYTES_MAX];

    memset(text, '.', sizeof text);
    builder_init(&frames, 1 << 20);
    for (uint32_t i = 0; i < count; i++) {
        int start = has_events ? snprintf(text, 64, "#%u:%llu:", number, (unsigned long long)world.seq[number] + 1 + i)
                               : snprintf(text, 64, "~");
        text[start] = '.';
        size_t size = (size_t)start + padding;
        builder_add(&frames, header, ws_header_encode(header, WS_TEXT, true, false, size));
        builder_add(&frames, text, size);
    }
    uint64_t first = has_events ? world.seq[number] + 1 : 0;
    uint64_t last = has_events ? world.seq[number] + count : 0;
    struct chunk *chunk = chunk_new(builder_view(&frames), count, first, last);

    check(chunk != NULL);
    builder_done(&frames);
    if (has_events)
        world.seq[number] = last;
    shard_post_chunk(world.shard, number, chunk);
}

static void subscribe(struct peer *peer, uint32_t number, bool is_held)
{
    struct peer_feed *feed = &peer->feeds[number];

    shard_post_subscribe(world.shard, peer->handle, number, world.seq[number] + 1, some_reply(take()), is_held);
    if (feed->is_followed || peer->opened == 0)
        return; /* a second time changes nothing, and a handle of nobody misses */
    feed->is_followed = true;
    feed->is_held = is_held;
    feed->next = world.seq[number] + 1;
}

static void unsubscribe(struct peer *peer, uint32_t number)
{
    shard_post_unsubscribe(world.shard, peer->handle, number);
    peer_leave(&peer->feeds[number]);
}

static void connect_peer(void)
{
    int descriptor = fake_connect();

    if (descriptor < 0)
        return;
    world.peers[descriptor] = (struct peer){.descriptor = descriptor};
    world.peer_count++;
}

/* Steps of a peer: what a client or its network does. */
static void step_of_peer(enum step step, struct peer *peer)
{
    static const char *const requests[] = {
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "GET /?last HTTP/1.1\r\nHost: x\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc",
        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
        "3\r\nabc\r\n0\r\n\r\n",
        "HEAD / HTTP/1.0\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999\r\n\r\n",
        "GET / HTTP/1.1\r\nHo",
    };
    uint8_t argument = take();
    struct fake_socket *socket = &fake_sockets[peer->descriptor];

    switch (step) {
    case STEP_UPGRADE: peer_upgrade(peer, argument); break;
    case STEP_REQUEST: fake_send(peer->descriptor, view_of_string(requests[argument & 7])); break;
    case STEP_RAW: fake_send(peer->descriptor, take_view(argument)); break;
    case STEP_FRAME: peer_send_frame(peer, argument, take_view(take()), argument != 0x81); break;
    case STEP_TEXT: peer_send_frame(peer, 0x80 | WS_TEXT, take_view(argument), true); break;
    case STEP_PACKED: peer_send_packed(peer, world.deflater, take_view(argument)); break;
    case STEP_PING: peer_send_frame(peer, 0x80 | WS_PING, take_view(argument & 127), true); break;
    case STEP_SAY_CLOSE: peer_send_frame(peer, 0x80 | WS_CLOSE, take_view(argument & 3), true); break;
    case STEP_FINISH: fake_finish(peer->descriptor); break;
    case STEP_RESET: fake_reset(peer->descriptor); break;
    case STEP_BLOCK: socket->room = argument; break;
    case STEP_ROOM: fake_give_room(peer->descriptor, argument == 255 ? SIZE_MAX : (size_t)argument * 8 + 1); break;
    case STEP_SHORT_READS: socket->read_max = argument == 0 ? SIZE_MAX : argument; break;
    case STEP_MANY:
        for (int i = 0; i < argument; i++)
            peer_send_frame(peer, 0x80 | WS_TEXT, VIEW("b"), true);
        break;
    default: check(false);
    }
}

/* Steps of the server's other threads: letters. */
static void step_of_server(enum step step, struct peer *peer)
{
    uint8_t argument = take();
    uint32_t number = argument % PEER_FEEDS_MAX;

    make_room_for_letters();
    switch (step) {
    case STEP_SUBSCRIBE: subscribe(peer, number, false); break;
    case STEP_HOLD: subscribe(peer, number, true); break;
    case STEP_RELEASE:
        shard_post_release(world.shard, peer->handle, number, some_reply(argument >> 2));
        peer->feeds[number].is_held = false;
        break;
    case STEP_UNSUBSCRIBE: unsubscribe(peer, number); break;
    case STEP_CHUNK: post_chunk(number, take(), true); break;
    case STEP_EPHEMERAL: post_chunk(number, take(), false); break;
    case STEP_LOST: shard_post_lost(world.shard, number, ++world.seq[number]); break;
    case STEP_REPLY: shard_post_reply(world.shard, peer->handle, some_reply(argument | 1), argument & 4); break;
    case STEP_SETTLE: shard_post_settled(world.shard, peer->handle); break;
    case STEP_CLOSE:
        shard_post_close(world.shard, peer->handle, argument % END_REASON_COUNT, some_reply(argument >> 6));
        break;
    default: check(false);
    }
}

static void run_step(void)
{
    static const uint32_t times_ms[] = {1, 10, 100, 500, 1000, 2500, 5000, 20000};
    enum step step = take() % STEP_COUNT;

    switch (step) {
    case STEP_CONNECT: connect_peer(); return;
    case STEP_TURN: turn(); return;
    case STEP_TIME:
        fake_advance_ms(times_ms[take() & 7]);
        turn();
        return;
    case STEP_DRAIN:
        make_room_for_letters();
        shard_post_drain(world.shard, END_SHUTDOWN);
        return;
    case STEP_FAIL_ACCEPTS: fake_fail_accepts(1); return;
    case STEP_REFUSE: world.upgrade_status = take() & 1 ? 403 : 101; return;
    default: break;
    }
    if (world.peer_count == 0)
        return;
    struct peer *peer = &world.peers[take() % world.peer_count];

    if ((step >= STEP_UPGRADE && step <= STEP_SHORT_READS) || step == STEP_PING || step == STEP_MANY)
        step_of_peer(step, peer);
    else
        step_of_server(step, peer);
}

static void begin(uint8_t flags)
{
    static const struct shard_listener listener = {.descriptor = FAKE_LISTENER};
    static const uint8_t secret[16] = "the same always";
    const struct net_options options = {
        .shard_count = 1,
        .connections_max = flags & 1 ? 3 : 1000,
        .connections_per_address_max = flags & 2 ? 2 : 0,
        .head_bytes_max = 1024,
        .body_bytes_max = 64,
        .message_bytes_max = 2000,
        .fragments_max = 8,
        .control_frames_per_second_max = flags & 4 ? 10 : 0,
        .answers_pending_max = 3,
        .outbox_bytes_max = 16384,
        .feed_bytes_max = 2048,
        .request_ms = 1000,
        .keep_alive_ms = 3000,
        .heartbeat_ms = 5000,
        .write_ms = 2000,
        .close_ms = 1500,
        .slow_policy = flags & 8 ? NET_SLOW_CLOSE : NET_SLOW_SKIP,
        .has_compression = !(flags & 16),
        .compression_level = 1,
        .compression_bytes_min = 100,
        .mailbox_letters = MAILBOX_LETTERS,
        .flush_slice = 2,
    };
    const struct net_events events = {
        .request = on_request,
        .upgrade = on_upgrade,
        .opened = on_opened,
        .message = on_message,
        .lapped = on_lapped,
        .ended = on_ended,
        .farewell = on_farewell,
    };

    table_seed(secret);
    fake_os_init();
    memset(&world, 0, sizeof world);
    world.upgrade_status = 101;
    world.deflater = deflater_new(9, 1);
    world.admission = admission_new(options.connections_max, options.connections_per_address_max);
    check(world.deflater && world.admission);
    check(shard_new(&options, &events, world.admission, 0, &listener, 1, &world.shard) == RESULT_OK);
}

/* All peers take everything; the server leaves; time does the rest. */
static void end(void)
{
    for (int i = 0; i < world.peer_count; i++)
        fake_give_room(i, SIZE_MAX);
    make_room_for_letters();
    turn();
    shard_post_drain(world.shard, END_SHUTDOWN);
    turn();
    for (int i = 0; i < END_TURNS_MAX && shard_live_count(world.shard) > 0; i++) {
        fake_advance_ms(END_STEP_MS);
        turn();
    }
    check(shard_live_count(world.shard) == 0);
    turn();
    check(counter_get(&world.shard->counters.feeds) == 0);
    check(counter_get(&world.shard->counters.subscriptions) == 0);
    for (int i = 0; i < world.peer_count; i++)
        check(world.peers[i].opened == world.peers[i].ended);
    shard_free(world.shard);
    admission_free(world.admission);
    deflater_free(world.deflater);
    fake_os_done();
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    if (size < 1)
        return 0;
    struct view input = view_of(at, size);
    uint8_t flags = fuzz_take_byte(&input);

    begin(flags);
    world.input = input;
    for (int i = 0; i < OPS_MAX && world.input.size > 0; i++)
        run_step();
    end();
    return 0;
}
