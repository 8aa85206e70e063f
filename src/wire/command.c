/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/command.h"

#include <assert.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include "wire/json.h"

enum field_type { FIELD_STRING, FIELD_NUMBER, FIELD_BOOL, FIELD_LIST };

/* Every field that a command can have: symbol, name on the wire, type, the member it goes to, its bytes at most (0: the
 * caller's limit for text). Optional ones also have a member has_…, by which their absence is told from a zero. */
#define FIELDS(X, OPTIONAL)                                          \
    X(ROOM, "room", STRING, room, COMMAND_NAME_BYTES_MAX)            \
    X(TEXT, "text", STRING, text, 0)                                 \
    X(KEY, "key", STRING, key, COMMAND_KEY_BYTES_MAX)                \
    X(TOKEN, "token", STRING, token, COMMAND_TOKEN_BYTES_MAX)        \
    X(EMOJI, "emoji", STRING, emoji, COMMAND_EMOJI_BYTES_MAX)        \
    X(NAME, "name", STRING, name, COMMAND_NAME_BYTES_MAX)            \
    X(SEQ, "seq", NUMBER, seq, 0)                                    \
    X(FROM, "from", NUMBER, from, 0)                                 \
    X(TO, "to", NUMBER, to, 0)                                       \
    X(ON, "on", BOOL, is_on, 0)                                      \
    X(USERS, "users", LIST, users, COMMAND_KEY_BYTES_MAX)            \
    OPTIONAL(EPOCH, "epoch", STRING, epoch, COMMAND_EPOCH_BYTES_MAX) \
    OPTIONAL(AFTER, "after", NUMBER, after, 0)                       \
    OPTIONAL(BEFORE, "before", NUMBER, before, 0)                    \
    OPTIONAL(LIMIT, "limit", NUMBER, limit, 0)                       \
    OPTIONAL(HISTORY, "history", NUMBER, history, 0)                 \
    OPTIONAL(REPLY_TO, "reply_to", NUMBER, reply_to, 0)

enum field_index {
#define X(symbol, name, type, member, bytes_max) INDEX_##symbol,
    FIELDS(X, X)
#undef X
        FIELD_COUNT,
};

struct field {
    const char *name;
    enum field_type type;
    size_t offset;
    size_t has_offset; /* 0, which is the type's: none */
    size_t bytes_max;
};

static const struct field fields[FIELD_COUNT] = {
#define X(symbol, name, type, member, bytes_max) {name, FIELD_##type, offsetof(struct command, member), 0, bytes_max},
#define OPTIONAL(symbol, name, type, member, bytes_max) \
    {name, FIELD_##type, offsetof(struct command, member), offsetof(struct command, has_##member), bytes_max},
    FIELDS(X, OPTIONAL)
#undef OPTIONAL
#undef X
};

static_assert(offsetof(struct command, type) == 0 && FIELD_COUNT <= 32, "0 is no has_offset; a field is a bit");

#define BIT(symbol) (1u << INDEX_##symbol)

/* Which command takes which fields. */
static const struct shape {
    uint32_t required;
    uint32_t optional;
} shapes[COMMAND_TYPE_COUNT] = {
    [COMMAND_LOGIN] = {BIT(TOKEN), 0},
    [COMMAND_JOIN] = {BIT(ROOM), BIT(AFTER) | BIT(EPOCH) | BIT(HISTORY)},
    [COMMAND_LEAVE] = {BIT(ROOM), 0},
    [COMMAND_SEND] = {BIT(ROOM) | BIT(TEXT) | BIT(KEY), BIT(REPLY_TO)},
    [COMMAND_EDIT] = {BIT(ROOM) | BIT(SEQ) | BIT(TEXT) | BIT(KEY), 0},
    [COMMAND_DELETE] = {BIT(ROOM) | BIT(SEQ) | BIT(KEY), 0},
    [COMMAND_REACT] = {BIT(ROOM) | BIT(SEQ) | BIT(EMOJI) | BIT(ON) | BIT(KEY), 0},
    [COMMAND_TYPING] = {BIT(ROOM), 0},
    [COMMAND_READ] = {BIT(ROOM) | BIT(SEQ), 0},
    [COMMAND_HISTORY] = {BIT(ROOM), BIT(BEFORE) | BIT(AFTER) | BIT(LIMIT)},
    [COMMAND_WHO] = {BIT(ROOM), 0},
    [COMMAND_DIGEST] = {BIT(ROOM) | BIT(FROM) | BIT(TO), 0},
    [COMMAND_ROOMS] = {0, 0},
    [COMMAND_MINE] = {0, 0},
    [COMMAND_DIRECT] = {BIT(USERS), 0},
    [COMMAND_NAME] = {BIT(NAME), 0},
    [COMMAND_PING] = {0, 0},
};

static const char *const types[COMMAND_TYPE_COUNT] = {
#define X(symbol, text) [COMMAND_##symbol] = text,
    COMMANDS(X)
#undef X
};

const char *command_type_text(enum command_type type)
{
    return types[type];
}

/* ---- the common form, without a document ---- */

enum { INDEX_TYPE = FIELD_COUNT, INDEX_REF, FLAT_NAMES, NUMBER_DIGITS_MAX = 16 };

struct flat_value {
    enum field_type type;
    struct view string;
    uint64_t number; /* of a boolean: 0, 1 */
};

struct flat {
    const uint8_t *at, *end;
    uint32_t seen; /* a bit for each name */
    struct flat_value values[FLAT_NAMES];
};

static_assert(FLAT_NAMES <= 32, "a name is a bit");

static const struct flat_name {
    const char *at;
    size_t size;
} flat_names[FLAT_NAMES] = {
#define X(symbol, name, type, member, bytes_max) [INDEX_##symbol] = {name, sizeof name - 1},
    FIELDS(X, X)
#undef X
        [INDEX_TYPE] = {"type", 4},
    [INDEX_REF] = {"ref", 3},
};

static void flat_space(struct flat *flat)
{
    while (flat->at < flat->end && (*flat->at == ' ' || *flat->at == '\t' || *flat->at == '\n' || *flat->at == '\r'))
        flat->at++;
}

static bool flat_byte(struct flat *flat, uint8_t byte)
{
    flat_space(flat);
    if (flat->at == flat->end || *flat->at != byte)
        return false;
    flat->at++;
    return true;
}

static bool flat_string(struct flat *flat, struct view *out)
{
    if (!flat_byte(flat, '"'))
        return false;
    const uint8_t *start = flat->at;
    flat->at += json_plain_size(flat->at, (size_t)(flat->end - flat->at), '"');
    for (; flat->at < flat->end && *flat->at != '"'; flat->at++)
        if (*flat->at < 0x20 || *flat->at == '\\')
            return false;
    if (flat->at == flat->end)
        return false;
    *out = view_of(start, (size_t)(flat->at - start));
    flat->at++;
    return true;
}

static bool flat_word(struct flat *flat, struct view word)
{
    if ((size_t)(flat->end - flat->at) < word.size || memcmp(flat->at, word.at, word.size) != 0)
        return false;
    flat->at += word.size;
    return true;
}

static bool flat_number(struct flat *flat, uint64_t *out)
{
    const uint8_t *start = flat->at;
    for (*out = 0; flat->at < flat->end && *flat->at >= '0' && *flat->at <= '9'; flat->at++) {
        if (flat->at - start == NUMBER_DIGITS_MAX)
            return false;
        *out = *out * 10 + (uint64_t)(*flat->at - '0');
    }
    size_t digits = (size_t)(flat->at - start);
    return digits > 0 && (digits == 1 || *start != '0') && *out <= COMMAND_NUMBER_MAX;
}

static bool flat_value(struct flat *flat, struct flat_value *out)
{
    flat_space(flat);
    if (flat->at == flat->end)
        return false;
    switch (*flat->at) {
    case '"': out->type = FIELD_STRING; return flat_string(flat, &out->string);
    case 't':
    case 'f':
        out->type = FIELD_BOOL;
        out->number = *flat->at == 't';
        return flat_word(flat, out->number ? VIEW("true") : VIEW("false"));
    default: out->type = FIELD_NUMBER; return flat_number(flat, &out->number);
    }
}

static bool flat_member(struct flat *flat)
{
    struct view name;

    if (!flat_string(flat, &name) || !flat_byte(flat, ':'))
        return false;
    for (size_t index = 0; index < FLAT_NAMES; index++) {
        if (name.size != flat_names[index].size || memcmp(name.at, flat_names[index].at, name.size) != 0)
            continue;
        if (flat->seen & 1u << index)
            return false;
        flat->seen |= 1u << index;
        return flat_value(flat, &flat->values[index]);
    }
    return false;
}

static bool flat_read(struct flat *flat)
{
    if (!flat_byte(flat, '{'))
        return false;
    do {
        if (!flat_member(flat))
            return false;
    } while (flat_byte(flat, ','));
    if (!flat_byte(flat, '}'))
        return false;
    flat_space(flat);
    return flat->at == flat->end;
}

static bool flat_type(const struct flat *flat, enum command_type *out_type)
{
    const struct flat_value *value = &flat->values[INDEX_TYPE];

    if (!(flat->seen & 1u << INDEX_TYPE) || value->type != FIELD_STRING)
        return false;
    for (size_t i = 0; i < COMMAND_TYPE_COUNT; i++) {
        if (view_equal(value->string, view_of_string(types[i]))) {
            *out_type = (enum command_type)i;
            return true;
        }
    }
    return false;
}

static bool flat_set(const struct flat_value *value, const struct field *field, const struct command_limits *limits,
                     struct command *command)
{
    uint8_t *start = (uint8_t *)command;
    size_t bytes_max = field->bytes_max > 0 ? field->bytes_max : limits->text_bytes_max;

    if (value->type != field->type)
        return false;
    if (field->has_offset > 0)
        *(bool *)(start + field->has_offset) = true;
    switch (field->type) {
    case FIELD_STRING: *(struct view *)(start + field->offset) = value->string; break;
    case FIELD_NUMBER: *(uint64_t *)(start + field->offset) = value->number; return true;
    case FIELD_BOOL: *(bool *)(start + field->offset) = value->number != 0; return true;
    case FIELD_LIST: return false; /* is never read in this form */
    }
    return value->string.size > 0 && value->string.size <= bytes_max;
}

static bool flat_ref(const struct flat *flat, struct command *command)
{
    const struct flat_value *value = &flat->values[INDEX_REF];

    if (!(flat->seen & 1u << INDEX_REF))
        return true;
    command->ref = value->string;
    return value->type == FIELD_STRING && value->string.size <= COMMAND_REF_BYTES_MAX;
}

bool command_decode_flat(struct view json, const struct command_limits *limits, struct command *out_command)
{
    struct flat flat;

    flat.at = json.at;
    flat.end = json.at + json.size;
    flat.seen = 0;
    *out_command = (struct command){0};
    if (!flat_read(&flat) || !flat_type(&flat, &out_command->type) || !flat_ref(&flat, out_command))
        return false;
    const struct shape *shape = &shapes[out_command->type];
    if ((shape->required & ~flat.seen) != 0)
        return false;
    for (uint32_t left = (shape->required | shape->optional) & flat.seen; left != 0; left &= left - 1) {
        int index = __builtin_ctz(left);
        if (!flat_set(&flat.values[index], &fields[index], limits, out_command))
            return false;
    }
    return out_command->type != COMMAND_HISTORY || out_command->has_before != out_command->has_after;
}

/* ---- any form ---- */

/* Always false: what the caller returns. */
static bool refuse(struct command_fault *fault, enum error_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool refuse(struct command_fault *fault, enum error_code code, const char *format, ...)
{
    va_list arguments;

    fault->code = code;
    va_start(arguments, format);
    (void)vsnprintf(fault->text, sizeof fault->text, format, arguments);
    va_end(arguments);
    return false;
}

static struct view string_view(const json_t *value)
{
    return view_of(json_string_value(value), json_string_length(value));
}

static bool read_string(const struct field *field, const json_t *value, size_t bytes_max, struct view *out,
                        struct command_fault *fault)
{
    if (!json_is_string(value))
        return refuse(fault, ERROR_BAD_REQUEST, "\"%s\" must be a string; put it in quotes.", field->name);
    struct view string = string_view(value);
    if (string.size == 0)
        return refuse(fault, ERROR_BAD_REQUEST, "\"%s\" must not be empty; give it at least one character.",
                      field->name);
    if (string.size > bytes_max)
        return refuse(fault, field == &fields[INDEX_TEXT] ? ERROR_TOO_LARGE : ERROR_BAD_REQUEST,
                      "\"%s\" has %zu bytes, and at most %zu are taken; shorten it.", field->name, string.size,
                      bytes_max);
    *out = string;
    return true;
}

static bool read_number(const struct field *field, const json_t *value, uint64_t *out, struct command_fault *fault)
{
    json_int_t number = json_integer_value(value);

    if (!json_is_integer(value) || number < 0 || (uint64_t)number > COMMAND_NUMBER_MAX)
        return refuse(fault, ERROR_BAD_REQUEST,
                      "\"%s\" must be a whole number from 0 to 9007199254740991, without quotes, point or exponent.",
                      field->name);
    *out = (uint64_t)number;
    return true;
}

static bool read_bool(const struct field *field, const json_t *value, bool *out, struct command_fault *fault)
{
    if (!json_is_boolean(value))
        return refuse(fault, ERROR_BAD_REQUEST, "\"%s\" must be true or false, without quotes.", field->name);
    *out = json_is_true(value);
    return true;
}

/* Of strings, which stay in the document. */
static bool read_list(const struct field *field, const json_t *value, const json_t **out, struct command_fault *fault)
{
    size_t count = json_array_size(value);

    if (!json_is_array(value) || count == 0 || count > COMMAND_USERS_MAX)
        return refuse(fault, ERROR_BAD_REQUEST, "\"%s\" must be a list of 1 to %d strings.", field->name,
                      COMMAND_USERS_MAX);
    for (size_t i = 0; i < count; i++) {
        struct view string;
        if (!read_string(field, json_array_get(value, i), field->bytes_max, &string, fault))
            return false;
    }
    *out = value;
    return true;
}

static bool read_field(const struct field *field, const json_t *value, const struct command_limits *limits,
                       struct command *command, struct command_fault *fault)
{
    uint8_t *start = (uint8_t *)command;
    void *member = start + field->offset;

    if (field->has_offset > 0)
        *(bool *)(start + field->has_offset) = true;
    switch (field->type) {
    case FIELD_STRING:
        return read_string(field, value, field->bytes_max > 0 ? field->bytes_max : limits->text_bytes_max, member,
                           fault);
    case FIELD_NUMBER: return read_number(field, value, member, fault);
    case FIELD_BOOL: return read_bool(field, value, member, fault);
    case FIELD_LIST: return read_list(field, value, member, fault);
    }
    return false;
}

static bool read_last(struct command *command, struct command_fault *fault)
{
    const char *text = "";
    struct last last;

    command->last = json_object_get(command->document, "last");
    return !command->last || last_read(command->last, &last, &text) || refuse(fault, ERROR_BAD_REQUEST, "%s", text);
}

static bool read_fields(const struct command_limits *limits, struct command *command, struct command_fault *fault)
{
    const struct shape *shape = &shapes[command->type];

    for (uint32_t left = shape->required | shape->optional; left != 0; left &= left - 1) {
        uint32_t bit = left & -left;
        const struct field *field = &fields[__builtin_ctz(left)];
        const json_t *value = json_object_get(command->document, field->name);
        if (!value && (shape->required & bit))
            return refuse(fault, ERROR_BAD_REQUEST, "\"%s\" needs the field \"%s\"; add it.", types[command->type],
                          field->name);
        if (value && !read_field(field, value, limits, command, fault))
            return false;
    }
    if ((command->type == COMMAND_LOGIN || command->type == COMMAND_PING) && !read_last(command, fault))
        return false;
    if (command->type == COMMAND_HISTORY && command->has_before == command->has_after)
        return refuse(fault, ERROR_BAD_REQUEST, "\"history\" needs \"before\" or \"after\"; give one of the two.");
    return true;
}

/* The ref is read first, so that it can be carried back where the rest is wrong. */
static bool read_ref(struct command *command, struct command_fault *fault)
{
    const json_t *value = json_object_get(command->document, "ref");

    if (!value)
        return true;
    if (!json_is_string(value) || json_string_length(value) > COMMAND_REF_BYTES_MAX)
        return refuse(fault, ERROR_BAD_REQUEST, "\"ref\" must be a string of at most %d bytes; choose a shorter one.",
                      COMMAND_REF_BYTES_MAX);
    command->ref = string_view(value);
    memcpy(fault->ref_bytes, command->ref.at, command->ref.size);
    fault->ref = view_of(fault->ref_bytes, command->ref.size);
    return true;
}

/* Names the type that nobody knows: cut, and only what is harmless on any screen. */
static bool refuse_type(struct view type, struct command_fault *fault)
{
    char shown[24];
    size_t size = type.size < sizeof shown ? type.size : sizeof shown - 1;

    for (size_t i = 0; i < size; i++) {
        bool is_harmless = type.at[i] >= 0x20 && type.at[i] < 0x7f && type.at[i] != '"' && type.at[i] != '\\';
        shown[i] = is_harmless ? (char)type.at[i] : '?';
    }
    shown[size] = 0;
#define X(symbol, text) ", " text
    return refuse(fault, ERROR_BAD_REQUEST, "There is no type \"%s%s\"; use one of%s.", shown,
                  size < type.size ? "..." : "", &(COMMANDS(X))[1]);
#undef X
}

static bool read_type(struct command *command, struct command_fault *fault)
{
    const json_t *value = json_object_get(command->document, "type");

    if (!json_is_string(value))
        return refuse(fault, ERROR_BAD_REQUEST,
                      "A frame needs \"type\", a string such as \"join\" or \"send\"; add it.");
    struct view type = string_view(value);
    for (size_t i = 0; i < COMMAND_TYPE_COUNT; i++) {
        if (view_equal(type, view_of_string(types[i]))) {
            command->type = (enum command_type)i;
            return true;
        }
    }
    return refuse_type(type, fault);
}

bool command_decode(struct view json, const struct command_limits *limits, struct command *out_command,
                    struct command_fault *out_fault)
{
    char text[JSON_FAULT_BYTES];

    *out_command = (struct command){0};
    out_fault->ref = (struct view){NULL, 0};
    out_command->document = json_read_object(json, text);
    if (!out_command->document && text[0] == 0)
        return refuse(out_fault, ERROR_INTERNAL, "The server is out of memory; send it again in a moment.");
    if (!out_command->document)
        return refuse(out_fault, ERROR_BAD_REQUEST, "%s", text);
    if (read_ref(out_command, out_fault) && read_type(out_command, out_fault)
        && read_fields(limits, out_command, out_fault))
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
