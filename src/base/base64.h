/* SPDX-License-Identifier: Apache-2.0 */
/* Base64 (RFC 4648): the plain alphabet with padding (section 4), and the one for URLs and file names without (section
 * 5). It looks digits up in a table, so its time is not independent of the bytes as that of libsodium is, which takes
 * twenty times as long: not for what must stay secret from other programs on the same machine. */
#pragma once

#include <stdbool.h>

#include "base/view.h"

enum base64_variant { BASE64_PADDED, BASE64_URL };

/* Characters for `size` bytes, without an end mark. */
static inline size_t base64_size(enum base64_variant variant, size_t size)
{
    return variant == BASE64_PADDED ? (size + 2) / 3 * 4 : (size * 4 + 2) / 3;
}

/* Writes base64_size() characters and a NUL. */
void base64_encode(enum base64_variant variant, struct view bytes, char *out);
/* Strict: each value has one text, so no blanks, no missing or extra padding, no bits behind the last byte. False: it
 * is no such text, or not one of exactly `size` bytes. */
bool base64_decode(enum base64_variant variant, struct view text, uint8_t *out, size_t size);
