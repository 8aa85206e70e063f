/* SPDX-License-Identifier: Apache-2.0 */
/* Where a text may name somebody: the places of '@' that are no e-mail address and not in code, and how far a name
 * behind one can go. Whose name it is, mentions.c finds out. Nothing here takes memory or keeps state. */
#pragma once

#include <stdint.h>

#include "base/view.h"

enum {
    MENTION_CHARACTERS_MAX = 40, /* behind the '@': a name has at most 32, which composing may have made fewer */
    MENTION_ENDS_MAX = 40,
};

/* A walk through one text. */
struct mention_scan {
    struct view text;
    size_t at;
    unsigned code_searches; /* for the end of a code span, in vain */
};

static inline struct mention_scan mention_scan_of(struct view text)
{
    return (struct mention_scan){.text = text};
}

/* The bytes behind the next '@' that may begin a name, up to the line's end, at most MENTION_CHARACTERS_MAX characters.
 * Passed over are: what stands in `code` and in fences of three or more ` or ~, an '@' behind a backslash, and one
 * behind a letter, a digit or another byte that an e-mail address or a link can have there. False: there is none. The
 * text is valid UTF-8. The time is linear in the text's size. */
bool mention_next(struct mention_scan *scan, struct view *out_rest);

/* Sizes at which a name at the start of `rest` can end, longest first: never between two letters or digits of a script
 * that puts spaces between words, never behind a space. Returns how many. */
size_t mention_ends(struct view rest, uint8_t out_sizes[MENTION_ENDS_MAX]);
