/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/utf8.h"

#include "wire_test.h"

int test_utf8(void);

struct form {
    uint32_t first;
    uint32_t last;
    int size;
};

/* RFC 3629 section 3: which characters take how many bytes. */
static const struct form forms[] = {{0, 0x7F, 1}, {0x80, 0x7FF, 2}, {0x800, 0xFFFF, 3}, {0x10000, 0x10FFFF, 4}};

static void encode(uint32_t character, int size, uint8_t out[4])
{
    static const uint8_t leads[] = {0, 0, 0xC0, 0xE0, 0xF0};

    for (int index = size - 1; index > 0; index--, character >>= 6)
        out[index] = (uint8_t)(0x80 | (character & 0x3F));
    out[0] = (uint8_t)(leads[size] | character);
}

/* Can these bytes (1 to 4) begin some character of this form? Looks at the smallest and the largest with that start. */
static bool begins(struct view bytes, const struct form *form)
{
    uint8_t low[4] = {0, 0x80, 0x80, 0x80};
    uint8_t high[4] = {0, 0xBF, 0xBF, 0xBF};
    uint32_t edges[2] = {0, 0};
    uint8_t back[4];

    if (bytes.size > (size_t)form->size)
        return false;
    memcpy(low, bytes.at, bytes.size);
    memcpy(high, bytes.at, bytes.size);
    for (int edge = 0; edge < 2; edge++) {
        const uint8_t *at = edge ? high : low;
        edges[edge] = form->size == 1 ? at[0] : at[0] & (0x7F >> form->size);
        for (int index = 1; index < form->size; index++)
            edges[edge] = edges[edge] << 6 | (at[index] & 0x3F);
    }
    /* The range of characters with this start, cut to the form's range, must have one that is no surrogate. */
    uint32_t first = edges[0] > form->first ? edges[0] : form->first;
    uint32_t last = edges[1] < form->last ? edges[1] : form->last;

    if (first >= 0xD800 && last <= 0xDFFF)
        return false;
    if (first > last)
        return false;
    encode(first >= 0xD800 && first <= 0xDFFF ? 0xE000 : first, form->size, back);
    return memcmp(back, bytes.at, bytes.size) == 0;
}

/* The reference decoder, slow and by the definition. Returns the size of the longest prefix that could still become
 * UTF-8; `*out_is_complete` says whether it ends at a character's end. */
static size_t reference(struct view bytes, bool *out_is_complete)
{
    size_t at = 0;

    *out_is_complete = true;
    while (at < bytes.size) {
        size_t best = 0;
        size_t best_form = 0;

        for (size_t index = 0; index < COUNT(forms); index++)
            for (size_t size = 1; size <= (size_t)forms[index].size && size <= bytes.size - at; size++)
                if (begins(view_of(bytes.at + at, size), &forms[index]) && size > best) {
                    best = size;
                    best_form = index;
                }
        at += best;
        *out_is_complete = best > 0 && best == (size_t)forms[best_form].size;
        if (!*out_is_complete)
            return at;
    }
    return at;
}

/* Feeds the bytes one by one; the number that were taken. */
static size_t feed_bytes(struct view bytes, bool *out_is_complete)
{
    struct utf8 utf8 = {0};
    size_t taken = 0;

    while (taken < bytes.size && utf8_add(&utf8, view_of(bytes.at + taken, 1)))
        taken++;
    *out_is_complete = taken == bytes.size && utf8_is_complete(&utf8);
    return taken;
}

static void agrees_with_reference(struct view text)
{
    struct view bytes = exact_copy(text);
    bool is_complete = false;
    bool is_complete_here = false;
    size_t right = reference(bytes, &is_complete);

    is_complete = is_complete && right == bytes.size;
    assert_int_equal(feed_bytes(bytes, &is_complete_here), right);
    assert_int_equal(is_complete_here, is_complete);
    assert_int_equal(utf8_is_valid(bytes), is_complete);
    for (size_t cut = 0; cut <= bytes.size; cut++) {
        struct utf8 utf8 = {0};
        bool is_right = utf8_add(&utf8, view_first(bytes, cut));

        assert_int_equal(is_right, cut <= right);
        if (is_right)
            is_right = utf8_add(&utf8, view_skip(bytes, cut));
        assert_int_equal(is_right, right == bytes.size);
        if (is_right)
            assert_int_equal(utf8_is_complete(&utf8), is_complete);
    }
    free_copy(bytes);
}

struct text_case {
    const char *name;
    struct view bytes;
    bool is_valid;
};

static const struct text_case cases[] = {
    {"nothing", BYTES(""), true},
    {"ASCII with a NUL", BYTES("a\0b"), true},
    {"ASCII of eight and more", BYTES("0123456789abcdefghijklmnopqrstuvwxyz0123456789abcdefghijklmnopqrstuvwxyz"),
     true},
    {"Greek", BYTES("\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5"), true},
    {"first of two bytes", BYTES("\xC2\x80"), true},
    {"last of two bytes", BYTES("\xDF\xBF"), true},
    {"first of three bytes", BYTES("\xE0\xA0\x80"), true},
    {"before the surrogates", BYTES("\xED\x9F\xBF"), true},
    {"behind the surrogates", BYTES("\xEE\x80\x80"), true},
    {"last of three bytes", BYTES("\xEF\xBF\xBF"), true},
    {"first of four bytes", BYTES("\xF0\x90\x80\x80"), true},
    {"U+10FFFF", BYTES("\xF4\x8F\xBF\xBF"), true},
    {"an emoji behind 31 bytes", BYTES("0123456789012345678901234567890\xF0\x9F\x98\x80 and more than that"), true},
    {"a byte order mark", BYTES("\xEF\xBB\xBF"), true},
    {"a lone continuation", BYTES("\x80"), false},
    {"a continuation behind ASCII", BYTES("abcdefgh\xBF"), false},
    {"C0, overlong", BYTES("\xC0\xAF"), false},
    {"C1, overlong", BYTES("\xC1\xBF"), false},
    {"overlong in three", BYTES("\xE0\x9F\xBF"), false},
    {"overlong in four", BYTES("\xF0\x8F\xBF\xBF"), false},
    {"first surrogate", BYTES("\xED\xA0\x80"), false},
    {"last surrogate", BYTES("\xED\xBF\xBF"), false},
    {"over U+10FFFF", BYTES("\xF4\x90\x80\x80"), false},
    {"F5", BYTES("\xF5\x80\x80\x80"), false},
    {"FE and FF", BYTES("\xFE\xFF"), false},
    {"five bytes", BYTES("\xF8\x88\x80\x80\x80"), false},
    {"two bytes, cut", BYTES("abc\xC3"), false},
    {"three bytes, cut", BYTES("\xE2\x82"), false},
    {"four bytes, cut", BYTES("\xF0\x9F\x98"), false},
    {"a lead within a character", BYTES("\xE2\xC3\xA4"), false},
    {"ASCII within a character", BYTES("\xE2\x82z"), false},
    {"Latin-1", BYTES("caf\xE9 au lait"), false},
    {"a bad byte in the last of many", BYTES("0123456789012345678901234567890123456789012345678901234567890123456\xFF"),
     false},
};

static void the_cases_are_judged_right_at_every_cut(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        if (utf8_is_valid(cases[index].bytes) != cases[index].is_valid)
            fail_msg("%s", cases[index].name);
        agrees_with_reference(cases[index].bytes);
    }
}

static void every_sequence_of_two_bytes_agrees_with_the_reference(void **state)
{
    (void)state;
    for (unsigned pair = 0; pair < 0x10000; pair++) {
        uint8_t bytes[2] = {(uint8_t)(pair >> 8), (uint8_t)pair};
        bool is_complete = false;
        bool is_complete_here = false;
        size_t right = reference(view_of(bytes, 2), &is_complete);

        assert_int_equal(feed_bytes(view_of(bytes, 2), &is_complete_here), right);
        assert_int_equal(is_complete_here, is_complete && right == 2);
    }
}

static void every_character_is_taken_and_its_neighbours_are_not(void **state)
{
    uint8_t bytes[4];

    (void)state;
    for (size_t form = 0; form < COUNT(forms); form++)
        for (uint32_t character = forms[form].first; character <= forms[form].last; character++) {
            encode(character, forms[form].size, bytes);
            bool is_surrogate = character >= 0xD800 && character <= 0xDFFF;
            assert_int_equal(utf8_is_valid(view_of(bytes, (size_t)forms[form].size)), !is_surrogate);
        }
}

static void random_strings_agree_with_the_reference_at_every_cut(void **state)
{
    static const uint8_t nasty[] = {0x00, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
                                    0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF, 'a',  'z'};
    uint64_t random = seed_of("utf8");
    uint8_t bytes[48];

    (void)state;
    for (int round = 0; round < 5000; round++) {
        size_t size = next_random(&random) % sizeof(bytes);
        size_t ascii = next_random(&random) % (sizeof(bytes) + 1);
        for (size_t index = 0; index < size; index++)
            bytes[index] = index < ascii ? 'x' : nasty[next_random(&random) % COUNT(nasty)];
        agrees_with_reference(view_of(bytes, size));
    }
}

int test_utf8(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_cases_are_judged_right_at_every_cut),
        cmocka_unit_test(every_sequence_of_two_bytes_agrees_with_the_reference),
        cmocka_unit_test(every_character_is_taken_and_its_neighbours_are_not),
        cmocka_unit_test(random_strings_agree_with_the_reference_at_every_cut),
    };
    return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
