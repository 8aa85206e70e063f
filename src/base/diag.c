/* SPDX-License-Identifier: Apache-2.0 */
#include "base/diag.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/utc.h"

enum {
    LINE_SIZE_MAX = 4096, /* so that it stays one write on a pipe too, where PIPE_BUF is the limit */
    LINE_TAIL_SIZE = 24,  /* kept free for the mark of a cut line, its closing brace and its end */
    TEXT_COUNT = 8,
    TEXT_SIZE = 512,
};

/* A line while it is being written. What does not fit sets `is_over` and leaves the bytes as they are. */
struct line {
    char at[LINE_SIZE_MAX];
    size_t size;
    size_t size_max;
    bool is_over;
    enum diag_form form;
};

static _Atomic int chosen_form = DIAG_HUMAN;
static _Atomic int least_level = DIAG_INFO;
static atomic_bool begins_with_priority;
static int64_t (*clock_wall_ms)(void);
static void (*line_sink)(void *context, const char *line);
static void *line_sink_context;

void diag_setup(enum diag_form form, enum diag_level least)
{
    atomic_store_explicit(&chosen_form, (int)form, memory_order_relaxed);
    atomic_store_explicit(&least_level, (int)least, memory_order_relaxed);
}

void diag_set_priorities(bool has_priorities)
{
    atomic_store_explicit(&begins_with_priority, has_priorities, memory_order_relaxed);
}

void diag_set_clock(int64_t (*wall_ms)(void))
{
    clock_wall_ms = wall_ms;
}

void diag_set_sink(void (*sink)(void *context, const char *line), void *context)
{
    line_sink = sink;
    line_sink_context = context;
}

static char *next_text(void)
{
    static _Thread_local char texts[TEXT_COUNT][TEXT_SIZE];
    static _Thread_local unsigned next;
    return texts[next++ % TEXT_COUNT];
}

const char *diag_number(int64_t number)
{
    return diag_format("%lld", (long long)number);
}

const char *diag_format(const char *format, ...)
{
    char *text = next_text();
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, TEXT_SIZE, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);
    return text;
}

static void line_add(struct line *line, const char *at, size_t size)
{
    if (line->is_over || size > line->size_max - line->size) {
        line->is_over = true;
        return;
    }
    memcpy(line->at + line->size, at, size);
    line->size += size;
}

static void line_add_string(struct line *line, const char *string)
{
    line_add(line, string, strlen(string));
}

/* The length of the character that `at` starts with, as Unicode's table of well-formed UTF-8 has it; 0: there is none.
 * The closing NUL is no continuation byte, so nothing behind it is read. */
static size_t character_read(const uint8_t *at, uint32_t *out_code)
{
    uint8_t first = at[0];
    if (first < 0x80) {
        *out_code = first;
        return 1;
    }
    size_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4)
        return 0;
    uint32_t code = first & (0x7fU >> size);
    for (size_t index = 1; index < size; index++) {
        if ((at[index] & 0xc0) != 0x80)
            return 0;
        code = code << 6 | (at[index] & 0x3fU);
    }
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (code < least[size] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
        return 0;
    *out_code = code;
    return size;
}

/* Controls, line and paragraph separators, and what changes the direction of writing: harmless to a JSON reader, but a
 * terminal or a person would be misled. */
static bool is_escaped(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == '"' || code == '\\' || code == 0x061c
           || (code >= 0x200b && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e)
           || (code >= 0x2060 && code <= 0x2069) || code == 0xfeff;
}

static void line_add_escaped(struct line *line, const char *text)
{
    const uint8_t *at = (const uint8_t *)text;
    while (*at != '\0') {
        uint32_t code;
        size_t size = character_read(at, &code);
        char escape[8];
        if (size == 0) {
            line_add_string(line, "\\ufffd");
            size = 1;
        } else if (code == '"' || code == '\\') {
            line_add(line, "\\", 1);
            line_add(line, (const char *)at, 1);
        } else if (code == '\n') {
            line_add(line, "\\n", 2);
        } else if (is_escaped(code)) {
            (void)snprintf(escape, sizeof(escape), "\\u%04x", code & 0xffffU); /* all of them are of four digits */
            line_add_string(line, escape);
        } else {
            line_add(line, (const char *)at, size);
        }
        at += size;
    }
}

/* In the human form a value stands bare where that leaves no doubt about its end. */
static bool needs_quotes(const char *value)
{
    for (const uint8_t *at = (const uint8_t *)value; *at != '\0'; at++) {
        if (*at <= ' ' || *at >= 0x7f || *at == '"' || *at == '\\' || *at == '=')
            return true;
    }
    return false;
}

static void line_add_quoted(struct line *line, const char *text)
{
    line_add(line, "\"", 1);
    line_add_escaped(line, text);
    line_add(line, "\"", 1);
}

static void line_add_pair(struct line *line, const char *key, const char *value)
{
    if (line->form == DIAG_JSON) {
        line_add(line, ",", 1);
        line_add_quoted(line, key);
        line_add(line, ":", 1);
        line_add_quoted(line, value);
        return;
    }
    line_add(line, " ", 1);
    line_add_escaped(line, key);
    line_add(line, "=", 1);
    if (needs_quotes(value))
        line_add_quoted(line, value);
    else
        line_add_string(line, value);
}

static void line_start(struct line *line, enum diag_level level, const char *event)
{
    static const char *const words[] = {"debug", "info", "warn", "error"};
    static const char *const priorities[] = {"<7>", "<6>", "<4>", "<3>"}; /* syslog(3) */
    char time[UTC_TEXT_SIZE] = "";
    if (line->form == DIAG_JOURNAL || atomic_load_explicit(&begins_with_priority, memory_order_relaxed))
        line_add_string(line, priorities[level]);
    if (line->form == DIAG_JOURNAL) {
        line_add_escaped(line, event);
        return;
    }
    if (clock_wall_ms != NULL)
        utc_format(clock_wall_ms(), time);
    if (line->form == DIAG_JSON) {
        line_add_string(line, "{");
        if (time[0] != '\0') {
            line_add_string(line, "\"ts\":");
            line_add_quoted(line, time);
            line_add_string(line, ",");
        }
        line_add_string(line, "\"level\":");
        line_add_quoted(line, words[level]);
        line_add_string(line, ",\"event\":");
        line_add_quoted(line, event);
        return;
    }
    if (time[0] != '\0') {
        line_add(line, time, 10);
        line_add(line, " ", 1);
        line_add(line, time + 11, 8);
        line_add(line, " ", 1);
    }
    line_add_string(line, words[level]);
    line_add(line, "  ", 6 - strlen(words[level]));
    line_add_escaped(line, event);
}

static void line_end(struct line *line)
{
    line->size_max = LINE_SIZE_MAX - 2; /* what was kept free may now be used, but for the line's end and a NUL */
    if (line->is_over) {
        line->is_over = false;
        line_add_pair(line, "cut", "true");
    }
    if (line->form == DIAG_JSON)
        line_add(line, "}", 1);
    line->at[line->size] = '\0';
    if (line_sink != NULL) {
        line_sink(line_sink_context, line->at);
        return;
    }
    line->at[line->size++] = '\n';
    /* stderr has no buffer: this is one write. If it fails there is nobody left to tell. */
    (void)fwrite(line->at, 1, line->size, stderr);
}

void diag(enum diag_level level, const char *event, ...)
{
    if ((int)level < atomic_load_explicit(&least_level, memory_order_relaxed))
        return;
    struct line line;
    line.size = 0;
    line.size_max = LINE_SIZE_MAX - LINE_TAIL_SIZE;
    line.is_over = false;
    line.form = (enum diag_form)atomic_load_explicit(&chosen_form, memory_order_relaxed);
    line_start(&line, level, event);
    check(!line.is_over);
    va_list pairs;
    va_start(pairs, event);
    for (;;) {
        const char *key = va_arg(pairs, const char *);
        if (key == NULL)
            break;
        const char *value = va_arg(pairs, const char *);
        size_t size_before = line.size;
        line_add_pair(&line, key, value != NULL ? value : "");
        if (line.is_over) {
            line.size = size_before;
            break;
        }
    }
    va_end(pairs);
    line_end(&line);
}
