/* SPDX-License-Identifier: Apache-2.0 */
/* Who is behind a connection, and which rooms are open, as somebody sees it who looks from outside: copies, a slice at
 * a time. Each call says on which thread. */
#pragma once

#include "chat/chat.h"
#include "chat/report.h"

enum {
    SURVEY_ID_BYTES = 27,    /* with the NUL */
    SURVEY_NAME_BYTES = 129, /* of a user */
    SURVEY_ROOM_BYTES = 258,
    SURVEY_SLICE = 256, /* rooms of one call, and 32 times as many numbers looked at */
};

/* `owner` is conn_owner() of an open connection. The letter by which this is asked must have been posted from the
 * connection's shard in the turn in which that was read: so it comes before the connection's departure. */
struct session_sight {
    const void *owner; /* NULL: nobody */
    char user[SURVEY_ID_BYTES];
    char name[SURVEY_NAME_BYTES];
};
/* Store's thread. Leaves empty texts where nobody is behind it (yet). */
void survey_sessions(struct session_sight *sights, size_t count);

struct room_sight {
    uint32_t number; /* of its feeds */
    uint32_t members, connections;
    uint64_t seq;
    double events_per_s; /* over the last 10 to 20 seconds */
    bool is_ephemeral;
    char name[SURVEY_ROOM_BYTES];
};
/* Store's thread. Copies rooms from *position on; *position moves, and is 0 at the end. Returns how many. */
size_t survey_rooms(struct chat *chat, uint32_t *position, struct room_sight out[SURVEY_SLICE]);

/* Any thread: the name of the room of that feed; empty: it never had one. It may have closed meanwhile. */
struct view survey_room_name(const struct chat *chat, uint32_t number);
/* That shard's thread. */
const struct reports *survey_reports(const struct chat *chat, size_t shard_index);
