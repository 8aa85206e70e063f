/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/command.h"

#include <stddef.h>
#include <stdio.h>

#include "wire/json.h"

enum field_type { FIELD_TEXT, FIELD_NUMBER, FIELD_BOOL };

/* Every field that a command can have: name, where it goes, what it must be. */
#define FIELDS(X)                                                                            \
    X(ROOM, "room", FIELD_TEXT, room, 1024, 0)                                               \
    X(TEXT, "text", FIELD_TEXT, text, 0, 0) /* its limit is the caller's */                  \
    X(KEY, "key", FIELD_TEXT, key, COMMAND_KEY_BYTES_MAX, 0)                                 \
    X(TOKEN, "token", FIELD_TEXT, token, COMMAND_TOKEN_BYTES_MAX, 0)                         \
    X(EMOJI, "emoji", FIELD_TEXT, emoji, COMMAND_EMOJI_BYTES_MAX, 0)                         \
    X(NAME, "name", FIELD_TEXT, name, 1024, 0)                                               \
    X(EPOCH, "epoch", FIELD_TEXT, epoch, 64, offsetof(struct command, has_epoch))            \
    X(SEQ, "seq", FIELD_NUMBER, seq, 0, 0)                                                   \
    X(AFTER, "after", FIELD_NUMBER, after, 0, offsetof(struct command, has_after))           \
    X(BEFORE, "before", FIELD_NUMBER, before, 0, offsetof(struct command, has_before))       \
    X(FROM, "from", FIELD_NUMBER, from, 0, 0)                                                \
    X(TO, "to", FIELD_NUMBER, to, 0, 0)                                                      \
    X(LIMIT, "limit", FIELD_NUMBER, limit, 0, offsetof(struct command, has_limit))           \
    X(HISTORY, "history", FIELD_NUMBER, history, 0, offsetof(struct command, has_history))   \
    X(REPLY_TO, "reply_to", FIELD_NUMBER, reply_to, 0, offsetof(struct command, has_reply_to)) \
    X(ON, "on", FIELD_BOOL, is_on, 0, 0)

enum field {
#define X(symbol, name, type, member, bytes_max, has) FIELD_##symbol##_INDEX,
    FIELDS(X)
#undef X
    FIELD_COUNT,
};

struct field_row {
    const char *name;
    enum field_type type;
    size_t offset;
    size_t bytes_max;
    size_t has_offset; /* 0: no flag */
};

static const struct field_row fields[FIELD_COUNT] = {
#define X(symbol, name, type, member, bytes_max, has) {name, type, offsetof(struct command, member), bytes_max, has},
    FIELDS(X)
#undef X
};

#define NEEDS(symbol) (1u << FIELD_##symbol##_INDEX)

struct shape {
    const char *type;
    uint32_t required;
    uint32_t optional;
};

static const struct shape shapes[COMMAND_TYPE_COUNT] = {
    [COMMAND_LOGIN] = {"login", NEEDS(TOKEN), 0},
    [COMMAND_JOIN] = {"join", NEEDS(ROOM), NEEDS(AFTER) | NEEDS(EPOCH) | NEEDS(HISTORY)},
    [COMMAND_LEAVE] = {"leave", NEEDS(ROOM), 0},
    [COMMAND_SEND] = {"send", NEEDS(ROOM) | NEEDS(TEXT) | NEEDS(KEY), NEEDS(REPLY_TO)},
    [COMMAND_EDIT] = {"edit", NEEDS(ROOM) | NEEDS(SEQ) | NEEDS(TEXT) | NEEDS(KEY), 0},
    [COMMAND_DELETE] = {"delete", NEEDS(ROOM) | NEEDS(SEQ) | NEEDS(KEY), 0},
    [COMMAND_REACT] = {"react", NEEDS(ROOM) | NEEDS(SEQ) | NEEDS(EMOJI) | NEEDS(ON) | NEEDS(KEY), 0},
    [COMMAND_TYPING] = {"typing", NEEDS(ROOM), 0},
    [COMMAND_READ] = {"read", NEEDS(ROOM) | NEEDS(SEQ), 0},
    [COMMAND_HISTORY] = {"history", NEEDS(ROOM), NEEDS(BEFORE) | NEEDS(AFTER) | NEEDS(LIMIT)},
    [COMMAND_WHO] = {"who", NEEDS(ROOM), 0},
    [COMMAND_DIGEST] = {"digest", NEEDS(ROOM) | NEEDS(FROM) | NEEDS(TO), 0},
    [COMMAND_ROOMS] = {"rooms", 0, 0},
    [COMMAND_NAME] = {"name", NEEDS(NAME), 0},
    [COMMAND_PING] = {"ping", 0, 0},
};

const char *command_type_text(enum command_type type)
{
    return shapes[type].type;
}

static bool bad(struct command_fault *fault, enum error_code code)
{
    fault->code = code;
    return false;
}

static struct view string_view(const json_t *value)
{
    return view_of(json_string_value(value), json_string_length(value));
}

static bool read_text(const struct field_row *field, const json_t *value, size_t bytes_max, struct view *out, struct command_fault *fault)
{
    if (!json_is_string(value)) {
        (void)snprintf(fault->text, sizeof fault->text, "\"%s\" must be a string.", field->name);
        return bad(fault, ERROR_BAD_REQUEST);
    }
    *out = string_view(value);
    if (out->size == 0) {
        (void)snprintf(fault->text, sizeof fault->text, "\"%s\" must not be empty.", field->name);
        return bad(fault, ERROR_BAD_REQUEST);
    }
    if (out->size > bytes_max) {
        bool is_text = field == &fields[FIELD_TEXT_INDEX];
        (void)snprintf(fault->text, sizeof fault->text, "\"%s\" is too long: %zu bytes, at most %zu are taken. Send less.", field->name, out->size,
                       bytes_max);
        return bad(fault, is_text ? ERROR_TOO_LARGE : ERROR_BAD_REQUEST);
    }
    return true;
}

static bool read_number(const struct field_row *field, const json_t *value, uint64_t *out, struct command_fault *fault)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || number > (json_int_t)1 << 53) {
        (void)snprintf(fault->text, sizeof fault->text, "\"%s\" must be a whole number from 0 to 9007199254740991.", field->name);
        return bad(fault, ERROR_BAD_REQUEST);
    }
    *out = (uint64_t)number;
    return true;
}

static bool read_field(const struct field_row *field, const json_t *value, const struct command_limits *limits, struct command *command,
                       struct command_fault *fault)
{
    uint8_t *target = (uint8_t *)command + field->offset;
    size_t bytes_max = field->bytes_max ? field->bytes_max : limits->text_bytes_max;

    if (field->has_offset)
        *(bool *)((uint8_t *)command + field->has_offset) = true;
    switch (field->type) {
    case FIELD_TEXT:
        return read_text(field, value, bytes_max, (struct view *)(void *)target, fault);
    case FIELD_NUMBER:
        return read_number(field, value, (uint64_t *)(void *)target, fault);
    case FIELD_BOOL:
        if (!json_is_boolean(value)) {
            (void)snprintf(fault->text, sizeof fault->text, "\"%s\" must be true or false.", field->name);
            return bad(fault, ERROR_BAD_REQUEST);
        }
        *(bool *)target = json_is_true(value);
        return true;
    }
    return false;
}

static bool read_fields(const struct shape *shape, const struct command_limits *limits, struct command *command, struct command_fault *fault)
{
    for (size_t i = 0; i < FIELD_COUNT; i++) {
        if (!((shape->required | shape->optional) & (1u << i)))
            continue;
        const json_t *value = json_object_get(command->document, fields[i].name);
        if (value && !read_field(&fields[i], value, limits, command, fault))
            return false;
        if (!value && (shape->required & (1u << i))) {
            (void)snprintf(fault->text, sizeof fault->text, "\"%s\" needs \"%s\". Add it.", shape->type, fields[i].name);
            return bad(fault, ERROR_BAD_REQUEST);
        }
    }
    if (command->type == COMMAND_HISTORY && command->has_before == command->has_after) {
        (void)snprintf(fault->text, sizeof fault->text, "\"history\" needs \"before\" or \"after\", one of the two.");
        return bad(fault, ERROR_BAD_REQUEST);
    }
    return true;
}

/* The ref is carried back even where the rest is wrong. */
static bool read_ref(struct command *command, struct command_fault *fault)
{
    const json_t *value = json_object_get(command->document, "ref");

    if (!value)
        return true;
    if (!json_is_string(value) || json_string_length(value) > COMMAND_REF_BYTES_MAX) {
        (void)snprintf(fault->text, sizeof fault->text, "\"ref\" must be a string of at most %d bytes.", COMMAND_REF_BYTES_MAX);
        return bad(fault, ERROR_BAD_REQUEST);
    }
    command->ref = string_view(value);
    memcpy(fault->ref_bytes, command->ref.at, command->ref.size);
    fault->ref = view_of(fault->ref_bytes, command->ref.size);
    return true;
}

static bool read_type(struct command *command, struct command_fault *fault)
{
    const json_t *value = json_object_get(command->document, "type");

    if (!json_is_string(value)) {
        (void)snprintf(fault->text, sizeof fault->text, "A frame needs \"type\", a string such as \"join\" or \"send\".");
        return bad(fault, ERROR_BAD_REQUEST);
    }
    for (size_t i = 0; i < COMMAND_TYPE_COUNT; i++) {
        if (view_equal(string_view(value), view_of_string(shapes[i].type))) {
            command->type = (enum command_type)i;
            return true;
        }
    }
    (void)snprintf(fault->text, sizeof fault->text,
                   "This type is unknown. There are login, join, leave, send, edit, delete, react, typing, read, history, who, digest, rooms, name, ping.");
    return bad(fault, ERROR_BAD_REQUEST);
}

bool command_decode(struct view json, const struct command_limits *limits, struct command *out_command, struct command_fault *out_fault)
{
    char text[128];

    *out_command = (struct command){0};
    out_fault->ref = (struct view){NULL, 0};
    out_command->document = json_read_object(json, text);
    if (!out_command->document) {
        (void)snprintf(out_fault->text, sizeof out_fault->text, "%s", text);
        return bad(out_fault, ERROR_BAD_REQUEST);
    }
    if (read_ref(out_command, out_fault) && read_type(out_command, out_fault)
        && read_fields(&shapes[out_command->type], limits, out_command, out_fault))
        return true;
    command_done(out_command);
    return false;
}

void command_done(struct command *command)
{
    if (command->document)
        json_decref(command->document);
    command->document = NULL;
}
