/* SPDX-License-Identifier: Apache-2.0 */
/* What a client hears, and whether it may be so: against the protocol, against what it asked, against the ledger. */
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "client.h"
#include "network.h"
#include "serve/config.h"
#include "server.h"
#include "world.h"

/* ---- JSON, read strictly ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    if (!text)
        broken("a frame without \"%s\"", name);
    return text;
}

static uint64_t number_of(const json_t *object, const char *name)
{
    const json_t *number = json_object_get(object, name);

    if (!json_is_integer(number) || json_integer_value(number) < 0)
        broken("a frame without the number \"%s\"", name);
    return (uint64_t)json_integer_value(number);
}

static uint64_t optional_number(const json_t *object, const char *name)
{
    return json_object_get(object, name) ? number_of(object, name) : 0;
}

static const json_t *list_of(const json_t *object, const char *name)
{
    const json_t *list = json_object_get(object, name);

    if (!json_is_array(list))
        broken("a frame without the list \"%s\"", name);
    return list;
}

static int room_in(const json_t *frame)
{
    int room = room_of_name(text_of(frame, "room"));

    if (room < 0)
        broken("a frame about the room %s", text_of(frame, "room"));
    return room;
}

/* ---- seats ---- */

void seat_leave(struct seat *seat)
{
    seat->state = SEAT_NONE;
    seat->are_members_sure = false;
}

static void member_put(struct seat *seat, const char *id)
{
    for (size_t i = 0; i < seat->member_count; i++) {
        if (strcmp(seat->members[i], id) == 0)
            return;
    }
    check(seat->member_count < MEMBERS_MAX);
    (void)snprintf(seat->members[seat->member_count++], ID_BYTES, "%s", id);
}

static void member_take(struct seat *seat, const char *id)
{
    for (size_t i = 0; i < seat->member_count; i++) {
        if (strcmp(seat->members[i], id) == 0)
            memcpy(seat->members[i--], seat->members[--seat->member_count], ID_BYTES);
    }
}

/* ---- events ---- */

static bool read_event(const json_t *event, struct told *out_told)
{
    static const char *const types[] = {"", "message", "edited", "deleted", "reaction"};
    const char *type = text_of(event, "type");
    int kind = KIND_MESSAGE;

    while (kind <= KIND_REACTION && strcmp(types[kind], type) != 0)
        kind++;
    if (kind > KIND_REACTION)
        return false;
    const json_t *on = json_object_get(event, "on");
    *out_told = (struct told){
        .kind = (enum kind)kind,
        .seq = number_of(event, "seq"),
        .target = kind != KIND_MESSAGE ? number_of(event, "target") : 0,
        .reply_to = optional_number(event, "reply_to"),
        .at_ms = (int64_t)number_of(event, "at"),
        .user = text_of(json_object_get(event, "user"), "id"),
        .key = text_of(event, "key"),
        .text = "",
        .is_on = json_is_true(on),
        .is_deleted = json_is_true(json_object_get(event, "deleted")),
    };
    if (kind == KIND_REACTION)
        out_told->text = text_of(event, "emoji");
    else if (kind != KIND_DELETED && (!out_told->is_deleted || json_object_get(event, "text")))
        out_told->text = text_of(event, "text");
    return true;
}

static void hear_event(struct client *client, const json_t *frame, const struct told *told)
{
    struct seat *seat = &client->seats[room_in(frame)];

    if (seat->state != SEAT_IN && seat->state != SEAT_LEAVING)
        broken("P2: %s hears event %llu of a room that it is not in", client->name, (unsigned long long)told->seq);
    if (told->seq != seat->last + 1)
        broken("P2: %s hears event %llu of %s after event %llu", client->name, (unsigned long long)told->seq,
               text_of(frame, "room"), (unsigned long long)seat->last);
    seat->last = told->seq;
    ledger_event(seat->book, told);
}

static void hear_gap(struct client *client, const json_t *frame)
{
    struct seat *seat = &client->seats[room_in(frame)];
    uint64_t from = number_of(frame, "from"), to = number_of(frame, "to");

    if (seat->state != SEAT_IN && seat->state != SEAT_LEAVING)
        broken("P2: a gap in a room that %s is not in", client->name);
    if (from != seat->last + 1 || to < from)
        broken("P2: a gap from %llu to %llu after event %llu", (unsigned long long)from, (unsigned long long)to,
               (unsigned long long)seat->last);
    seat->last = to;
    seat->are_members_sure = false;
    world.gaps_seen++;
}

/* Events of a replay or a page: rising by one, and nothing in them that was known to be deleted when it was asked. */
static uint64_t hear_events(struct book *book, const json_t *events, uint64_t asked_ns, uint64_t *out_first)
{
    uint64_t last = 0;

    *out_first = 0;
    for (size_t i = 0; i < json_array_size(events); i++) {
        struct told told;
        const json_t *event = json_array_get(events, i);
        if (!read_event(event, &told) || room_of_name(text_of(event, "room")) != book->room)
            broken("a replay with something else than an event of its room");
        if (i == 0)
            *out_first = told.seq;
        else if (told.seq != last + 1)
            broken("P2: in a replay event %llu follows event %llu", (unsigned long long)told.seq,
                   (unsigned long long)last);
        last = told.seq;
        ledger_event(book, &told);
        if (!told.is_deleted && told.kind != KIND_DELETED && ledger_is_deleted(book, told.seq, asked_ns))
            broken("event %llu is told with its text, and was deleted before it was asked for",
                   (unsigned long long)told.seq);
    }
    return last;
}

/* ---- answers ---- */

static void check_replay(const struct seat *seat, const json_t *frame, uint64_t first, uint64_t last)
{
    uint64_t newest = number_of(frame, "seq");
    size_t count = json_array_size(list_of(frame, "events"));
    bool is_truncated = json_is_true(json_object_get(frame, "truncated"));
    bool is_other_life = seat->has_asked_epoch && strcmp(seat->asked_epoch, seat->epoch) != 0;

    if (count > 0 && last != newest)
        broken("P2: a replay ends at event %llu, and the newest is %llu", (unsigned long long)last,
               (unsigned long long)newest);
    if (!seat->has_asked_after) {
        if (count > seat->asked_history)
            broken("a replay of %zu events, and %llu were asked for", count, (unsigned long long)seat->asked_history);
        return;
    }
    if (is_truncated)
        return;
    if (is_other_life || seat->asked_after > newest)
        broken("P2: a resume in another life of the log is not called truncated");
    if (count != newest - seat->asked_after || (count > 0 && first != seat->asked_after + 1))
        broken("P2: a resume after event %llu begins with %llu and has %zu events, and the newest is %llu",
               (unsigned long long)seat->asked_after, (unsigned long long)first, count, (unsigned long long)newest);
}

static void hear_joined(struct client *client, const json_t *frame)
{
    int room = room_in(frame);
    struct seat *seat = &client->seats[room];
    const json_t *members = list_of(frame, "members");
    uint64_t first, newest = number_of(frame, "seq");

    if (seat->state != SEAT_ASKED)
        broken("%s has joined %s, and did not ask", client->name, room_name(room));
    (void)snprintf(seat->epoch, sizeof seat->epoch, "%s", text_of(frame, "epoch"));
    seat->book = ledger_book(room, seat->epoch, client->connected_ns);
    if (!json_object_get(frame, "ref")) { /* walked in */
        seat->has_asked_after = false;
        seat->asked_history = 8;
        seat->asked_ns = client->asked_request_ns;
    } else if (!seat->has_asked_history && !seat->has_asked_after) {
        seat->asked_history = 0;
    }
    uint64_t last = hear_events(seat->book, list_of(frame, "events"), seat->asked_ns, &first);
    check_replay(seat, frame, first, last);
    seat->state = SEAT_IN;
    seat->has_last = true;
    seat->last = newest;
    seat->member_count = 0;
    for (size_t i = 0; i < json_array_size(members); i++)
        member_put(seat, text_of(json_array_get(members, i), "id"));
    seat->count_told = number_of(frame, "count");
    seat->are_members_sure = seat->count_told == seat->member_count;
}

static void hear_ack(struct client *client, const json_t *frame, const struct asked *asked)
{
    struct intent *intent = asked->intent;

    if (!intent || strcmp(intent->key, text_of(frame, "key")) != 0)
        broken("an ack for key %s answers something else", text_of(frame, "key"));
    if (room_in(frame) != asked->room)
        broken("an ack of another room");
    ledger_ack(asked->book, intent, number_of(frame, "seq"), (int64_t)number_of(frame, "at"),
               json_is_true(json_object_get(frame, "duplicate")), asked->was_known);
    pending_remove(client->identity, intent);
    if (strcmp(intent->user, client->identity->user) == 0)
        client->identity->done = intent;
}

static void hear_history(struct client *client, const json_t *frame, const struct asked *asked)
{
    const json_t *events = list_of(frame, "events");
    uint64_t first;

    (void)client;
    if (room_in(frame) != asked->room)
        broken("history of another room");
    uint64_t last = hear_events(asked->book, events, asked->sent_ns, &first);
    if (json_array_size(events) > asked->limit)
        broken("history of %zu events, and %llu were asked for", json_array_size(events),
               (unsigned long long)asked->limit);
    if (json_array_size(events) == 0 || room_is_ephemeral(asked->room))
        return;
    if (!asked->is_before && first != asked->from + 1)
        broken("history after %llu begins with %llu", (unsigned long long)asked->from, (unsigned long long)first);
    if (asked->is_before && last + 1 != asked->from && last < asked->newest)
        broken("history before %llu ends with %llu", (unsigned long long)asked->from, (unsigned long long)last);
}

static void hear_digest(struct client *client, const json_t *frame, const struct asked *asked)
{
    char wanted[65];

    (void)client;
    if (number_of(frame, "from") != asked->from || number_of(frame, "to") != asked->to)
        broken("a digest of another range");
    if (ledger_digest(asked->book, asked->from, asked->to, wanted) && strcmp(wanted, text_of(frame, "sha256")) != 0)
        broken("P2: the digest of events %llu to %llu of %s is not the ledger's", (unsigned long long)asked->from,
               (unsigned long long)asked->to, room_name(asked->room));
}

static void hear_members(struct client *client, const json_t *frame, const struct asked *asked)
{
    const json_t *members = list_of(frame, "members");
    struct seat now = {.count_told = number_of(frame, "count")};

    for (size_t i = 0; i < json_array_size(members); i++)
        member_put(&now, text_of(json_array_get(members, i), "id"));
    if (now.member_count != json_array_size(members) || now.count_told < now.member_count)
        broken("a list of members with %zu names, %zu of them different, and a count of %llu", json_array_size(members),
               now.member_count, (unsigned long long)now.count_told);
    if (manners.is_checking)
        presence_check(client, asked->room, &now);
}

static void hear_welcome(struct client *client, const json_t *frame)
{
    const char *user = text_of(json_object_get(frame, "user"), "id");
    struct identity *identity = client->identity;
    bool is_self = !client->is_anonymous && (!identity->user[0] || strcmp(user, identity->user) == 0);

    client->is_welcomed = true;
    (void)snprintf(client->user, sizeof client->user, "%s", user);
    if (client->is_anonymous || (identity->user[0] && !is_self))
        return;
    (void)snprintf(identity->user, sizeof identity->user, "%s", user);
    (void)snprintf(identity->token, sizeof identity->token, "%s", text_of(frame, "token"));
}

/* ---- errors ---- */

static bool is_passing(const char *code)
{
    return strcmp(code, "rate_limited") == 0 || strcmp(code, "busy") == 0 || strcmp(code, "internal") == 0;
}

static void hear_refused_intent(struct client *client, const struct asked *asked, const char *code)
{
    const struct intent *intent = asked->intent;
    const struct book *book = asked->book;
    bool needs_target = intent->kind != KIND_MESSAGE || intent->reply_to > 0;

    if (is_passing(code))
        return;
    if (asked->was_known && intent->book == book && (!room_is_ephemeral(intent->room) || book->newest == intent->seq))
        broken("P2: key %s has happened, and its retry is refused with %s", intent->key, code);
    if (!needs_target || (strcmp(code, "not_found") != 0 && strcmp(code, "forbidden") != 0))
        broken("%s is refused with %s", intent->text, code);
    pending_remove(client->identity, intent);
}

static void hear_error(struct client *client, const json_t *frame, const struct asked *asked)
{
    const char *code = text_of(frame, "code");

    if (!asked) {
        client->is_unclear = true;
        return;
    }
    if (asked->intent) {
        hear_refused_intent(client, asked, code);
    } else if (strcmp(asked->type, "join") == 0) {
        if (client->seats[asked->room].state == SEAT_ASKED)
            client->seats[asked->room].state = SEAT_NONE;
        if (!is_passing(code))
            broken("a join is refused with %s", code);
    } else if (strcmp(asked->type, "leave") == 0) {
        if (!is_passing(code))
            broken("a leave is refused with %s", code);
        client->seats[asked->room].state = SEAT_IN;
    } else if (strcmp(asked->type, "login") == 0) {
        client->logs_in = is_passing(code); /* again, or what it means to say would wait for ever */
    }
}

static void hear_ok(struct client *client, const struct asked *asked)
{
    if (strcmp(asked->type, "leave") == 0)
        seat_leave(&client->seats[asked->room]);
}

static void hear_presence(struct client *client, const json_t *frame)
{
    struct seat *seat = &client->seats[room_in(frame)];
    const json_t *joined = list_of(frame, "joined"), *left = list_of(frame, "left");

    if (seat->state != SEAT_IN && seat->state != SEAT_LEAVING)
        broken("presence of a room that %s is not in", client->name);
    for (size_t i = 0; i < json_array_size(joined); i++)
        member_put(seat, text_of(json_array_get(joined, i), "id"));
    for (size_t i = 0; i < json_array_size(left); i++)
        member_take(seat, text_of(json_array_get(left, i), "id"));
    seat->count_told = number_of(frame, "count");
    if (seat->count_told > server_config()->chat.presence_names_max)
        seat->are_members_sure = false;
}

/* ---- one frame ---- */

static void hear_answer(struct client *client, const json_t *frame, const char *type, const struct asked *asked)
{
    if (strcmp(type, "ack") == 0)
        hear_ack(client, frame, asked);
    else if (strcmp(type, "joined") == 0)
        hear_joined(client, frame);
    else if (strcmp(type, "history") == 0)
        hear_history(client, frame, asked);
    else if (strcmp(type, "digest") == 0)
        hear_digest(client, frame, asked);
    else if (strcmp(type, "members") == 0)
        hear_members(client, frame, asked);
    else if (strcmp(type, "ok") == 0)
        hear_ok(client, asked);
    else if (strcmp(type, "welcome") == 0)
        hear_welcome(client, frame);
    else if (strcmp(type, "error") == 0)
        hear_error(client, frame, asked);
    else if (strcmp(type, "pong") != 0 && strcmp(type, "rooms") != 0 && strcmp(type, "mine") != 0)
        broken("an answer of type %s", type);
}

static void hear_unasked(struct client *client, const json_t *frame, const char *type)
{
    struct told told;

    if (read_event(frame, &told))
        hear_event(client, frame, &told);
    else if (strcmp(type, "gap") == 0)
        hear_gap(client, frame);
    else if (strcmp(type, "presence") == 0)
        hear_presence(client, frame);
    else if (strcmp(type, "welcome") == 0)
        hear_welcome(client, frame);
    else if (strcmp(type, "joined") == 0 && client->is_walk_in)
        hear_joined(client, frame);
    else if (strcmp(type, "error") == 0)
        hear_error(client, frame, NULL);
    else if (strcmp(type, "typing") == 0)
        (void)room_in(frame);
    else if (strcmp(type, "bye") != 0 && strcmp(type, "unread") != 0 && strcmp(type, "left") != 0)
        broken("a frame of type %s", type);
}

void hear_text(struct client *client, const char *text, size_t size)
{
    json_error_t error;
    json_t *frame = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);
    struct asked asked;

    if (!json_is_object(frame))
        broken("a frame that is no JSON object: %.100s", text);
    const char *type = text_of(frame, "type");
    const char *ref = json_string_value(json_object_get(frame, "ref"));
    trace(client->name, "hears %.200s", text);
    if (!ref)
        hear_unasked(client, frame, type);
    else if (asked_take(client, ref, &asked))
        hear_answer(client, frame, type, &asked);
    else if (!client->is_rude)
        broken("%s hears an answer with ref %s, which it did not ask or was answered already", client->name, ref);
    json_decref(frame);
}
