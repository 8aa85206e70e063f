/* SPDX-License-Identifier: Apache-2.0 */
/* What a client does by itself: joins again what it lost, retries what was not acknowledged, and then whatever is
 * drawn. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "chance.h"
#include "client.h"
#include "network.h"
#include "world.h"

enum { COMMAND_BYTES = 2048, PADDING_MAX = 560, ASKED_AT_ONCE_MAX = 24, ASKED_WHILE_CHECKING_MAX = 3 };

/* ---- what is awaited ---- */

static struct asked *ask(struct client *client, const char *type, int room)
{
    check(client->asked_count < ASKED_MAX);
    struct asked *asked = &client->asked[client->asked_count++];

    *asked = (struct asked){.type = type, .room = room, .sent_ns = world.now_ns};
    if (room >= 0 && client->seats[room].state == SEAT_IN) {
        asked->book = client->seats[room].book;
        asked->newest = asked->book->newest;
    }
    (void)snprintf(asked->ref, sizeof asked->ref, "r%u", client->ref_next++); /* it fits */
    return asked;
}

bool asked_take(struct client *client, const char *ref, struct asked *out_asked)
{
    for (size_t i = 0; i < client->asked_count; i++) {
        if (strcmp(client->asked[i].ref, ref) != 0)
            continue;
        *out_asked = client->asked[i];
        client->asked[i] = client->asked[--client->asked_count];
        return true;
    }
    return false;
}

static bool is_awaited(const struct client *client, const char *type)
{
    for (size_t i = 0; i < client->asked_count; i++) {
        if (strcmp(client->asked[i].type, type) == 0)
            return true;
    }
    return false;
}

static void say(struct client *client, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(struct client *client, const char *format, ...)
{
    char text[COMMAND_BYTES];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    check(size > 0 && size < (int)sizeof text);
    trace(client->name, "says %.160s", text);
    wire_frame(client, 1, text, (size_t)size);
}

/* As written first, or in other letters: it is the same room. */
static const char *spelled(int room)
{
    static const char *const others[ROOM_COUNT] = {"Alpha", "~GAMMA", "BETA", "~Delta", "ePsilon"};

    return chance_one_in(8) ? others[room] : room_name(room);
}

/* ---- rooms ---- */

static void join(struct client *client, int room)
{
    struct seat *seat = &client->seats[room];
    const struct asked *asked = ask(client, "join", room);
    char after[80] = "", history[40] = "";

    seat->state = SEAT_ASKED;
    seat->is_wanted = true;
    seat->asked_ns = world.now_ns;
    seat->has_asked_after = seat->has_last && !chance_one_in(10);
    seat->has_asked_epoch = seat->has_asked_after && !chance_one_in(20);
    seat->has_asked_history = !seat->has_asked_after && chance_one_in(2);
    seat->asked_after = seat->last;
    seat->asked_history = chance_below(12);
    memcpy(seat->asked_epoch, seat->epoch, sizeof seat->epoch);
    if (seat->has_asked_after)
        (void)snprintf(after, sizeof after, ",\"after\":%llu%s%s%s", (unsigned long long)seat->last,
                       seat->has_asked_epoch ? ",\"epoch\":\"" : "", seat->has_asked_epoch ? seat->epoch : "",
                       seat->has_asked_epoch ? "\"" : "");
    if (seat->has_asked_history)
        (void)snprintf(history, sizeof history, ",\"history\":%llu", (unsigned long long)seat->asked_history);
    say(client, "{\"type\":\"join\",\"room\":\"%s\"%s%s,\"ref\":\"%s\"}", spelled(room), after, history, asked->ref);
}

static void leave(struct client *client, int room)
{
    if (client->seats[room].state != SEAT_IN)
        return;
    const struct asked *asked = ask(client, "leave", room);

    client->seats[room].state = SEAT_LEAVING;
    client->seats[room].is_wanted = false;
    say(client, "{\"type\":\"leave\",\"room\":\"%s\",\"ref\":\"%s\"}", spelled(room), asked->ref);
}

/* ---- intents ---- */

static void draw_key(char key[KEY_BYTES])
{
    if (chance_one_in(2))
        (void)snprintf(key, KEY_BYTES, "%012llx-%llx", (unsigned long long)world_wall_ms() & 0xffffffffffff,
                       (unsigned long long)chance_u64());
    else
        (void)snprintf(key, KEY_BYTES, "k%llx", (unsigned long long)chance_u64());
}

static void draw_text(char text[TEXT_BYTES])
{
    unsigned long long number = ++manners.text_count, named = chance_below(6); /* as rename_self() draws names */
    size_t size = chance_one_in(4) ? (size_t)snprintf(text, TEXT_BYTES, "text %llu @name %llu ", number, named)
                                   : (size_t)snprintf(text, TEXT_BYTES, "text %llu ", number);
    size_t padding = (size_t)chance_skewed(PADDING_MAX);

    memset(text + size, 'a' + (int)chance_below(26), padding);
    text[size + padding] = 0;
}

/* An event that was seen in this room, mostly a message of one's own. 0: none. */
static uint64_t draw_target(const struct client *client, const struct book *book, bool is_own)
{
    for (int tries = 0; tries < 12 && book->newest > 0; tries++) {
        uint64_t seq = 1 + chance_below(book->newest);
        const struct fact *fact = &book->facts[seq - 1];
        if (fact->is_known && fact->kind == KIND_MESSAGE && (!is_own || strcmp(fact->user, client->user) == 0))
            return seq;
    }
    return 0;
}

static void say_intent(struct client *client, struct intent *intent)
{
    struct asked *asked = ask(client, "intent", intent->room);
    const char *room = spelled(intent->room);

    asked->intent = intent;
    asked->was_known = intent->seq > 0 && intent->book == client->seats[intent->room].book;
    intent->times_sent++;
    switch (intent->kind) {
    case KIND_MESSAGE:
        if (intent->reply_to > 0)
            say(client,
                "{\"type\":\"send\",\"room\":\"%s\",\"text\":\"%s\",\"key\":\"%s\",\"reply_to\":%llu,\"ref\":\"%s\"}",
                room, intent->text, intent->key, (unsigned long long)intent->reply_to, asked->ref);
        else
            say(client, "{\"type\":\"send\",\"room\":\"%s\",\"text\":\"%s\",\"key\":\"%s\",\"ref\":\"%s\"}", room,
                intent->text, intent->key, asked->ref);
        break;
    case KIND_EDITED:
        say(client, "{\"type\":\"edit\",\"room\":\"%s\",\"seq\":%llu,\"text\":\"%s\",\"key\":\"%s\",\"ref\":\"%s\"}",
            room, (unsigned long long)intent->target, intent->text, intent->key, asked->ref);
        break;
    case KIND_DELETED:
        say(client, "{\"type\":\"delete\",\"room\":\"%s\",\"seq\":%llu,\"key\":\"%s\",\"ref\":\"%s\"}", room,
            (unsigned long long)intent->target, intent->key, asked->ref);
        break;
    case KIND_REACTION:
        say(client,
            "{\"type\":\"react\",\"room\":\"%s\",\"seq\":%llu,\"emoji\":\"%s\",\"on\":%s,"
            "\"key\":\"%s\",\"ref\":\"%s\"}",
            room, (unsigned long long)intent->target, intent->text, intent->is_on ? "true" : "false", intent->key,
            asked->ref);
        break;
    }
}

void pending_remove(struct identity *identity, const struct intent *intent)
{
    for (size_t i = 0; i < identity->pending_count; i++) {
        if (identity->pending[i] == intent)
            identity->pending[i--] = identity->pending[--identity->pending_count];
    }
}

static bool is_in_flight(const struct client *client, const struct intent *intent)
{
    for (size_t i = 0; i < client->asked_count; i++) {
        if (client->asked[i].intent == intent)
            return true;
    }
    return false;
}

static bool is_self(const struct client *client)
{
    return client->user[0] && strcmp(client->user, client->identity->user) == 0;
}

/* True: something was sent again. */
static bool retry(struct client *client)
{
    const struct identity *identity = client->identity;

    for (size_t i = 0; is_self(client) && i < identity->pending_count; i++) {
        struct intent *intent = identity->pending[i];
        if (is_in_flight(client, intent) || strcmp(intent->user, client->user) != 0)
            continue;
        if (client->seats[intent->room].state == SEAT_IN) {
            say_intent(client, intent);
            return true;
        }
        client->seats[intent->room].is_wanted = true;
    }
    return false;
}

/* The same key in another room, or of another user, is another intention. */
static void draw_intent_key(const struct client *client, struct intent *intent)
{
    const struct intent *done = client->identity->done;

    draw_key(intent->key);
    if (done && done->room != intent->room && chance_one_in(6) && strcmp(done->user, intent->user) == 0
        && ledger_key_is_free(done->key, intent->user, intent->room))
        memcpy(intent->key, done->key, sizeof done->key);
}

static void intend(struct client *client, int room, enum kind kind)
{
    struct seat *seat = &client->seats[room];
    struct intent intent = {.room = room, .kind = kind};

    if (seat->state != SEAT_IN || !client->user[0]
        || (is_self(client) && client->identity->pending_count == PENDING_MAX))
        return;
    memcpy(intent.user, client->user, sizeof intent.user);
    draw_intent_key(client, &intent);
    if (kind == KIND_MESSAGE || kind == KIND_EDITED)
        draw_text(intent.text);
    if (kind == KIND_MESSAGE && chance_one_in(8))
        intent.reply_to = draw_target(client, seat->book, false);
    if (kind != KIND_MESSAGE) {
        intent.target = draw_target(client, seat->book, kind != KIND_REACTION && !chance_one_in(10));
        if (intent.target == 0)
            return;
    }
    if (kind == KIND_REACTION) {
        (void)snprintf(intent.text, sizeof intent.text, "%s", chance_one_in(2) ? ":)" : "!");
        intent.is_on = chance_one_in(2);
    }
    struct intent *kept = ledger_intent(&intent);
    if (is_self(client))
        client->identity->pending[client->identity->pending_count++] = kept;
    say_intent(client, kept);
}

static void say_plain(struct client *client)
{
    struct intent intent = {.room = client->room_walked, .kind = KIND_MESSAGE, .is_plain = true};

    if (client->seats[client->room_walked].state != SEAT_IN || !client->user[0])
        return;
    memcpy(intent.user, client->user, sizeof intent.user);
    draw_text(intent.text);
    ledger_plain(&intent);
    say(client, "%s", intent.text);
}

/* ---- looking ---- */

static void look_history(struct client *client, int room)
{
    const struct seat *seat = &client->seats[room];

    if (seat->state != SEAT_IN)
        return;
    struct asked *asked = ask(client, "history", room);
    asked->is_before = chance_one_in(2);
    asked->from = chance_below(seat->book->newest + 3);
    asked->limit = chance_below(14);
    say(client, "{\"type\":\"history\",\"room\":\"%s\",\"%s\":%llu,\"limit\":%llu,\"ref\":\"%s\"}", spelled(room),
        asked->is_before ? "before" : "after", (unsigned long long)asked->from, (unsigned long long)asked->limit,
        asked->ref);
}

static void look_digest(struct client *client, int room)
{
    const struct seat *seat = &client->seats[room];

    if (seat->state != SEAT_IN || seat->book->newest == 0)
        return;
    struct asked *asked = ask(client, "digest", room);
    asked->from = 1 + chance_below(seat->book->newest);
    asked->to = asked->from + chance_below(seat->book->newest - asked->from + 1);
    say(client, "{\"type\":\"digest\",\"room\":\"%s\",\"from\":%llu,\"to\":%llu,\"ref\":\"%s\"}", spelled(room),
        (unsigned long long)asked->from, (unsigned long long)asked->to, asked->ref);
}

static void look_who(struct client *client, int room)
{
    if (client->seats[room].state != SEAT_IN)
        return;
    say(client, "{\"type\":\"who\",\"room\":\"%s\",\"ref\":\"%s\"}", spelled(room), ask(client, "who", room)->ref);
}

static void mark_read(struct client *client, int room)
{
    if (client->seats[room].state != SEAT_IN)
        return;
    say(client, "{\"type\":\"read\",\"room\":\"%s\",\"seq\":%llu,\"ref\":\"%s\"}", spelled(room),
        (unsigned long long)client->seats[room].last, ask(client, "read", room)->ref);
}

/* ---- the rest ---- */

static void say_simple(struct client *client, const char *type)
{
    say(client, "{\"type\":\"%s\",\"ref\":\"%s\"}", type, ask(client, type, -1)->ref);
}

static void log_in(struct client *client)
{
    if (!client->identity->token[0] || client->is_anonymous)
        return;
    say(client, "{\"type\":\"login\",\"token\":\"%s\",\"ref\":\"%s\"}", client->identity->token,
        ask(client, "login", -1)->ref);
}

static void rename_self(struct client *client)
{
    say(client, "{\"type\":\"name\",\"name\":\"name %llu\",\"ref\":\"%s\"}",
        (unsigned long long)chance_below(chance_one_in(3) ? 6 : 100000), ask(client, "name", -1)->ref);
}

static void say_odd(struct client *client)
{
    switch (chance_below(4)) {
    case 0: say_simple(client, "dance"); break;
    case 1: wire_frame(client, 2, "binary", 6); break;
    case 2:
        say(client, "{\"type\":\"send\",\"room\":\"nowhere-%llu\",\"text\":\"x\",\"key\":\"k\",\"ref\":\"%s\"}",
            (unsigned long long)chance_below(9), ask(client, "odd", -1)->ref);
        break;
    default: wire_frame(client, 9, "ping", (size_t)chance_below(5)); break;
    }
}

static void act_at_random(struct client *client)
{
    int room = (int)chance_below((uint64_t)manners.room_count);
    uint64_t which = chance_below(108);

    if (client->is_walk_in && chance_one_in(2))
        say_plain(client);
    else if (which < 44)
        intend(client, room, KIND_MESSAGE);
    else if (which < 50)
        intend(client, room, KIND_EDITED);
    else if (which < 55)
        intend(client, room, KIND_DELETED);
    else if (which < 60)
        intend(client, room, KIND_REACTION);
    else if (which < 64 && client->seats[room].state == SEAT_IN)
        say(client, "{\"type\":\"typing\",\"room\":\"%s\"}", spelled(room));
    else if (which < 68)
        mark_read(client, room);
    else if (which < 76)
        look_history(client, room);
    else if (which < 80)
        look_who(client, room);
    else if (which < 85)
        look_digest(client, room);
    else if (which < 87)
        say_simple(client, "rooms");
    else if (which < 90)
        rename_self(client);
    else if (which < 93)
        say_simple(client, "ping");
    else if (which < 97 && client->seats[room].state == SEAT_NONE)
        join(client, room);
    else if (which < 100)
        leave(client, room);
    else if (which < 102)
        client_say_close(client, chance_one_in(3) ? 0 : 1000);
    else if (which < 103)
        log_in(client);
    else if (which < 105)
        say_odd(client);
    else if (client->identity->done && is_self(client) && client->seats[client->identity->done->room].state == SEAT_IN)
        say_intent(client, client->identity->done); /* though it was acknowledged */
}

/* True: a room that was lost is entered again. */
static bool join_wanted(struct client *client)
{
    for (int room = 0; room < manners.room_count; room++) {
        if (client->seats[room].is_wanted && client->seats[room].state == SEAT_NONE) {
            join(client, room);
            return true;
        }
    }
    return false;
}

static void look_around(struct client *client)
{
    int room = (int)chance_below((uint64_t)manners.room_count);

    switch (chance_below(4)) {
    case 0: look_history(client, room); break;
    case 1: look_digest(client, room); break;
    case 2: look_who(client, room); break;
    default: say_simple(client, "ping"); break;
    }
}

void act(struct client *client)
{
    if (manners.is_calm && chance_one_in(8))
        wire_frame(client, 9, "alive?", 6); /* where its server is gone, this is how it learns it */
    if (client->logs_in) {
        client->logs_in = false;
        log_in(client);
        return;
    }
    if (is_awaited(client, "login")) /* who it will be is not known */
        return;
    /* Presence is exact only while nobody's connection ends: who asks for more than they read has an outbox that
     * overflows, and is shown until their lease is over. */
    size_t at_once_max = manners.is_checking ? ASKED_WHILE_CHECKING_MAX : ASKED_AT_ONCE_MAX;
    if (client->asked_count >= at_once_max || (!client->is_welcomed && !chance_one_in(8)))
        return;
    if (!client->is_walk_in && (manners.is_calm || chance_one_in(2)) && join_wanted(client))
        return;
    if ((manners.is_calm || chance_one_in(2)) && retry(client))
        return;
    if (manners.is_checking)
        look_around(client);
    else if (manners.may_start)
        act_at_random(client);
}
