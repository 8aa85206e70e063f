/* SPDX-License-Identifier: Apache-2.0 */
/* UTF-8: the incremental check, cut anywhere, and the check of the whole agree with a decoder by the definition. */
#include "wire/utf8.h"

#include "fuzz.h"

/* How many bytes the well-formed character at the start has, or 0. */
static size_t character_size(struct view bytes)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    uint8_t first = bytes.at[0];
    size_t size = first < 0x80             ? 1
                  : (first & 0xE0) == 0xC0 ? 2
                  : (first & 0xF0) == 0xE0 ? 3
                  : (first & 0xF8) == 0xF0 ? 4
                                           : 0;

    if (size < 2 || size > bytes.size)
        return size > bytes.size ? 0 : size;
    uint32_t character = first & (0x7F >> size);

    for (size_t index = 1; index < size; index++) {
        if ((bytes.at[index] & 0xC0) != 0x80)
            return 0;
        character = character << 6 | (bytes.at[index] & 0x3F);
    }
    bool is_right = character >= least[size] && character <= 0x10FFFF && !(character >= 0xD800 && character <= 0xDFFF);
    return is_right ? size : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    if (size < 1)
        return 0;
    struct view rest = view_of(at, size);
    struct fuzz_cuts cuts = {fuzz_take_byte(&rest)};
    struct view text = rest;
    struct utf8 utf8 = {0};
    bool is_right = true;
    size_t right = 0;

    while (right < text.size && character_size(view_skip(text, right)) > 0)
        right += character_size(view_skip(text, right));
    while (is_right && rest.size > 0) {
        struct view piece = fuzz_take_piece(&cuts, &rest);
        is_right = utf8_add(&utf8, piece);
        fuzz_free(piece);
        if (!is_right) /* not refused before its first bad byte has come */
            check(text.size - rest.size > right);
    }
    check((is_right && utf8_is_complete(&utf8)) == (right == text.size));
    check(utf8_is_valid(text) == (right == text.size));
    return 0;
}
