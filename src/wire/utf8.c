/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/utf8.h"

enum { CONTINUATION_LOW = 0x80, CONTINUATION_HIGH = 0xBF };

static const uint64_t high_bits = 0x8080808080808080U;

static uint64_t load(const uint8_t *at)
{
    uint64_t word;

    memcpy(&word, at, sizeof(word));
    return word;
}

/* The end of the run of ASCII that starts at `at`: most of what people send, and all of our own frames' syntax. */
static const uint8_t *skip_ascii(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 32) {
        if ((load(at) | load(at + 8) | load(at + 16) | load(at + 24)) & high_bits)
            break;
        at += 32;
    }
    while (end - at >= 8 && !(load(at) & high_bits))
        at += 8;
    while (at < end && *at < 0x80)
        at++;
    return at;
}

/* Narrows the bounds of a second byte by the first one: they rule out overlong forms, surrogates and what is over
 * U+10FFFF (RFC 3629 section 4), so that a bad sequence is known at its first bad byte. */
static void find_bounds(uint8_t first, uint8_t *low, uint8_t *high)
{
    if (first == 0xE0)
        *low = 0xA0;
    else if (first == 0xED)
        *high = 0x9F;
    else if (first == 0xF0)
        *low = 0x90;
    else if (first == 0xF4)
        *high = 0x8F;
}

/* Takes a first byte over 0x7F. */
static bool start(struct utf8 *utf8, uint8_t byte)
{
    if (byte < 0xC2 || byte > 0xF4)
        return false;
    utf8->needed = byte < 0xE0 ? 1 : byte < 0xF0 ? 2 : 3;
    utf8->low = CONTINUATION_LOW;
    utf8->high = CONTINUATION_HIGH;
    find_bounds(byte, &utf8->low, &utf8->high);
    return true;
}

/* Takes the bytes that the sequence at work still needs, as far as they are there. NULL: not UTF-8. */
static const uint8_t *finish(struct utf8 *utf8, const uint8_t *at, const uint8_t *end)
{
    while (utf8->needed > 0 && at < end) {
        if (*at < utf8->low || *at > utf8->high)
            return NULL;
        utf8->low = CONTINUATION_LOW;
        utf8->high = CONTINUATION_HIGH;
        utf8->needed--;
        at++;
    }
    return at;
}

static bool is_continuation(uint8_t byte)
{
    return (byte & 0xC0) == 0x80;
}

/* The size of the character at `at`, behind which three more bytes are there at least, or 0 where it is not
 * well-formed. */
static size_t whole_character(const uint8_t *at)
{
    uint8_t low = CONTINUATION_LOW;
    uint8_t high = CONTINUATION_HIGH;

    if (at[0] >= 0xC2 && at[0] <= 0xDF)
        return is_continuation(at[1]) ? 2 : 0;
    if (at[0] < 0xE0 || at[0] > 0xF4)
        return 0;
    find_bounds(at[0], &low, &high);
    if (at[1] < low || at[1] > high || !is_continuation(at[2]))
        return 0;
    if (at[0] < 0xF0)
        return 3;
    return is_continuation(at[3]) ? 4 : 0;
}

/* Goes over whole characters as long as they are right and not at the end: the fast way, which leaves the odd ones. */
static const uint8_t *skip_characters(const uint8_t *at, const uint8_t *end)
{
    while (end - at >= 4) {
        size_t size = *at < 0x80 ? 0 : whole_character(at);

        if (*at < 0x80)
            at = skip_ascii(at, end);
        else if (size > 0)
            at += size;
        else
            break;
    }
    return at;
}

bool utf8_add(struct utf8 *utf8, struct view bytes)
{
    if (bytes.size == 0)
        return true;
    const uint8_t *end = bytes.at + bytes.size;
    const uint8_t *at = finish(utf8, bytes.at, end);

    while (at && at < end) {
        at = skip_characters(at, end);
        if (at == end)
            break;
        if (*at >= 0x80 && !start(utf8, *at))
            return false;
        at = finish(utf8, at + 1, end);
    }
    return at != NULL;
}

bool utf8_is_valid(struct view bytes)
{
    struct utf8 utf8 = {0};

    return utf8_add(&utf8, bytes) && utf8_is_complete(&utf8);
}
