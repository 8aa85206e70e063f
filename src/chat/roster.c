/* SPDX-License-Identifier: Apache-2.0 */
/* The members that `joined` names: the first of a room, longest first. Thousands may join one after the other, and
 * these hardly change: so a large room keeps their text. Whoever comes is put at its end while there is place; when one
 * of them goes or changes the name, the text is made anew on the next need. */
#include "chat/chat_inside.h"

/* Texts of small rooms are made as fast as they are copied, and there may be many thousand such rooms. */
enum { ROSTER_KEPT_MIN = 8 };

static void add(struct builder *out, struct member *member, size_t count)
{
    char id[USER_ID_BYTES + 1];
    struct user_view user = user_shown(member->user, id);

    if (count > 0)
        builder_add_byte(out, ',');
    users_encode(out, &user, 1);
    member->is_shown = true; /* somebody is told of them now, so their leaving must be told as well */
}

static void make(struct room *room, struct builder *out, bool is_kept)
{
    size_t count = 0;

    builder_clear(out);
    list_each(&room->members, link, following) {
        struct member *member = list_entry(link, struct member, of_room);
        if (count == MEMBERS_IN_JOINED_MAX)
            break;
        add(out, member, count++);
        member->is_rostered = is_kept;
    }
    room->roster_count = is_kept && builder_ok(out) ? (uint32_t)count : 0;
}

/* Those who came since, from the list's end back to the newest one named. */
static void catch_up(struct room *room)
{
    uint32_t wanted = room->member_count < MEMBERS_IN_JOINED_MAX ? room->member_count : MEMBERS_IN_JOINED_MAX;
    struct list_link *link = room->members.previous;

    if (room->roster_count >= wanted)
        return;
    for (uint32_t missing = room->member_count - room->roster_count; missing > 1; missing--)
        link = link->previous;
    for (; room->roster_count < wanted; link = link->next) {
        struct member *member = list_entry(link, struct member, of_room);
        check(!member->is_rostered);
        add(&room->roster, member, room->roster_count++);
        member->is_rostered = true;
    }
    if (!builder_ok(&room->roster))
        room->roster_count = 0;
}

/* Without memory for them nobody is named: half a text would break the frame, and the count tells that there are
 * more. */
static struct view whole_or_none(const struct builder *text)
{
    return builder_ok(text) ? builder_view(text) : (struct view){NULL, 0};
}

struct view roster_of(struct hub *hub, struct room *room)
{
    if (room->member_count < ROSTER_KEPT_MIN && room->roster_count == 0) {
        make(room, &hub->roster, false);
        return whole_or_none(&hub->roster);
    }
    if (room->roster_count > 0)
        catch_up(room);
    if (room->roster_count == 0)
        make(room, &room->roster, true);
    return whole_or_none(&room->roster);
}

void roster_forget(struct member *member)
{
    if (!member->is_rostered)
        return;
    member->is_rostered = false;
    member->room->roster_count = 0;
    list_each(&member->room->members, link, following) {
        struct member *other = list_entry(link, struct member, of_room);
        if (!other->is_rostered && other != member)
            break;
        other->is_rostered = false;
    }
}
