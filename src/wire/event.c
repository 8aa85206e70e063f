/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/event.h"

#include "wire/json.h"

/* A frame is written field by field; the first one is always its type. */
static void begin(struct builder *out, const char *type)
{
    builder_add_string(out, "{\"type\":\"");
    builder_add_string(out, type);
    builder_add_byte(out, '"');
}

static void end(struct builder *out)
{
    builder_add_byte(out, '}');
}

static void name(struct builder *out, const char *field)
{
    builder_add_string(out, ",\"");
    builder_add_string(out, field);
    builder_add_string(out, "\":");
}

static void add_text(struct builder *out, const char *field, struct view text)
{
    name(out, field);
    json_add_string(out, text);
}

static void add_text_if(struct builder *out, const char *field, struct view text)
{
    if (text.size > 0)
        add_text(out, field, text);
}

static void add_number(struct builder *out, const char *field, uint64_t number)
{
    name(out, field);
    builder_add_number(out, number);
}

static void add_time(struct builder *out, const char *field, int64_t at_ms)
{
    name(out, field);
    builder_add_signed(out, at_ms);
}

static void add_bool(struct builder *out, const char *field, bool value)
{
    name(out, field);
    builder_add_string(out, value ? "true" : "false");
}

static void add_user_value(struct builder *out, const struct user_view *user)
{
    builder_add_string(out, "{\"id\":");
    json_add_string(out, user->id);
    builder_add_string(out, ",\"name\":");
    json_add_string(out, user->name);
    builder_add_byte(out, '}');
}

static void add_user(struct builder *out, const char *field, const struct user_view *user)
{
    name(out, field);
    add_user_value(out, user);
}

void users_encode(struct builder *out, const struct user_view *users, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            builder_add_byte(out, ',');
        add_user_value(out, &users[i]);
    }
}

static void add_users(struct builder *out, const char *field, const struct user_view *users, size_t count)
{
    name(out, field);
    builder_add_byte(out, '[');
    users_encode(out, users, count);
    builder_add_byte(out, ']');
}

/* `objects` are JSON already, joined by commas. */
static void add_array(struct builder *out, const char *field, struct view objects)
{
    name(out, field);
    builder_add_byte(out, '[');
    builder_add_view(out, objects);
    builder_add_byte(out, ']');
}

static const char *event_type(enum event_kind kind)
{
    switch (kind) {
    case EVENT_MESSAGE: return "message";
    case EVENT_EDITED: return "edited";
    case EVENT_DELETED: return "deleted";
    case EVENT_REACTION: return "reaction";
    }
    return "message";
}

static void add_mentions(struct builder *out, struct view ids)
{
    name(out, "mentions");
    for (size_t at = 0; at + EVENT_MENTION_BYTES <= ids.size; at += EVENT_MENTION_BYTES) {
        builder_add_byte(out, at > 0 ? ',' : '[');
        json_add_string(out, view_of(ids.at + at, EVENT_MENTION_BYTES));
    }
    builder_add_byte(out, ']');
}

void event_encode(struct builder *out, struct view room, const struct event *event)
{
    begin(out, event_type(event->kind));
    add_text(out, "room", room);
    add_number(out, "seq", event->seq);
    add_time(out, "at", event->at_ms);
    add_user(out, "user", &event->user);
    if (event->kind != EVENT_MESSAGE)
        add_number(out, "target", event->target);
    if (event->kind == EVENT_MESSAGE || event->kind == EVENT_EDITED)
        add_text(out, "text", event->text);
    if (event->kind == EVENT_REACTION) {
        add_text(out, "emoji", event->text);
        add_bool(out, "on", event->is_on);
    }
    add_text(out, "key", event->key);
    if (event->reply_to > 0)
        add_number(out, "reply_to", event->reply_to);
    if (event->mentions.size >= EVENT_MENTION_BYTES)
        add_mentions(out, event->mentions);
    if (event->is_deleted)
        add_bool(out, "deleted", true);
    end(out);
}

void welcome_encode(struct builder *out, const struct welcome_frame *frame)
{
    begin(out, "welcome");
    add_text_if(out, "ref", frame->ref);
    add_text(out, "protocol", VIEW("natter.v1"));
    add_text(out, "server", frame->server);
    add_text(out, "connection", frame->connection);
    add_user(out, "user", &frame->user);
    add_text_if(out, "token", frame->token);
    add_number(out, "heartbeat", frame->heartbeat_s);
    name(out, "limits");
    builder_add_string(out, "{\"text_bytes\":");
    builder_add_number(out, frame->text_bytes_max);
    add_number(out, "frame_bytes", frame->frame_bytes_max);
    add_number(out, "history_events", frame->history_events_max);
    add_number(out, "name_characters", frame->name_characters_max);
    add_number(out, "room_characters", frame->room_characters_max);
    builder_add_byte(out, '}');
    end(out);
}

void joined_encode(struct builder *out, const struct joined_frame *frame)
{
    begin(out, "joined");
    add_text_if(out, "ref", frame->ref);
    add_text(out, "room", frame->room);
    add_text(out, "epoch", frame->epoch);
    add_number(out, "seq", frame->seq);
    if (frame->first > 1)
        add_number(out, "first", frame->first);
    add_array(out, "events", frame->events);
    add_bool(out, "truncated", frame->is_truncated);
    add_array(out, "members", frame->members);
    add_number(out, "count", frame->count);
    end(out);
}

void ack_encode(struct builder *out, const struct ack_frame *frame)
{
    begin(out, "ack");
    add_text_if(out, "ref", frame->ref);
    add_text(out, "room", frame->room);
    add_text(out, "key", frame->key);
    add_number(out, "seq", frame->seq);
    add_time(out, "at", frame->at_ms);
    if (frame->is_duplicate)
        add_bool(out, "duplicate", true);
    end(out);
}

void presence_encode(struct builder *out, const struct presence_frame *frame)
{
    begin(out, "presence");
    add_text(out, "room", frame->room);
    add_users(out, "joined", frame->joined, frame->joined_count);
    add_users(out, "left", frame->left, frame->left_count);
    add_number(out, "count", frame->count);
    end(out);
}

void typing_encode(struct builder *out, struct view room, const struct user_view *user)
{
    begin(out, "typing");
    add_text(out, "room", room);
    add_user(out, "user", user);
    end(out);
}

void gap_encode(struct builder *out, struct view room, uint64_t from, uint64_t to)
{
    begin(out, "gap");
    add_text(out, "room", room);
    add_number(out, "from", from);
    add_number(out, "to", to);
    end(out);
}

void digest_encode(struct builder *out, struct view ref, struct view room, uint64_t from, uint64_t to,
                   const uint8_t sha256[32])
{
    begin(out, "digest");
    add_text_if(out, "ref", ref);
    add_text(out, "room", room);
    add_number(out, "from", from);
    add_number(out, "to", to);
    name(out, "sha256");
    builder_add_byte(out, '"');
    builder_add_hex(out, sha256, 32);
    builder_add_byte(out, '"');
    end(out);
}

void history_encode(struct builder *out, const struct history_frame *frame)
{
    begin(out, "history");
    add_text_if(out, "ref", frame->ref);
    add_text(out, "room", frame->room);
    if (frame->first > 1)
        add_number(out, "first", frame->first);
    add_array(out, "events", frame->events);
    add_bool(out, "more", frame->has_more);
    end(out);
}

void members_encode(struct builder *out, struct view ref, struct view room, const struct user_view *members,
                    size_t member_count, uint64_t count, bool is_truncated)
{
    begin(out, "members");
    add_text_if(out, "ref", ref);
    add_text(out, "room", room);
    add_users(out, "members", members, member_count);
    add_number(out, "count", count);
    add_bool(out, "truncated", is_truncated);
    end(out);
}

void rooms_encode(struct builder *out, struct view ref, const struct room_row *rows, size_t row_count,
                  bool is_truncated)
{
    begin(out, "rooms");
    add_text_if(out, "ref", ref);
    name(out, "rooms");
    builder_add_byte(out, '[');
    for (size_t i = 0; i < row_count; i++) {
        builder_add_string(out, i > 0 ? ",{\"room\":" : "{\"room\":");
        json_add_string(out, rows[i].room);
        add_number(out, "seq", rows[i].seq);
        add_number(out, "count", rows[i].count);
        add_bool(out, "joined", rows[i].has_joined);
        builder_add_byte(out, '}');
    }
    builder_add_byte(out, ']');
    add_bool(out, "truncated", is_truncated);
    end(out);
}

void ok_encode(struct builder *out, struct view ref, struct view room, const struct user_view *user)
{
    begin(out, "ok");
    add_text_if(out, "ref", ref);
    add_text_if(out, "room", room);
    if (user)
        add_user(out, "user", user);
    end(out);
}

static void add_unread(struct builder *out, const struct unread_row *row)
{
    add_number(out, "seq", row->seq);
    add_number(out, "read", row->read);
    add_number(out, "unread", row->unread);
    add_number(out, "mentions", row->mentions);
    if (row->users.size > 0)
        add_array(out, "users", row->users);
}

void unread_encode(struct builder *out, const struct unread_row *row)
{
    begin(out, "unread");
    add_text(out, "room", row->room);
    add_unread(out, row);
    end(out);
}

void unread_row_encode(struct builder *out, const struct unread_row *row)
{
    builder_add_string(out, "{\"room\":");
    json_add_string(out, row->room);
    add_unread(out, row);
    end(out);
}

void mine_encode(struct builder *out, struct view ref, struct view rooms, bool is_truncated)
{
    begin(out, "mine");
    add_text_if(out, "ref", ref);
    add_array(out, "rooms", rooms);
    add_bool(out, "truncated", is_truncated);
    end(out);
}

void direct_encode(struct builder *out, struct view ref, struct view room, struct view users)
{
    begin(out, "direct");
    add_text_if(out, "ref", ref);
    add_text(out, "room", room);
    add_array(out, "users", users);
    end(out);
}

void left_encode(struct builder *out, struct view room)
{
    begin(out, "left");
    add_text(out, "room", room);
    end(out);
}

void read_ok_encode(struct builder *out, struct view ref, const struct unread_row *row)
{
    begin(out, "ok");
    add_text_if(out, "ref", ref);
    add_text(out, "room", row->room);
    add_unread(out, row);
    end(out);
}

void pong_encode(struct builder *out, struct view ref, int64_t at_ms)
{
    begin(out, "pong");
    add_text_if(out, "ref", ref);
    add_time(out, "at", at_ms);
    end(out);
}

const char *error_code_text(enum error_code code)
{
    static const char *const texts[ERROR_CODE_COUNT] = {
#define X(symbol, text) [ERROR_##symbol] = text,
        ERROR_CODES(X)
#undef X
    };

    return texts[code];
}

void error_encode(struct builder *out, const struct error_frame *frame)
{
    begin(out, "error");
    add_text_if(out, "ref", frame->ref);
    add_text(out, "code", view_of_string(error_code_text(frame->code)));
    add_text(out, "message", frame->message);
    add_text_if(out, "room", frame->room);
    add_text_if(out, "key", frame->key);
    if (frame->retry_after_ms > 0)
        add_number(out, "retry_after", frame->retry_after_ms);
    end(out);
}

void bye_encode(struct builder *out, struct view reason, uint64_t retry_after_ms, bool can_resume)
{
    begin(out, "bye");
    add_text(out, "reason", reason);
    add_number(out, "retry_after", retry_after_ms);
    add_bool(out, "resume", can_resume);
    end(out);
}
