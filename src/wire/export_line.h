/* SPDX-License-Identifier: Apache-2.0 */
/* One line of an exported log (docs/reference/export.md): JSON text to struct and back. Not here: what must hold
 * between lines. */
#pragma once

#include "wire/event.h"
#include "wire/json.h"

enum { EXPORT_FORMAT = 1, EXPORT_FAULT_BYTES = 192 };

enum export_kind { EXPORT_HEAD, EXPORT_USER, EXPORT_ROOM, EXPORT_EVENT, EXPORT_READ, EXPORT_JOINED, EXPORT_END };

struct export_line {
    enum export_kind kind;
    struct view room;      /* room, event, read */
    struct user_view user; /* user; read: its id */
    uint64_t format;       /* head */
    int64_t at_ms;         /* user: joined; room: made */
    uint64_t first, seq;   /* room: its first event; read: how far; joined: since when */
    struct view members;   /* room: of a direct one, ids without anything between them */
    bool has_limits;       /* room */
    uint64_t age_ms, events_max, bytes_max;
    struct event event;                           /* event */
    uint64_t users, rooms, events, reads, joined; /* end */
    /* What the views point into; export_line_done() gives it back. */
    json_t *json;
    struct builder ids; /* of mentions or members */
};

/* Appends the line, without its end. */
void export_line_encode(struct builder *out, const struct export_line *line);
/* False: `out_fault` says in one sentence what is wrong; empty: no memory. On success the caller ends the line. */
bool export_line_decode(struct view text, struct export_line *out_line, char out_fault[EXPORT_FAULT_BYTES]);
void export_line_done(struct export_line *line);
