/* SPDX-License-Identifier: Apache-2.0 */
/* A client's life: coming, staying, going. */
#include "client.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chance.h"
#include "memory.h"
#include "network.h"
#include "server.h"
#include "world.h"

enum { READ_BYTES = 65536, SLOW_NS = 400000000, AWAY_MS_MAX = 1500 };

struct manners manners;

void client_init(struct client *client, int number, struct identity *identity)
{
    *client = (struct client){.number = number, .identity = identity, .room_walked = -1};
    (void)snprintf(client->name, sizeof client->name, "client-%d", number); /* it fits */
    client->address = (struct os_address){.bytes = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(number / 2)},
                                          .port = (uint16_t)(1000 + number)};
    client->act_ns = world.now_ns + chance_below(300000000);
    client->hear_ns = UINT64_MAX;
    for (int room = 0; room < manners.room_count; room++)
        client->seats[room].is_wanted = chance_one_in(2);
}

void client_done(struct client *client)
{
    if (client->link)
        link_forget(client->link);
    own_free(client->in.at);
    own_free(client->out.at);
    *client = (struct client){.stage = STAGE_AWAY};
}

void client_notice(struct client *client)
{
    uint64_t at_ns = client->slow_bytes > 0 ? world.now_ns + chance_below(SLOW_NS) : world.now_ns;

    if (!client->is_deaf && at_ns < client->hear_ns)
        client->hear_ns = at_ns;
}

uint64_t client_due_ns(const struct client *client)
{
    return client->act_ns < client->hear_ns ? client->act_ns : client->hear_ns;
}

/* ---- the end of a connection ---- */

void client_lost(struct client *client, const char *why)
{
    trace(client->name, "is away: %s", why);
    if (client->link)
        link_forget(client->link);
    client->link = NULL;
    client->stage = STAGE_AWAY;
    client->in.size = client->out.size = 0;
    client->asked_count = 0;
    client->hear_ns = UINT64_MAX;
    for (int room = 0; room < ROOM_COUNT; room++) {
        client->seats[room].state = SEAT_NONE;
        client->seats[room].are_members_sure = false;
    }
    uint64_t pause_ms = manners.is_calm ? 200 : chance_skewed(AWAY_MS_MAX);
    client->act_ns = manners.is_leaving ? UINT64_MAX : world.now_ns + pause_ms * 1000000;
}

void client_reset(struct client *client)
{
    if (!client->link)
        return;
    link_reset(client->link);
    client_lost(client, "it resets the connection");
}

static void vanish(struct client *client)
{
    struct link *link = client->link;

    client->link = NULL;
    link_vanish(link);
    client_lost(client, "it vanishes without a word");
}

void client_say_close(struct client *client, uint16_t code)
{
    uint8_t payload[2] = {(uint8_t)(code >> 8), (uint8_t)code};

    if (client->has_sent_close || client->stage < STAGE_OPEN)
        return;
    trace(client->name, "says Close %u", code);
    wire_frame(client, 8, payload, code ? 2 : 0);
    client->has_sent_close = true;
    client->stage = STAGE_CLOSING;
}

/* ---- coming ---- */

static void draw_connection(struct client *client)
{
    bool has_token = client->identity->token[0] != 0;

    client->is_visitor = !manners.is_calm && chance_ppm(manners.visitor_ppm);
    client->is_anonymous = !manners.is_calm && !client->is_visitor && chance_ppm(manners.anonymous_ppm);
    client->is_walk_in = client->is_anonymous && chance_ppm(manners.walk_in_ppm);
    client->logs_in = has_token && !client->is_anonymous && chance_one_in(4);
    client->wants_deflate = chance_ppm(manners.deflate_ppm);
    client->has_deflate = client->is_welcomed = client->is_rude = client->is_deaf = client->has_heard_head = false;
    client->has_sent_close = client->has_heard_close = client->is_unclear = false;
    client->slow_bytes = !manners.is_calm && chance_ppm(manners.slow_ppm) ? chance_between(1, 300) : 0;
    client->room_walked = client->is_walk_in ? (int)chance_below((uint64_t)manners.room_count) : -1;
    client->user[0] = 0;
    client->in.size = client->out.size = 0;
    client->asked_count = 0;
}

static void come(struct client *client)
{
    client->act_ns = world.now_ns + chance_below(manners.pause_ns_max + 1);
    client->link = server_is_serving() ? link_connect(client, &client->address) : NULL;
    if (!client->link) {
        client->act_ns = world.now_ns + 100000000 + chance_below(400000000);
        return;
    }
    draw_connection(client);
    client->stage = STAGE_ASKED;
    client->connected_ns = client->asked_request_ns = world.now_ns;
    trace(client->name, "connects%s%s", client->is_visitor ? ", to look around" : "",
          client->is_walk_in ? ", to walk in" : "");
    wire_ask(client);
}

/* ---- one step ---- */

static void push(struct client *client)
{
    if (!client->link || client->out.size == 0)
        return;
    size_t taken = link_write(client->link, client->out.at, client->out.size);
    bytes_take(&client->out, taken);
}

static void hear(struct client *client)
{
    static uint8_t buffer[READ_BYTES];
    size_t most = client->slow_bytes > 0 ? (size_t)client->slow_bytes : sizeof buffer;

    client->hear_ns = UINT64_MAX;
    size_t size = link_read(client->link, buffer, most);
    bytes_add(&client->in, buffer, size);
    if (size > 0)
        wire_hear(client);
    if (!client->link)
        return;
    if (link_readable(client->link) > 0) {
        client_notice(client);
        return;
    }
    if (link_was_reset(client->link)) {
        client->lost_count++;
        client_lost(client, "the connection is reset");
    } else if (link_has_ended(client->link)) {
        if (client->stage == STAGE_OPEN)
            client->lost_count++;
        client_lost(client, "the server has ended the connection");
    }
}

/* Faults of the client's own. True: it is gone, or does nothing else now. */
static bool is_struck(struct client *client)
{
    if (fault(FAULT_RESET)) {
        client_reset(client);
        return true;
    }
    if (fault(FAULT_VANISH)) {
        vanish(client);
        return true;
    }
    if (!client->is_deaf && fault(FAULT_STALL)) {
        client->is_deaf = true;
        client->hear_ns = UINT64_MAX;
        client->act_ns = world.now_ns + chance_skewed(8000) * 1000000;
        trace(client->name, "stops reading");
        return true;
    }
    if (fault(FAULT_GARBAGE)) {
        client->is_rude = true;
        wire_garbage(client);
    }
    return false;
}

static void stir(struct client *client)
{
    client->act_ns = world.now_ns + 1 + chance_below(manners.pause_ns_max + 1);
    if (client->stage == STAGE_AWAY) {
        come(client);
        return;
    }
    if (client->is_deaf) {
        client->is_deaf = false;
        client_notice(client);
    }
    if (is_struck(client))
        return;
    if (manners.is_calm && !manners.is_checking && client->is_unclear && client->asked_count > 0) {
        client_reset(client);
    } else if (client->stage == STAGE_OPEN) {
        act(client);
    } else if (world.now_ns - client->asked_request_ns > UINT64_C(30000000000)) {
        client_reset(client); /* nothing came of it */
    }
}

void client_step(struct client *client)
{
    if (client->link && client->hear_ns <= world.now_ns)
        hear(client);
    if (client->act_ns <= world.now_ns)
        stir(client);
    push(client);
}
