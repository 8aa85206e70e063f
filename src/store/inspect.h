/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a data folder from outside of a server, whether one is live on it or not: for the commands that show what is
 * in it. Nothing is written and no lock of the folder is taken. Not here: a server's own reading (store.h). One thread.
 */
#pragma once

#include "store/store.h"

struct inspection;

/* Opens the database of the folder for reading, or the one that `folder` itself names: a backup. On failure prints one
 * diag line and returns RESULT_NOT_FOUND (there is none), RESULT_REFUSED, RESULT_INVALID, RESULT_FAILED. */
enum result inspect_open(const char *folder, struct inspection **out_inspection) MUST_USE;
/* The version of its tables. As inspect_open, but older ones are fine as well. */
enum result inspect_version(const char *folder, int *out_version) MUST_USE;
/* Accepts NULL. */
void inspect_close(struct inspection *inspection);

struct inspected_room {
    int64_t id;
    struct view name;
    const char *epoch; /* NUL-terminated */
    uint64_t seq;      /* the newest event's that there was; 0 if there was none */
    int64_t at_ms;     /* the newest event's, or of the last activity */
    uint64_t first;    /* the oldest event's that the log still has */
};

/* All rooms, newest activity first; views are valid within `each`. RESULT_OK, RESULT_FAILED. */
enum result inspect_rooms(struct inspection *inspection, void (*each)(void *context, const struct inspected_room *room),
                          void *context) MUST_USE;
/* The room with that folded name; `out_room->name` and `epoch` are valid until the next call. RESULT_NOT_FOUND,
 * RESULT_FAILED. */
enum result inspect_room(struct inspection *inspection, struct view fold, struct inspected_room *out_room) MUST_USE;
/* Events with from <= seq <= to in rising order, until `each` returns false. The server's log of changes cannot begin
 * anew while this runs: keep it short, and never wait for a terminal in `each`. RESULT_OK, RESULT_FAILED. */
enum result inspect_events(struct inspection *inspection, int64_t room_id, uint64_t from, uint64_t to,
                           bool (*each)(void *context, const struct event *event), void *context) MUST_USE;
