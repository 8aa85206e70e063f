/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/mention.h"

#include <assert.h>
#include <utf8proc.h>

enum {
    FENCE_MIN = 3,
    FENCE_INDENT_MAX = 3,
    CODE_SEARCHES_MAX = 32, /* each looks through a paragraph; beyond it a backtick is only a backtick */
};

static_assert(MENTION_CHARACTERS_MAX * 4 <= UINT8_MAX, "a size fits its byte");

static uint8_t byte_at(struct view text, size_t at)
{
    return at < text.size ? text.at[at] : 0;
}

static size_t run_of(struct view text, size_t at, uint8_t byte)
{
    size_t size = 0;

    while (at + size < text.size && text.at[at + size] == byte)
        size++;
    return size;
}

static size_t line_end(struct view text, size_t at)
{
    const uint8_t *found = at < text.size ? memchr(text.at + at, '\n', text.size - at) : NULL;

    return found ? (size_t)(found - text.at) : text.size;
}

/* The run of ` or ~ that a fence's line begins with; 0: the line at `at` is none. */
static size_t fence_at(struct view text, size_t at, size_t *out_start)
{
    size_t indent = run_of(text, at, ' ');
    uint8_t byte = byte_at(text, at + indent);

    if (indent > FENCE_INDENT_MAX || (byte != '`' && byte != '~'))
        return 0;
    size_t size = run_of(text, at + indent, byte);
    *out_start = at + indent;
    return size >= FENCE_MIN ? size : 0;
}

/* Behind the fence that opens at `start`; without a closing line it goes to the text's end. */
static size_t behind_fence(struct view text, size_t start, size_t size)
{
    for (size_t at = line_end(text, start); at < text.size; at = line_end(text, at + 1)) {
        size_t closing = 0;
        size_t closing_size = fence_at(text, at + 1, &closing);
        if (closing_size < size || text.at[closing] != text.at[start])
            continue;
        size_t end = closing + closing_size;
        if (end + run_of(text, end, ' ') == line_end(text, end))
            return end;
    }
    return text.size;
}

/* Behind the span that a run of backticks opens, or behind the run where nothing closes it in its paragraph. */
static size_t behind_code(struct mention_scan *scan, size_t start)
{
    struct view text = scan->text;
    size_t size = run_of(text, start, '`');
    size_t at = start + size;

    if (scan->code_searches >= CODE_SEARCHES_MAX)
        return at;
    while (at < text.size && !(text.at[at] == '\n' && byte_at(text, at + 1) == '\n')) {
        size_t run = run_of(text, at, '`');
        if (run == size)
            return at + run;
        at += run > 0 ? run : 1;
    }
    scan->code_searches++;
    return start + size;
}

/* In front of the '@' of an address, a link or a handle of another service. */
static bool is_of_address(uint8_t before)
{
    bool is_word = (before >= 'a' && before <= 'z') || (before >= 'A' && before <= 'Z')
                   || (before >= '0' && before <= '9');

    return is_word || (before != 0 && memchr(".%+-/@=&#:", before, 10) != NULL);
}

/* The size of the character at `at`; 0 at the end. */
static size_t read_character(struct view text, size_t at, utf8proc_int32_t *out_code)
{
    if (at >= text.size)
        return 0;
    utf8proc_ssize_t size = utf8proc_iterate(text.at + at, (utf8proc_ssize_t)(text.size - at), out_code);
    return size > 0 ? (size_t)size : 0;
}

static struct view rest_of(struct view text, size_t at)
{
    size_t size = 0;
    utf8proc_int32_t code = 0;

    for (int i = 0; i < MENTION_CHARACTERS_MAX; i++) {
        size_t step = read_character(text, at + size, &code);
        if (step == 0 || code == '\n')
            break;
        size += step;
    }
    return view_of(text.at + at, size);
}

bool mention_next(struct mention_scan *scan, struct view *out_rest)
{
    struct view text = scan->text;

    while (scan->at < text.size) {
        size_t at = scan->at, start = 0;
        uint8_t before = at > 0 ? text.at[at - 1] : '\n';
        size_t fence = before == '\n' ? fence_at(text, at, &start) : 0;
        scan->at = at + 1;
        if (fence > 0)
            scan->at = behind_fence(text, start, fence);
        else if (text.at[at] == '`')
            scan->at = behind_code(scan, at);
        else if (text.at[at] == '\\' && at + 1 < text.size && text.at[at + 1] != '\n')
            scan->at = at + 2;
        else if (text.at[at] == '@' && (at == 0 || !is_of_address(before))) {
            *out_rest = rest_of(text, at + 1);
            if (out_rest->size > 0)
                return true;
        }
    }
    return false;
}

/* Letters, digits and marks, in scripts that put spaces between words. */
static bool is_of_word(utf8proc_int32_t code)
{
    bool has_no_spaces = code >= 0x2e80 || (code >= 0x0e00 && code <= 0x0eff) || (code >= 0x1000 && code <= 0x109f)
                         || (code >= 0x1780 && code <= 0x17ff);

    switch (utf8proc_category(code)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_NO: return !has_no_spaces;
    /* A mark belongs to what it stands on, whatever the script. */
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME: return true;
    default: return false;
    }
}

static bool is_mark(utf8proc_int32_t code)
{
    utf8proc_category_t category = utf8proc_category(code);

    return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

size_t mention_ends(struct view rest, uint8_t out_sizes[MENTION_ENDS_MAX])
{
    uint8_t rising[MENTION_ENDS_MAX];
    size_t count = 0, at = 0;
    utf8proc_int32_t code = 0, next = 0;
    size_t step = read_character(rest, 0, &code);

    while (step > 0 && count < MENTION_ENDS_MAX) {
        at += step;
        step = read_character(rest, at, &next);
        bool is_within = step > 0 && (is_mark(next) || (is_of_word(code) && is_of_word(next)));
        if (!is_within && code != ' ' && code != '\t')
            rising[count++] = (uint8_t)at;
        code = next;
    }
    for (size_t i = 0; i < count; i++)
        out_sizes[i] = rising[count - 1 - i];
    return count;
}
