/* SPDX-License-Identifier: Apache-2.0 */
#include "store/recent.h"

#include <stdlib.h>

enum { SLOTS_FIRST = 16 };

void recent_total_init(struct recent_total *total, size_t bytes_max)
{
    *total = (struct recent_total){.bytes_max = bytes_max};
    list_init(&total->rings);
}

struct store_recent *recent_new(struct recent_total *total, size_t events_max, size_t bytes_max, bool has_keys)
{
    struct store_recent *recent = calloc(1, sizeof *recent);
    if (recent == NULL)
        return NULL;
    recent->slots = calloc(SLOTS_FIRST, sizeof(struct record *));
    if (recent->slots == NULL) {
        free(recent);
        return NULL;
    }
    recent->total = total;
    list_init(&recent->link);
    recent->mask = SLOTS_FIRST - 1;
    recent->events_max = events_max > 0 ? events_max : 1;
    recent->bytes_max = bytes_max;
    recent->has_keys = has_keys;
    table_init(&recent->keys, SIZE_MAX, record_has_identity);
    return recent;
}

static void drop_oldest(struct store_recent *recent)
{
    check(recent->count > 0);
    struct record **slot = &recent->slots[recent->oldest & recent->mask];
    struct record *record = *slot;
    if (recent->has_keys)
        (void)table_remove(&recent->keys, record->identity); /* the record itself, which is freed below */
    recent->bytes -= record->size;
    recent->total->bytes -= record->size;
    recent->count--;
    recent->oldest++;
    *slot = NULL;
    record_free(record);
}

void recent_free(struct store_recent *recent)
{
    if (recent == NULL)
        return;
    while (recent->count > 0)
        drop_oldest(recent);
    list_remove(&recent->link);
    table_done(&recent->keys);
    free(recent->slots);
    free(recent);
}

enum result recent_reserve(struct store_recent *recent, size_t more)
{
    size_t capacity = recent->mask + 1;
    if (recent->count + more <= capacity)
        return RESULT_OK;
    while (capacity < recent->count + more)
        capacity *= 2;
    struct record **slots = calloc(capacity, sizeof(struct record *));
    if (slots == NULL)
        return RESULT_NO_MEMORY;
    for (uint64_t seq = recent->oldest; seq < recent->oldest + recent->count; seq++)
        slots[seq & (capacity - 1)] = recent->slots[seq & recent->mask];
    free(recent->slots);
    recent->slots = slots;
    recent->mask = capacity - 1;
    return RESULT_OK;
}

void recent_add(struct store_recent *recent, struct record *record)
{
    uint64_t seq = record->entry.event.seq;
    check(recent->count <= recent->mask);
    if (recent->count == 0)
        recent->oldest = seq;
    check(seq == recent->oldest + recent->count);
    recent->slots[seq & recent->mask] = record;
    recent->count++;
    recent->bytes += record->size;
    recent->total->bytes += record->size;
}

bool recent_add_older(struct store_recent *recent, struct record *record)
{
    uint64_t seq = record->entry.event.seq;
    if (recent->count >= recent->events_max || recent->bytes + record->size > recent->bytes_max)
        return false;
    if (recent_reserve(recent, 1) != RESULT_OK)
        return false;
    if (recent->count == 0) {
        recent_add(recent, record);
        return true;
    }
    check(seq + 1 == recent->oldest);
    recent->slots[seq & recent->mask] = record;
    recent->oldest = seq;
    recent->count++;
    recent->bytes += record->size;
    recent->total->bytes += record->size;
    return true;
}

/* The room that has been quiet longest gives first, down to its newest event. */
static void trim_others(struct recent_total *total)
{
    while (total->bytes > total->bytes_max && !list_is_empty(&total->rings)) {
        struct store_recent *quietest = list_entry(total->rings.next, struct store_recent, link);
        while (quietest->count > 1 && total->bytes > total->bytes_max)
            drop_oldest(quietest);
        if (quietest->count <= 1)
            list_remove(&quietest->link);
    }
}

void recent_trim(struct store_recent *recent)
{
    while (recent->count > 1 && (recent->count > recent->events_max || recent->bytes > recent->bytes_max))
        drop_oldest(recent);
    list_remove(&recent->link);
    if (recent->count > 1)
        list_add_last(&recent->total->rings, &recent->link);
    trim_others(recent->total);
}

void recent_drop_through(struct store_recent *recent, uint64_t seq)
{
    while (recent->count > 0 && recent->oldest <= seq)
        drop_oldest(recent);
}

struct record *recent_get(const struct store_recent *recent, uint64_t seq)
{
    if (recent->count == 0 || seq < recent->oldest || seq >= recent->oldest + recent->count)
        return NULL;
    return recent->slots[seq & recent->mask];
}

struct record *recent_key_get(const struct store_recent *recent, struct view identity)
{
    check(recent->has_keys);
    return table_get(&recent->keys, identity);
}

enum result recent_key_put(struct store_recent *recent, struct record *record)
{
    check(recent->has_keys);
    return table_put(&recent->keys, record->identity, record);
}

void recent_forget_text(struct store_recent *recent, uint64_t target, struct view room_name, struct builder *scratch)
{
    if (recent->count == 0)
        return;
    uint64_t end = recent->oldest + recent->count;
    for (uint64_t seq = target > recent->oldest ? target : recent->oldest; seq < end; seq++) {
        struct record *record = recent->slots[seq & recent->mask];
        check(record);
        const struct event *event = &record->entry.event;
        if (seq != target && (event->kind != EVENT_EDITED || event->target != target))
            continue;
        if (!record_forget_text(record, room_name, scratch))
            recent_drop_through(recent, seq);
    }
}

void recent_check(const struct store_recent *recent)
{
    check(recent->count <= recent->mask + 1);
    size_t bytes = 0;
    for (uint64_t seq = recent->oldest; seq < recent->oldest + recent->count; seq++) {
        const struct record *record = recent->slots[seq & recent->mask];
        check(record->entry.event.seq == seq);
        bytes += record->size;
    }
    check(bytes == recent->bytes);
    check(!recent->has_keys || recent->keys.count >= recent->count);
}
