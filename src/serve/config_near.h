/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody may have meant who typed a name that is not there. */
#pragma once

#include "serve/config_table.h"

/* The setting whose name is the nearest: of a whole name such as "chat_text_max", or of a key within `section`. NULL if
 * none is near enough to be meant. */
const struct setting *setting_nearest(struct view typed, const char *section);
/* Letters to be put in, left out or changed to make one of the other, "-" and "_" being the same. SIZE_MAX if one is
 * longer than any name. */
size_t name_distance(struct view a, struct view b);
