/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/name.h"

#include <utf8proc.h>

#include "wire/utf8.h"

/* A name of more bytes, or of more code points once it is taken apart, is too long: no letter needs more than a dozen.
 */
enum { CODES_MAX = 2048 };

/* A name as code points in some normal form. On the stack: a check must not fail for want of memory. */
struct codes {
    utf8proc_int32_t at[CODES_MAX];
    size_t count;
};

const char *name_fault_text(enum name_fault fault)
{
    static const char *const texts[NAME_FAULT_COUNT] = {
        [NAME_FINE] = "This name is fine.",
        [NAME_NOT_UTF8] = "The name is not valid UTF-8; send it as UTF-8.",
        [NAME_EMPTY] = "The name is empty; give it at least one letter or digit.",
        [NAME_ROOM_LONG] = "The room's name is too long; take at most 64 characters and 256 bytes.",
        [NAME_ROOM_CHARACTER] = "A room's name has only letters, digits, '-', '_' and '.'; leave other characters out.",
        [NAME_ROOM_DOTS] = "A room's name cannot be dots alone; add a letter or a digit.",
        [NAME_USER_LONG] = "The name is too long; take at most 32 characters.",
        [NAME_USER_NOTHING] = "The name has nothing in it that can be read; use a letter, a digit or a symbol.",
        [NAME_HIDDEN] = "The name has a character that cannot be seen or that turns the writing round; leave it out.",
        [NAME_MARKS] = "The name stacks too many marks on one letter; use at most three.",
        [NAME_LOOSE_MARK] = "The name has a mark with no letter to stand on; put a letter before it.",
    };

    return texts[fault];
}

/* False: not UTF-8, or more codes than CODES_MAX. */
static bool codes_read(struct view text, utf8proc_option_t form, struct codes *out)
{
    utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE | form;
    utf8proc_ssize_t count = utf8proc_decompose(text.at, (utf8proc_ssize_t)text.size, out->at, CODES_MAX, options);

    if (count < 0 || count > CODES_MAX)
        return false;
    count = utf8proc_normalize_utf32(out->at, count, options);
    if (count < 0)
        return false;
    out->count = (size_t)count;
    return true;
}

static void add_code(struct builder *out, utf8proc_int32_t code)
{
    utf8proc_uint8_t bytes[4];

    builder_add(out, bytes, (size_t)utf8proc_encode_char(code, bytes));
}

enum kind { KIND_LETTER, KIND_NUMBER, KIND_MARK, KIND_SYMBOL, KIND_PUNCTUATION, KIND_SPACE, KIND_HIDDEN };

static enum kind kind_of_category(utf8proc_int32_t code)
{
    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO: return KIND_LETTER;
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return KIND_NUMBER;
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return KIND_MARK;
    case UTF8PROC_CATEGORY_SM:
    case UTF8PROC_CATEGORY_SC:
    case UTF8PROC_CATEGORY_SO: return KIND_SYMBOL;
    case UTF8PROC_CATEGORY_ZS: return KIND_SPACE;
    case UTF8PROC_CATEGORY_PC:
    case UTF8PROC_CATEGORY_PD:
    case UTF8PROC_CATEGORY_PS:
    case UTF8PROC_CATEGORY_PE:
    case UTF8PROC_CATEGORY_PI:
    case UTF8PROC_CATEGORY_PF:
    case UTF8PROC_CATEGORY_PO:
    case UTF8PROC_CATEGORY_SK: return KIND_PUNCTUATION;
    default: return KIND_HIDDEN; /* control, format, surrogate, private, unassigned, line and paragraph separators */
    }
}

static enum kind kind_of(utf8proc_int32_t code)
{
    /* Nothing to see, although their category is that of a symbol or a mark, or a sign that something got lost. */
    static const utf8proc_int32_t blanks[] = {0x2800, 0xfffc, 0xfffd, 0x16fe4, 0x1d159};

    if (code == '\t' || code == '\n' || code == '\v' || code == '\f' || code == '\r')
        return KIND_SPACE;
    for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
        if (code == blanks[i])
            return KIND_HIDDEN;
    }
    if (utf8proc_get_property(code)->ignorable) /* zero width, fillers, selectors, tags */
        return KIND_HIDDEN;
    return kind_of_category(code);
}

/* Marks that take room of their own (Mc) do not stack: scripts of India and Myanmar write several after each other. */
static bool does_stack(utf8proc_int32_t code)
{
    return utf8proc_category(code) != UTF8PROC_CATEGORY_MC;
}

/* Follows the marks through a name. */
struct mark_watch {
    size_t stacked;
    bool has_base; /* something that a mark can stand on has come */
};

static enum name_fault watch_mark(struct mark_watch *watch, utf8proc_int32_t code, enum kind kind, bool is_base)
{
    if (kind != KIND_MARK) {
        *watch = (struct mark_watch){.stacked = 0, .has_base = is_base};
        return NAME_FINE;
    }
    if (!watch->has_base)
        return NAME_LOOSE_MARK;
    if (does_stack(code) && ++watch->stacked > NAME_MARKS_MAX)
        return NAME_MARKS;
    return NAME_FINE;
}

static bool is_ascii_folded(struct view name)
{
    for (size_t i = 0; i < name.size; i++) {
        uint8_t byte = name.at[i];
        bool is_word = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_';
        if (!is_word && byte != '-' && byte != '.' && byte != '~')
            return false;
    }
    return true;
}

bool name_fold_room(struct view name, struct builder *out_fold)
{
    struct codes codes;

    if (is_ascii_folded(name)) { /* as nearly all are */
        builder_add_view(out_fold, name);
        return builder_ok(out_fold);
    }
    if (!codes_read(name, UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &codes))
        return false;
    for (size_t i = 0; i < codes.count; i++)
        add_code(out_fold, codes.at[i]);
    return builder_ok(out_fold);
}

static enum name_fault check_room_codes(const struct codes *codes)
{
    struct mark_watch watch = {0};
    size_t dots = 0;

    for (size_t i = 0; i < codes->count; i++) {
        utf8proc_int32_t code = codes->at[i];
        enum kind kind = kind_of(code);
        bool is_word = kind == KIND_LETTER || kind == KIND_NUMBER;
        if (kind == KIND_HIDDEN)
            return NAME_HIDDEN;
        if (!is_word && kind != KIND_MARK && code != '-' && code != '_' && code != '.')
            return NAME_ROOM_CHARACTER;
        enum name_fault fault = watch_mark(&watch, code, kind, is_word);
        if (fault != NAME_FINE)
            return fault;
        dots += code == '.';
    }
    if (codes->count == 0)
        return NAME_EMPTY;
    return dots == codes->count ? NAME_ROOM_DOTS : NAME_FINE;
}

enum name_fault name_check_room(struct view name, bool *out_is_ephemeral)
{
    bool is_ephemeral = name.size > 0 && name.at[0] == '~';
    struct codes codes;

    if (is_ephemeral)
        name = view_skip(name, 1);
    if (name.size == 0)
        return NAME_EMPTY;
    if (name.size > NAME_ROOM_BYTES_MAX)
        return NAME_ROOM_LONG;
    if (!utf8_is_valid(name))
        return NAME_NOT_UTF8;
    if (!codes_read(name, 0, &codes))
        return NAME_ROOM_LONG;
    enum name_fault fault = check_room_codes(&codes);
    if (fault != NAME_FINE)
        return fault;
    if (codes.count > NAME_ROOM_CHARACTERS_MAX)
        return NAME_ROOM_LONG;
    /* One character may fold to several, and to others than letters: a name that was fine before must still be. */
    if (!codes_read(name, UTF8PROC_COMPAT | UTF8PROC_CASEFOLD, &codes) || check_room_codes(&codes) != NAME_FINE)
        return NAME_ROOM_CHARACTER;
    *out_is_ephemeral = is_ephemeral;
    return NAME_FINE;
}

bool name_is_direct(struct view name)
{
    if (name.size != NAME_DIRECT_BYTES || name.at[0] != '@')
        return false;
    for (size_t i = 1; i < name.size; i++) {
        uint8_t byte = name.at[i];
        if (!(byte >= 'a' && byte <= 'z') && !(byte >= '2' && byte <= '7'))
            return false;
    }
    return true;
}

struct user_check {
    struct mark_watch marks;
    size_t characters;
    bool has_readable;
    bool has_space; /* one waits between two words: it is written with the second */
};

/* One character of a user's name; what stays is appended. */
static enum name_fault take_user_code(struct user_check *check, utf8proc_int32_t code, struct builder *out)
{
    enum kind kind = kind_of(code);

    if (kind == KIND_HIDDEN)
        return NAME_HIDDEN;
    enum name_fault fault = watch_mark(&check->marks, code, kind, kind != KIND_SPACE);
    if (fault != NAME_FINE)
        return fault;
    if (kind == KIND_SPACE) {
        check->has_space = check->characters > 0;
        return NAME_FINE;
    }
    check->characters += 1 + check->has_space;
    if (check->characters > NAME_USER_CHARACTERS_MAX)
        return NAME_USER_LONG;
    check->has_readable = check->has_readable || kind == KIND_LETTER || kind == KIND_NUMBER || kind == KIND_SYMBOL;
    if (check->has_space)
        builder_add_byte(out, ' ');
    check->has_space = false;
    add_code(out, code);
    return NAME_FINE;
}

static enum name_fault check_user_codes(const struct codes *codes, struct builder *out)
{
    struct user_check check = {0};

    for (size_t i = 0; i < codes->count; i++) {
        enum name_fault fault = take_user_code(&check, codes->at[i], out);
        if (fault != NAME_FINE)
            return fault;
    }
    if (check.characters == 0)
        return NAME_EMPTY;
    if (!check.has_readable)
        return NAME_USER_NOTHING;
    return builder_ok(out) ? NAME_FINE : NAME_USER_LONG;
}

/* Phones put a selector (U+FE0E, U+FE0F) behind a heart or a star. They go before anything is composed: what stands on
 * both sides of one may belong together. */
static struct view drop_selectors(struct view name, uint8_t out[CODES_MAX])
{
    size_t size = 0;

    for (size_t i = 0; i < name.size; i++) {
        bool is_selector = name.size - i >= 3 && name.at[i] == 0xef && name.at[i + 1] == 0xb8
                           && (name.at[i + 2] | 1) == 0x8f;
        if (is_selector)
            i += 2;
        else
            out[size++] = name.at[i];
    }
    return view_of(out, size);
}

enum name_fault name_check_user(struct view name, struct builder *out_clean)
{
    size_t before = out_clean->size;
    uint8_t bytes[CODES_MAX];
    struct codes codes;

    if (name.size > sizeof bytes)
        return NAME_USER_LONG;
    if (!utf8_is_valid(name))
        return NAME_NOT_UTF8;
    if (!codes_read(drop_selectors(name, bytes), 0, &codes))
        return NAME_USER_LONG;
    enum name_fault fault = check_user_codes(&codes, out_clean);
    if (fault != NAME_FINE)
        out_clean->size = before;
    return fault;
}
