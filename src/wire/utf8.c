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

/* Takes a first byte over 0x7F. The bounds of the second byte rule out overlong forms, surrogates and what is over
 * U+10FFFF (RFC 3629 section 4), so that a bad sequence is known at its first bad byte. */
static bool start(struct utf8 *utf8, uint8_t byte)
{
    utf8->low = CONTINUATION_LOW;
    utf8->high = CONTINUATION_HIGH;
    if (byte < 0xC2 || byte > 0xF4)
        return false;
    if (byte < 0xE0) {
        utf8->needed = 1;
        return true;
    }
    utf8->needed = byte < 0xF0 ? 2 : 3;
    if (byte == 0xE0)
        utf8->low = 0xA0;
    else if (byte == 0xED)
        utf8->high = 0x9F;
    else if (byte == 0xF0)
        utf8->low = 0x90;
    else if (byte == 0xF4)
        utf8->high = 0x8F;
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

bool utf8_add(struct utf8 *utf8, struct view bytes)
{
    if (bytes.size == 0)
        return true;
    const uint8_t *end = bytes.at + bytes.size;
    const uint8_t *at = finish(utf8, bytes.at, end);

    while (at && at < end) {
        if (*at < 0x80) {
            at = skip_ascii(at, end);
            continue;
        }
        if (!start(utf8, *at))
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
