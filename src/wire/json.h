/* SPDX-License-Identifier: Apache-2.0 */
/* JSON at the edge: strict reading of one object (through jansson), and writing by hand, since what we write is flat.
 * It knows nothing of what the fields mean. */
#pragma once

#include <jansson.h>

#include "base/builder.h"
#include "base/view.h"

enum { JSON_DEPTH_MAX = 16, JSON_FAULT_BYTES = 128 };

/* Once, first, by the main thread: from then on an allocation of jansson's that fails is noticed, also where it goes on
 * without. */
void json_init(void);

/* Reads one JSON object (RFC 8259), UTF-8. NULL: not JSON, not an object, deeper than JSON_DEPTH_MAX, a repeated name
 * in an object, a lone surrogate, a NUL in a string, a number out of range, or no memory; then `out_text` says in one
 * sentence of printable ASCII what is wrong, about where, and what to do, and is empty where memory ended, which is no
 * fault of the text. The caller json_decref()s. */
json_t *json_read_object(struct view text, char out_text[JSON_FAULT_BYTES]);

/* In which of the eight bytes of a word a byte has this value: its top bit is set then. Beyond the first hit there may
 * be false ones. */
static inline uint64_t json_bytes_equal(uint64_t word, uint8_t byte)
{
    uint64_t difference = word ^ byte * UINT64_C(0x0101010101010101);
    return (difference - UINT64_C(0x0101010101010101)) & ~difference & UINT64_C(0x8080808080808080);
}

/* How many of `size` bytes, from the first on and eight at a time, surely stand in a string as they are: no control, no
 * quote, no backslash, and not `other`. What comes after them is to be looked at byte by byte. */
static inline size_t json_plain_size(const uint8_t *at, size_t size, uint8_t other)
{
    size_t index = 0;
    for (; index + 8 <= size; index += 8) {
        uint64_t word;
        memcpy(&word, at + index, sizeof word);
        uint64_t control = (word - UINT64_C(0x2020202020202020)) & ~word & UINT64_C(0x8080808080808080);
        if ((control | json_bytes_equal(word, '"') | json_bytes_equal(word, '\\') | json_bytes_equal(word, other)) != 0)
            break;
    }
    return index;
}

/* Appends "…" with quotes; escapes what must be (RFC 8259 section 7), and U+2028, U+2029. `text` must be valid
 * UTF-8. */
void json_add_string(struct builder *out, struct view text);
