/* SPDX-License-Identifier: Apache-2.0 */
/* What may be a name, and which names count as the same. Unicode's own rules come from utf8proc; the look-alikes are a small table of ours. */
#pragma once

#include <stdint.h>

#include "base/builder.h"

enum { NAME_ROOM_CHARACTERS_MAX = 64, NAME_USER_CHARACTERS_MAX = 32, NAME_DRAWN_BYTES_MAX = 40 };

enum name_fault {
    NAME_FINE,
    NAME_NOT_UTF8,
    NAME_EMPTY,
    NAME_TOO_LONG,
    NAME_ROOM_CHARACTER, /* not a letter, digit, '-', '_' or '.' */
    NAME_ROOM_DOTS,      /* nothing but dots */
    NAME_USER_CHARACTER, /* control, invisible, unassigned, or one that turns the direction of writing */
    NAME_USER_MARKS,     /* more than three marks on one letter */
    NAME_USER_NOTHING,   /* nothing that can be read: only marks, punctuation or space */
    NAME_FAULT_COUNT,
};

/* A sentence for the user: what is wrong and what to do. */
const char *name_fault_text(enum name_fault fault);

/* A room's name: 1 to 64 characters after composition, letters (with their marks) and digits of any script, '-', '_', '.', not only dots. A leading '~' makes it
 * ephemeral and is not counted. `*out_is_ephemeral` is set where the name is fine. */
enum name_fault name_check_room(struct view name, bool *out_is_ephemeral);
/* Appends the form by which rooms are compared: compatibility-composed and case-folded. False: not UTF-8, or no memory. */
bool name_fold_room(struct view name, struct builder *out_fold);

/* A user's name: white space trimmed and collapsed, composed, 1 to 32 characters, something readable in it. The clean form is appended to `out_clean` where it is fine. */
enum name_fault name_check_user(struct view name, struct builder *out_clean);
/* Appends the key by which look-alikes are found: decomposed, folded, marks dropped, similar shapes of Latin, Cyrillic, Greek and digits made one, spaces and
 * '-', '_', '.' dropped. False: not UTF-8, or no memory. */
bool name_skeleton(struct view name, struct builder *out);

/* A friendly name for a guest who chose none, such as "amber-otter-417"; the same for the same seed. */
void name_draw(const uint8_t seed[8], char out[NAME_DRAWN_BYTES_MAX]);
