/* SPDX-License-Identifier: Apache-2.0 */
#include "base/builder.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { CAPACITY_MIN = 64, NUMBER_SIZE_MAX = 20 };

void builder_init(struct builder *builder, size_t size_max)
{
    *builder = (struct builder){.size_max = size_max};
}

void builder_done(struct builder *builder)
{
    free(builder->at);
    *builder = (struct builder){.size_max = builder->size_max};
}

void builder_clear(struct builder *builder)
{
    builder->size = 0;
    builder->has_failed = false;
}

/* Doubles, so that n appends copy O(n) bytes, but never takes more than the ceiling allows to be used. */
static bool grow(struct builder *builder, size_t size_needed)
{
    size_t capacity = builder->capacity < CAPACITY_MIN ? CAPACITY_MIN : builder->capacity;
    while (capacity < size_needed)
        capacity = capacity > builder->size_max / 2 ? builder->size_max : capacity * 2;
    if (capacity > builder->size_max && builder->size_max > 0)
        capacity = builder->size_max;
    uint8_t *at = realloc(builder->at, capacity);
    if (at == NULL)
        return false;
    builder->at = at;
    builder->capacity = capacity;
    return true;
}

uint8_t *builder_reserve(struct builder *builder, size_t size)
{
    if (builder->has_failed)
        return NULL;
    if (size > builder->size_max - builder->size) {
        builder->has_failed = true;
        return NULL;
    }
    bool has_room = builder->at != NULL && size <= builder->capacity - builder->size;
    if (!has_room && !grow(builder, builder->size + size)) {
        builder->has_failed = true;
        return NULL;
    }
    return builder->at + builder->size;
}

void builder_wrote(struct builder *builder, size_t size)
{
    check(size <= builder->capacity - builder->size);
    builder->size += size;
}

void builder_add_growing(struct builder *builder, const void *at, size_t size)
{
    uint8_t *room = builder_reserve(builder, size);
    if (room == NULL)
        return;
    memcpy(room, at, size);
    builder->size += size;
}

void builder_add_number(struct builder *builder, uint64_t number)
{
    char digits[NUMBER_SIZE_MAX];
    size_t start = sizeof(digits);
    do {
        digits[--start] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    builder_add(builder, digits + start, sizeof(digits) - start);
}

void builder_add_signed(struct builder *builder, int64_t number)
{
    if (number >= 0) {
        builder_add_number(builder, (uint64_t)number);
        return;
    }
    builder_add_byte(builder, '-');
    builder_add_number(builder, 0 - (uint64_t)number); /* also right for INT64_MIN, whose negative has no signed form */
}

void builder_add_grouped(struct builder *builder, uint64_t number)
{
    if (number >= 1000) {
        builder_add_grouped(builder, number / 1000);
        builder_format(builder, ",%03u", (unsigned)(number % 1000));
    } else {
        builder_add_number(builder, number);
    }
}

void builder_add_count(struct builder *builder, uint64_t number, const char *one, const char *many)
{
    builder_add_grouped(builder, number);
    builder_add_byte(builder, ' ');
    builder_add_string(builder, number == 1 ? one : many);
}

void builder_add_hex(struct builder *builder, const void *at, size_t size)
{
    static const char digits[] = "0123456789abcdef";
    if (size == 0)
        return;
    uint8_t *room = size <= SIZE_MAX / 2 ? builder_reserve(builder, size * 2) : NULL;
    if (room == NULL) {
        builder->has_failed = true;
        return;
    }
    const uint8_t *bytes = at;
    for (size_t index = 0; index < size; index++) {
        room[index * 2] = (uint8_t)digits[bytes[index] >> 4];
        room[index * 2 + 1] = (uint8_t)digits[bytes[index] & 15];
    }
    builder->size += size * 2;
}

/* vsnprintf ends its text with a NUL for which the ceiling may leave no place: a text that fills the builder to its
 * last byte is written aside first. */
static void add_formatted_aside(struct builder *builder, size_t size, const char *format, va_list arguments)
{
    char *text = malloc(size + 1);
    if (text == NULL) {
        builder->has_failed = true;
        return;
    }
    (void)vsnprintf(text, size + 1, format, arguments); /* it fits: measured before */
    builder_add(builder, text, size);
    free(text);
}

void builder_format(struct builder *builder, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char text[256];
    int measured = vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    if (measured < 0) {
        builder->has_failed = true;
        return;
    }
    size_t size = (size_t)measured;
    if (size < sizeof(text)) {
        builder_add(builder, text, size);
        return;
    }
    if (builder->has_failed || size > builder->size_max - builder->size) {
        builder->has_failed = true;
        return;
    }
    va_start(arguments, format);
    add_formatted_aside(builder, size, format, arguments);
    va_end(arguments);
}

uint8_t *builder_take(struct builder *builder, size_t *out_size)
{
    if (builder->has_failed || builder->size == 0) {
        builder_done(builder);
        *out_size = 0;
        return NULL;
    }
    uint8_t *at = builder->at;
    *out_size = builder->size;
    builder_init(builder, builder->size_max);
    return at;
}
