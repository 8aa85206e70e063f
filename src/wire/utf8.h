/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8 (RFC 3629), checked incrementally: bad input is known at its first bad byte, however it is cut. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

/* Zero is the start; copyable. */
struct utf8 {
    uint8_t needed; /* continuation bytes still to come; 0: at a boundary */
    uint8_t low;    /* bounds of the next continuation byte */
    uint8_t high;
};

/* Goes on over `bytes`. False: not UTF-8 (overlong, surrogates, over U+10FFFF included), and stays undefined. */
bool utf8_add(struct utf8 *utf8, struct view bytes);
static inline bool utf8_is_complete(const struct utf8 *utf8)
{
    return utf8->needed == 0;
}
/* The whole of it at once, with a fast path for ASCII (eight bytes or more a step). */
bool utf8_is_valid(struct view bytes);
