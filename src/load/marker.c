/* SPDX-License-Identifier: Apache-2.0 */
#include "load/marker.h"

#include "base/check.h"
#include "wire/octet.h"

#include <assert.h>

enum { START_SIZE = 3, RUN_DIGITS = 8, PUBLISHER_DIGITS = 6, NUMBER_DIGITS = 8, TIME_DIGITS = 16 };

static_assert(START_SIZE + RUN_DIGITS + PUBLISHER_DIGITS + NUMBER_DIGITS + TIME_DIGITS == MARKER_SIZE, "the drawing");
static_assert(RUN_DIGITS + PUBLISHER_DIGITS + NUMBER_DIGITS == MARKER_KEY_SIZE, "the key is the marker's middle");

static uint8_t *put_hex(uint8_t *out, uint64_t number, size_t digits)
{
    for (size_t index = digits; index > 0; index--, number >>= 4)
        out[index - 1] = (uint8_t) "0123456789abcdef"[number & 15];
    return out + digits;
}

/* Moves `*at` past the digits. */
static bool take_hex(const uint8_t **at, size_t digits, uint64_t *out)
{
    uint64_t number = 0;
    for (size_t index = 0; index < digits; index++) {
        int digit = octet_hex((*at)[index]);
        if (digit < 0)
            return false;
        number = number << 4 | (unsigned)digit;
    }
    *at += digits;
    *out = number;
    return true;
}

void marker_key_write(const struct marker *marker, uint8_t out[MARKER_KEY_SIZE])
{
    check(marker->publisher < MARKER_PUBLISHERS_MAX);
    out = put_hex(out, marker->run, RUN_DIGITS);
    out = put_hex(out, marker->publisher, PUBLISHER_DIGITS);
    (void)put_hex(out, marker->number, NUMBER_DIGITS);
}

void marker_write(const struct marker *marker, uint8_t out[MARKER_SIZE])
{
    memcpy(out, "@nb", START_SIZE);
    marker_key_write(marker, out + START_SIZE);
    (void)put_hex(out + START_SIZE + MARKER_KEY_SIZE, marker->at_ns, TIME_DIGITS);
}

bool marker_key_read(struct view key, struct marker *out_marker)
{
    uint64_t run;
    uint64_t publisher;
    uint64_t number;
    const uint8_t *at = key.at;
    if (key.size != MARKER_KEY_SIZE || !take_hex(&at, RUN_DIGITS, &run) || !take_hex(&at, PUBLISHER_DIGITS, &publisher)
        || !take_hex(&at, NUMBER_DIGITS, &number))
        return false;
    out_marker->run = (uint32_t)run;
    out_marker->publisher = (uint32_t)publisher;
    out_marker->number = (uint32_t)number;
    return true;
}

bool marker_read(struct view text, struct marker *out_marker)
{
    if (text.size < MARKER_SIZE || !view_starts_with(text, VIEW("@nb")))
        return false;
    const uint8_t *at = text.at + START_SIZE + MARKER_KEY_SIZE;
    return marker_key_read(view_of(text.at + START_SIZE, MARKER_KEY_SIZE), out_marker)
           && take_hex(&at, TIME_DIGITS, &out_marker->at_ns);
}
