/* SPDX-License-Identifier: Apache-2.0 */
/* What a visit can do to the logs: stage an event, look one up, keep a user or a read position. Everything durable goes
 * into the batch's one transaction at once; what is in memory changes only after the commit. */
#include "store/core.h"

#include "base/trace.h"
#include "os/clock.h"

enum result batch_fail(struct store *store, enum result result)
{
    check(result != RESULT_OK);
    if (store->failure == RESULT_OK)
        store->failure = result == RESULT_FULL ? RESULT_FULL : RESULT_FAILED;
    return result == RESULT_NO_MEMORY ? RESULT_NO_MEMORY : store->failure;
}

static const struct store_user *user_at(const struct store *store, size_t index)
{
    return (const struct store_user *)(const void *)(store->users.at + index * sizeof(struct store_user));
}

/* Users are nobody's entry, so nobody would put them again after a failed batch. */
static enum result put_users_again(struct store *store)
{
    enum result result = RESULT_OK;
    for (size_t index = 0; index < store->users_unwritten && result == RESULT_OK; index++)
        result = store->engine->calls->user_put(store->engine, user_at(store, index));
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes += store->users_unwritten;
    store->users_unwritten = 0;
    return RESULT_OK;
}

enum result batch_begin(struct store *store)
{
    check(!store->is_reporting);
    if (store->failure != RESULT_OK)
        return store->failure;
    if (store->is_in_transaction)
        return RESULT_OK;
    if (!store->engine->is_trusted)
        return batch_fail(store, RESULT_FAILED);
    enum result result = store->engine->calls->begin(store->engine);
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->is_in_transaction = true;
    return put_users_again(store);
}

enum result room_store(struct store *store, struct room *room)
{
    enum result result = batch_begin(store);
    if (result != RESULT_OK || room->shown.id != 0)
        return result;
    /* A batch that failed took the row with it, or an earlier commit of it succeeded after all. */
    const struct engine_calls *calls = store->engine->calls;
    struct engine_room found;
    result = calls->room_find(store->engine, room->shown.fold, &found);
    if (result == RESULT_OK) {
        room->shown.id = found.id;
    } else if (result == RESULT_NOT_FOUND) {
        int64_t now_ms = os_clock_wall_ms();
        result = calls->room_make(store->engine, &room->shown, now_ms, &room->shown.id);
        if (result != RESULT_OK)
            return batch_fail(store, result);
        room->active_ms = now_ms;
        store->changes++;
    } else {
        return batch_fail(store, result);
    }
    list_add_last(&store->rooms_unstored, &room->unstored);
    return RESULT_OK;
}

void room_stage(struct store *store, struct room *room, struct record *record)
{
    struct store_room *shown = &room->shown;
    record->entry.room = shown;
    if (list_is_empty(&shown->staged))
        list_add_last(shown->is_ephemeral ? &store->staged_ephemeral : &store->staged_durable, &shown->link);
    list_add_last(&shown->staged, &record->entry.link);
    if (record->entry.is_duplicate)
        return;
    shown->seq_staged = record->entry.event.seq;
    shown->messages_staged = record->entry.event.ordinal;
    shown->at_ms_last = record->entry.event.at_ms;
    TRACE_2(append, shown->id, shown->seq_staged);
    room->staged_count++;
    if (record->entry.event.kind == EVENT_DELETED)
        room->staged_deletes++;
}

static enum result stage_duplicate(struct store *store, struct room *room, const struct event *event, void *ticket)
{
    struct record *record = record_new(event, (struct view){0});
    if (record == NULL)
        return RESULT_NO_MEMORY;
    record->entry.is_duplicate = true;
    record->entry.ticket = ticket;
    room_stage(store, room, record);
    return RESULT_OK;
}

static enum result key_find(struct store *store, struct room *room, struct event *event)
{
    record_identity(&store->identity, event);
    if (!builder_ok(&store->identity))
        return RESULT_NO_MEMORY;
    struct view identity = builder_view(&store->identity);
    if (room->shown.is_ephemeral) {
        const struct record *known = recent_key_get(room->shown.recent, identity);
        if (known == NULL)
            return RESULT_NOT_FOUND;
        event->seq = known->entry.event.seq;
        event->at_ms = known->entry.event.at_ms;
        return RESULT_OK;
    }
    return store->engine->calls->key_find(store->engine, room->shown.id, event, identity, &event->seq, &event->at_ms);
}

/* The event's rows: itself, what it takes away, and now and then the room's activity mark. */
static enum result write_event(struct store *store, struct room *room, const struct event *event)
{
    const struct engine_calls *calls = store->engine->calls;
    int64_t id = room->shown.id;
    enum result result = calls->event_put(store->engine, id, event, builder_view(&store->identity));
    if (result == RESULT_OK && event->kind == EVENT_DELETED)
        result = calls->text_remove(store->engine, id, event->target);
    if (result == RESULT_OK && event->at_ms >= room->active_ms + STORE_ACTIVITY_STEP_MS) {
        result = calls->room_mark(store->engine, id, event->at_ms);
        room->active_ms = event->at_ms;
    }
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes++;
    store->events_staged++;
    return RESULT_OK;
}

enum result store_append(struct store *store, struct store_room *shown, const struct event *given, void *ticket)
{
    check(!store->is_reporting);
    struct room *room = room_of(shown);
    enum result result = shown->is_ephemeral ? RESULT_OK : room_store(store, room);
    if (result != RESULT_OK)
        return result;
    struct event event = *given;
    result = key_find(store, room, &event);
    if (result == RESULT_OK)
        return stage_duplicate(store, room, &event, ticket);
    if (result != RESULT_NOT_FOUND)
        return shown->is_ephemeral || result == RESULT_NO_MEMORY ? result : batch_fail(store, result);

    int64_t now_ms = os_clock_wall_ms();
    event.seq = shown->seq_staged + 1;
    event.ordinal = shown->messages_staged + (event.kind == EVENT_MESSAGE);
    event.at_ms = now_ms > shown->at_ms_last ? now_ms : shown->at_ms_last;
    if (recent_reserve(shown->recent, room->staged_count + 1) != RESULT_OK)
        return RESULT_NO_MEMORY;
    struct record *record = record_new_encoded(&event, shown->name, &store->scratch);
    if (record == NULL)
        return RESULT_NO_MEMORY;
    result = shown->is_ephemeral ? recent_key_put(shown->recent, record) : write_event(store, room, &event);
    if (result != RESULT_OK) {
        record_free(record);
        return result;
    }
    record->entry.ticket = ticket;
    room_stage(store, room, record);
    return RESULT_OK;
}

static bool staged_has_deleted(const struct room *room, uint64_t target)
{
    if (room->staged_deletes == 0)
        return false;
    list_each(&room->shown.staged, link, following) {
        const struct store_entry *entry = list_entry(link, struct store_entry, link);
        if (entry->event.kind == EVENT_DELETED && !entry->is_duplicate && entry->event.target == target)
            return true;
    }
    return false;
}

static const struct record *staged_get(const struct room *room, uint64_t seq)
{
    list_each(&room->shown.staged, link, following) {
        const struct record *record = record_of_link(link);
        if (record->entry.event.seq == seq && !record->entry.is_duplicate)
            return record;
    }
    return NULL;
}

enum result store_event_get(struct store *store, struct store_room *shown, uint64_t seq, struct event *out_event)
{
    struct room *room = room_of(shown);
    if (seq == 0 || seq > shown->seq_staged)
        return RESULT_NOT_FOUND;
    const struct record *record = seq > shown->seq_committed ? staged_get(room, seq) : recent_get(shown->recent, seq);
    if (record == NULL && (shown->is_ephemeral || shown->id == 0))
        return RESULT_NOT_FOUND;
    struct event event;
    if (record != NULL) {
        event = record->entry.event;
    } else {
        engine_count(&store->counters.reads);
        enum result result = store->engine->calls->event_get(store->engine, shown->id, seq, &event);
        if (result != RESULT_OK)
            return result;
    }
    if (!event.is_deleted && staged_has_deleted(room, seq)) {
        event.is_deleted = true;
        event.text = event.mentions = (struct view){0};
    }
    *out_event = event;
    return RESULT_OK;
}

enum result store_user_get(struct store *store, struct view id, struct store_user *out_user)
{
    for (size_t index = store->users_unwritten; index > 0; index--) {
        const struct store_user *user = user_at(store, index - 1);
        if (view_equal(view_of_string(user->id), id)) {
            *out_user = *user;
            return RESULT_OK;
        }
    }
    engine_count(&store->counters.reads);
    return store->engine->calls->user_get(store->engine, id, out_user);
}

enum result store_user_put(struct store *store, const struct store_user *user)
{
    enum result result = batch_begin(store);
    if (result != RESULT_OK)
        return result;
    if (store->users.size >= STORE_USERS_STAGED_MAX * sizeof *user)
        return RESULT_FULL;
    builder_add(&store->users, user, sizeof *user);
    if (!builder_ok(&store->users)) {
        store->users.has_failed = false; /* only this one did not go in */
        return RESULT_NO_MEMORY;
    }
    result = store->engine->calls->user_put(store->engine, user);
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes++;
    return RESULT_OK;
}

enum result store_read_put(struct store *store, struct store_room *shown, struct view user_id, uint64_t seq)
{
    if (shown->is_ephemeral)
        return RESULT_OK;
    enum result result = room_store(store, room_of(shown));
    if (result != RESULT_OK)
        return result;
    result = store->engine->calls->read_put(store->engine, shown->id, user_id, seq);
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes++;
    return RESULT_OK;
}

enum result store_read_get(struct store *store, struct store_room *shown, struct view user_id, uint64_t *out_seq)
{
    if (shown->is_ephemeral || shown->id == 0)
        return RESULT_NOT_FOUND;
    engine_count(&store->counters.reads);
    return store->engine->calls->read_get(store->engine, shown->id, user_id, out_seq);
}

enum result store_key_find(struct store *store, struct store_room *shown, struct view user_id, struct view key,
                           uint64_t *out_seq, int64_t *out_at_ms)
{
    struct event event = {.user.id = user_id, .key = key};
    if (!shown->is_ephemeral && shown->id == 0)
        return RESULT_NOT_FOUND;
    enum result result = key_find(store, room_of(shown), &event);
    if (result != RESULT_OK)
        return result;
    *out_seq = event.seq;
    *out_at_ms = event.at_ms;
    return RESULT_OK;
}
