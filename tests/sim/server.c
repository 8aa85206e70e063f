/* SPDX-License-Identifier: Apache-2.0 */
#include "server.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/diag.h"
#include "chance.h"
#include "chat/chat_inside.h"
#include "disk.h"
#include "fiber.h"
#include "memory.h"
#include "net/shard_inside.h"
#include "network.h"
#include "os/clock.h"
#include "serve/config.h"
#include "serve/server.h"
#include "world.h"

enum { SHARDS_MAX = 4 };

static struct config config;
static struct fiber *fiber;
static bool is_signalled, is_taken, is_serving;
static int status;
static struct shard *shards[SHARDS_MAX];
static int64_t memory_before;

#define owner_of(pointer, type, member) ((const type *)(const void *)((const char *)(pointer)-offsetof(type, member)))

/* ---- the configuration ---- */

static size_t draw_size(size_t least, size_t usual, size_t most)
{
    return chance_one_in(2) ? usual : chance_between(least, most);
}

static void draw_net(struct net_options *net, size_t clients)
{
    net->shard_count = chance_between(1, 3);
    net->connections_max = chance_one_in(4) ? chance_between(clients, clients + 8) : 1000;
    net->connections_per_address_max = chance_one_in(6) ? chance_between(2, 6) : 1000;
    net->message_bytes_max = draw_size(1024, 4096, 16384);
    net->head_bytes_max = 2048;
    net->body_bytes_max = 2048;
    net->control_frames_per_second_max = 2000;
    net->answers_pending_max = chance_one_in(2) ? (uint32_t)chance_between(1, 6) : 256;
    net->outbox_bytes_max = draw_size(8192, 65536, 200000);
    net->feed_bytes_max = draw_size(400, 16384, 1500);
    net->request_ms = (uint32_t)chance_between(200, 10000);
    net->keep_alive_ms = (uint32_t)chance_between(200, 20000);
    net->heartbeat_ms = (uint32_t)chance_between(1000, 25000);
    net->write_ms = (uint32_t)chance_between(1500, 15000); /* far above any round trip */
    net->close_ms = (uint32_t)chance_between(100, 5000);
    net->slow_policy = chance_one_in(3) ? NET_SLOW_CLOSE : NET_SLOW_SKIP;
    net->compression_bytes_min = draw_size(0, 64, 512);
    net->compression_level = 1;
    net->mailbox_letters = draw_size(2, 64, 16);
    net->flush_slice = draw_size(1, 32, 4);
}

static void draw_store(struct store_options *store)
{
    store->folder = "data";
    store->durability = chance_one_in(4) ? STORE_DURABLE_PROCESS : STORE_DURABLE_POWER;
    store->queue_letters = draw_size(2, 64, 16);
    store->batch_letters_max = draw_size(1, 64, 8);
    store->recent_events_max = draw_size(1, 32, 8);
    store->recent_bytes_max = draw_size(500, 32768, 4000);
    store->recent_total_max = draw_size(500, 65536, 4000);
    store->reader_threads = chance_between(1, 2);
    store->reader_jobs_max = draw_size(1, 64, 4);
    store->wal_bytes_max = draw_size(20000, 1u << 20, 200000);
}

static void draw_chat(struct chat_options *chat, size_t rooms)
{
    chat->rooms_live_max = chance_one_in(4) ? chance_between(rooms, rooms + 2) : 32;
    chat->text_bytes_max = 700;
    chat->history_events_max = draw_size(1, 50, 10);
    chat->history_bytes_max = draw_size(800, 16384, 8000);
    chat->presence_lease_ms = chance_one_in(4) ? 0 : (uint32_t)chance_between(10, 5000);
    chat->presence_interval_ms = (uint32_t)chance_between(10, 300);
    chat->presence_names_max = chance_one_in(8) ? (uint32_t)chance_below(4) : 200;
    chat->typing_interval_ms = (uint32_t)chance_below(1000);
    chat->has_limits = chance_one_in(8);
}

void server_draw(size_t clients, size_t rooms)
{
    check(config_init(&config));
    config.drain_ms = chance_between(0, 3000);
    config.ops.is_on = false;
    config.ops.log_level = DIAG_ERROR;
    draw_net(&config.net, clients);
    draw_store(&config.store);
    draw_chat(&config.chat, rooms);
    config.has_limits = config.chat.has_limits;
    config.data = "data";
    memory_before = memory_live();
}

void server_done(void)
{
    config_done(&config);
}

const struct config *server_config(void)
{
    return &config;
}

/* ---- life ---- */

static void run(void *context)
{
    (void)context;
    status = server_run(&config);
}

static void tell_line(void *context, const char *line)
{
    (void)context;
    trace("server", "says: %s", line);
}

void server_start(void)
{
    check(!fiber);
    trace("world", "the server starts");
    diag_set_sink(tell_line, NULL);
    is_signalled = is_taken = is_serving = false;
    world.is_dead = false;
    fiber = fiber_start("main", run, NULL);
    check(fiber);
}

bool server_is_running(void)
{
    return fiber != NULL;
}

bool server_is_serving(void)
{
    return fiber != NULL && is_serving && !is_signalled && !world.is_dead;
}

void server_leave(void)
{
    trace("world", "SIGTERM");
    is_signalled = true;
    fiber_wake(fiber);
}

void server_crash(bool is_power_cut)
{
    trace("world", "%s", is_power_cut ? "the power is cut" : "the server is killed");
    disk_crash(is_power_cut);
    world.is_dead = true;
    network_crash(is_power_cut);
    is_signalled = true;
    fiber_wake(fiber);
}

bool server_reap(void)
{
    if (!fiber || !fiber_has_ended(fiber))
        return false;
    fiber_free(fiber);
    fiber = NULL;
    memset(shards, 0, sizeof shards);
    trace("world", "the server has ended with status %d", status);
    if (fibers_live() > 0)
        broken("%u threads are left after the server's end", fibers_live());
    if (network_descriptors() > 0)
        broken("P3: %u descriptors are open after the server's end", network_descriptors());
    if (memory_live() != memory_before)
        broken("%lld blocks of memory are left after the server's end", (long long)(memory_live() - memory_before));
    if (world.is_dead)
        disk_revive();
    world.is_dead = false;
    return true;
}

int server_signal_wait(int timeout_ms)
{
    if (world.is_dead) {
        fiber_sleep(1000000);
        return SIGTERM;
    }
    if (!is_signalled)
        fiber_wait(timeout_ms < 0 ? UINT64_MAX : world.now_ns + (uint64_t)timeout_ms * 1000000);
    else
        fiber_sleep((uint64_t)timeout_ms * 1000000);
    if (!is_signalled || is_taken)
        return 0;
    is_taken = true;
    return SIGTERM;
}

/* ---- what must hold ---- */

void server_at_rest(const struct os_poller *poller)
{
    const struct shard *shard = owner_of(poller, struct shard, poller);

    check(shard->index < SHARDS_MAX);
    shards[shard->index] = (struct shard *)(uintptr_t)shard;
    is_serving = true;
    shard_check(shard);
}

static const struct door *door_of_shard(const struct shard *shard)
{
    return shard->owner;
}

uint64_t server_lapped(void)
{
    uint64_t lapped = 0;

    for (int i = 0; i < SHARDS_MAX; i++)
        lapped += shards[i] ? counter_get(&shards[i]->counters.lapped) : 0;
    return lapped;
}

bool server_has_limits(void)
{
    return config.chat.has_limits;
}

static const struct chat *chat_now(void)
{
    return shards[0] ? door_of_shard(shards[0])->chat : NULL;
}

void server_check_awake(void)
{
    const struct chat *chat = chat_now();

    if (!chat || world.is_dead || fibers_asleep() || is_signalled)
        return;
    for (int i = 0; i < SHARDS_MAX; i++) {
        if (shards[i] && mailbox_count(&shards[i]->mailbox) > 0)
            broken("a lost wake-up: shard %d sleeps, and has letters", i);
    }
    if (store_queue_count(chat->store) > 0)
        broken("a lost wake-up: the store sleeps, and has letters");
}

static bool is_shard_empty(const struct shard *shard)
{
    const struct door *door = door_of_shard(shard);

    return shard_live_count(shard) == 0 && shard->registry_count == 0 && counter_get(&shard->counters.feeds) == 0
           && door->sessions.used == 0 && !door->departing && mailbox_count(&shard->mailbox) == 0;
}

bool server_is_empty(void)
{
    const struct chat *chat = chat_now();

    if (!chat)
        return true;
    for (int i = 0; i < SHARDS_MAX; i++) {
        if (shards[i] && !is_shard_empty(shards[i]))
            return false;
    }
    const struct hub *hub = &chat->hub;
    return counter_get(&hub->counters.sessions) == 0 && hub->users.count == 0 && hub->member_pool.used == 0
           && hub->names.count == 0 && hub->idle_count == hub->rooms.count;
}

void server_check_empty(void)
{
    const struct chat *chat = chat_now();

    check(chat);
    for (int i = 0; i < SHARDS_MAX; i++) {
        if (shards[i] && !is_shard_empty(shards[i]))
            broken("P3: all clients are gone, and shard %d has %llu connections, %llu feeds, %zu sessions", i,
                   (unsigned long long)shard_live_count(shards[i]),
                   (unsigned long long)counter_get(&shards[i]->counters.feeds),
                   door_of_shard(shards[i])->sessions.used);
    }
    if (!server_is_empty())
        broken("P3: all clients are gone, and the hub has %llu sessions, %zu users, %zu members, %zu rooms, %u idle",
               (unsigned long long)counter_get(&chat->hub.counters.sessions), chat->hub.users.count,
               chat->hub.member_pool.used, chat->hub.rooms.count, chat->hub.idle_count);
    if (network_connections() > 0)
        broken("P3: all clients are gone, and %u sockets are open", network_connections());
}
