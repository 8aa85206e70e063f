/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/name.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "wire/utf8.h"

enum { NAME_BYTES_MAX = 4096, MARKS_IN_A_ROW_MAX = 3 };

const char *name_fault_text(enum name_fault fault)
{
    static const char *const texts[NAME_FAULT_COUNT] = {
        [NAME_FINE] = "This name is fine.",
        [NAME_NOT_UTF8] = "The name is not valid UTF-8 text. Send it as UTF-8.",
        [NAME_EMPTY] = "The name is empty. Give it at least one letter or digit.",
        [NAME_TOO_LONG] = "The name is too long. A room has at most 64 characters, a user 32.",
        [NAME_ROOM_CHARACTER] = "A room's name has only letters, digits, '-', '_' and '.'. Choose one without other characters.",
        [NAME_ROOM_DOTS] = "A room's name cannot be dots alone. Add a letter or a digit.",
        [NAME_USER_CHARACTER] = "The name has a character that cannot be seen or that turns the writing around. Choose one without it.",
        [NAME_USER_MARKS] = "The name stacks too many marks on one letter. Use at most three.",
        [NAME_USER_NOTHING] = "The name has nothing that can be read. Use a letter, a digit or a symbol.",
    };

    return texts[fault];
}

/* utf8proc's map in memory that the caller frees; size < 0: not valid, or no memory. */
static utf8proc_ssize_t map(struct view text, utf8proc_option_t options, uint8_t **out_mapped)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t size = utf8proc_map(text.at, (utf8proc_ssize_t)text.size, &mapped, options);

    *out_mapped = mapped;
    return size;
}

static bool is_ascii_name(struct view name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        bool is_fine = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' || byte == '.' || byte == '~';
        if (!is_fine)
            return false;
    }
    return true;
}

bool name_fold_room(struct view name, struct builder *out_fold)
{
    uint8_t *mapped;

    if (is_ascii_name(name)) { /* already in that form, and nearly all are */
        builder_add_view(out_fold, name);
        return builder_ok(out_fold);
    }
    utf8proc_ssize_t size = map(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &mapped);
    if (size >= 0)
        builder_add(out_fold, mapped, (size_t)size);
    free(mapped);
    return size >= 0 && builder_ok(out_fold);
}

static bool is_room_character(utf8proc_int32_t code)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
        return true;
    default:
        return code == '-' || code == '_' || code == '.';
    }
}

static enum name_fault check_room_codes(const uint8_t *at, size_t size)
{
    utf8proc_int32_t code;
    size_t count = 0, dots = 0;

    while (size > 0) {
        utf8proc_ssize_t step = utf8proc_iterate(at, (utf8proc_ssize_t)size, &code);
        if (step <= 0)
            return NAME_NOT_UTF8;
        if (!is_room_character(code))
            return NAME_ROOM_CHARACTER;
        dots += code == '.';
        if (++count > NAME_ROOM_CHARACTERS_MAX)
            return NAME_TOO_LONG;
        at += step;
        size -= (size_t)step;
    }
    if (count == 0)
        return NAME_EMPTY;
    return dots == count ? NAME_ROOM_DOTS : NAME_FINE;
}

enum name_fault name_check_room(struct view name, bool *out_is_ephemeral)
{
    bool is_ephemeral = name.size > 0 && name.at[0] == '~';
    uint8_t *composed;

    if (is_ephemeral)
        name = view_skip(name, 1);
    if (name.size == 0)
        return NAME_EMPTY;
    if (name.size > NAME_BYTES_MAX)
        return NAME_TOO_LONG;
    if (!utf8_is_valid(name))
        return NAME_NOT_UTF8;
    utf8proc_ssize_t size = map(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_COMPAT, &composed);
    enum name_fault fault = size < 0 ? NAME_NOT_UTF8 : check_room_codes(composed, (size_t)size);
    free(composed);
    if (fault == NAME_FINE && name.size > NAME_ROOM_CHARACTERS_MAX * 4)
        fault = NAME_TOO_LONG; /* many marks that composition took in */
    if (fault == NAME_FINE)
        *out_is_ephemeral = is_ephemeral;
    return fault;
}

static bool is_mark(utf8proc_int32_t code)
{
    utf8proc_category_t category = utf8proc_category(code);

    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

static bool is_space(utf8proc_int32_t code)
{
    return code == ' ' || code == '\t' || utf8proc_category(code) == UTF8PROC_CATEGORY_ZS;
}

static bool is_hidden(utf8proc_int32_t code)
{
    /* Fillers that are letters by category but show nothing. */
    static const utf8proc_int32_t fillers[] = {0x115f, 0x1160, 0x3164, 0xffa0, 0x2800, 0x034f, 0x17b4, 0x17b5};

    for (size_t i = 0; i < sizeof fillers / sizeof *fillers; i++) {
        if (code == fillers[i])
            return true;
    }
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
        return true;
    default:
        return (code >= 0xfe00 && code <= 0xfe0f) || (code >= 0xe0100 && code <= 0xe01ef); /* variation selectors */
    }
}

static bool is_readable(utf8proc_int32_t code)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO:
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SO:
        return true;
    default:
        return false;
    }
}

struct user_check {
    size_t characters;
    size_t marks_in_a_row;
    bool has_readable;
    bool space_waits; /* between two words: written before the second */
};

/* One character of a user's name; what stays is appended. */
static enum name_fault take_user_code(struct user_check *check, utf8proc_int32_t code, const uint8_t *at, size_t size, struct builder *out)
{
    if (is_space(code)) {
        check->space_waits = check->characters > 0;
        return NAME_FINE;
    }
    if (is_hidden(code))
        return NAME_USER_CHARACTER;
    check->marks_in_a_row = is_mark(code) ? check->marks_in_a_row + 1 : 0;
    if (check->marks_in_a_row > MARKS_IN_A_ROW_MAX)
        return NAME_USER_MARKS;
    check->has_readable = check->has_readable || is_readable(code);
    check->characters += 1 + check->space_waits;
    if (check->space_waits)
        builder_add_byte(out, ' ');
    check->space_waits = false;
    builder_add(out, at, size);
    return check->characters > NAME_USER_CHARACTERS_MAX ? NAME_TOO_LONG : NAME_FINE;
}

static enum name_fault check_user_codes(const uint8_t *at, size_t size, struct builder *out)
{
    struct user_check check = {0};
    utf8proc_int32_t code;

    while (size > 0) {
        utf8proc_ssize_t step = utf8proc_iterate(at, (utf8proc_ssize_t)size, &code);
        if (step <= 0)
            return NAME_NOT_UTF8;
        enum name_fault fault = take_user_code(&check, code, at, (size_t)step, out);
        if (fault != NAME_FINE)
            return fault;
        at += step;
        size -= (size_t)step;
    }
    if (check.characters == 0)
        return NAME_EMPTY;
    return check.has_readable ? NAME_FINE : NAME_USER_NOTHING;
}

enum name_fault name_check_user(struct view name, struct builder *out_clean)
{
    size_t before = out_clean->size;
    uint8_t *composed;

    if (name.size > NAME_BYTES_MAX)
        return NAME_TOO_LONG;
    if (!utf8_is_valid(name))
        return NAME_NOT_UTF8;
    if (name.size == 0)
        return NAME_EMPTY;
    utf8proc_ssize_t size = map(name, UTF8PROC_STABLE | UTF8PROC_COMPOSE, &composed);
    enum name_fault fault = size < 0 ? NAME_NOT_UTF8 : check_user_codes(composed, (size_t)size, out_clean);
    free(composed);
    if (fault != NAME_FINE)
        out_clean->size = before;
    return fault;
}
