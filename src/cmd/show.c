/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/show.h"

#include <stdlib.h>

#include "os/clock.h"
#include "os/file.h"
#include "wire/utf8.h"

enum { OUT = 1, ERROR = 2, EXIT_USAGE = 2 };

void show_error(const char *usage, const char *why)
{
    struct builder text;
    builder_init(&text, 4096);
    builder_format(&text, "natter: %s\n%s", why, usage);
    os_print(ERROR, builder_view(&text));
    builder_done(&text);
}

static int read_number(struct show_arguments *arguments, const char *usage, const char *name, const char *value)
{
    bool is_after = strcmp(name, "--after") == 0;
    uint64_t *out = is_after ? &arguments->after : &arguments->limit;
    if (value == NULL || !view_to_number(view_of_string(value), INT64_MAX, out)) {
        show_error(usage,
                   is_after ? "--after needs a whole number, such as 120" : "--limit needs a whole number, such as 50");
        return EXIT_USAGE;
    }
    arguments->has_after |= is_after;
    return -1;
}

/* One argument, and its value where it has one; `*index` moves past both. */
static int read_one(struct show_arguments *arguments, const char *usage, char **values, int count, int *index)
{
    const char *name = values[(*index)++];
    const char *value = *index < count ? values[*index] : NULL;
    if (strcmp(name, "--help") == 0) {
        os_print(OUT, view_of_string(usage));
        return EXIT_SUCCESS;
    }
    if (strcmp(name, "--json") == 0) {
        arguments->is_json = true;
        return -1;
    }
    if (strcmp(name, "--after") == 0 || strcmp(name, "--limit") == 0) {
        (*index)++;
        return read_number(arguments, usage, name, value);
    }
    if (strcmp(name, "--data") == 0 && value != NULL) {
        (*index)++;
        arguments->folder = value;
        return -1;
    }
    if (name[0] == '-' || arguments->room != NULL) {
        show_error(usage,
                   strcmp(name, "--data") == 0 ? "--data needs the path of a folder" : "an argument is not known");
        return EXIT_USAGE;
    }
    arguments->room = name;
    return -1;
}

int show_read_arguments(struct show_arguments *arguments, const char *usage, int count, char **values)
{
    const char *folder = getenv("NATTER_DATA");
    *arguments = (struct show_arguments){
        .folder = folder != NULL && folder[0] != '\0' ? folder : SHOW_FOLDER_DEFAULT,
        .limit = SHOW_LIMIT_DEFAULT,
    };
    for (int index = 0; index < count;) {
        int code = read_one(arguments, usage, values, count, &index);
        if (code >= 0)
            return code;
    }
    return -1;
}

void show_time(struct builder *out, int64_t at_ms)
{
    char text[25];
    os_clock_format_utc(at_ms, text);
    text[10] = ' ';
    builder_add(out, text, 19);
}

/* The bytes of the character at the start; 0 if there is no valid one. */
static size_t character_size(struct view text)
{
    uint8_t first = text.at[0];
    size_t size = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    return size <= text.size && utf8_is_valid(view_first(text, size)) ? size : 0;
}

static uint32_t character_value(struct view character)
{
    static const uint8_t first_bits[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
    uint32_t value = character.at[0] & first_bits[character.size];
    for (size_t index = 1; index < character.size; index++)
        value = value << 6 | (character.at[index] & 0x3f);
    return value;
}

static bool is_harmless(uint32_t value)
{
    static const struct {
        uint32_t first, last;
    } harmful[] = {
        {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c}, {0x200b, 0x200f},
        {0x2028, 0x202e}, {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe007f},
    };
    for (size_t index = 0; index < sizeof harmful / sizeof harmful[0]; index++)
        if (value >= harmful[index].first && value <= harmful[index].last)
            return value == 0x200d; /* the joiner, of which families of emoji are made */
    return true;
}

void show_text(struct builder *out, struct view text)
{
    while (text.size > 0) {
        size_t size = character_size(text);
        if (size == 0) {
            builder_format(out, "\\x%02x", text.at[0]);
            text = view_skip(text, 1);
            continue;
        }
        uint32_t value = character_value(view_first(text, size));
        if (value == '\n')
            builder_add_string(out, "\\n");
        else if (value == '\\')
            builder_add_string(out, "\\\\");
        else if (is_harmless(value))
            builder_add(out, text.at, size);
        else
            builder_format(out, "\\u{%x}", (unsigned)value);
        text = view_skip(text, size);
    }
}

void show_flush(struct builder *out)
{
    os_print(OUT, builder_view(out));
    builder_clear(out);
}
