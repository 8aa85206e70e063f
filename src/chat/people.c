/* SPDX-License-Identifier: Apache-2.0 */
/* Users as frames name them: views, and the texts of their ids, which users themselves keep as bytes only. */
#include <stdlib.h>

#include "chat/chat_inside.h"

enum result people_init(struct people *people, size_t max)
{
    *people = (struct people){.max = max};
    people->views = calloc(max, sizeof *people->views);
    people->ids = calloc(max, sizeof *people->ids);
    return people->views && people->ids ? RESULT_OK : RESULT_NO_MEMORY;
}

void people_done(struct people *people)
{
    free(people->views);
    free(people->ids);
    *people = (struct people){0};
}

bool people_add(struct people *people, const struct user *user)
{
    if (people->count == people->max)
        return false;
    people->views[people->count] = user_shown(user, people->ids[people->count]);
    people->count++;
    return true;
}

size_t people_in(struct hub *hub, const struct room *room, size_t max)
{
    struct people *people = &hub->people;

    people->count = 0;
    list_each(&room->members, link, following) {
        struct member *member = list_entry(link, struct member, of_room);
        if (people->count == max || !people_add(people, member->user))
            break;
        member->is_shown = true; /* somebody is told of them now, so their leaving must be told as well */
    }
    return people->count;
}
