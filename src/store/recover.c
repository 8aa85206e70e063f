/* SPDX-License-Identifier: Apache-2.0 */
/* After a failure of the disk: the database is opened again, and every open room is compared with it, because neither
 * what we remember nor what the failed commit said can be taken for granted.
 *
 *     the file has the same      go on
 *     the file has more          the refused batch became durable after all: its events are taken in and shown (their
 * tickets are gone) the file has less          acknowledged events were lost below us: they are written again from
 * memory
 *
 * In no case is a seq given out twice. */
#include "store/core.h"

#include "base/diag.h"
#include "os/clock.h"

void store_set_healthy(struct store *store, bool is_healthy)
{
    store->probe_due_ms = is_healthy ? UINT64_MAX : os_clock_monotonic_ms() + STORE_PROBE_MS;
    if (atomic_exchange(&store->is_healthy, is_healthy) == is_healthy)
        return;
    if (is_healthy)
        diag(DIAG_INFO, "store.recovered", "why", "the database can be written again", NULL);
    else
        diag(DIAG_ERROR, "store.failing", "why", store->engine->failure, "do",
             "nothing is acknowledged until it works again: make room on the disk, or check it; no restart is needed",
             NULL);
}

struct adoption {
    struct store *store;
    struct room *room;
};

static bool adopt_one(void *context, const struct event *event)
{
    struct adoption *adoption = context;
    struct room *room = adoption->room;
    struct store_room *shown = &room->shown;
    if (event->seq != shown->seq_staged + 1 || recent_reserve(shown->recent, room->staged_count + 1) != RESULT_OK)
        return false;
    struct record *record = record_new_encoded(event, shown->name, &adoption->store->scratch);
    if (record == NULL)
        return false;
    room_stage(adoption->store, room, record);
    return true;
}

/* The file knows events that nobody was told of. False: they could not be read now; the room must not go on before
 * that. */
static bool adopt(struct store *store, struct room *room, uint64_t newest)
{
    struct adoption adoption = {.store = store, .room = room};
    enum result result = store->engine->calls->events(store->engine, room->shown.id, room->shown.seq_committed + 1,
                                                      newest, false, adopt_one, &adoption);
    return result == RESULT_OK && room->shown.seq_staged == newest;
}

static void discard(struct room *room)
{
    room->shown.seq_staged = room->shown.seq_committed;
    room->shown.messages_staged = room->shown.messages_committed;
    room->shown.at_ms_last = room->at_ms_committed;
    room->staged_count = 0;
    room->staged_deletes = 0;
    list_each(&room->shown.staged, link, following) {
        list_remove(link);
        record_free(record_of_link(link));
    }
}

/* Adopted events are told of only when all rooms have been compared, since a notice may close a room. */
static void settle_adopted(struct store *store, bool is_usable)
{
    for (struct room *room; (room = staged_room_take(&store->staged_durable)) != NULL;) {
        if (is_usable)
            room_report_committed(store, room);
        else
            discard(room);
    }
}

static enum result write_again(struct store *store, struct room *room, uint64_t newest)
{
    const struct engine_calls *calls = store->engine->calls;
    enum result result = calls->begin(store->engine);
    for (uint64_t seq = newest + 1; result == RESULT_OK && seq <= room->shown.seq_committed; seq++) {
        const struct record *record = recent_get(room->shown.recent, seq);
        if (record == NULL)
            continue;
        result = calls->event_put(store->engine, room->shown.id, &record->entry.event, record->identity);
        if (result == RESULT_OK && record->entry.event.kind == EVENT_DELETED)
            result = calls->text_remove(store->engine, room->shown.id, record->entry.event.target);
    }
    if (result == RESULT_OK)
        result = calls->commit(store->engine);
    if (result != RESULT_OK)
        calls->rollback(store->engine);
    return result;
}

static bool restore(struct store *store, struct room *room, uint64_t newest)
{
    uint64_t lost = room->shown.seq_committed - newest;
    uint64_t oldest = store_recent_oldest(&room->shown);
    uint64_t kept = oldest > newest + 1 ? room->shown.seq_committed + 1 - oldest : lost;
    diag(DIAG_ERROR, "store.lost", "events", diag_number((int64_t)lost), "written_again", diag_number((int64_t)kept),
         "why", "the disk forgot what it had confirmed", "do", "check the disk", NULL);
    return write_again(store, room, newest) == RESULT_OK;
}

static bool compare(struct store *store, struct room *room)
{
    struct store_room *shown = &room->shown;
    struct engine_room found;
    enum result result = store->engine->calls->room_find(store->engine, shown->fold, &found);
    if (result == RESULT_NOT_FOUND) {
        shown->id = 0; /* made again with the next event, under the same epoch */
        shown->is_stored = false;
        return true;
    }
    if (result != RESULT_OK)
        return false;
    shown->id = found.id;
    shown->is_stored = true;
    memcpy(shown->epoch, found.epoch, sizeof shown->epoch);
    if (found.first > shown->seq_first)
        retain_forget(store, room, found.first, found.gone); /* of a commit that was said to have failed */
    if (found.seq > shown->seq_committed)
        return adopt(store, room, found.seq);
    if (found.seq < shown->seq_committed)
        return restore(store, room, found.seq);
    return true;
}

static bool compare_all(struct store *store)
{
    for (size_t position = 0;;) {
        struct room *room = table_next(&store->rooms, &position);
        if (room == NULL)
            return true;
        if (!room->shown.is_ephemeral && !compare(store, room))
            return false;
    }
}

bool store_recover(struct store *store)
{
    check(!store->is_in_transaction && list_is_empty(&store->staged_durable));
    if (store->engine->calls->reopen(store->engine) != RESULT_OK)
        return false;
    bool is_usable = compare_all(store);
    settle_adopted(store, is_usable);
    if (!is_usable)
        store->engine->is_trusted = false;
    return is_usable;
}
