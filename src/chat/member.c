/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a room. Derived from live connections, never stored: a member counts while one of the user's connections is
 * in the room, and for a short lease after the last one went, so that a reload does not flicker. */
#include <stdlib.h>

#include "chat/chat_inside.h"

enum { SESSIONS_MAX = (1 << 20) - 1, LEASES_MAX = 255, MEMBERS_MORE_MIN = 4 };

struct member *member_of(const struct user *user, const struct room *room)
{
    struct member *member = user->members;

    while (member && member->room != room)
        member = member->of_user;
    return member;
}

struct member *member_restore(struct chat *chat, struct user *user, struct room *room, bool has_left)
{
    struct hub *hub = &chat->hub;
    struct member *member = pool_take(&hub->member_pool);

    if (!member)
        return NULL;
    member->user = user;
    member->room = room;
    member->of_user = user->members;
    user->members = member;
    list_init(&member->of_room);
    list_add_last(has_left ? &room->left : &room->members, &member->of_room);
    if (has_left)
        return member;
    room->member_count++;
    counter_add(&hub->counters.members, 1);
    return member;
}

static struct member *member_new(struct chat *chat, struct user *user, struct room *room)
{
    struct hub *hub = &chat->hub;
    struct member *member = member_restore(chat, user, room, false);

    if (!member)
        return NULL;
    if (!list_is_empty(&room->idle)) {
        list_remove(&room->idle);
        hub->idle_count--;
    }
    presence_changed(chat, member);
    return member;
}

void member_free(struct chat *chat, struct member *member)
{
    struct user *user = member->user;
    struct member **place = &user->members;

    while (*place != member)
        place = &(*place)->of_user;
    *place = member->of_user;
    list_remove(&member->of_room);
    if (member->is_fresh)
        member->room->fresh_count--; /* who has left may have taken another name since */
    pool_give(&chat->hub.member_pool, member);
    user_release(chat, user);
}

/* One who had left, but whose leaving nobody was told of yet. They are told as one who came: whoever joined meanwhile
 * was not shown them, and the others put in who is there already. */
static void take_back(struct chat *chat, struct member *member)
{
    list_remove(&member->of_room);
    list_add_last(&member->room->members, &member->of_room);
    member->room->member_count++;
    counter_add(&chat->hub.counters.members, 1);
    presence_changed(chat, member);
}

/* ---- the session's side ---- */

struct member *session_member_at(const struct session *session, uint32_t i)
{
    check(i < session->member_count);
    return session->member_capacity == 0 ? session->member_one : session->members[i];
}

static bool reserve_place(struct session *session)
{
    if (session->member_count == 0 || session->member_count < session->member_capacity)
        return true;
    if (session->member_count > UINT16_MAX / 2)
        return false;
    uint32_t capacity = session->member_capacity > 0 ? session->member_capacity * 2u : MEMBERS_MORE_MIN;
    struct member **old = session->member_capacity > 0 ? session->members : NULL;
    struct member **members = realloc(old, capacity * sizeof(struct member *));
    if (!members)
        return false;
    if (!old)
        members[0] = session->member_one;
    session->members = members;
    session->member_capacity = (uint16_t)capacity;
    return true;
}

static void add_to_session(struct session *session, struct member *member)
{
    if (session->member_capacity == 0)
        session->member_one = member;
    else
        session->members[session->member_count] = member;
    session->member_count++;
}

static struct member *take_from_session(struct session *session, const struct room *room)
{
    uint32_t i = 0;

    while (session_member_at(session, i)->room != room)
        i++;
    struct member *member = session_member_at(session, i);
    struct member *last = session_member_at(session, session->member_count - 1u);
    session->member_count--;
    if (session->member_capacity == 0)
        return member;
    session->members[i] = last;
    if (session->member_count == 0) {
        free(session->members);
        session->members = NULL;
        session->member_capacity = 0;
    }
    return member;
}

/* ---- entering and leaving ---- */

static struct member *add_session(struct session *session, struct member *member)
{
    check(member->session_count < SESSIONS_MAX);
    member->session_count++;
    add_to_session(session, member);
    member->room->interest[shard_index(session_shard(session))]++;
    member->room->session_count++;
    return member;
}

struct member *member_enter(struct chat *chat, struct session *session, struct room *room)
{
    struct member *member;

    if (!reserve_place(session))
        return NULL;
    member = member_of(session->user, room);
    bool had_left = member && member->session_count == 0 && member->lease_count == 0;
    if (!member)
        member = member_new(chat, session->user, room);
    else if (had_left)
        take_back(chat, member);
    return member ? add_session(session, member) : NULL;
}

struct member *member_add_session(struct session *session, struct member *member)
{
    return reserve_place(session) ? add_session(session, member) : NULL;
}

/* Without memory for a lease the last one that runs counts, and with none the member has left at once. */
void member_begin_lease(struct chat *chat, struct member *member)
{
    struct hub *hub = &chat->hub;
    uint64_t over_ms = hub->now_ms + chat->options.presence_lease_ms;

    if (member->lease_count < LEASES_MAX && due_add(&hub->leases, member, over_ms) == RESULT_OK)
        member->lease_count++;
    else if (member->lease_count == 0)
        member_lease_over(chat, member);
}

void member_leave(struct chat *chat, struct session *session, struct room *room)
{
    struct member *member = take_from_session(session, room);

    if (session->walk_in_number == room->number + 1)
        session->walk_in_number = 0;
    check(room->interest[shard_index(session_shard(session))] > 0);
    room->interest[shard_index(session_shard(session))]--;
    room->session_count--;
    if (--member->session_count == 0)
        member_begin_lease(chat, member);
}

/* Nobody came back in time. */
void member_lease_over(struct chat *chat, struct member *member)
{
    struct room *room = member->room;

    check(member->session_count == 0 && member->lease_count == 0);
    roster_forget(member);
    list_remove(&member->of_room);
    room->member_count--;
    counter_subtract(&chat->hub.counters.members, 1);
    if (member->is_fresh) {
        member->is_fresh = false;
        room->fresh_count--;
    }
    if (member->is_shown)
        list_add_last(&room->left, &member->of_room);
    else
        member_free(chat, member);
    presence_due(chat, room); /* of one whom nobody was shown the count is told, which newcomers have heard */
}
