/* SPDX-License-Identifier: Apache-2.0 */
/* One event as the store keeps it in memory: a single block with the event's own bytes and its JSON text. Not here:
 * where it is kept (recent), how it is stored (engines).
 *
 *     struct record │ size of id │ user id │ key │ user name │ text │ mentions │ json … │
 *                   └──────── identity ─────────┘
 *
 * At the end is room for the few bytes that "deleted" adds to the JSON.
 */
#pragma once

#include "base/builder.h"
#include "store/store.h"

struct record {
    struct store_entry entry; /* first: what the notices show */
    struct view identity;     /* user and key as one string of bytes, unique in a room */
    size_t size;              /* of the whole block */
    uint8_t *text_at;         /* the bytes of the text, and behind it the mentions, in `data` */
    uint8_t *json_at;
    size_t json_capacity;
    uint8_t data[];
};

/* The bytes that tell one intention of one user from all others: the size of the id, the id, the key. */
void record_identity(struct builder *out, const struct event *event);

/* Copies the event; if `json` is not empty, that too. NULL: no memory. */
struct record *record_new(const struct event *event, struct view json);
/* Encodes the event as of `room_name` (into `scratch`, which is cleared first) and makes its record. NULL: no memory.
 */
struct record *record_new_encoded(const struct event *event, struct view room_name, struct builder *scratch);
void record_free(struct record *record);

/* Takes the text out, of the JSON as well. False: there was no memory to encode it again; the text is gone from the
 * event, but the JSON must not be shown any more. */
bool record_forget_text(struct record *record, struct view room_name, struct builder *scratch);

/* For tables from identities to records. */
bool record_has_identity(const void *value, struct view key);

static inline struct record *record_of(struct store_entry *entry)
{
    return (struct record *)(void *)entry;
}

static inline struct record *record_of_link(struct list_link *link)
{
    return record_of(list_entry(link, struct store_entry, link));
}
