/* SPDX-License-Identifier: Apache-2.0 */
#include "store/record.h"

#include <stdlib.h>

/* ,"deleted":true is 15 bytes; an emptied text only makes the rest shorter. */
enum { DELETED_MARK_BYTES = 24 };

void record_identity(struct builder *out, const struct event *event)
{
    check(event->user.id.size <= UINT8_MAX);
    builder_clear(out);
    builder_add_byte(out, (uint8_t)event->user.id.size);
    builder_add_view(out, event->user.id);
    builder_add_view(out, event->key);
}

static struct view place(uint8_t **at, struct view bytes)
{
    uint8_t *start = *at;
    if (bytes.size > 0)
        memcpy(start, bytes.at, bytes.size);
    *at += bytes.size;
    return view_of(start, bytes.size);
}

struct record *record_new(const struct event *event, struct view json)
{
    check(event->user.id.size <= UINT8_MAX);
    size_t json_capacity = json.size > 0 ? json.size + DELETED_MARK_BYTES : 0;
    size_t size = sizeof(struct record) + 1 + event->user.id.size + event->key.size + event->user.name.size
                  + event->text.size + event->mentions.size + json_capacity;
    struct record *record = malloc(size);
    if (record == NULL)
        return NULL;
    *record = (struct record){.size = size, .json_capacity = json_capacity};
    list_init(&record->entry.link);
    record->entry.event = *event;
    uint8_t *at = record->data;
    *at++ = (uint8_t)event->user.id.size;
    record->entry.event.user.id = place(&at, event->user.id);
    record->entry.event.key = place(&at, event->key);
    record->identity = view_of(record->data, (size_t)(at - record->data));
    record->entry.event.user.name = place(&at, event->user.name);
    record->text_at = at;
    record->entry.event.text = place(&at, event->text);
    record->entry.event.mentions = place(&at, event->mentions);
    record->json_at = at;
    record->entry.json = place(&at, json);
    return record;
}

struct record *record_new_encoded(const struct event *event, struct view room_name, struct builder *scratch)
{
    builder_clear(scratch);
    event_encode(scratch, room_name, event);
    return builder_ok(scratch) ? record_new(event, builder_view(scratch)) : NULL;
}

void record_free(struct record *record)
{
    free(record);
}

bool record_forget_text(struct record *record, struct view room_name, struct builder *scratch)
{
    struct event *event = &record->entry.event;
    memset(record->text_at, 0, event->text.size + event->mentions.size);
    memset(record->json_at, 0, record->entry.json.size);
    event->text = event->mentions = view_of(record->text_at, 0);
    event->is_deleted = true;
    record->entry.json = view_of(record->json_at, 0);
    builder_clear(scratch);
    event_encode(scratch, room_name, event);
    if (!builder_ok(scratch) || scratch->size > record->json_capacity)
        return false;
    memcpy(record->json_at, scratch->at, scratch->size);
    record->entry.json = view_of(record->json_at, scratch->size);
    return true;
}

bool record_has_identity(const void *value, struct view key)
{
    const struct record *record = value;

    return view_equal(record->identity, key);
}
