/* SPDX-License-Identifier: Apache-2.0 */
/* A growing buffer that is born with its ceiling. Once it would overflow (or memory ends) it stays failed: later
 * appends are ignored, and the owner asks builder_ok() once, at the end. Not for sharing between threads. */
#pragma once

#include "base/check.h"
#include "base/view.h"

struct builder {
    uint8_t *at;
    size_t size;
    size_t capacity;
    size_t size_max;
    bool has_failed;
};

/* No memory is taken before the first append. Bytes to append never lie inside the builder itself. */
void builder_init(struct builder *builder, size_t size_max);
void builder_done(struct builder *builder);
/* Empties it, forgets a failure, keeps the memory. */
void builder_clear(struct builder *builder);

/* What builder_add() does where there is no room yet. */
void builder_add_growing(struct builder *builder, const void *at, size_t size);

/* Frames are made of many small pieces, most of which find room: that is decided where they are added, and the size of
 * a constant is known there. */
static inline void builder_add(struct builder *builder, const void *at, size_t size)
{
    if (size == 0)
        return;
    if (builder->has_failed || size > builder->capacity - builder->size) {
        builder_add_growing(builder, at, size);
        return;
    }
    memcpy(builder->at + builder->size, at, size);
    builder->size += size;
}

static inline void builder_add_view(struct builder *builder, struct view view)
{
    builder_add(builder, view.at, view.size);
}

static inline void builder_add_string(struct builder *builder, const char *string)
{
    builder_add(builder, string, strlen(string));
}

static inline void builder_add_byte(struct builder *builder, uint8_t byte)
{
    builder_add(builder, &byte, 1);
}

void builder_add_number(struct builder *builder, uint64_t number);
void builder_add_signed(struct builder *builder, int64_t number);
/* 48201 as "48,201". */
void builder_add_grouped(struct builder *builder, uint64_t number);
/* "1 room", "3,000 rooms". */
void builder_add_count(struct builder *builder, uint64_t number, const char *one, const char *many);
void builder_add_hex(struct builder *builder, const void *at, size_t size);
void builder_format(struct builder *builder, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Room for `size` more bytes at the end, or NULL (and failed). The caller writes and then says builder_wrote(). */
uint8_t *builder_reserve(struct builder *builder, size_t size);
void builder_wrote(struct builder *builder, size_t size);

static inline bool builder_ok(const struct builder *builder)
{
    return !builder->has_failed;
}

static inline struct view builder_view(const struct builder *builder)
{
    return view_of(builder->at, builder->size);
}

/* Hands the bytes over: the caller frees the returned memory with free(); the builder is empty again. NULL, and 0
 * bytes, if it was empty or had failed: half a text is of no use to anybody. */
uint8_t *builder_take(struct builder *builder, size_t *out_size);
