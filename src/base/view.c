/* SPDX-License-Identifier: Apache-2.0 */
#include "base/view.h"

enum { DIGITS_MAX = 19 }; /* ten to the power of 19 still fits into 64 bits */

static uint8_t to_lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

bool view_equal_ignoring_case(struct view a, struct view b)
{
    if (a.size != b.size)
        return false;
    if (a.size > 0 && memcmp(a.at, b.at, a.size) == 0) /* mostly, what is equal is written alike */
        return true;
    for (size_t index = 0; index < a.size; index++) {
        if (to_lower(a.at[index]) != to_lower(b.at[index]))
            return false;
    }
    return true;
}

static bool is_blank(uint8_t byte)
{
    return byte == ' ' || byte == '\t';
}

struct view view_trim(struct view view)
{
    while (view.size > 0 && is_blank(view.at[0]))
        view = view_skip(view, 1);
    while (view.size > 0 && is_blank(view.at[view.size - 1]))
        view.size--;
    return view;
}

bool view_to_number(struct view view, uint64_t max, uint64_t *out_number)
{
    if (view.size == 0 || view.size > DIGITS_MAX)
        return false;
    uint64_t number = 0;
    for (size_t index = 0; index < view.size; index++) {
        uint8_t byte = view.at[index];
        if (byte < '0' || byte > '9')
            return false;
        number = number * 10 + (uint64_t)(byte - '0');
    }
    if (number > max)
        return false;
    *out_number = number;
    return true;
}
