/* SPDX-License-Identifier: Apache-2.0 */
/* The classes of bytes in HTTP's grammar (RFC 9110 section 5.6.2, RFC 9112 section 3.2). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

/* A byte of a token: letters, digits and !#$%&'*+-.^_`|~ (a bit for each of the first 128). */
static inline bool octet_is_token(uint8_t byte)
{
    static const uint64_t classes[2] = {0x03FF6CFA00000000U, 0x57FFFFFFC7FFFFFEU};

    return byte < 128 && (classes[byte >> 6] >> (byte & 63) & 1);
}

/* A byte of a field's value: all but controls; the tab is one, those over 0x7F are opaque. */
static inline bool octet_is_field(uint8_t byte)
{
    return (byte >= ' ' && byte != 0x7F) || byte == '\t';
}

/* A byte of a request's target: visible ASCII. A fragment never leaves a client, so '#' is none. */
static inline bool octet_is_target(uint8_t byte)
{
    return byte > ' ' && byte < 0x7F && byte != '#';
}

static inline bool octet_is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* The value of a hexadecimal digit, or -1. */
static inline int octet_hex(uint8_t byte)
{
    if (octet_is_digit(byte))
        return byte - '0';
    byte |= 0x20;
    return byte >= 'a' && byte <= 'f' ? byte - 'a' + 10 : -1;
}
