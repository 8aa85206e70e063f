/* SPDX-License-Identifier: Apache-2.0 */
/* The hub on its way to another process: users, rooms with their members, leases. Not here: what hangs on a connection
 * (pack_session.c), and logs (store/pack_room.c).
 *
 * What is counted from something else is not written down but counted anew: a member's connections, a room's, a user's.
 * So a connection that does not come along is simply not there. */
#include <stdlib.h>

#include "chat/chat_inside.h"
#include "os/clock.h"

enum { MARK_END = 0, MARK_NEXT = 1, MARK_LEFT = 2 };
enum { USER_CHOSE_NAME = 1, USER_STORED = 2 };
enum { MEMBER_SHOWN = 1, MEMBER_FRESH = 2 };

/* Whoever adds a field packs it here, and counts PARCEL_FORMAT (serve/parcel.h) up. */
static_assert(sizeof(struct user) == 72 && sizeof(struct member) == 48, "all of users and members is packed");

/* ---- out ---- */

static void pack_users(const struct hub *hub, struct builder *out)
{
    size_t position = 0;

    for (const struct user *user; (user = table_next(&hub->users, &position));) {
        unsigned flags = (user->has_chosen_name ? USER_CHOSE_NAME : 0u) | (user->is_stored ? USER_STORED : 0u);
        pack_number(out, MARK_NEXT, 1);
        builder_add(out, user->id, sizeof user->id);
        pack_number(out, (uint64_t)user->joined_ms, 8);
        pack_number(out, flags, 1);
        pack_view(out, user_name(user));
    }
    pack_number(out, MARK_END, 1);
}

static void pack_members(const struct list_link *members, unsigned mark, struct builder *out)
{
    list_each(members, link, following) {
        const struct member *member = list_entry(link, struct member, of_room);
        pack_number(out, mark, 1);
        builder_add(out, member->user->id, sizeof member->user->id);
        pack_number(out, (member->is_shown ? MEMBER_SHOWN : 0u) | (member->is_fresh ? MEMBER_FRESH : 0u), 1);
        pack_number(out, member->typed_ms, 4);
    }
}

/* A durable room in which nobody is need not be open there. */
static bool is_deserted(const struct room *room)
{
    return room->member_count == 0 && room->session_count == 0 && list_is_empty(&room->left);
}

static void pack_rooms(const struct hub *hub, struct builder *out)
{
    size_t position = 0;

    for (const struct room *room; (room = table_next(&hub->rooms, &position));) {
        if (is_deserted(room) && !room->log->is_ephemeral)
            continue;
        pack_number(out, MARK_NEXT, 1);
        pack_number(out, room->number, 4);
        pack_number(out, room->presence_ms, 8);
        store_room_pack(room->log, out);
        pack_number(out, room->traffic_now, 4);
        pack_number(out, room->traffic_before, 4);
        pack_number(out, room->traffic_ms, 8);
        pack_members(&room->members, MARK_NEXT, out);
        pack_members(&room->left, MARK_LEFT, out);
        pack_number(out, MARK_END, 1);
    }
    pack_number(out, MARK_END, 1);
}

static void pack_leases(const struct hub *hub, struct builder *out)
{
    const struct due *leases = &hub->leases;

    for (size_t i = 0; i < leases->count; i++) {
        const struct due_item *item = &leases->items[(leases->first + i) & (leases->capacity - 1)];
        const struct member *member = item->object;
        if (!member)
            continue;
        pack_number(out, MARK_NEXT, 1);
        builder_add(out, member->user->id, sizeof member->user->id);
        pack_number(out, member->room->number, 4);
        pack_number(out, item->due_ms, 8);
    }
    pack_number(out, MARK_END, 1);
}

void chat_pack(struct chat *chat, struct builder *out)
{
    pack_users(&chat->hub, out);
    pack_rooms(&chat->hub, out);
    pack_leases(&chat->hub, out);
}

/* ---- in ---- */

static bool unpack_user(struct chat *chat, struct unpack *in)
{
    struct user fields = {0};

    (void)unpack_bytes(in, fields.id, sizeof fields.id); /* the reader keeps its failure */
    fields.joined_ms = (int64_t)unpack_number(in, 8);
    unsigned flags = (unsigned)unpack_up_to(in, 1, USER_CHOSE_NAME | USER_STORED);
    struct view name = unpack_view(in, USER_NAME_BYTES_MAX);
    fields.has_chosen_name = flags & USER_CHOSE_NAME;
    fields.is_stored = flags & USER_STORED;
    if (in->has_failed)
        return false;
    return user_restore(chat, &fields, name) || unpack_fail(in);
}

static struct user *unpack_known_user(struct chat *chat, struct unpack *in)
{
    uint8_t id[sizeof((struct user *)0)->id];

    if (!unpack_bytes(in, id, sizeof id))
        return NULL;
    struct user *user = table_get(&chat->hub.users, view_of(id, sizeof id));
    if (!user)
        (void)unpack_fail(in);
    return user;
}

static bool unpack_member(struct chat *chat, struct unpack *in, struct room *room, bool has_left)
{
    struct user *user = unpack_known_user(chat, in);
    unsigned flags = (unsigned)unpack_up_to(in, 1, MEMBER_SHOWN | MEMBER_FRESH);
    uint32_t typed_ms = (uint32_t)unpack_number(in, 4);

    if (in->has_failed || member_of(user, room))
        return unpack_fail(in);
    struct member *member = member_restore(chat, user, room, has_left);
    if (!member)
        return false;
    member->is_shown = flags & MEMBER_SHOWN;
    member->is_fresh = (flags & MEMBER_FRESH) > 0;
    member->typed_ms = typed_ms;
    room->fresh_count += member->is_fresh;
    return true;
}

static bool unpack_room(struct chat *chat, struct unpack *in)
{
    uint32_t number = (uint32_t)unpack_number(in, 4);
    uint64_t presence_ms = unpack_number(in, 8);
    struct store_room *log = NULL;
    struct room *room = NULL;
    enum result result = in->has_failed ? RESULT_INVALID : store_room_unpack(chat->store, in, &log);

    if (result != RESULT_OK)
        return result == RESULT_INVALID ? unpack_fail(in) : false;
    result = room_restore(chat, log, number, &room);
    if (result != RESULT_OK) {
        store_room_close(chat->store, log);
        return result == RESULT_INVALID ? unpack_fail(in) : false;
    }
    room->presence_ms = presence_ms;
    room->traffic_now = (uint32_t)unpack_number(in, 4);
    room->traffic_before = (uint32_t)unpack_number(in, 4);
    room->traffic_ms = unpack_number(in, 8);
    for (;;) {
        uint64_t mark = unpack_up_to(in, 1, MARK_LEFT);
        if (mark == MARK_END)
            return !in->has_failed;
        if (!unpack_member(chat, in, room, mark == MARK_LEFT))
            return false;
    }
}

static bool unpack_lease(struct chat *chat, struct unpack *in)
{
    struct hub *hub = &chat->hub;
    const struct user *user = unpack_known_user(chat, in);
    uint32_t number = (uint32_t)unpack_up_to(in, 4, chat->options.rooms_live_max - 1);
    uint64_t due_ms = unpack_number(in, 8);
    const struct room *room = in->has_failed ? NULL : chat->hub.by_number[number];
    struct member *member = room ? member_of(user, room) : NULL;

    if (!member || member->lease_count == UINT8_MAX)
        return unpack_fail(in);
    /* They may wait shorter here than there; but their order is what the ring goes by. */
    uint64_t latest_ms = hub->now_ms + chat->options.presence_lease_ms;
    if (due_add(&hub->leases, member, due_ms < latest_ms ? due_ms : latest_ms) != RESULT_OK)
        return false;
    member->lease_count++;
    return true;
}

static bool unpack_all(struct chat *chat, struct unpack *in, bool (*unpack_one)(struct chat *chat, struct unpack *in))
{
    while (unpack_up_to(in, 1, MARK_NEXT) == MARK_NEXT) {
        if (!unpack_one(chat, in))
            return false;
    }
    return !in->has_failed;
}

enum result chat_unpack(struct chat *chat, struct unpack *in)
{
    chat->hub.now_ms = os_clock_monotonic_ms();
    bool is_fine = unpack_all(chat, in, unpack_user) && unpack_all(chat, in, unpack_room);
    room_numbers_restored(chat);
    is_fine = is_fine && unpack_all(chat, in, unpack_lease);
    if (in->has_failed)
        return RESULT_INVALID;
    return is_fine ? RESULT_OK : RESULT_NO_MEMORY;
}

/* Those whose connections are all gone, or stayed behind. */
static void begin_leases(struct chat *chat, struct room *room)
{
    list_each(&room->members, link, following) {
        struct member *member = list_entry(link, struct member, of_room);
        if (member->session_count == 0 && member->lease_count == 0)
            member_begin_lease(chat, member);
    }
}

static void release_users(struct chat *chat)
{
    struct user **users = calloc(chat->hub.users.count + 1, sizeof *users);
    size_t position = 0, count = 0;

    for (struct user *user; users && (user = table_next(&chat->hub.users, &position));) {
        if (user->session_count == 0 && !user->members)
            users[count++] = user;
    }
    for (size_t i = 0; i < count; i++)
        user_release(chat, users[i]);
    free(users);
}

/* The store's thread sleeps until something comes; leases and presence must be looked at. */
static void look_at_timers(struct hub_call *call)
{
    (void)call;
}

void chat_unpacked(struct chat *chat)
{
    static struct hub_call look = {look_at_timers};

    for (uint32_t number = 0; number < chat->options.rooms_live_max; number++) {
        struct room *room = chat->hub.by_number[number];
        if (!room)
            continue;
        begin_leases(chat, room);
        if (room->fresh_count > 0 || !list_is_empty(&room->left) || is_deserted(room))
            presence_due(chat, room);
    }
    release_users(chat);
    check(chat_post_call(chat, &look) == RESULT_OK); /* the queue of a store that has not begun is empty */
}
