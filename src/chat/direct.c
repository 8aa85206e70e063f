/* SPDX-License-Identifier: Apache-2.0 */
/* Direct messages: a room of a few users, the same one for the same users for good. Its name says nothing (it is a hash
 * of their ids) and opens nothing: whoever is no member is told that there is no such room. Otherwise it is a room like
 * any other. */
#include <sodium.h>
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "store/attention.h"

/* The users of a direct room, sorted by id. */
struct party {
    uint8_t ids[DIRECT_USERS_MAX][16];
    size_t count, max;
};

/* False: there are too many. */
static bool party_add(struct party *party, const uint8_t id[16])
{
    size_t at = 0;

    while (at < party->count && memcmp(party->ids[at], id, 16) < 0)
        at++;
    if (at < party->count && memcmp(party->ids[at], id, 16) == 0)
        return true;
    if (party->count == party->max)
        return false;
    memmove(party->ids[at + 1], party->ids[at], (party->count - at) * 16);
    memcpy(party->ids[at], id, 16);
    party->count++;
    return true;
}

static void party_name(const struct party *party, char out[NAME_DIRECT_BYTES + 1])
{
    uint8_t hash[16];

    (void)crypto_generichash(hash, sizeof hash, &party->ids[0][0], party->count * 16, NULL,
                             0); /* its sizes are right */
    out[0] = '@';
    token_user_text(hash, out + 1);
}

/* Their ids as a room keeps them. */
static struct view party_members(const struct party *party, char out[DIRECT_USERS_MAX * USER_ID_BYTES + 1])
{
    for (size_t i = 0; i < party->count; i++)
        token_user_text(party->ids[i], out + i * USER_ID_BYTES);
    return view_of(out, party->count * USER_ID_BYTES);
}

/* ---- who they are ---- */

static struct user *find_here(struct chat *chat, struct view id)
{
    uint8_t bytes[16];

    return token_user_read(id, bytes) ? table_get(&chat->hub.users, view_of(bytes, sizeof bytes)) : NULL;
}

/* A user of whom nobody knows a name is shown by the id. */
static struct view encode_users(struct chat *chat, struct view members)
{
    struct builder *out = &chat->hub.roster;
    struct store_user row;

    builder_clear(out);
    for (size_t at = 0; at + USER_ID_BYTES <= members.size; at += USER_ID_BYTES) {
        struct user_view shown = {.id = view_of(members.at + at, USER_ID_BYTES)};
        const struct user *user = find_here(chat, shown.id);
        if (user)
            shown.name = user_name(user);
        else if (store_user_get(chat->store, shown.id, &row) == RESULT_OK)
            shown.name = view_of_string(row.name);
        else
            shown.name = shown.id;
        if (at > 0)
            builder_add_byte(out, ',');
        users_encode(out, &shown, 1);
    }
    return builder_view(out);
}

bool direct_allows(const struct room *room, const struct user *user)
{
    struct view members = room->log->members;
    char id[USER_ID_BYTES + 1];

    token_user_text(user->id, id);
    for (size_t at = 0; at + USER_ID_BYTES <= members.size; at += USER_ID_BYTES) {
        if (memcmp(members.at + at, id, USER_ID_BYTES) == 0)
            return true;
    }
    return members.size == 0;
}

void direct_tell(struct chat *chat, const struct room *room, const struct user *user, const struct session *but)
{
    struct hub *hub = &chat->hub;
    struct view users = encode_users(chat, room->log->members);

    builder_clear(&hub->text);
    direct_encode(&hub->text, (struct view){NULL, 0}, room->log->name, users);
    belong_tell(chat, user, but);
}

void direct_remind(struct chat *chat, struct room *room)
{
    struct view members = room->log->members;

    for (size_t at = 0; at + USER_ID_BYTES <= members.size; at += USER_ID_BYTES) {
        struct view id = view_of(members.at + at, USER_ID_BYTES);
        /* Who belongs to too many rooms, or while the disk fails, is reminded by a later message. */
        if (store_joined_put(chat->store, room->log, id, chat->options.rooms_per_user_max) != RESULT_OK)
            continue;
        counter_add(&chat->hub.counters.belongings, 1);
        const struct user *user = find_here(chat, id);
        if (user)
            direct_tell(chat, room, user, NULL);
    }
}

/* ---- the command ---- */

/* Those who are named, and oneself. False: refused. */
static bool gather(struct chat *chat, struct request *request, struct party *party)
{
    const json_t *users = request->command.users;
    bool has_place = party_add(party, request->session->user->id);

    for (size_t i = 0; i < json_array_size(users) && has_place; i++) {
        const json_t *text = json_array_get(users, i);
        uint8_t id[16];
        if (!token_user_read(view_of(json_string_value(text), json_string_length(text)), id)) {
            refuse_request(chat, request, ERROR_NOT_FOUND, "There is no user with one of these ids.");
            return false;
        }
        has_place = party_add(party, id);
    }
    if (!has_place)
        refuse_request(chat, request, ERROR_TOO_LARGE, "A direct room has no place for so many. Take a room for all.");
    else if (party->count < 2)
        refuse_request(chat, request, ERROR_BAD_REQUEST, "A direct room needs somebody else. Name another user.");
    return has_place && party->count >= 2;
}

/* Everybody is known to the server by now, or is from now on. False: refused. */
static bool know_all(struct chat *chat, struct request *request, const struct party *party)
{
    struct store_user row;
    char id[USER_ID_BYTES + 1];

    for (size_t i = 0; i < party->count; i++) {
        struct user *user = table_get(&chat->hub.users, view_of(party->ids[i], 16));
        token_user_text(party->ids[i], id);
        if (user) {
            user_store(chat, user);
            continue;
        }
        enum result result = store_user_get(chat->store, view_of(id, USER_ID_BYTES), &row);
        if (result == RESULT_OK)
            continue;
        if (result == RESULT_NOT_FOUND)
            refuse_request(chat, request, ERROR_NOT_FOUND, "There is no user with one of these ids.");
        else
            refuse_request(chat, request, ERROR_INTERNAL, "The users could not be looked up. Try again in a moment.");
        return false;
    }
    return true;
}

static void answer(struct chat *chat, struct request *request, struct room *room)
{
    struct hub *hub = &chat->hub;
    struct view users = encode_users(chat, room->log->members);

    builder_clear(&hub->text);
    direct_encode(&hub->text, request->command.ref, room->log->name, users);
    room_close_if_idle(chat, room);
    answer_request(chat, request, &hub->text);
}

void direct_command(struct chat *chat, struct request *request)
{
    struct party party = {.max = chat->options.direct_users_max};
    char name[NAME_DIRECT_BYTES + 1], members[DIRECT_USERS_MAX * USER_ID_BYTES + 1];
    struct room *room;

    if (party.max < 2) {
        refuse_request(chat, request, ERROR_FORBIDDEN, "There are no direct messages here.");
        return;
    }
    if (!gather(chat, request, &party) || !know_all(chat, request, &party))
        return;
    party_name(&party, name);
    struct view shown = view_of(name, NAME_DIRECT_BYTES);
    bool was_open = table_get(&chat->hub.rooms, shown) != NULL;
    enum result result = room_find_direct(chat, shown, party_members(&party, members), &room);
    if (result != RESULT_OK) {
        refuse_request(chat, request, result == RESULT_FULL ? ERROR_BUSY : ERROR_INTERNAL,
                       "The room could not be opened. Try again in a moment.");
        return;
    }
    if (!was_open && room->log->is_new)
        counter_add(&chat->hub.counters.directs, 1);
    if (belong_put(chat, request->session, room) == RESULT_REFUSED) {
        room_close_if_idle(chat, room);
        refuse_request(chat, request, ERROR_TOO_LARGE,
                       "You belong to as many rooms as a user may. Leave one first, with the command leave.");
        return;
    }
    answer(chat, request, room);
}
