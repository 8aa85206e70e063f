/* SPDX-License-Identifier: Apache-2.0 */
/* Who is in a room. Derived from live connections, never stored: a member counts while one of the user's connections is
 * in the room, and for a short lease after the last one went, so that a reload does not flicker. */
#include <stdlib.h>

#include "chat/chat_inside.h"

static struct member *find(struct user *user, struct room *room)
{
    list_each(&user->members, link, following) {
        struct member *member = list_entry(link, struct member, of_user);
        if (member->room == room)
            return member;
    }
    return NULL;
}

static struct member *member_new(struct chat *chat, struct user *user, struct room *room)
{
    struct hub *hub = &chat->hub;
    struct member *member = calloc(1, sizeof *member);

    if (!member)
        return NULL;
    member->user = user;
    member->room = room;
    list_init(&member->of_user);
    list_init(&member->of_room);
    hub_timer_init(&member->lease, TIMER_KIND_LEASE);
    list_add_last(&user->members, &member->of_user);
    list_add_last(&room->members, &member->of_room);
    room->member_count++;
    counter_add(&hub->counters.members, 1);
    if (!list_is_empty(&room->idle)) {
        list_remove(&room->idle);
        hub->idle_count--;
    }
    presence_changed(chat, member);
    return member;
}

/* One who had left, but whose leaving nobody was told of yet, has never been away. */
static void take_back(struct chat *chat, struct member *member)
{
    list_remove(&member->of_room);
    list_add_last(&member->room->members, &member->of_room);
    member->room->member_count++;
    counter_add(&chat->hub.counters.members, 1);
}

static bool has_room_for_member(struct session *session)
{
    if (session->member_count < session->member_capacity)
        return true;
    uint32_t capacity = session->member_capacity ? session->member_capacity * 2 : 1;
    struct member **members = realloc(session->members, capacity * sizeof(struct member *));
    if (!members)
        return false;
    session->members = members;
    session->member_capacity = capacity;
    return true;
}

struct member *member_enter(struct chat *chat, struct session *session, struct room *room)
{
    struct member *member;

    if (!has_room_for_member(session))
        return NULL;
    member = find(session->user, room);
    bool had_left = member && member->session_count == 0 && !wheel_timer_is_armed(&member->lease.timer);
    if (!member)
        member = member_new(chat, session->user, room);
    else if (had_left)
        take_back(chat, member);
    if (!member)
        return NULL;
    wheel_disarm(&chat->hub.wheel, &member->lease.timer);
    member->session_count++;
    session->members[session->member_count++] = member;
    room->interest[shard_index(session->shard)]++;
    room->session_count++;
    return member;
}

void member_leave(struct chat *chat, struct session *session, struct room *room)
{
    uint32_t i = 0;

    while (i < session->member_count && session->members[i]->room != room)
        i++;
    check(i < session->member_count);
    struct member *member = session->members[i];
    session->members[i] = session->members[--session->member_count];
    if (session->walk_in_room == room)
        session->walk_in_room = NULL;
    check(room->interest[shard_index(session->shard)] > 0);
    room->interest[shard_index(session->shard)]--;
    room->session_count--;
    if (--member->session_count == 0)
        hub_arm(chat, &member->lease, chat->options.presence_lease_ms);
}

/* Nobody came back in time. */
void member_lease_over(struct chat *chat, struct member *member)
{
    struct room *room = member->room;

    check(member->session_count == 0);
    list_remove(&member->of_room);
    room->member_count--;
    counter_subtract(&chat->hub.counters.members, 1);
    if (member->is_fresh) {
        member->is_fresh = false;
        room->fresh_count--;
    }
    if (member->is_shown) {
        list_add_last(&room->left, &member->of_room);
        presence_due(chat, room);
        return;
    }
    struct user *user = member->user;
    list_remove(&member->of_user);
    free(member);
    user_release(chat, user);
    room_close_if_idle(chat, room);
}

size_t members_view(const struct room *room, struct user_view *out, size_t max)
{
    size_t count = 0;

    list_each(&room->members, link, following) {
        if (count == max)
            break;
        out[count++] = user_shown(list_entry(link, struct member, of_room)->user);
    }
    return count;
}
