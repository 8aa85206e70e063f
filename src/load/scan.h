/* SPDX-License-Identifier: Apache-2.0 */
/* Finds fields of a JSON object by one walk over its bytes, without building anything and in whatever order they stand.
 * It trusts that the text is JSON: of other text it finds less or nothing, and reads no byte outside. */
#pragma once

#include "base/view.h"

struct scan_field {
    const char *name;
    struct view value; /* at NULL: not there. A string without its quotes and with its escapes; others as they stand. */
};

/* Fills in the values of the fields of the outermost object; those of objects inside it are passed over. */
void scan_object(struct view object, struct scan_field *fields, size_t count);

/* Takes the next value off an array's text, which begins with its bracket or behind the value before. False: no more.
 */
bool scan_next(struct view *array, struct view *out_value);
