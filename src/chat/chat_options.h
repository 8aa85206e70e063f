/* SPDX-License-Identifier: Apache-2.0 */
/* What the chat can be told. Filled in by serve/config. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CHAT_ORIGINS_MAX = 32 };

/* Token buckets: classes of commands, each with a rate and a burst, per connection; and a total per address. */
#define RATE_CLASSES(X)                                         \
    X(SEND, "send")     /* send, edit, delete, react */         \
    X(JOIN, "join")     /* join, leave, login, name */          \
    X(READ, "read")     /* history, who, digest, rooms, read */ \
    X(SIGNAL, "signal") /* typing, ping */
enum rate_class {
#define X(symbol, label) RATE_##symbol,
    RATE_CLASSES(X)
#undef X
        RATE_CLASS_COUNT,
};

struct chat_rate_option {
    double per_second;
    uint32_t burst;
};

struct chat_options {
    const char *default_room; /* for walk-ins */
    bool may_make_rooms;      /* a first join makes the room */
    bool has_guests;          /* connections without identity are let in */
    size_t rooms_live_max;    /* rooms with members at the same time */
    size_t rooms_per_connection_max;
    size_t rooms_per_user_max;     /* that the server remembers for a user */
    size_t text_bytes_max;         /* of a message */
    size_t direct_users_max;       /* of a direct room; below 2 there are none */
    size_t mentions_max;           /* users that one message names; further ones are only text */
    size_t history_events_max;     /* of one page or replay */
    size_t history_bytes_max;      /* of one page or replay */
    uint32_t presence_lease_ms;    /* a user stays shown that long after the last connection ended */
    uint32_t presence_interval_ms; /* between two presence frames of a room: 200 ms are 5 a second */
    uint32_t presence_names_max;   /* in larger rooms presence carries counts only */
    uint32_t typing_interval_ms;   /* a user's typing is told at most that often */
    uint32_t token_days;           /* how long a guest's token is good without being used */
    bool has_limits;               /* false: no rate limits (for measuring programs) */
    struct chat_rate_option rates[RATE_CLASS_COUNT];
    struct chat_rate_option address_rate; /* all commands of an address together, per shard */
    uint32_t rate_warnings_max;           /* refusals in a row that are still answered; then 1008 */
    const char *
        origins[CHAT_ORIGINS_MAX]; /* allowed besides the server's own, such as "https://example.org"; "*" allows any */
    size_t origin_count;
    const char
        *public_origin;     /* of the public address, "https://chat.example.org": is our own as well; NULL: not told */
    const char *base_path;  /* "/chat", or "": where cookies belong to */
    size_t frame_bytes_max; /* of a WebSocket message: told in welcome; net has the limit itself */
    uint32_t heartbeat_s;   /* told in welcome */
    size_t reports_max;     /* of how connections ended, told by clients that came back; each shard keeps so many */
};
