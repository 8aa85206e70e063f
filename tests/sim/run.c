/* SPDX-License-Identifier: Apache-2.0 */
#include "run.h"

#include <sodium.h>
#include <sqlite3.h>
#include <string.h>

#include "base/check.h"
#include "chance.h"
#include "client.h"
#include "disk.h"
#include "fiber.h"
#include "ledger.h"
#include "memory.h"
#include "network.h"
#include "post_mortem.h"
#include "serve/config.h"
#include "server.h"
#include "world.h"

enum {
    STEP_NS_MAX = 4000,
    DOWN_MS_MAX = 3000,
    SETTLE_MS_MAX = 240000, /* the longest heartbeat twice, for those who vanished, and then some */
    CHECKING_MS = 600,
    EMPTY_MS_MAX = 120000,
    END_MS_MAX = 60000,
    CHAOS_ONE_IN = 30, /* steps: how often the end of the server is drawn */
};

static struct client clients[CLIENTS_MAX];
static struct identity identities[CLIENTS_MAX];
static int client_count;
static uint64_t start_at_ns; /* of the server, when it is down */

/* ---- the scheduler ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t next_ns(void)
{
    uint64_t next = earlier(fibers_next_ns(), network_next_ns());

    for (int i = 0; i < client_count; i++)
        next = earlier(next, client_due_ns(&clients[i]));
    return server_is_running() ? next : earlier(next, start_at_ns);
}

static uint32_t clients_due(void)
{
    uint32_t due = 0;

    for (int i = 0; i < client_count; i++)
        due += client_due_ns(&clients[i]) <= world.now_ns;
    return due;
}

static void step_client(uint32_t index)
{
    for (int i = 0; i < client_count; i++) {
        if (client_due_ns(&clients[i]) <= world.now_ns && index-- == 0) {
            client_step(&clients[i]);
            return;
        }
    }
}

static void watch_server(void)
{
    if (server_reap()) {
        post_mortem();
        uint64_t down_ms = world.has_faults ? chance_skewed(DOWN_MS_MAX) : 10;
        start_at_ns = manners.is_leaving ? UINT64_MAX : world.now_ns + down_ms * 1000000;
    }
    if (!server_is_running() && start_at_ns <= world.now_ns)
        server_start();
}

/* Of the last run, step by step: so a second one says where it begins to be another. */
enum { KEPT_STEPS_MAX = 1 << 18 };
static uint64_t kept_hashes[KEPT_STEPS_MAX];
static bool is_second;

static void compare_runs(void)
{
    uint64_t *kept = &kept_hashes[world.steps];

    if (world.steps >= KEPT_STEPS_MAX)
        return;
    if (is_second && *kept != world.hash)
        broken("the second run of this seed is another one from step %llu on: something is not drawn from it",
               (unsigned long long)world.steps);
    *kept = world.hash;
}

/* Whoever can go on: one of them does. False: nothing will ever happen again before that time. */
static bool step(uint64_t until_ns)
{
    if (++world.steps > world.steps_max)
        broken("no end after %llu steps", (unsigned long long)world.steps);
    network_advance();
    watch_server();
    uint32_t ready = fibers_ready(), due = clients_due();
    if (ready + due == 0) {
        server_check_awake();
        uint64_t next = next_ns();
        if (next >= until_ns) {
            world.now_ns = until_ns > world.now_ns && until_ns != UINT64_MAX ? until_ns : world.now_ns;
            return false;
        }
        world.now_ns = next > world.now_ns ? next : world.now_ns;
        return true;
    }
    uint32_t index = (uint32_t)chance_below(ready + due);
    world.now_ns += chance_below(STEP_NS_MAX);
    world_mix(world.now_ns);
    compare_runs();
    if (index < ready)
        fiber_run_ready(index);
    else
        step_client(index - ready);
    return true;
}

static void run_for(uint64_t ms)
{
    uint64_t until_ns = world.now_ns + ms * 1000000;

    while (world.now_ns < until_ns && step(until_ns)) {
    }
}

/* ---- drawing ---- */

static void draw_manners(void)
{
    manners = (struct manners){
        .pause_ns_max = chance_between(5, 400) * 1000000,
        .walk_in_ppm = chance_one_in(2) ? (uint32_t)chance_below(1000000) : 0,
        .visitor_ppm = chance_one_in(3) ? (uint32_t)chance_below(300000) : 0,
        .deflate_ppm = chance_one_in(2) ? (uint32_t)chance_below(1000000) : 0,
        .slow_ppm = chance_one_in(2) ? (uint32_t)chance_below(500000) : 0,
        .anonymous_ppm = chance_one_in(2) ? (uint32_t)chance_below(400000) : 0,
        .may_start = true,
        .room_count = (int)chance_between(1, ROOM_COUNT),
    };
}

static void draw_clients(void)
{
    client_count = (int)chance_between(2, chance_one_in(4) ? CLIENTS_MAX : 6);
    memset(identities, 0, sizeof identities);
    for (int i = 0; i < client_count; i++) {
        int whose = i > 0 && chance_one_in(4) ? (int)chance_below((uint64_t)i) : i;
        client_init(&clients[i], i, &identities[whose]);
    }
}

/* ---- chaos ---- */

static void strike_server(void)
{
    if (!server_is_running() || world.is_dead || !chance_one_in(CHAOS_ONE_IN))
        return;
    if (fault(FAULT_KILL))
        server_crash(false);
    else if (fault(FAULT_POWER))
        server_crash(true);
    else if (server_is_serving() && fault(FAULT_LEAVE))
        server_leave();
}

static void chaos(void)
{
    uint64_t until_ns = world.now_ns + chance_between(500, 20000) * 1000000;
    uint64_t steps_max = world.steps + chance_between(500, 9000);

    world.has_faults = true;
    while (world.now_ns < until_ns && world.steps < steps_max) {
        strike_server();
        if (!step(until_ns))
            break;
    }
    world.has_faults = false;
}

/* ---- calm: everything comes right ---- */

static void calm_clients(void)
{
    manners.is_calm = true;
    manners.may_start = false;
    for (int i = 0; i < client_count; i++) {
        struct client *client = &clients[i];
        bool is_good = client->stage == STAGE_OPEN && !client->is_rude && !client->is_anonymous && !client->is_walk_in
                       && !client->is_deaf && !client->is_unclear && strcmp(client->user, client->identity->user) == 0;
        client->slow_bytes = 0;
        if (client->is_deaf) {
            client->is_deaf = false;
            client_notice(client);
        }
        if (!is_good && client->link)
            client_reset(client);
    }
}

static const char *unsettled_room(const struct client *client, int room)
{
    const struct seat *seat = &client->seats[room];

    if (seat->is_wanted && seat->state != SEAT_IN)
        return "is not in its room";
    if (seat->state == SEAT_IN && seat->book == ledger_newest(room) && seat->last < seat->book->newest)
        return "has not seen the newest event";
    return NULL;
}

static const char *unsettled_client(const struct client *client)
{
    const char *why = NULL;

    if (client->stage != STAGE_OPEN || !client->is_welcomed || client->logs_in)
        return "is not in";
    if (client->identity->pending_count > 0)
        return "has no answer to what it sends";
    if (client->asked_count > 0)
        return client->asked[0].type;
    for (int room = 0; room < manners.room_count && !why; room++)
        why = unsettled_room(client, room);
    return why;
}

/* The first client for whom not all is as it should be, and what. NULL: there is none. */
static const struct client *unsettled(const char **out_why)
{
    *out_why = "the server is not there";
    if (!server_is_serving())
        return &clients[0];
    for (int i = 0; i < client_count; i++) {
        *out_why = unsettled_client(&clients[i]);
        if (*out_why)
            return &clients[i];
    }
    return NULL;
}

static void settle(void)
{
    uint64_t until_ns = world.now_ns + (uint64_t)SETTLE_MS_MAX * 1000000;
    const struct client *client;
    const char *why;

    while ((client = unsettled(&why))) {
        if (world.now_ns >= until_ns || !step(until_ns))
            broken("no progress: faults are over for %d s, and %s: %s (stage %d, %zu asked)", SETTLE_MS_MAX / 1000,
                   client->name, why, (int)client->stage, client->asked_count);
    }
}

static bool is_there(int room, const char *user)
{
    for (int i = 0; i < client_count; i++) {
        if (clients[i].seats[room].state == SEAT_IN && strcmp(clients[i].user, user) == 0)
            return true;
    }
    return false;
}

static bool is_named(const struct seat *told, const char *user)
{
    for (size_t i = 0; i < told->member_count; i++) {
        if (strcmp(told->members[i], user) == 0)
            return true;
    }
    return false;
}

void presence_check(const struct client *client, int room, const struct seat *told)
{
    for (size_t i = 0; i < told->member_count; i++) {
        if (!is_there(room, told->members[i]))
            broken("presence: %s is told that %s is in %s, who is not", client->name, told->members[i],
                   room_name(room));
    }
    for (int i = 0; i < client_count; i++) {
        if (clients[i].seats[room].state == SEAT_IN && !is_named(told, clients[i].user))
            broken("presence: %s is not told that %s is in %s", client->name, clients[i].user, room_name(room));
    }
    if (told->count_told != told->member_count)
        broken("presence: %zu are in %s, and the count says %llu", told->member_count, room_name(room),
               (unsigned long long)told->count_told);
}

/* What presence frames said to those who can have missed none. */
static void check_presences(void)
{
    for (int i = 0; i < client_count && server_lapped() == 0 && world.fault_hits[FAULT_MEMORY] == 0; i++) {
        for (int room = 0; room < manners.room_count; room++) {
            const struct seat *seat = &clients[i].seats[room];
            if (seat->state == SEAT_IN && seat->are_members_sure)
                presence_check(&clients[i], room, seat);
        }
    }
}

static void calm(void)
{
    const struct config *config = server_config();

    calm_clients();
    settle();
    /* Those who vanished are found dead after two heartbeats, and shown until their lease is over. */
    run_for(2 * config->net.heartbeat_ms + 2 * config->net.write_ms + config->net.close_ms
            + config->chat.presence_lease_ms + 2000);
    settle();
    manners.is_checking = true;
    for (int i = 0; i < client_count; i++)
        clients[i].act_ns = world.now_ns;
    manners.pause_ns_max = 20000000;
    run_for(CHECKING_MS);
    manners.is_checking = false;
    settle();
    /* Whoever went and came back a moment ago is told of with the next presence frame. */
    for (int i = 0; i < client_count; i++)
        clients[i].act_ns = UINT64_MAX;
    run_for(config->chat.presence_lease_ms + config->chat.presence_interval_ms + 2000);
    settle();
    check_presences();
}

/* ---- the end ---- */

static void leave(struct client *client)
{
    client->act_ns = UINT64_MAX;
    switch (chance_below(3)) {
    case 0: client_reset(client); break;
    case 1:
        if (client->link) {
            link_vanish(client->link);
            client->link = NULL;
            client_lost(client, "it vanishes");
        }
        break;
    default:
        client_say_close(client, 1000);
        client->act_ns = world.now_ns;
        break;
    }
}

static bool all_are_away(void)
{
    for (int i = 0; i < client_count; i++) {
        if (clients[i].stage != STAGE_AWAY)
            return false;
    }
    return true;
}

static void go_home(void)
{
    const struct config *config = server_config();
    uint64_t most_ms = 2 * config->net.heartbeat_ms + 2 * config->net.close_ms + 2 * config->net.write_ms
                       + config->net.keep_alive_ms + config->net.request_ms + config->chat.presence_lease_ms + 5000;
    uint64_t until_ns = world.now_ns + most_ms * 1000000;

    manners.is_leaving = true;
    for (int i = 0; i < client_count; i++)
        leave(&clients[i]);
    while (world.now_ns < until_ns && !(all_are_away() && server_is_empty())) {
        if (!step(until_ns))
            break;
    }
    server_check_empty();
}

static void end_server(void)
{
    uint64_t until_ns = world.now_ns + (uint64_t)END_MS_MAX * 1000000;

    server_leave();
    while (server_is_running()) {
        bool goes_on = world.now_ns < until_ns && step(until_ns);
        if (!goes_on && server_is_running()) {
            fibers_trace();
            broken("the server does not end");
        }
    }
}

void run_init(void)
{
    check(sodium_init() >= 0);
    memory_init();
    vfs_register();
    check(sqlite3_initialize() == SQLITE_OK); /* what it does once must not be a part of the first seed */
}

void run_seed_again(uint64_t seed, bool is_tracing)
{
    is_second = true;
    (void)run_seed(seed, is_tracing);
    is_second = false;
}

uint64_t run_seed(uint64_t seed, bool is_tracing)
{
    world_init(seed, is_tracing);
    sqlite3_randomness(0, NULL); /* it draws its own seed anew, from ours */
    disk_init();
    network_init();
    ledger_init();
    draw_manners();
    draw_clients();
    server_draw((size_t)client_count, (size_t)manners.room_count);
    faults_draw();
    fibers_set_points(chance_one_in(4) ? 0 : 300000u >> chance_below(6));
    if (server_config()->store.durability != STORE_DURABLE_POWER)
        world.fault_ppm[FAULT_POWER] = 0; /* nobody promised anything */
    start_at_ns = world.now_ns;
    chaos();
    calm();
    go_home();
    end_server();
    for (int i = 0; i < client_count; i++)
        client_done(&clients[i]);
    network_done();
    ledger_done();
    disk_done();
    server_done();
    return world.hash;
}
