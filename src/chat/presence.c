/* SPDX-License-Identifier: Apache-2.0 */
/* What a room is told of comings and goings: merged, a few times a second at the most, and counts only where the room
 * is large. */
#include "chat/chat_inside.h"

/* What a room's coming and going may cost: a frame goes to everybody, so the more they are the rarer it is. */
enum { PRESENCE_SENDS_PER_MS = 5 };

/* A frame is due, at once if the last one is long enough ago. */
void presence_due(struct chat *chat, struct room *room)
{
    uint64_t now_ms = chat->hub.now_ms;
    uint64_t interval_ms = chat->options.presence_interval_ms + room->session_count / PRESENCE_SENDS_PER_MS;
    uint64_t since_ms = now_ms - room->presence_ms;

    if (!wheel_timer_is_armed(&room->presence))
        hub_arm(chat, &room->presence, since_ms >= interval_ms ? 0 : interval_ms - since_ms);
}

void presence_changed(struct chat *chat, struct member *member)
{
    roster_forget(member); /* a new name */
    if (!member->is_fresh) {
        member->is_fresh = true;
        member->room->fresh_count++;
    }
    presence_due(chat, member->room);
}

/* Adds those who came or changed their name to `people`, `max` of them at most, and marks all as shown. */
static size_t take_fresh(struct room *room, struct people *people, size_t max)
{
    for (struct list_link *link = room->members.previous; link != &room->members && room->fresh_count > 0;
         link = link->previous) {
        struct member *member = list_entry(link, struct member, of_room);
        if (!member->is_fresh)
            continue;
        member->is_fresh = false;
        member->is_shown = true;
        room->fresh_count--;
        if (people->count < max)
            (void)people_add(people, member->user); /* there is place for as many */
    }
    return people->count;
}

/* Adds those who left, `max` of them at most. */
static size_t add_left(const struct room *room, struct people *people, size_t max)
{
    size_t before = people->count;

    list_each(&room->left, link, following) {
        if (people->count - before == max || !people_add(people, list_entry(link, struct member, of_room)->user))
            break;
    }
    return people->count - before;
}

static void free_left(struct chat *chat, struct room *room, size_t count)
{
    list_each(&room->left, link, following) {
        if (count-- == 0)
            break;
        member_free(chat, list_entry(link, struct member, of_room));
    }
}

void presence_tell(struct chat *chat, struct room *room)
{
    struct hub *hub = &chat->hub;
    size_t names_max = room->member_count > chat->options.presence_names_max ? 0 : chat->options.presence_names_max;
    struct people *people = &hub->people;

    people->count = 0;
    size_t joined = take_fresh(room, people, names_max);
    size_t left = add_left(room, people, names_max);
    builder_clear(&hub->text);
    presence_encode(&hub->text, &(struct presence_frame){
                                    .room = room->log->name,
                                    .joined = people->views,
                                    .joined_count = joined,
                                    .left = people->views + joined,
                                    .left_count = left,
                                    .count = room->member_count,
                                });
    if (builder_ok(&hub->text) && room->session_count > 0) {
        tell_room(chat, room, builder_view(&hub->text));
        counter_add(&hub->counters.presence_frames, 1);
    }
    room->presence_ms = hub->now_ms;
    /* More than one frame names: the others are told with the next. Where names are not told there is nothing to wait
     * for. */
    bool can_wait = names_max > 0 && room->session_count > 0;
    free_left(chat, room, can_wait ? left : SIZE_MAX);
    if (!list_is_empty(&room->left))
        presence_due(chat, room);
    room_close_if_idle(chat, room);
}
