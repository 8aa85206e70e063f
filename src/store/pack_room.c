/* SPDX-License-Identifier: Apache-2.0 */
/* An open room on its way to the store of another process. */
#include <assert.h>

#include "base/pack.h"
#include "store/core.h"

enum {
    NAME_BYTES_MAX = 64 * 1024,
    EPOCH_BYTES = 16,
    ROOM_EPHEMERAL = 1,
    ROOM_NEW = 2,
    ROOM_STORED = 4,
    EVENT_IS_DELETED = 1,
    EVENT_IS_ON = 2,
};

/* Whoever adds a field packs it here, and counts PARCEL_FORMAT (serve/parcel.h) up. */
static_assert(sizeof(struct event) == 128, "all of an event is packed");
static_assert(sizeof(struct store_room) == 192 && sizeof(struct room) == 240, "all of a room is packed");

static void pack_event(const struct store_entry *entry, struct builder *out)
{
    const struct event *event = &entry->event;

    pack_number(out, event->kind, 1);
    pack_number(out, (event->is_deleted ? EVENT_IS_DELETED : 0u) | (event->is_on ? EVENT_IS_ON : 0u), 1);
    pack_number(out, event->seq, 8);
    pack_number(out, (uint64_t)event->at_ms, 8);
    pack_number(out, event->target, 8);
    pack_number(out, event->reply_to, 8);
    pack_number(out, event->ordinal, 8);
    pack_view(out, event->user.id);
    pack_view(out, event->user.name);
    pack_view(out, event->key);
    pack_view(out, event->text);
    pack_view(out, event->mentions);
    pack_view(out, entry->json);
}

void store_room_pack(const struct store_room *shown, struct builder *out)
{
    const struct room *room = (const struct room *)(const void *)shown;
    size_t events = shown->is_ephemeral ? shown->recent->count : 0;
    unsigned flags = (shown->is_ephemeral ? ROOM_EPHEMERAL : 0u) | (shown->is_new ? ROOM_NEW : 0u)
                     | (shown->is_stored ? ROOM_STORED : 0u);

    check(list_is_empty(&shown->staged));
    pack_view(out, shown->name);
    pack_view(out, shown->fold);
    pack_view(out, shown->members);
    pack_number(out, flags, 1);
    pack_number(out, (uint64_t)shown->id, 8);
    builder_add(out, shown->epoch, EPOCH_BYTES);
    pack_number(out, shown->seq_committed, 8);
    pack_number(out, shown->seq_first, 8);
    pack_number(out, shown->messages_committed, 8);
    pack_number(out, shown->messages_gone, 8);
    pack_number(out, (uint64_t)shown->at_ms_last, 8);
    pack_number(out, (uint64_t)room->active_ms, 8);
    pack_number(out, events, 4);
    for (size_t i = 0; i < events; i++)
        pack_event(&recent_get(shown->recent, shown->recent->oldest + i)->entry, out);
}

static enum result unpack_event(struct unpack *in, uint64_t seq, struct room *room)
{
    struct store_recent *recent = room->shown.recent;
    struct event event = {.kind = (enum event_kind)unpack_up_to(in, 1, EVENT_REACTION)};
    unsigned flags = (unsigned)unpack_up_to(in, 1, EVENT_IS_DELETED | EVENT_IS_ON);

    event.is_deleted = flags & EVENT_IS_DELETED;
    event.is_on = flags & EVENT_IS_ON;
    event.seq = unpack_number(in, 8);
    event.at_ms = (int64_t)unpack_number(in, 8);
    event.target = unpack_number(in, 8);
    event.reply_to = unpack_number(in, 8);
    event.ordinal = unpack_number(in, 8);
    event.user.id = unpack_view(in, UINT8_MAX);
    event.user.name = unpack_view(in, STORE_SCRATCH_BYTES_MAX);
    event.key = unpack_view(in, STORE_SCRATCH_BYTES_MAX);
    event.text = unpack_view(in, STORE_SCRATCH_BYTES_MAX);
    event.mentions = unpack_view(in, STORE_SCRATCH_BYTES_MAX);
    struct view json = unpack_view(in, STORE_SCRATCH_BYTES_MAX);
    if (in->has_failed || event.kind < EVENT_MESSAGE || event.seq != seq || json.size == 0)
        return RESULT_INVALID;
    struct record *record = record_new(&event, json);
    if (record == NULL)
        return RESULT_NO_MEMORY;
    enum result result = recent_reserve(recent, 1);
    if (result == RESULT_OK)
        result = recent_key_put(recent, record);
    if (result != RESULT_OK) {
        record_free(record);
        return result == RESULT_EXISTS ? RESULT_INVALID : RESULT_NO_MEMORY;
    }
    record->entry.room = &room->shown;
    recent_add(recent, record);
    return RESULT_OK;
}

static enum result unpack_into(struct unpack *in, struct room *room, unsigned flags)
{
    struct store_room *shown = &room->shown;

    shown->is_new = flags & ROOM_NEW;
    shown->is_stored = flags & ROOM_STORED;
    shown->id = (int64_t)unpack_number(in, 8);
    (void)unpack_bytes(in, shown->epoch, EPOCH_BYTES); /* the reader keeps its failure */
    shown->seq_committed = shown->seq_staged = unpack_number(in, 8);
    shown->seq_first = unpack_number(in, 8);
    shown->messages_committed = shown->messages_staged = unpack_number(in, 8);
    shown->messages_gone = unpack_number(in, 8);
    shown->at_ms_last = room->at_ms_committed = (int64_t)unpack_number(in, 8);
    room->active_ms = (int64_t)unpack_number(in, 8);
    uint64_t events = unpack_up_to(in, 4, shown->seq_committed < UINT32_MAX ? shown->seq_committed : UINT32_MAX);
    if (shown->seq_first == 0 || shown->seq_first > shown->seq_committed + 1)
        (void)unpack_fail(in);
    if (in->has_failed || memchr(shown->epoch, 0, EPOCH_BYTES) || (events > 0 && !shown->is_ephemeral))
        return RESULT_INVALID;
    enum result result = RESULT_OK;
    for (uint64_t i = 0; i < events && result == RESULT_OK; i++)
        result = unpack_event(in, shown->seq_committed - events + 1 + i, room);
    return result;
}

enum result store_room_unpack(struct store *store, struct unpack *in, struct store_room **out_room)
{
    struct birth birth = {.name = unpack_view(in, NAME_BYTES_MAX)};
    birth.fold = unpack_view(in, NAME_BYTES_MAX);
    birth.members = unpack_view(in, NAME_BYTES_MAX);
    unsigned flags = (unsigned)unpack_up_to(in, 1, ROOM_EPHEMERAL | ROOM_NEW | ROOM_STORED);

    birth.is_ephemeral = flags & ROOM_EPHEMERAL;
    if (in->has_failed || birth.name.size == 0 || birth.fold.size == 0 || table_get(&store->rooms, birth.fold) != NULL)
        return RESULT_INVALID;
    struct room *room = room_new(store, &birth);
    if (room == NULL)
        return RESULT_NO_MEMORY;
    enum result result = unpack_into(in, room, flags);
    if (result == RESULT_OK && table_put(&store->rooms, room->shown.fold, room) != RESULT_OK)
        result = RESULT_NO_MEMORY;
    if (result != RESULT_OK) {
        room_free(room);
        return result;
    }
    recent_trim(room->shown.recent);
    *out_room = &room->shown;
    return RESULT_OK;
}
