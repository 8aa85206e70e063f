/* SPDX-License-Identifier: Apache-2.0 */
/* What waits for a user: the rooms that they belong to, how far they have read, and how many messages and mentions came
 * since. Nothing of it is written per member when somebody speaks: a message carries how many there were before it, so
 * what is unread is a difference; only whom it names gets a row. Ephemeral rooms have none of this.
 *
 *     joined(user, room) ─┐  with the room's newest event when they came: all before it counts as read
 *     reads(user, room) ──┼─▶ unread = ordinal(newest) − ordinal(read); mentions = rows of mentions(user, room) after
 * read events.ordinal ─────┘
 */
#pragma once

#include "store/store.h"

enum { STORE_MENTIONS_COUNTED_MAX = 1000 }; /* more of them are counted as that many */

struct store_mine_row {
    struct view room; /* the name, valid during the call that it is given to */
    uint64_t seq;     /* the newest */
    uint64_t read;    /* up to here; 0: nothing */
    uint64_t unread;  /* messages after that, deleted ones and one's own included */
    uint64_t mentions;
    struct view members; /* of a direct room */
};

/* Store's thread. The user belongs to the room from now on, and all of it until now counts as read. Part of the
 * batch at work. RESULT_OK; RESULT_EXISTS: they did already; RESULT_REFUSED: they belong to `rooms_max` rooms;
 * RESULT_NO_MEMORY, RESULT_FULL, RESULT_FAILED. In an ephemeral room: RESULT_EXISTS. */
enum result store_joined_put(struct store *store, struct store_room *room, struct view user_id,
                             size_t rooms_max) MUST_USE;
enum result store_joined_remove(struct store *store, struct store_room *room, struct view user_id) MUST_USE;
/* Store's thread, one to three look-ups. RESULT_NOT_FOUND: an ephemeral room. */
enum result store_unread(struct store *store, struct store_room *room, struct view user_id,
                         struct store_mine_row *out_row) MUST_USE;
/* Store's thread. Who belongs to the room and has a name with that fold; of several the newest user. */
enum result store_user_named(struct store *store, struct store_room *room, struct view fold, char out_id[33]) MUST_USE;

/* On a reader thread. RESULT_NOT_FOUND, RESULT_FAILED. */
enum result store_snapshot_user(struct store_snapshot *snapshot, struct view id, struct store_user *out_user) MUST_USE;
/* On a reader thread: the rooms that the user belongs to, the oldest first, at most `max`. */
enum result store_snapshot_mine(struct store_snapshot *snapshot, struct view user_id, size_t max,
                                void (*each)(void *context, const struct store_mine_row *row), void *context) MUST_USE;
