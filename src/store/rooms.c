/* SPDX-License-Identifier: Apache-2.0 */
/* Opening and closing rooms, the list of all of them, and the reading of what is in memory. */
#include "store/core.h"

#include <stdlib.h>

#include "os/clock.h"
#include "os/random.h"

struct room *room_new(struct store *store, const struct birth *birth)
{
    struct view name = birth->name, fold = birth->fold, members = birth->members;
    struct room *room = calloc(1, sizeof *room + name.size + fold.size + members.size);
    if (room == NULL)
        return NULL;
    room->shown.recent = recent_new(&store->recent_total, store->options.recent_events_max,
                                    store->options.recent_bytes_max, birth->is_ephemeral);
    if (room->shown.recent == NULL) {
        free(room);
        return NULL;
    }
    memcpy(room->bytes, name.at, name.size);
    memcpy(room->bytes + name.size, fold.at, fold.size);
    if (members.size > 0)
        memcpy(room->bytes + name.size + fold.size, members.at, members.size);
    room->shown.name = view_of(room->bytes, name.size);
    room->shown.fold = view_of(room->bytes + name.size, fold.size);
    room->shown.members = view_of(room->bytes + name.size + fold.size, members.size);
    room->shown.is_ephemeral = birth->is_ephemeral;
    list_init(&room->shown.staged);
    list_init(&room->shown.link);
    list_init(&room->unstored);
    return room;
}

void room_free(struct room *room)
{
    if (room == NULL)
        return;
    list_remove(&room->unstored);
    recent_free(room->shown.recent);
    free(room);
}

static void draw_epoch(char out_epoch[17])
{
    static const char digits[] = "0123456789abcdef";
    uint64_t number = os_random_u64();
    for (int index = 0; index < 16; index++)
        out_epoch[index] = digits[(number >> (60 - 4 * index)) & 15];
    out_epoch[16] = '\0';
}

struct filling {
    struct store *store;
    struct room *room;
    uint64_t next; /* the seq expected */
};

/* Newest first; stops at the first limit, at the end of memory, and at a hole (of a damaged file), which only means
 * more reading later. */
static bool fill_one(void *context, const struct event *event)
{
    struct filling *filling = context;
    if (event->seq != filling->next)
        return false;
    filling->next--;
    struct record *record = record_new_encoded(event, filling->room->shown.name, &filling->store->scratch);
    if (record == NULL)
        return false;
    if (recent_add_older(filling->room->shown.recent, record))
        return true;
    record_free(record);
    return false;
}

static enum result fill_recent(struct store *store, struct room *room)
{
    uint64_t newest = room->shown.seq_committed;
    if (newest == 0)
        return RESULT_OK;
    uint64_t count = room->shown.recent->events_max;
    uint64_t from = newest > count ? newest - count + 1 : 1;
    struct filling filling = {.store = store, .room = room, .next = newest};
    engine_count(&store->counters.reads);
    return store->engine->calls->events(store->engine, room->shown.id, from, newest, true, fill_one, &filling);
}

static enum result open_found(struct store *store, struct view fold, const struct engine_room *found,
                              struct room **out_room)
{
    struct birth birth = {.name = found->name, .fold = fold, .members = found->members};
    struct room *room = room_new(store, &birth);
    if (room == NULL)
        return RESULT_NO_MEMORY;
    struct store_room *shown = &room->shown;
    shown->id = found->id;
    memcpy(shown->epoch, found->epoch, sizeof shown->epoch);
    shown->seq_committed = shown->seq_staged = found->seq;
    shown->messages_committed = shown->messages_staged = found->messages;
    shown->at_ms_last = room->at_ms_committed = found->at_ms;
    room->active_ms = found->active_ms;
    shown->seq_first = found->first;
    shown->messages_gone = found->gone;
    /* While a transaction is open the row may be this batch's own, by a room that was closed meanwhile. */
    shown->is_stored = !store->is_in_transaction;
    if (!shown->is_stored)
        list_add_last(&store->rooms_unstored, &room->unstored);
    enum result result = fill_recent(store, room);
    if (result != RESULT_OK) {
        room_free(room);
        return result;
    }
    *out_room = room;
    return RESULT_OK;
}

static enum result open_new(struct store *store, const struct birth *birth, struct room **out_room)
{
    struct room *room = room_new(store, birth);
    if (room == NULL)
        return RESULT_NO_MEMORY;
    room->shown.is_new = true;
    room->shown.seq_first = 1;
    draw_epoch(room->shown.epoch);
    enum result result = birth->is_ephemeral ? RESULT_OK : room_store(store, room);
    if (result != RESULT_OK) {
        room_free(room);
        return result;
    }
    *out_room = room;
    return RESULT_OK;
}

static enum result open_durable(struct store *store, const struct birth *birth, bool may_make, struct room **out_room)
{
    if (!store->engine->is_trusted)
        return RESULT_FAILED;
    struct engine_room found;
    engine_count(&store->counters.reads);
    enum result result = store->engine->calls->room_find(store->engine, birth->fold, &found);
    if (result == RESULT_OK)
        return open_found(store, birth->fold, &found, out_room);
    if (result == RESULT_NOT_FOUND && may_make)
        return open_new(store, birth, out_room);
    return result;
}

bool log_has_fold(const void *value, struct view key)
{
    const struct room *room = value;

    return view_equal(room->shown.fold, key);
}

static enum result open_any(struct store *store, const struct birth *birth, bool may_make, struct store_room **out_room)
{
    check(!store->is_reporting);
    check(table_get(&store->rooms, birth->fold) == NULL);
    struct room *room = NULL;
    enum result result = RESULT_NOT_FOUND;
    if (!birth->is_ephemeral)
        result = open_durable(store, birth, may_make, &room);
    else if (may_make)
        result = open_new(store, birth, &room);
    if (result != RESULT_OK)
        return result;
    result = table_put(&store->rooms, room->shown.fold, room);
    if (result != RESULT_OK) {
        room_free(room);
        return RESULT_NO_MEMORY;
    }
    *out_room = &room->shown;
    return RESULT_OK;
}

enum result store_room_open(struct store *store, struct view name, struct view fold, bool is_ephemeral, bool may_make,
                            struct store_room **out_room)
{
    struct birth birth = {.name = name, .fold = fold, .is_ephemeral = is_ephemeral};
    return open_any(store, &birth, may_make, out_room);
}

enum result store_direct_open(struct store *store, struct view name, struct view members, struct store_room **out_room)
{
    struct birth birth = {.name = name, .fold = name, .members = members};
    return open_any(store, &birth, members.size > 0, out_room);
}

void store_room_close(struct store *store, struct store_room *shown)
{
    check(list_is_empty(&shown->staged));
    void *removed = table_remove(&store->rooms, shown->fold);
    check(removed == shown);
    room_free(room_of(shown));
}

/* ---- the list of rooms ---- */

struct listed {
    struct store_room_row row; /* views into `names` by offset until all are gathered */
    size_t name_offset, fold_offset;
};

struct listing {
    struct store *store;
    struct listed *rows;
    size_t count, max;
    struct builder names;
};

static void list_one(void *context, const struct store_room_row *row)
{
    struct listing *listing = context;
    if (listing->count == listing->max)
        return;
    struct listed *listed = &listing->rows[listing->count++];
    listed->row = *row;
    /* Of open rooms only what is committed is told. */
    const struct room *open = table_get(&listing->store->rooms, row->fold);
    if (open != NULL) {
        listed->row.seq = open->shown.seq_committed;
        listed->row.at_ms = open->at_ms_committed;
    }
    listed->name_offset = listing->names.size;
    builder_add_view(&listing->names, row->name);
    listed->fold_offset = listing->names.size;
    builder_add_view(&listing->names, row->fold);
}

static int compare_newest_first(const void *left, const void *right)
{
    const struct listed *a = left;
    const struct listed *b = right;
    return (a->row.at_ms < b->row.at_ms) - (a->row.at_ms > b->row.at_ms);
}

/* The engine's order is by a mark that is up to a minute late; the exact time decides here. */
enum result store_rooms(struct store *store, size_t max, void (*each)(void *context, const struct store_room_row *row),
                        void *context)
{
    if (max > STORE_ROOMS_LISTED_MAX)
        max = STORE_ROOMS_LISTED_MAX;
    struct listing listing = {.store = store, .max = max, .rows = calloc(max > 0 ? max : 1, sizeof *listing.rows)};
    if (listing.rows == NULL)
        return RESULT_NO_MEMORY;
    builder_init(&listing.names, SIZE_MAX);
    engine_count(&store->counters.reads);
    enum result result = store->engine->calls->rooms(store->engine, max, list_one, &listing);
    if (result == RESULT_OK && !builder_ok(&listing.names))
        result = RESULT_NO_MEMORY;
    if (result == RESULT_OK) {
        qsort(listing.rows, listing.count, sizeof *listing.rows, compare_newest_first);
        for (size_t index = 0; index < listing.count; index++) {
            struct listed *listed = &listing.rows[index];
            listed->row.name = view_of(listing.names.at + listed->name_offset, listed->row.name.size);
            listed->row.fold = view_of(listing.names.at + listed->fold_offset, listed->row.fold.size);
            each(context, &listed->row);
        }
    }
    builder_done(&listing.names);
    free(listing.rows);
    return result;
}

/* ---- the newest events in memory ---- */

static size_t json_size(const struct store_room *room, uint64_t seq)
{
    return recent_get(room->recent, seq)->entry.json.size;
}

/* The least seq from which on everything up to `to` fits; to + 1 if nothing does. */
static uint64_t fit_newest(const struct store_room *room, uint64_t from, uint64_t to, size_t bytes_max)
{
    uint64_t seq = to + 1;
    for (size_t bytes = 0; seq > from; seq--) {
        bytes += json_size(room, seq - 1) + (seq <= to ? 1 : 0); /* and a comma */
        if (bytes > bytes_max)
            break;
    }
    return seq;
}

/* The greatest seq up to which everything from `from` on fits; from - 1 if nothing does. */
static uint64_t fit_oldest(const struct store_room *room, uint64_t from, uint64_t to, size_t bytes_max)
{
    uint64_t seq = from;
    for (size_t bytes = 0; seq <= to; seq++) {
        bytes += json_size(room, seq) + (seq > from ? 1 : 0); /* and a comma */
        if (bytes > bytes_max)
            break;
    }
    return seq - 1;
}

static void add_joined(const struct store_room *room, uint64_t from, uint64_t to, struct builder *out)
{
    for (uint64_t seq = from; seq <= to; seq++) {
        if (seq > from)
            builder_add_byte(out, ',');
        builder_add_view(out, recent_get(room->recent, seq)->entry.json);
    }
}

bool store_recent_after(const struct store_room *room, uint64_t after, size_t events_max, size_t bytes_max,
                        struct builder *out, uint64_t *out_from)
{
    uint64_t newest = room->seq_committed;
    uint64_t oldest = store_recent_oldest(room);
    uint64_t least = after >= newest ? newest + 1 : after + 1;
    bool reaches = least >= oldest;
    if (least < oldest)
        least = oldest;
    if (newest + 1 - least > events_max)
        least = newest + 1 - events_max;
    *out_from = fit_newest(room, least, newest, bytes_max);
    add_joined(room, *out_from, newest, out);
    return reaches;
}

bool store_recent_range(const struct store_room *room, uint64_t from, uint64_t to, size_t bytes_max, bool keeps_newest,
                        struct builder *out, uint64_t *out_from, uint64_t *out_to)
{
    check(from >= 1);
    if (to > room->seq_committed)
        to = room->seq_committed;
    *out_from = from;
    *out_to = from - 1;
    if (from < store_recent_oldest(room))
        return false;
    if (from > to)
        return true;
    *out_from = keeps_newest ? fit_newest(room, from, to, bytes_max) : from;
    *out_to = keeps_newest ? to : fit_oldest(room, from, to, bytes_max);
    add_joined(room, *out_from, *out_to, out);
    return true;
}

uint64_t store_recent_oldest(const struct store_room *room)
{
    return room->recent->count > 0 ? room->recent->oldest : room->seq_committed + 1;
}

struct view store_recent_key(const struct store_room *room, uint64_t seq)
{
    const struct record *record = recent_get(room->recent, seq);
    return record != NULL ? record->entry.event.key : (struct view){0};
}
