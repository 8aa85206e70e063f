/* SPDX-License-Identifier: Apache-2.0 */
/* Events of a room's log, and every frame that the server sends, as JSON text. Encoders append the JSON object only;
 * the WebSocket header around it is its sender's. All text must be valid UTF-8. */
#pragma once

#include "base/builder.h"
#include "base/view.h"

enum event_kind {
    EVENT_MESSAGE = 1,
    EVENT_EDITED = 2,
    EVENT_DELETED = 3,
    EVENT_REACTION = 4,
};

/* A user's id as it stands in a list of mentions: always of this size. */
enum { EVENT_MENTION_BYTES = 26 };

struct user_view {
    struct view id;
    struct view name;
};

/* One entry of a room's log. Which views are used depends on the kind; unused ones are empty. */
struct event {
    enum event_kind kind;
    bool is_deleted; /* a message whose text was removed later */
    bool is_on;      /* reaction: set or taken back */
    uint64_t seq;
    int64_t at_ms;
    struct user_view user;
    struct view key;      /* the client's id of this intention, 1 to 64 bytes */
    struct view text;     /* message, edited: the text; reaction: the emoji */
    uint64_t target;      /* edited, deleted, reaction: the seq it is about; 0 otherwise */
    uint64_t reply_to;    /* message: a seq, or 0 */
    uint64_t ordinal;     /* the room's messages up to this event, itself included; not on the wire */
    struct view mentions; /* message, edited: ids of those whom the text names, without anything between them */
};

/* {"type":"message","room":…,"seq":…,"at":…,"user":{"id":…,"name":…},"text":…,"key":…[,"reply_to":…][,"mentions":[…]]
 * [,"deleted":true]}
 * and the like for the other kinds ("key" is carried by all kinds; docs/protocol.md, "Events"). */
void event_encode(struct builder *out, struct view room, const struct event *event);

struct welcome_frame {
    struct view ref;    /* empty where there was none: in all frames below as well */
    struct view server; /* "natter/0.1.0" */
    struct view connection;
    struct user_view user;
    struct view token;
    uint32_t heartbeat_s;
    uint64_t text_bytes_max, frame_bytes_max, history_events_max, name_characters_max, room_characters_max;
};
void welcome_encode(struct builder *out, const struct welcome_frame *frame);

/* Their objects, joined by commas, without the brackets. */
void users_encode(struct builder *out, const struct user_view *users, size_t count);

/* joined and history carry events that are JSON already: `events` is their texts joined by commas, without the
 * brackets. */
struct joined_frame {
    struct view ref, room, epoch;
    uint64_t seq;
    uint64_t first; /* the oldest event that there still is; told where it is above 1 */
    struct view events;
    bool is_truncated;
    struct view members; /* at most the first 100, as users_encode() writes them */
    uint64_t count;
};
void joined_encode(struct builder *out, const struct joined_frame *frame);

struct ack_frame {
    struct view ref, room, key;
    uint64_t seq;
    int64_t at_ms;
    bool is_duplicate;
};
void ack_encode(struct builder *out, const struct ack_frame *frame);

struct presence_frame {
    struct view room;
    const struct user_view *joined;
    size_t joined_count;
    const struct user_view *left;
    size_t left_count;
    uint64_t count;
};
void presence_encode(struct builder *out, const struct presence_frame *frame);

void typing_encode(struct builder *out, struct view room, const struct user_view *user);
void gap_encode(struct builder *out, struct view room, uint64_t from, uint64_t to);
void digest_encode(struct builder *out, struct view ref, struct view room, uint64_t from, uint64_t to,
                   const uint8_t sha256[32]);
struct history_frame {
    struct view ref, room;
    uint64_t first; /* as above */
    struct view events;
    bool has_more;
};
void history_encode(struct builder *out, const struct history_frame *frame);
void members_encode(struct builder *out, struct view ref, struct view room, const struct user_view *members,
                    size_t member_count, uint64_t count, bool is_truncated);

struct room_row {
    struct view room;
    uint64_t seq;
    uint64_t count;
    bool has_joined;
};
void rooms_encode(struct builder *out, struct view ref, const struct room_row *rows, size_t row_count,
                  bool is_truncated);
/* What waits for a user in a room. */
struct unread_row {
    struct view room;
    uint64_t seq; /* the newest */
    uint64_t read, unread, mentions;
    struct view users; /* of a direct room: their objects, as users_encode() writes them; else empty */
};
/* {"type":"unread","room":…,"seq":…,"read":…,"unread":…,"mentions":…}: told unasked. */
void unread_encode(struct builder *out, const struct unread_row *row);
/* The same without its type, as an entry of `mine`. */
void unread_row_encode(struct builder *out, const struct unread_row *row);
/* `rooms`: texts of unread_row_encode(), joined by commas. */
void mine_encode(struct builder *out, struct view ref, struct view rooms, bool is_truncated);
/* {"type":"direct",["ref":…,]"room":…,"users":[…]}: the answer to the command, and told unasked. */
void direct_encode(struct builder *out, struct view ref, struct view room, struct view users);
void left_encode(struct builder *out, struct view room);
/* The answer to `read`: {"type":"ok","ref":…,"room":…,"seq":…,"read":…,"unread":…,"mentions":…} */
void read_ok_encode(struct builder *out, struct view ref, const struct unread_row *row);
/* `user` may be NULL: {"type":"ok","ref":…[,"room":…][,"user":{…}]}; an empty room is left out. */
void ok_encode(struct builder *out, struct view ref, struct view room, const struct user_view *user);
void pong_encode(struct builder *out, struct view ref, int64_t at_ms);

/* The protocol's error codes: symbol, text on the wire. */
#define ERROR_CODES(X)              \
    X(BAD_REQUEST, "bad_request")   \
    X(UNAUTHORIZED, "unauthorized") \
    X(FORBIDDEN, "forbidden")       \
    X(NOT_FOUND, "not_found")       \
    X(CONFLICT, "conflict")         \
    X(TOO_LARGE, "too_large")       \
    X(RATE_LIMITED, "rate_limited") \
    X(BUSY, "busy")                 \
    X(INTERNAL, "internal")

enum error_code {
#define X(symbol, text) ERROR_##symbol,
    ERROR_CODES(X)
#undef X
        ERROR_CODE_COUNT,
};
const char *error_code_text(enum error_code code);

struct error_frame {
    struct view ref;
    enum error_code code;
    struct view message;     /* what is wrong and what to do */
    struct view room;        /* empty, or the room it is about */
    struct view key;         /* empty, or the key of the refused send */
    uint64_t retry_after_ms; /* 0: none */
};
void error_encode(struct builder *out, const struct error_frame *frame);
void bye_encode(struct builder *out, struct view reason, uint64_t retry_after_ms, bool can_resume);
