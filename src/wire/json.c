/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include <stdio.h>
#include <stdlib.h>

/* How deep brackets nest, without parsing: strings are passed over. Cheaper than building a tree that is refused, and
 * it bounds the parser's recursion. */
static bool is_too_deep(struct view text)
{
    bool is_in_string = false;
    int depth = 0;

    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        if (is_in_string) {
            if (byte == '\\')
                i++;
            else if (byte == '"')
                is_in_string = false;
        } else if (byte == '"') {
            is_in_string = true;
        } else if (byte == '{' || byte == '[') {
            if (++depth > JSON_DEPTH_MAX)
                return true;
        } else if (byte == '}' || byte == ']') {
            depth--;
        }
    }
    return false;
}

/* The first byte that is not white space (RFC 8259 section 2) decides, before anything is parsed. */
static bool is_object(struct view text)
{
    size_t i = 0;

    while (i < text.size && (text.at[i] == ' ' || text.at[i] == '\t' || text.at[i] == '\n' || text.at[i] == '\r'))
        i++;
    return i < text.size && text.at[i] == '{';
}

/* The parser quotes a piece of the text: it may be anything, and goes to a person's screen. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if (*text < 0x20 || *text > 0x7e)
            *text = '?';
    }
}

static void explain(const json_error_t *error, char out_text[JSON_FAULT_BYTES])
{
    int at = error->position;

    switch (json_error_code(error)) {
    case json_error_invalid_utf8:
        (void)snprintf(out_text, JSON_FAULT_BYTES, "The JSON is not UTF-8 near byte %d; encode it as UTF-8.", at);
        break;
    case json_error_premature_end_of_input:
        (void)snprintf(out_text, JSON_FAULT_BYTES, "The JSON ends too early, at byte %d; send the whole object.", at);
        break;
    case json_error_end_of_input_expected:
        (void)snprintf(out_text, JSON_FAULT_BYTES,
                       "There is more after the JSON object, at byte %d; send one at a time.", at);
        break;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        (void)snprintf(out_text, JSON_FAULT_BYTES, "The JSON has a NUL character near byte %d; leave it out.", at);
        break;
    case json_error_duplicate_key:
        (void)snprintf(out_text, JSON_FAULT_BYTES, "The JSON repeats a name near byte %d; give each name once.", at);
        break;
    case json_error_numeric_overflow:
        (void)snprintf(out_text, JSON_FAULT_BYTES,
                       "The JSON has a number out of range near byte %d; send a smaller one.", at);
        break;
    default:
        (void)snprintf(out_text, JSON_FAULT_BYTES, "This is not JSON near byte %d (%.60s); correct it.", at,
                       error->text);
        make_printable(out_text);
        break;
    }
}

/* When its buffer for a string cannot grow, jansson leaves the byte out that did not fit, and goes on: a text would
 * come out shorter by one letter, and nobody would know. So every failure is remembered, and the whole text refused. */
static _Thread_local bool has_memory_ended;

static void *json_malloc(size_t size)
{
    void *at = malloc(size);

    has_memory_ended |= at == NULL;
    return at;
}

/* From the heap, and to it: a command is read on a shard's thread and ends on the store's. */
void json_init(void)
{
    json_set_alloc_funcs(json_malloc, free);
}

json_t *json_read_object(struct view text, char out_text[JSON_FAULT_BYTES])
{
    json_error_t error;

    if (!is_object(text)) {
        (void)snprintf(out_text, JSON_FAULT_BYTES,
                       "A frame must be one JSON object; send one such as {\"type\":\"ping\"}.");
        return NULL;
    }
    if (is_too_deep(text)) {
        (void)snprintf(out_text, JSON_FAULT_BYTES, "The JSON nests deeper than %d levels; send it flatter.",
                       JSON_DEPTH_MAX);
        return NULL;
    }
    has_memory_ended = false;
    json_t *json = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, &error);
    /* jansson has words for every fault of the text. Where it has none an allocation failed, and its code was never
     * written. */
    if (has_memory_ended || (!json && (error.text[0] == 0 || json_error_code(&error) == json_error_out_of_memory))) {
        json_decref(json);
        out_text[0] = 0;
        return NULL;
    }
    if (!json)
        explain(&error, out_text);
    return json;
}

/* Nearly all bytes are: what may stand in a string as it is, and does not begin U+2028 or U+2029. */
static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0xe2;
}

static void add_escaped(struct builder *out, uint8_t byte)
{
    switch (byte) {
    case '"': builder_add_string(out, "\\\""); break;
    case '\\': builder_add_string(out, "\\\\"); break;
    case '\n': builder_add_string(out, "\\n"); break;
    case '\r': builder_add_string(out, "\\r"); break;
    case '\t': builder_add_string(out, "\\t"); break;
    default: builder_format(out, "\\u%04x", byte); break;
    }
}

/* U+2028 and U+2029 end a line in older JavaScript: E2 80 A8 and E2 80 A9. */
static bool is_line_separator(struct view text, size_t at)
{
    return text.size - at >= 3 && text.at[at] == 0xe2 && text.at[at + 1] == 0x80 && (text.at[at + 2] | 1) == 0xa9;
}

void json_add_string(struct builder *out, struct view text)
{
    size_t start = 0, i = 0;

    builder_add_byte(out, '"');
    while (i < text.size) {
        i += json_plain_size(text.at + i, text.size - i, 0xe2);
        if (i == text.size)
            break;
        if (is_plain(text.at[i]) || (text.at[i] == 0xe2 && !is_line_separator(text, i))) {
            i++;
            continue;
        }
        builder_add(out, text.at + start, i - start);
        if (text.at[i] == 0xe2) {
            builder_add_string(out, text.at[i + 2] == 0xa8 ? "\\u2028" : "\\u2029");
            i += 3;
        } else {
            add_escaped(out, text.at[i]);
            i++;
        }
        start = i;
    }
    if (text.size > start)
        builder_add(out, text.at + start, text.size - start);
    builder_add_byte(out, '"');
}
