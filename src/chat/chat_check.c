/* SPDX-License-Identifier: Apache-2.0 */
/* What must hold of the hub between two batches, walked from end to end. Tests and the simulator call it. */
#include "chat/chat_inside.h"

struct totals {
    uint64_t members, left, sessions, leases;
};

static void check_member(const struct room *room, const struct member *member, bool has_left)
{
    const struct member *of_user = member->user->members;

    check(member->room == room);
    while (of_user && of_user != member)
        of_user = of_user->of_user;
    check(of_user == member);
    if (has_left)
        check(member->session_count == 0 && member->lease_count == 0);
    else
        check(member->session_count > 0 || member->lease_count > 0);
}

static void check_members(const struct room *room, struct totals *totals)
{
    uint64_t members = 0, sessions = 0, fresh = 0;

    list_each(&room->members, link, following) {
        const struct member *member = list_entry(link, struct member, of_room);
        check_member(room, member, false);
        members++;
        sessions += member->session_count;
        totals->leases += member->lease_count;
        fresh += member->is_fresh;
    }
    list_each(&room->left, link, following) {
        const struct member *member = list_entry(link, struct member, of_room);
        check_member(room, member, true);
        fresh += member->is_fresh;
        totals->left++;
    }
    check(members == room->member_count);
    check(sessions == room->session_count);
    check(fresh == room->fresh_count);
    totals->members += members;
    totals->sessions += sessions;
}

static void check_room(const struct chat *chat, struct room *room, struct totals *totals)
{
    uint64_t interest = 0;

    check(room->log->owner == room);
    check(room->number < chat->options.rooms_live_max);
    check_members(room, totals);
    for (size_t i = 0; i < chat->shard_count; i++)
        interest += room->interest[i];
    check(interest == room->session_count);
    bool has_news = room->fresh_count > 0 || !list_is_empty(&room->left);
    bool is_armed = wheel_timer_is_armed(&room->presence);
    check(is_armed || !has_news);
    bool is_deserted = room->member_count == 0 && room->session_count == 0 && list_is_empty(&room->left);
    bool is_idle = !list_is_empty(&room->idle);
    check(!is_idle || is_deserted);
    if (is_deserted && !is_idle)
        check(is_armed); /* or it would stay open for ever */
}

static void check_users(const struct chat *chat, const struct totals *totals)
{
    const struct hub *hub = &chat->hub;
    uint64_t named = 0, members = 0, sessions = 0;
    size_t position = 0;

    for (const struct user *user; (user = table_next(&hub->users, &position));) {
        check(user->session_count > 0 || user->members);
        named += user->is_named;
        uint64_t listed = 0;
        for (const struct session *session = user->sessions; session; session = session->of_user, listed++)
            check(session->user == user);
        check(listed == user->session_count);
        sessions += user->session_count;
        for (const struct member *member = user->members; member; member = member->of_user) {
            check(member->user == user);
            members++;
        }
    }
    check(named == hub->names.count);
    check(members == totals->members + totals->left);
    check(members == hub->member_pool.used);
    check(hub->users.count == hub->user_pool.used);
    check(hub->users.count == counter_get(&hub->counters.users));
    check(sessions <= counter_get(&hub->counters.sessions));
}

void chat_check(const struct chat *chat)
{
    const struct hub *hub = &chat->hub;
    struct totals totals = {0};
    size_t position = 0;
    uint32_t idle = 0;

    for (struct room *room; (room = table_next(&hub->rooms, &position));) {
        check_room(chat, room, &totals);
        idle += !list_is_empty(&room->idle);
    }
    check(idle == hub->idle_count);
    check(hub->rooms.count == counter_get(&hub->counters.rooms));
    check(hub->rooms.count + hub->free_count == chat->options.rooms_live_max);
    check(totals.members == counter_get(&hub->counters.members));
    check_users(chat, &totals);
}
