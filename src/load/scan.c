/* SPDX-License-Identifier: Apache-2.0 */
#include "load/scan.h"

/* The index behind the string that begins at `start` (its quote), or the text's end. */
static size_t string_end(struct view text, size_t start)
{
    size_t index = start + 1;
    while (index < text.size && text.at[index] != '"')
        index += text.at[index] == '\\' ? 2 : 1;
    return index < text.size ? index + 1 : text.size;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static size_t skip_blanks(struct view text, size_t index)
{
    while (index < text.size && is_blank(text.at[index]))
        index++;
    return index;
}

/* The index behind the value that begins at `start`. */
static size_t value_end(struct view text, size_t start)
{
    size_t depth = 0;
    size_t index = start;
    while (index < text.size) {
        uint8_t byte = text.at[index];
        if (byte == '"') {
            index = string_end(text, index);
            if (depth == 0)
                return index;
            continue;
        }
        if (depth == 0 && (byte == ',' || byte == '}' || byte == ']'))
            return index;
        if (byte == '{' || byte == '[')
            depth++;
        else if ((byte == '}' || byte == ']') && --depth == 0)
            return index + 1;
        index++;
    }
    return index;
}

bool scan_next(struct view *array, struct view *out_value)
{
    size_t index = skip_blanks(*array, 0);
    if (index >= array->size || (array->at[index] != '[' && array->at[index] != ','))
        return false;
    size_t start = skip_blanks(*array, index + 1);
    if (start >= array->size || array->at[start] == ']')
        return false;
    size_t end = value_end(*array, start);
    *out_value = view_of(array->at + start, end - start);
    *array = view_skip(*array, end);
    return true;
}

static struct view without_quotes(struct view value)
{
    if (value.size >= 2 && value.at[0] == '"')
        return view_of(value.at + 1, value.size - 2);
    return view_trim(value);
}

static void keep(struct scan_field *fields, size_t count, struct view name, struct view value)
{
    for (size_t index = 0; index < count; index++)
        if (fields[index].value.at == NULL && view_equal(name, view_of_string(fields[index].name)))
            fields[index].value = without_quotes(value);
}

void scan_object(struct view object, struct scan_field *fields, size_t count)
{
    for (size_t index = 0; index < count; index++)
        fields[index].value = view_of(NULL, 0);
    size_t index = skip_blanks(object, 0);
    if (index >= object.size || object.at[index] != '{')
        return;
    index = skip_blanks(object, index + 1);
    while (index < object.size && object.at[index] == '"') {
        size_t name_end = string_end(object, index);
        struct view name = without_quotes(view_of(object.at + index, name_end - index));
        size_t colon = skip_blanks(object, name_end);
        if (colon >= object.size || object.at[colon] != ':')
            return;
        size_t start = skip_blanks(object, colon + 1);
        size_t end = value_end(object, start);
        keep(fields, count, name, view_of(object.at + start, end - start));
        index = skip_blanks(object, end);
        if (index >= object.size || object.at[index] != ',')
            return;
        index = skip_blanks(object, index + 1);
    }
}
