/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/json.h"

#include <stdio.h>

/* How deep brackets nest, without parsing: strings are passed over. Cheaper than building a tree that is refused, and it bounds the parser's recursion. */
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

json_t *json_read_object(struct view text, char out_text[128])
{
    json_error_t error;

    if (is_too_deep(text)) {
        (void)snprintf(out_text, 128, "The JSON nests deeper than %d levels. Send it flatter.", JSON_DEPTH_MAX);
        return NULL;
    }
    json_t *json = json_loadb((const char *)text.at, text.size, JSON_REJECT_DUPLICATES, &error);
    if (!json) {
        (void)snprintf(out_text, 128, "This is not JSON that can be taken (%.60s, near byte %d).", error.text, error.position);
        for (char *c = out_text; *c; c++) {
            if ((unsigned char)*c < 0x20 || (unsigned char)*c >= 0x7f)
                *c = '?';
        }
        return NULL;
    }
    if (!json_is_object(json)) {
        json_decref(json);
        (void)snprintf(out_text, 128, "A frame must be one JSON object, such as {\"type\":\"ping\"}.");
        return NULL;
    }
    return json;
}

static bool is_plain(uint8_t byte)
{
    return byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0xe2;
}

static void add_escaped(struct builder *out, uint8_t byte)
{
    switch (byte) {
    case '"':
        builder_add_string(out, "\\\"");
        break;
    case '\\':
        builder_add_string(out, "\\\\");
        break;
    case '\n':
        builder_add_string(out, "\\n");
        break;
    case '\r':
        builder_add_string(out, "\\r");
        break;
    case '\t':
        builder_add_string(out, "\\t");
        break;
    default:
        builder_format(out, "\\u%04x", byte);
        break;
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
