/* SPDX-License-Identifier: Apache-2.0 */
/* What the chat keeps of one open connection, on its way to another process. */
#include <stdlib.h>

#include "chat/chat_inside.h"

enum {
    SESSION_WALK_IN = 1,
    SESSION_IDENTIFIED = 2,
    SESSION_WELCOMED = 4,
    SESSION_GRACED = 8,
    SESSION_NAME_TAKEN = 16,
    SESSION_PING_UNORDERED = 32,
    SESSION_FLAGS = 63,
};

/* Whoever adds a field packs it here, and counts PARCEL_FORMAT (serve/parcel.h) up. */
static_assert(sizeof(struct session) == 56, "all of a session is packed");

static unsigned flags_of(const struct session *session)
{
    return (session->is_walk_in ? SESSION_WALK_IN : 0u) | (session->brings_identity ? SESSION_IDENTIFIED : 0u)
           | (session->is_welcomed ? SESSION_WELCOMED : 0u) | (session->is_graced ? SESSION_GRACED : 0u)
           | (session->is_name_taken ? SESSION_NAME_TAKEN : 0u)
           | (session->is_ping_unordered ? SESSION_PING_UNORDERED : 0u);
}

static void take_flags(struct session *session, unsigned flags)
{
    session->is_walk_in = flags & SESSION_WALK_IN;
    session->brings_identity = flags & SESSION_IDENTIFIED;
    session->is_welcomed = (flags & SESSION_WELCOMED) > 0;
    session->is_name_taken = (flags & SESSION_NAME_TAKEN) > 0;
    session->is_ping_unordered = flags & SESSION_PING_UNORDERED;
}

static void pack_rates(const struct spender *spender, struct builder *out)
{
    pack_number(out, spender ? 1 : 0, 1);
    for (int i = 0; spender && i < RATE_CLASS_COUNT; i++) {
        pack_number(out, spender->buckets[i].used_micro, 8);
        pack_number(out, spender->buckets[i].at_ms, 8);
    }
}

bool door_pack(void *context, struct conn *conn, struct builder *out)
{
    const struct session *session = conn_owner(conn);

    (void)context;
    /* Whom the hub has not met, or sends away, is under way to somewhere else. */
    if (!session || !session->is_announced || session->is_refused || !session->user)
        return false;
    builder_add(out, session->user->id, sizeof session->user->id);
    pack_number(out, flags_of(session), 1);
    pack_number(out, session->name_fault, 1);
    pack_number(out, session->refusals, 2);
    pack_number(out, session->walk_in_number, 4);
    pack_number(out, session->member_count, 2);
    for (uint32_t i = 0; i < session->member_count; i++)
        pack_number(out, session_member_at(session, i)->room->number, 4);
    pack_rates(session->spender, out);
    return true;
}

static bool unpack_members(struct chat *chat, struct unpack *in, struct session *session)
{
    uint64_t count = unpack_number(in, 2);

    for (uint64_t i = 0; i < count; i++) {
        uint32_t number = (uint32_t)unpack_up_to(in, 4, chat->options.rooms_live_max - 1);
        struct room *room = in->has_failed ? NULL : chat->hub.by_number[number];
        struct member *member = room ? member_of(session->user, room) : NULL;
        if (!member || session_member(session, room))
            return unpack_fail(in);
        if (!member_add_session(session, member))
            return false;
    }
    return true;
}

static bool unpack_rates(struct door *door, struct unpack *in, struct session *session)
{
    if (unpack_up_to(in, 1, 1) == 0)
        return !in->has_failed;
    struct rate_bucket *buckets = spender_buckets(door, session);
    for (int i = 0; buckets && i < RATE_CLASS_COUNT; i++) {
        buckets[i].used_micro = unpack_number(in, 8);
        buckets[i].at_ms = unpack_number(in, 8);
    }
    return buckets != NULL && !in->has_failed;
}

static bool unpack_fields(struct chat *chat, struct unpack *in, struct session *session)
{
    struct hub *hub = &chat->hub;
    uint8_t id[sizeof((struct user *)0)->id];

    if (!unpack_bytes(in, id, sizeof id))
        return false;
    struct user *user = table_get(&hub->users, view_of(id, sizeof id));
    unsigned flags = (unsigned)unpack_up_to(in, 1, SESSION_FLAGS);
    session->name_fault = (uint8_t)unpack_number(in, 1);
    session->refusals = (uint16_t)unpack_number(in, 2);
    session->walk_in_number = (uint32_t)unpack_number(in, 4);
    if (in->has_failed || !user)
        return unpack_fail(in);
    take_flags(session, flags);
    session_attach(session, user);
    counter_add(&hub->counters.sessions, 1);
    session->is_announced = true;
    if (flags & SESSION_GRACED)
        session->is_graced = due_add(&hub->graces, session, hub->now_ms + LOGIN_GRACE_MS) == RESULT_OK;
    return session->is_graced || !(flags & SESSION_GRACED);
}

bool door_unpack(void *context, struct conn *conn, struct unpack *in)
{
    struct chat *chat = context;
    struct door *door = shard_owner(conn_shard(conn));
    struct session *session = session_new(door);

    if (!session)
        return false;
    session->handle = conn_handle(conn);
    bool is_fine = unpack_fields(chat, in, session) && unpack_members(chat, in, session)
                   && unpack_rates(door, in, session) && (unpack_is_done(in) || unpack_fail(in));
    if (is_fine) {
        conn_set_owner(conn, session);
        return true;
    }
    if (!session->is_announced) {
        session_free(door, session);
        return false;
    }
    spender_free(session);
    session_depart(chat, session);
    return false;
}
