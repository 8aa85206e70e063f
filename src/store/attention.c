/* SPDX-License-Identifier: Apache-2.0 */
#include "store/attention.h"

#include "store/core.h"

/* A room whose row is not there yet has nothing that waits. */
static bool is_durable(const struct store_room *room)
{
    return !room->is_ephemeral && room->id != 0;
}

enum result store_joined_put(struct store *store, struct store_room *room, struct view user_id, size_t rooms_max)
{
    const struct engine_calls *calls = store->engine->calls;
    size_t count = 0;
    uint64_t since = 0;
    if (room->is_ephemeral)
        return RESULT_EXISTS;
    engine_count(&store->counters.reads);
    enum result result = is_durable(room) ? calls->joined_get(store->engine, room->id, user_id, &since)
                                          : RESULT_NOT_FOUND;
    if (result == RESULT_OK)
        return RESULT_EXISTS;
    if (result == RESULT_NOT_FOUND)
        result = calls->joined_count(store->engine, user_id, rooms_max, &count);
    if (result != RESULT_OK)
        return result;
    if (count >= rooms_max)
        return RESULT_REFUSED;
    result = room_store(store, room_of(room));
    if (result != RESULT_OK)
        return result;
    result = calls->joined_put(store->engine, room->id, user_id, room->seq_committed);
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes++;
    return RESULT_OK;
}

enum result store_joined_remove(struct store *store, struct store_room *room, struct view user_id)
{
    if (!is_durable(room))
        return RESULT_OK;
    enum result result = batch_begin(store);
    if (result != RESULT_OK)
        return result;
    result = store->engine->calls->joined_remove(store->engine, room->id, user_id);
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes++;
    return RESULT_OK;
}

/* How many messages there are up to that event. */
static enum result ordinal_at(struct store *store, struct store_room *room, uint64_t seq, uint64_t *out_ordinal)
{
    struct event event;
    *out_ordinal = room->messages_gone;
    if (seq < room->seq_first)
        return RESULT_OK;
    *out_ordinal = 0;
    enum result result = store_event_get(store, room, seq, &event);
    if (result == RESULT_OK)
        *out_ordinal = event.ordinal;
    return result == RESULT_NOT_FOUND ? RESULT_OK : result; /* a log of another life */
}

enum result store_unread(struct store *store, struct store_room *room, struct view user_id,
                         struct store_mine_row *out_row)
{
    struct store_mine_row row = {.room = room->name, .seq = room->seq_committed, .members = room->members};
    uint64_t seen = 0, since = 0;
    if (!is_durable(room))
        return RESULT_NOT_FOUND;
    enum result result = store_read_get(store, room, user_id, &row.read);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND)
        result = store->engine->calls->joined_get(store->engine, room->id, user_id, &since);
    if (result == RESULT_NOT_FOUND)
        result = RESULT_OK;
    if (row.read < since)
        row.read = since;
    if (row.read > row.seq)
        row.read = row.seq;
    if (result == RESULT_OK)
        result = ordinal_at(store, room, row.read, &seen);
    if (result == RESULT_OK)
        result =
            store->engine->calls->mentions_count(store->engine, room->id, user_id, row.read, row.seq, &row.mentions);
    if (result != RESULT_OK)
        return result;
    row.unread = room->messages_committed > seen ? room->messages_committed - seen : 0;
    *out_row = row;
    return RESULT_OK;
}

enum result store_user_named(struct store *store, struct store_room *room, struct view fold, char out_id[33])
{
    if (!is_durable(room))
        return RESULT_NOT_FOUND;
    engine_count(&store->counters.reads);
    return store->engine->calls->user_named(store->engine, room->id, fold, out_id);
}
