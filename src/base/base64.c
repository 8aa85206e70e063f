/* SPDX-License-Identifier: Apache-2.0 */
#include "base/base64.h"

enum { DIGIT_NONE = 0xFF };

static const char alphabets[][65] = {
    [BASE64_PADDED] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    [BASE64_URL] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_",
};

void base64_encode(enum base64_variant variant, struct view bytes, char *out)
{
    const char *digits = alphabets[variant];
    size_t index = 0;
    for (; index + 3 <= bytes.size; index += 3) {
        uint32_t bits = (uint32_t)bytes.at[index] << 16 | (uint32_t)bytes.at[index + 1] << 8 | bytes.at[index + 2];
        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        *out++ = digits[bits >> 6 & 63];
        *out++ = digits[bits & 63];
    }
    size_t left = bytes.size - index;
    if (left > 0) {
        uint32_t bits = (uint32_t)bytes.at[index] << 16 | (left == 2 ? (uint32_t)bytes.at[index + 1] << 8 : 0);
        *out++ = digits[bits >> 18];
        *out++ = digits[bits >> 12 & 63];
        if (left == 2)
            *out++ = digits[bits >> 6 & 63];
        for (size_t missing = left; missing < 3 && variant == BASE64_PADDED; missing++)
            *out++ = '=';
    }
    *out = '\0';
}

static uint8_t digit_of(enum base64_variant variant, uint8_t character)
{
    if (character >= 'A' && character <= 'Z')
        return (uint8_t)(character - 'A');
    if (character >= 'a' && character <= 'z')
        return (uint8_t)(character - 'a' + 26);
    if (character >= '0' && character <= '9')
        return (uint8_t)(character - '0' + 52);
    if (character == (uint8_t)alphabets[variant][62])
        return 62;
    return character == (uint8_t)alphabets[variant][63] ? 63 : DIGIT_NONE;
}

bool base64_decode(enum base64_variant variant, struct view text, uint8_t *out, size_t size)
{
    if (text.size != base64_size(variant, size))
        return false;
    size_t digits = (size * 4 + 2) / 3, written = 0;
    for (size_t index = digits; index < text.size; index++) {
        if (text.at[index] != '=')
            return false;
    }
    uint32_t bits = 0;
    int count = 0;
    for (size_t index = 0; index < digits; index++) {
        uint8_t digit = digit_of(variant, text.at[index]);
        if (digit == DIGIT_NONE)
            return false;
        bits = bits << 6 | digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[written++] = (uint8_t)(bits >> count);
        }
    }
    return (bits & ((1U << count) - 1)) == 0;
}
