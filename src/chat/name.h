/* SPDX-License-Identifier: Apache-2.0 */
/* What may be a name, and which names count as the same. Unicode's own rules come from utf8proc; the look-alikes are a
 * small table of ours. Nothing here takes memory, apart from what the given builders hold, or keeps state. */
#pragma once

#include <stdint.h>

#include "base/builder.h"

enum {
    NAME_ROOM_CHARACTERS_MAX = 64, /* code points after composition (NFC), without the leading '~' */
    NAME_ROOM_BYTES_MAX = 256,     /* of a room's name as it was sent, without the leading '~' */
    NAME_USER_CHARACTERS_MAX = 32, /* so a clean name has at most 128 bytes */
    NAME_MARKS_MAX = 3,            /* above or below one letter */
    NAME_DRAWN_BYTES_MAX = 40,
    NAME_DIRECT_BYTES = 27,
};

enum name_fault {
    NAME_FINE,
    NAME_NOT_UTF8,
    NAME_EMPTY,
    NAME_ROOM_LONG,
    NAME_ROOM_CHARACTER, /* not a letter, digit, '-', '_' or '.', also after folding */
    NAME_ROOM_DOTS,      /* nothing but dots */
    NAME_USER_LONG,
    NAME_USER_NOTHING, /* nothing that can be read: only marks, punctuation or space */
    NAME_HIDDEN,       /* control, invisible, private, unassigned, or one that turns the direction of writing */
    NAME_MARKS,        /* more than NAME_MARKS_MAX marks on one letter */
    NAME_LOOSE_MARK,   /* a mark without a letter to stand on */
    NAME_FAULT_COUNT,
};

/* One sentence for the user: what is wrong and what to do. */
const char *name_fault_text(enum name_fault fault);

/* A room's name: 1 to 64 characters, letters (with their marks) and digits of any script, '-', '_', '.', not only dots.
 * A leading '~' makes it ephemeral and is not counted. `*out_is_ephemeral` is set only where the name is fine. */
enum name_fault name_check_room(struct view name, bool *out_is_ephemeral);
/* Appends the form by which rooms are compared: compatibility-composed (NFKC) and case-folded. False: not UTF-8,
 * absurdly long, or the builder has no room. Folding twice changes nothing. */
bool name_fold_room(struct view name, struct builder *out_fold);

/* The name of a direct room: '@' and 26 characters of lower-case base32. It is its own fold. */
bool name_is_direct(struct view name);

/* A user's name: white space trimmed and collapsed, composed (NFC), the selectors of emoji forms (U+FE0E, U+FE0F)
 * dropped, 1 to 32 characters, something readable in it. The clean form is appended to `out_clean` only where the name
 * is fine. Checking a clean name gives it back. */
enum name_fault name_check_user(struct view name, struct builder *out_clean);
/* Appends the key by which look-alikes are found: compatibility-decomposed (NFKD), case-folded, accents and points
 * stripped, similar shapes of Latin, Cyrillic, Greek and some other letters and digits made one, spaces, dashes and
 * dots dropped. Never empty for a name that name_check_user() takes. False: not UTF-8, absurdly long, or the builder
 * has no room. In name_shape.c. */
bool name_skeleton(struct view name, struct builder *out);

/* A friendly name for a guest who chose none, such as "amber-otter-417"; the same for the same seed. In name_shape.c.
 */
void name_draw(const uint8_t seed[8], char out[NAME_DRAWN_BYTES_MAX]);
