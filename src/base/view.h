/* SPDX-License-Identifier: Apache-2.0 */
/* A view names bytes that somebody else owns. It is passed by value and dies with its owner's turn. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct view {
    const uint8_t *at;
    size_t size;
};

/* A view of a string literal, without its closing NUL. */
#define VIEW(literal) ((struct view){(const uint8_t *)("" literal), sizeof(literal) - 1})

static inline struct view view_of(const void *at, size_t size)
{
    return (struct view){(const uint8_t *)at, size};
}

static inline struct view view_of_string(const char *string)
{
    return (struct view){(const uint8_t *)string, strlen(string)};
}

static inline bool view_equal(struct view a, struct view b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.at, b.at, a.size) == 0);
}

static inline bool view_starts_with(struct view whole, struct view start)
{
    return whole.size >= start.size && (start.size == 0 || memcmp(whole.at, start.at, start.size) == 0);
}

/* Compares ASCII letters without regard to case; other bytes must be equal. */
bool view_equal_ignoring_case(struct view a, struct view b);

/* What is left after the first `size` bytes; `size` is at most `view.size`. */
static inline struct view view_skip(struct view view, size_t size)
{
    /* An empty view may point nowhere, and nothing may be added to that, not even 0 (C17 6.5.6). */
    return (struct view){size > 0 ? view.at + size : view.at, view.size - size};
}

static inline struct view view_first(struct view view, size_t size)
{
    return (struct view){view.at, size};
}

/* Cuts spaces and tabs from both ends. */
struct view view_trim(struct view view);

/* Reads a decimal number without sign, 1 to 19 digits and nothing else. False: not such a number, or over `max`. */
bool view_to_number(struct view view, uint64_t max, uint64_t *out_number);
