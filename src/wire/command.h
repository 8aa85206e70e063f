/* SPDX-License-Identifier: Apache-2.0 */
/* A client's command: JSON text to a checked struct. Checks are those of form (types, sizes, ranges); rights and
 * existence are chat's. What each command takes is one table in command.c, docs/protocol.md and its schemas. */
#pragma once

#include <jansson.h>

#include "wire/event.h"
#include "wire/last.h"

/* symbol, type on the wire. One row per command of the protocol. */
#define COMMANDS(X)       \
    X(LOGIN, "login")     \
    X(JOIN, "join")       \
    X(LEAVE, "leave")     \
    X(SEND, "send")       \
    X(EDIT, "edit")       \
    X(DELETE, "delete")   \
    X(REACT, "react")     \
    X(TYPING, "typing")   \
    X(READ, "read")       \
    X(HISTORY, "history") \
    X(WHO, "who")         \
    X(DIGEST, "digest")   \
    X(ROOMS, "rooms")     \
    X(MINE, "mine")       \
    X(DIRECT, "direct")   \
    X(NAME, "name")       \
    X(PING, "ping")

enum command_type {
#define X(symbol, text) COMMAND_##symbol,
    COMMANDS(X)
#undef X
        COMMAND_TYPE_COUNT,
};
const char *command_type_text(enum command_type type);

enum {
    COMMAND_REF_BYTES_MAX = 64,
    COMMAND_KEY_BYTES_MAX = 64,
    COMMAND_EMOJI_BYTES_MAX = 64,
    COMMAND_TOKEN_BYTES_MAX = 512,
    COMMAND_EPOCH_BYTES_MAX = 64,
    COMMAND_USERS_MAX = 64,        /* in a list; chat's own limit is lower */
    COMMAND_NAME_BYTES_MAX = 1024, /* of a room or a user: chat has narrower rules, and better words for them */
};

/* The largest whole number that every JSON reader keeps exactly (RFC 8259 section 6). */
#define COMMAND_NUMBER_MAX (((uint64_t)1 << 53) - 1)

struct command {
    enum command_type type;
    struct view ref; /* empty if none */
    struct view room, text, key, token, emoji, name, epoch;
    uint64_t seq, after, before, from, to, limit, history, reply_to;
    bool has_after, has_before, has_limit, has_history, has_reply_to, has_epoch;
    bool is_on;
    const json_t *last;  /* login, ping: how the last connection ended; last_read() takes it; NULL: not told */
    const json_t *users; /* a list of strings, none empty; the document's */
    json_t *document;    /* owns the views' bytes */
};

/* A refusal: code, one sentence, and the ref to carry back if one could be read (it points into the fault itself). */
struct command_fault {
    enum error_code code;
    char text[256];
    char ref_bytes[COMMAND_REF_BYTES_MAX];
    struct view ref;
};

struct command_limits {
    size_t text_bytes_max;
};

/* True: the command is right and the caller command_done()s it. False: fault is filled, nothing to end. Fields are
 * required as docs/protocol.md has them ("room" everywhere it stands; send: text, key; history: before or after, not
 * both, limit optional, and the default is chat's; join: all but room optional). A missing, mistyped, empty (room, key,
 * text, emoji, name, token, epoch) or oversize field is named in the fault's text; text over the limit:
 * ERROR_TOO_LARGE, no memory: ERROR_INTERNAL, all else ERROR_BAD_REQUEST. Unknown fields are ignored. Integers: 0 to
 * COMMAND_NUMBER_MAX; a boolean, a real or a string in their place is a fault. */
bool command_decode(struct view json, const struct command_limits *limits, struct command *out_command,
                    struct command_fault *out_fault);
/* The same for the form that programs write, a twentieth of the work: one flat object of known names, once each, with
 * strings without escapes, whole numbers, true and false. False: it has another form or is wrong, and command_decode()
 * tells which. `json` is valid UTF-8; the views point into it, and there is nothing to end. */
bool command_decode_flat(struct view json, const struct command_limits *limits, struct command *out_command);
void command_done(struct command *command);
