/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/export_line.h"

#include <stdio.h>

enum { ID_BYTES_MAX = 32, NAME_BYTES_MAX = 128, KEY_BYTES_MAX = 64, TEXT_BYTES_MAX = 1 << 20, ROOM_BYTES_MAX = 256 };

/* ---- writing ---- */

static void add_number(struct builder *out, const char *name, uint64_t number)
{
    builder_format(out, ",\"%s\":%llu", name, (unsigned long long)number);
}

static void add_text(struct builder *out, const char *name, struct view text)
{
    builder_format(out, ",\"%s\":", name);
    json_add_string(out, text);
}

static void add_room(struct builder *out, const struct export_line *line)
{
    builder_add_string(out, "{\"type\":\"room\"");
    add_text(out, "room", line->room);
    add_number(out, "first", line->first);
    add_number(out, "made", (uint64_t)line->at_ms);
    for (size_t at = 0; at + EVENT_MENTION_BYTES <= line->members.size; at += EVENT_MENTION_BYTES) {
        builder_add_string(out, at == 0 ? ",\"members\":[" : ",");
        json_add_string(out, view_of(line->members.at + at, EVENT_MENTION_BYTES));
    }
    if (line->members.size >= EVENT_MENTION_BYTES)
        builder_add_byte(out, ']');
    if (line->has_limits) {
        add_number(out, "age", line->age_ms);
        add_number(out, "events", line->events_max);
        add_number(out, "size", line->bytes_max);
    }
}

void export_line_encode(struct builder *out, const struct export_line *line)
{
    switch (line->kind) {
    case EXPORT_EVENT: event_encode(out, line->room, &line->event); return;
    case EXPORT_HEAD:
        builder_add_string(out, "{\"type\":\"export\"");
        add_number(out, "format", EXPORT_FORMAT);
        break;
    case EXPORT_USER:
        builder_add_string(out, "{\"type\":\"user\"");
        add_text(out, "id", line->user.id);
        add_text(out, "name", line->user.name);
        add_number(out, "joined", (uint64_t)line->at_ms);
        break;
    case EXPORT_ROOM: add_room(out, line); break;
    case EXPORT_READ:
    case EXPORT_JOINED:
        builder_format(out, "{\"type\":\"%s\"", line->kind == EXPORT_READ ? "read" : "joined");
        add_text(out, "room", line->room);
        add_text(out, "user", line->user.id);
        add_number(out, line->kind == EXPORT_READ ? "seq" : "since", line->seq);
        break;
    case EXPORT_END:
        builder_add_string(out, "{\"type\":\"end\"");
        add_number(out, "users", line->users);
        add_number(out, "rooms", line->rooms);
        add_number(out, "events", line->events);
        add_number(out, "reads", line->reads);
        add_number(out, "joined", line->joined);
        break;
    }
    builder_add_byte(out, '}');
}

/* ---- reading ---- */

/* One object at a time; the first thing that is wrong is kept. */
struct reading {
    const json_t *object;
    char *fault; /* EXPORT_FAULT_BYTES; empty: nothing is wrong */
};

static void say(struct reading *reading, const char *format, const char *name)
{
    if (reading->fault[0] == '\0')
        (void)snprintf(reading->fault, EXPORT_FAULT_BYTES, format, name); /* cut where it is long */
}

static struct view take_text(struct reading *reading, const char *name, size_t least, size_t most)
{
    const json_t *value = json_object_get(reading->object, name);
    size_t size = json_is_string(value) ? json_string_length(value) : 0;
    if (!json_is_string(value) || size < least || size > most)
        say(reading, "\"%s\" must be a text, and not empty or too long", name);
    return view_of(json_string_value(value), size);
}

static uint64_t take_number(struct reading *reading, const char *name)
{
    const json_t *value = json_object_get(reading->object, name);
    json_int_t number = json_integer_value(value);
    if (!json_is_integer(value) || number < 0 || number > ((json_int_t)1 << 53) - 1)
        say(reading, "\"%s\" must be a whole number from 0 to 2^53 - 1", name);
    return (uint64_t)number;
}

static bool has(const struct reading *reading, const char *name)
{
    return json_object_get(reading->object, name) != NULL;
}

static bool take_true(struct reading *reading, const char *name)
{
    const json_t *value = json_object_get(reading->object, name);
    if (value != NULL && !json_is_boolean(value))
        say(reading, "\"%s\" must be true or false", name);
    return json_is_true(value);
}

static struct user_view take_user(struct reading *reading)
{
    struct reading inner = {json_object_get(reading->object, "user"), reading->fault};
    struct user_view user = {.id = take_text(&inner, "id", 1, ID_BYTES_MAX)};
    user.name = take_text(&inner, "name", 1, NAME_BYTES_MAX);
    return user;
}

static struct view take_ids(struct reading *reading, const char *name, struct builder *out)
{
    const json_t *list = json_object_get(reading->object, name);
    for (size_t index = 0; index < json_array_size(list); index++) {
        const json_t *id = json_array_get(list, index);
        if (json_string_length(id) != EVENT_MENTION_BYTES)
            say(reading, "\"%s\" must be a list of ids of users", name);
        else
            builder_add(out, json_string_value(id), EVENT_MENTION_BYTES);
    }
    if (list != NULL && !json_is_array(list))
        say(reading, "\"%s\" must be a list of ids of users", name);
    return builder_view(out);
}

static void read_event(struct reading *reading, enum event_kind kind, struct export_line *line)
{
    struct event *event = &line->event;
    line->room = take_text(reading, "room", 1, ROOM_BYTES_MAX);
    event->kind = kind;
    event->is_deleted = take_true(reading, "deleted");
    event->seq = take_number(reading, "seq");
    event->at_ms = (int64_t)take_number(reading, "at");
    event->user = take_user(reading);
    event->key = take_text(reading, "key", 1, KEY_BYTES_MAX);
    if (kind != EVENT_MESSAGE)
        event->target = take_number(reading, "target");
    else if (has(reading, "reply_to"))
        event->reply_to = take_number(reading, "reply_to");
    if (kind == EVENT_REACTION) {
        event->text = take_text(reading, "emoji", 1, KEY_BYTES_MAX);
        event->is_on = take_true(reading, "on");
    } else if (kind != EVENT_DELETED) {
        event->text = take_text(reading, "text", event->is_deleted ? 0 : 1, event->is_deleted ? 0 : TEXT_BYTES_MAX);
        event->mentions = take_ids(reading, "mentions", &line->ids);
    }
    if (event->seq == 0 || (kind != EVENT_MESSAGE && event->target == 0))
        say(reading, "\"%s\" must be 1 or more", event->seq == 0 ? "seq" : "target");
    else if (event->target >= event->seq || event->reply_to >= event->seq)
        say(reading, "it is about an event that does not come before it%s", "");
}

static void read_room(struct reading *reading, struct export_line *line)
{
    line->room = take_text(reading, "room", 1, ROOM_BYTES_MAX);
    line->first = take_number(reading, "first");
    line->members = take_ids(reading, "members", &line->ids);
    line->at_ms = (int64_t)take_number(reading, "made");
    line->has_limits = has(reading, "age") || has(reading, "events") || has(reading, "size");
    if (line->has_limits) {
        line->age_ms = take_number(reading, "age");
        line->events_max = take_number(reading, "events");
        line->bytes_max = take_number(reading, "size");
    }
    if (line->first == 0)
        say(reading, "\"%s\" must be 1 or more", "first");
}

static void read_user(struct reading *reading, struct export_line *line)
{
    line->user.id = take_text(reading, "id", 1, ID_BYTES_MAX);
    line->user.name = take_text(reading, "name", 1, NAME_BYTES_MAX);
    line->at_ms = (int64_t)take_number(reading, "joined");
}

static void read_rest(struct reading *reading, enum export_kind kind, struct export_line *line)
{
    switch (kind) {
    case EXPORT_HEAD: line->format = take_number(reading, "format"); break;
    case EXPORT_USER: read_user(reading, line); break;
    case EXPORT_ROOM: read_room(reading, line); break;
    case EXPORT_READ:
    case EXPORT_JOINED:
        line->room = take_text(reading, "room", 1, ROOM_BYTES_MAX);
        line->user.id = take_text(reading, "user", 1, ID_BYTES_MAX);
        line->seq = take_number(reading, kind == EXPORT_READ ? "seq" : "since");
        break;
    case EXPORT_END:
        line->users = take_number(reading, "users");
        line->rooms = take_number(reading, "rooms");
        line->events = take_number(reading, "events");
        line->reads = take_number(reading, "reads");
        line->joined = take_number(reading, "joined");
        break;
    case EXPORT_EVENT: break; /* read_event() */
    }
}

static void read_line(struct reading *reading, struct export_line *line)
{
    static const struct {
        const char *name;
        enum export_kind kind;
        enum event_kind event;
    } types[] = {
        {"message", EXPORT_EVENT, EVENT_MESSAGE},
        {"edited", EXPORT_EVENT, EVENT_EDITED},
        {"deleted", EXPORT_EVENT, EVENT_DELETED},
        {"reaction", EXPORT_EVENT, EVENT_REACTION},
        {"export", EXPORT_HEAD, 0},
        {"user", EXPORT_USER, 0},
        {"room", EXPORT_ROOM, 0},
        {"read", EXPORT_READ, 0},
        {"joined", EXPORT_JOINED, 0},
        {"end", EXPORT_END, 0},
    };
    const char *type = json_string_value(json_object_get(reading->object, "type"));
    for (size_t index = 0; type != NULL && index < sizeof types / sizeof *types; index++) {
        if (strcmp(type, types[index].name) != 0)
            continue;
        line->kind = types[index].kind;
        if (line->kind == EXPORT_EVENT)
            read_event(reading, types[index].event, line);
        else
            read_rest(reading, line->kind, line);
        return;
    }
    say(reading, "its \"%s\" is none that is known here", "type");
}

bool export_line_decode(struct view text, struct export_line *out_line, char out_fault[EXPORT_FAULT_BYTES])
{
    char words[JSON_FAULT_BYTES];
    out_fault[0] = '\0';
    *out_line = (struct export_line){.json = json_read_object(text, words)};
    if (out_line->json == NULL) {
        (void)snprintf(out_fault, EXPORT_FAULT_BYTES, "%s", words); /* cut where it is long */
        return false;
    }
    builder_init(&out_line->ids, SIZE_MAX);
    struct reading reading = {out_line->json, out_fault};
    read_line(&reading, out_line);
    bool is_right = out_fault[0] == '\0' && builder_ok(&out_line->ids);
    if (!is_right)
        export_line_done(out_line);
    return is_right;
}

void export_line_done(struct export_line *line)
{
    json_decref(line->json);
    builder_done(&line->ids);
    line->json = NULL;
}
