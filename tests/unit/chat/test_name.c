/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/name.h"

#include <utf8proc.h>

#include "chat_test.h"
#include "wire/utf8.h"

#define A8       "aaaaaaaa"
#define A32      A8 A8 A8 A8
#define A64      A32 A32
#define CAFE_NFD "cafe\u0301"

static enum name_fault check_room(struct view name, bool *out_is_ephemeral)
{
    struct view copy = exact_copy(name);
    enum name_fault fault = name_check_room(copy, out_is_ephemeral);

    free_copy(copy);
    return fault;
}

static enum name_fault check_user(struct view name, struct builder *out)
{
    struct view copy = exact_copy(name);
    enum name_fault fault = name_check_user(copy, out);

    free_copy(copy);
    return fault;
}

static const struct {
    const char *name;
    struct view text;
    enum name_fault fault;
} room_cases[] = {
    {"plain", BYTES("lobby"), NAME_FINE},
    {"one letter", BYTES("a"), NAME_FINE},
    {"one digit", BYTES("7"), NAME_FINE},
    {"signs", BYTES("a-b_c.d"), NAME_FINE},
    {"a sign alone", BYTES("-"), NAME_FINE},
    {"a dot first", BYTES(".hidden"), NAME_FINE},
    {"upper case", BYTES("Lobby"), NAME_FINE},
    {"accents", BYTES("caf\u00e9"), NAME_FINE},
    {"accents apart", BYTES(CAFE_NFD), NAME_FINE},
    {"Cyrillic", BYTES("\u043a\u043e\u043c\u043d\u0430\u0442\u0430"), NAME_FINE},
    {"Chinese", BYTES("\u804a\u5929\u5ba4"), NAME_FINE},
    {"Thai vowels and tones", BYTES("\u0e2b\u0e49\u0e2d\u0e07\u0e19\u0e31\u0e48\u0e07"), NAME_FINE},
    {"Hindi", BYTES("\u0939\u093f\u0928\u094d\u0926\u0940"), NAME_FINE},
    {"four marks after each other in Myanmar", BYTES("\u101c\u103b\u103e\u1031\u102c\u1000\u103a"), NAME_FINE},
    {"Arabic-Indic digits", BYTES("\u0663\u0664"), NAME_FINE},
    {"full width", BYTES("\uff4c\uff4f\uff42\uff42\uff59"), NAME_FINE},
    {"64 letters", BYTES(A64), NAME_FINE},
    {"64 letters and a tilde", BYTES("~" A64), NAME_FINE},
    {"65 letters", BYTES(A64 "a"), NAME_ROOM_LONG},
    {"64 letters of two bytes", BYTES("\u00e9" A32 "a\u00e9" A8 A8 A8 "aaaaa"), NAME_FINE},
    {"nothing", BYTES(""), NAME_EMPTY},
    {"only a tilde", BYTES("~"), NAME_EMPTY},
    {"two tildes", BYTES("~~"), NAME_ROOM_CHARACTER},
    {"a tilde inside", BYTES("a~b"), NAME_ROOM_CHARACTER},
    {"a wide tilde", BYTES("\uff5eparty"), NAME_ROOM_CHARACTER},
    {"a dot", BYTES("."), NAME_ROOM_DOTS},
    {"two dots", BYTES(".."), NAME_ROOM_DOTS},
    {"dots with a tilde", BYTES("~.."), NAME_ROOM_DOTS},
    {"wide dots", BYTES("\uff0e\uff0e"), NAME_ROOM_CHARACTER},
    {"an ellipsis", BYTES("\u2026"), NAME_ROOM_CHARACTER},
    {"a path", BYTES("../etc/passwd"), NAME_ROOM_CHARACTER},
    {"a backslash", BYTES("a\\b"), NAME_ROOM_CHARACTER},
    {"a space", BYTES("a b"), NAME_ROOM_CHARACTER},
    {"a space last", BYTES("a "), NAME_ROOM_CHARACTER},
    {"a space that does not break", BYTES("a\u00a0b"), NAME_ROOM_CHARACTER},
    {"a line end", BYTES("a\n"), NAME_ROOM_CHARACTER},
    {"markup", BYTES("<script>"), NAME_ROOM_CHARACTER},
    {"an emoji", BYTES("\U0001F9A6"), NAME_ROOM_CHARACTER},
    {"a half, that folds to more than digits", BYTES("\u00bd"), NAME_ROOM_CHARACTER},
    {"a ligature that folds to words", BYTES("\ufdfa"), NAME_ROOM_CHARACTER},
    {"a NUL", BYTES("a\0b"), NAME_HIDDEN},
    {"an escape", BYTES("a\x1b[2J"), NAME_HIDDEN},
    {"DEL", BYTES("a\x7f"), NAME_HIDDEN},
    {"right-to-left override", BYTES("a\u202eb"), NAME_HIDDEN},
    {"an isolate", BYTES("a\u2066b"), NAME_HIDDEN},
    {"a direction mark", BYTES("a\u200fb"), NAME_HIDDEN},
    {"zero width space", BYTES("a\u200bb"), NAME_HIDDEN},
    {"zero width joiner", BYTES("a\u200db"), NAME_HIDDEN},
    {"a soft hyphen", BYTES("a\u00adb"), NAME_HIDDEN},
    {"a byte order mark", BYTES("\ufefflobby"), NAME_HIDDEN},
    {"a filler that is a letter", BYTES("\u3164"), NAME_HIDDEN},
    {"another", BYTES("a\uffa0"), NAME_HIDDEN},
    {"a selector that is a mark", BYTES("a\ufe0f"), NAME_HIDDEN},
    {"a joiner that is a mark", BYTES("a\u034f"), NAME_HIDDEN},
    {"tags", BYTES("a\U000E0041"), NAME_HIDDEN},
    {"private use", BYTES("\ue000"), NAME_HIDDEN},
    {"unassigned", BYTES("\u0378"), NAME_HIDDEN},
    {"no character at all", BYTES("\uffff"), NAME_HIDDEN},
    {"a replacement character", BYTES("\ufffd"), NAME_HIDDEN},
    {"a line separator", BYTES("a\u2028b"), NAME_HIDDEN},
    {"a mark first", BYTES("\u0301a"), NAME_LOOSE_MARK},
    {"only a mark", BYTES("\u0301"), NAME_LOOSE_MARK},
    {"a mark on a hyphen", BYTES("a-\u0308"), NAME_LOOSE_MARK},
    {"three marks that stay", BYTES("x\u0300\u0301\u0302"), NAME_FINE},
    {"four marks", BYTES("x\u0300\u0301\u0302\u0303"), NAME_MARKS},
    {"not UTF-8", BYTES("a\xff"), NAME_NOT_UTF8},
    {"a cut character", BYTES("caf\xc3"), NAME_NOT_UTF8},
    {"overlong", BYTES("\xc0\xaf"), NAME_NOT_UTF8},
    {"a surrogate", BYTES("\xed\xa0\x80"), NAME_NOT_UTF8},
    {"above Unicode", BYTES("\xf4\x90\x80\x80"), NAME_NOT_UTF8},
};

static void a_rooms_name_is_letters_digits_and_three_signs(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(room_cases); i++) {
        bool is_ephemeral = room_cases[i].text.size > 0 && room_cases[i].text.at[0] == '~', was = !is_ephemeral,
             flag = was;
        enum name_fault fault = check_room(room_cases[i].text, &flag);
        if (fault != room_cases[i].fault)
            fail_msg("%s: %s", room_cases[i].name, name_fault_text(fault));
        assert_int_equal(flag, fault == NAME_FINE ? is_ephemeral : was);
    }
}

static struct view repeat(struct builder *out, const char *unit, size_t count)
{
    builder_init(out, 1 << 20);
    for (size_t i = 0; i < count; i++)
        builder_add_string(out, unit);
    assert_true(builder_ok(out));
    return builder_view(out);
}

/* The room keeps the name as it came: its bytes are bounded as well as its characters. */
static void a_long_name_is_refused_however_it_is_made_long(void **state)
{
    static const struct {
        const char *unit;
        size_t count;
        enum name_fault room, user;
    } cases[] = {
        {"a", 10000, NAME_ROOM_LONG, NAME_USER_LONG},
        {"\U00020000", 64, NAME_FINE, NAME_USER_LONG},
        {"\U00020000", 65, NAME_ROOM_LONG, NAME_USER_LONG},
        {"\u0301", 10000, NAME_ROOM_LONG, NAME_USER_LONG},
        {"e\u0301", 32, NAME_FINE, NAME_FINE},
        {"e\u0301", 64, NAME_FINE, NAME_USER_LONG},
        {"e\u0301", 65, NAME_ROOM_LONG, NAME_USER_LONG},
        {"u\u031b\u0301", 60, NAME_ROOM_LONG, NAME_USER_LONG}, /* 60 characters in 300 bytes */
        {"\ufdfa", 85, NAME_ROOM_LONG, NAME_USER_LONG},
        {" ", 10000, NAME_ROOM_LONG, NAME_USER_LONG},
        {"\ufe0f", 100, NAME_ROOM_LONG, NAME_EMPTY},
    };
    bool is_ephemeral;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct builder name, clean;
        struct view text = repeat(&name, cases[i].unit, cases[i].count);
        builder_init(&clean, 4096);
        enum name_fault room = check_room(text, &is_ephemeral), user = check_user(text, &clean);
        if (room != cases[i].room || user != cases[i].user)
            fail_msg("case %zu: %s %s", i, name_fault_text(room), name_fault_text(user));
        builder_done(&clean);
        builder_done(&name);
    }
}

static void rooms_are_the_same_by_normal_form_and_case(void **state)
{
    static const struct {
        struct view name;
        const char *fold;
    } cases[] = {
        {BYTES("lobby"), "lobby"},
        {BYTES("LoBBy-1_2.3"), "lobby-1_2.3"},
        {BYTES("~Party"), "~party"},
        {BYTES("CAF\u00c9"), "caf\u00e9"},
        {BYTES(CAFE_NFD), "caf\u00e9"},
        {BYTES("\uff2c\uff4f\uff42\uff42\uff59"), "lobby"},
        {BYTES("Stra\u00dfe"), "strasse"},
        {BYTES("\ufb01sh"), "fish"},
        {BYTES("\u03a3\u03af\u03c3\u03c5\u03c6\u03bf\u03c2"), "\u03c3\u03af\u03c3\u03c5\u03c6\u03bf\u03c3"},
        {BYTES("\u041c\u043e\u0441\u043a\u0432\u0430"), "\u043c\u043e\u0441\u043a\u0432\u0430"},
        {BYTES("\u2460"), "1"},
        {BYTES(""), ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct view copy = exact_copy(cases[i].name);
        struct builder fold;
        builder_init(&fold, 4096);
        assert_true(name_fold_room(copy, &fold));
        if (!view_equal(builder_view(&fold), view_of_string(cases[i].fold)))
            fail_msg("case %zu: %.*s", i, (int)fold.size, (const char *)fold.at);
        builder_done(&fold);
        free_copy(copy);
    }
}

static void what_cannot_be_folded_is_told(void **state)
{
    struct builder fold, long_name;
    struct view name = repeat(&long_name, "\u00e9", 10000);

    (void)state;
    builder_init(&fold, 1 << 20);
    assert_false(name_fold_room(VIEW("a\xff"), &fold));
    assert_false(name_fold_room(name, &fold));
    builder_done(&fold);
    builder_init(&fold, 3);
    assert_false(name_fold_room(VIEW("lobby"), &fold));
    builder_clear(&fold);
    assert_false(name_fold_room(VIEW("CAFE"), &fold));
    builder_done(&fold);
    builder_done(&long_name);
}

/* Every character of Unicode as a name: whatever is taken folds to a name that is taken, and stays as it is. */
static void folding_a_room_that_is_taken_gives_a_room_that_is_taken(void **state)
{
    bool is_ephemeral;
    struct builder fold, again;
    size_t taken = 0;

    (void)state;
    builder_init(&fold, 4096);
    builder_init(&again, 4096);
    for (utf8proc_int32_t code = 1; code < 0x110000; code++) {
        uint8_t bytes[5] = {'a'};
        size_t size = 1 + (size_t)utf8proc_encode_char(code, bytes + 1);
        if (name_check_room(view_of(bytes, size), &is_ephemeral) != NAME_FINE)
            continue;
        taken++;
        builder_clear(&fold);
        builder_clear(&again);
        assert_true(name_fold_room(view_of(bytes, size), &fold) && name_fold_room(builder_view(&fold), &again));
        if (!view_equal(builder_view(&fold), builder_view(&again))
            || name_check_room(builder_view(&fold), &is_ephemeral) != NAME_FINE)
            fail_msg("U+%04X folds to %.*s", (unsigned)code, (int)fold.size, (const char *)fold.at);
    }
    assert_true(taken > 100000);
    builder_done(&fold);
    builder_done(&again);
}

static const struct {
    const char *name;
    struct view text;
    enum name_fault fault;
    const char *clean;
} user_cases[] = {
    {"plain", BYTES("ada"), NAME_FINE, "ada"},
    {"two words", BYTES("Grace Hopper"), NAME_FINE, "Grace Hopper"},
    {"space around", BYTES("  ada \t\r\n"), NAME_FINE, "ada"},
    {"space within", BYTES("a \t\n  b"), NAME_FINE, "a b"},
    {"spaces of other kinds", BYTES("\u00a0a\u2003\u3000b\u1680"), NAME_FINE, "a b"},
    {"accents apart", BYTES(CAFE_NFD), NAME_FINE, "caf\u00e9"},
    {"an apostrophe and dots", BYTES("J. R. O'Brien-Smith"), NAME_FINE, "J. R. O'Brien-Smith"},
    {"full width stays", BYTES("\uff41\uff44\uff41"), NAME_FINE, "\uff41\uff44\uff41"},
    {"Arabic", BYTES("\u0641\u0627\u0637\u0645\u0629"), NAME_FINE, "\u0641\u0627\u0637\u0645\u0629"},
    {"Hebrew with points", BYTES("\u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd"), NAME_FINE,
     "\u05e9\u05b8\u05c1\u05dc\u05d5\u05b9\u05dd"},
    {"an emoji", BYTES("\U0001F9A6"), NAME_FINE, "\U0001F9A6"},
    {"a heart from a phone", BYTES("ada \u2764\ufe0f"), NAME_FINE, "ada \u2764"},
    {"a selector between what belongs together", BYTES("e\ufe0f\u0301"), NAME_FINE, "\u00e9"},
    {"a keycap", BYTES("1\ufe0f\u20e3"), NAME_FINE, "1\u20e3"},
    {"a skin tone", BYTES("\U0001F44B\U0001F3FD"), NAME_FINE, "\U0001F44B\U0001F3FD"},
    {"a flag", BYTES("\U0001F1EB\U0001F1F7"), NAME_FINE, "\U0001F1EB\U0001F1F7"},
    {"a currency", BYTES("$"), NAME_FINE, "$"},
    {"markup is only text", BYTES("<b>ada</b>"), NAME_FINE, "<b>ada</b>"},
    {"32 letters", BYTES(A32), NAME_FINE, A32},
    {"32 letters and space", BYTES(" " A32 " "), NAME_FINE, A32},
    {"33 letters", BYTES(A32 "a"), NAME_USER_LONG, NULL},
    {"a space counts", BYTES(A8 A8 " " A8 A8), NAME_USER_LONG, NULL},
    {"nothing", BYTES(""), NAME_EMPTY, NULL},
    {"only space", BYTES(" \u00a0\t\u3000"), NAME_EMPTY, NULL},
    {"only punctuation", BYTES("-._!?"), NAME_USER_NOTHING, NULL},
    {"only quotes", BYTES("\"'`"), NAME_USER_NOTHING, NULL},
    {"a lone skin tone", BYTES("\U0001F3FD"), NAME_USER_NOTHING, NULL},
    {"a mark on punctuation", BYTES("-\u0301"), NAME_USER_NOTHING, NULL},
    {"a mark first", BYTES("\u0301ada"), NAME_LOOSE_MARK, NULL},
    {"a mark after space", BYTES("ada \u0301"), NAME_LOOSE_MARK, NULL},
    {"only marks", BYTES("\u0301\u0302"), NAME_LOOSE_MARK, NULL},
    {"three marks that stay", BYTES("x\u0300\u0301\u0302"), NAME_FINE, "x\u0300\u0301\u0302"},
    {"stacked marks", BYTES("Z\u0351\u036b\u0343\u036a\u0302a"), NAME_MARKS, NULL},
    {"marks on both sides of spacing ones", BYTES("\u0915\u093e\u0951\u0951\u093e\u0951\u0951"), NAME_MARKS, NULL},
    {"a NUL", BYTES("a\0b"), NAME_HIDDEN, NULL},
    {"an escape", BYTES("a\x1b[31m"), NAME_HIDDEN, NULL},
    {"NEL",
     BYTES("a\xc2\x85"
           "b"),
     NAME_HIDDEN, NULL},
    {"right-to-left override", BYTES("ada\u202e"), NAME_HIDDEN, NULL},
    {"left-to-right embedding", BYTES("\u202aada"), NAME_HIDDEN, NULL},
    {"an isolate", BYTES("a\u2067b\u2069"), NAME_HIDDEN, NULL},
    {"an Arabic letter mark", BYTES("a\u061cb"), NAME_HIDDEN, NULL},
    {"zero width space", BYTES("\u200b"), NAME_HIDDEN, NULL},
    {"zero width joiner", BYTES("a\u200da"), NAME_HIDDEN, NULL},
    {"a word joiner", BYTES("a\u2060a"), NAME_HIDDEN, NULL},
    {"an invisible times", BYTES("a\u2062a"), NAME_HIDDEN, NULL},
    {"a soft hyphen", BYTES("a\u00ada"), NAME_HIDDEN, NULL},
    {"a byte order mark", BYTES("\ufeffada"), NAME_HIDDEN, NULL},
    {"a Hangul filler", BYTES("\u3164"), NAME_HIDDEN, NULL},
    {"a Braille blank", BYTES("\u2800"), NAME_HIDDEN, NULL},
    {"a Mongolian selector", BYTES("a\u180b"), NAME_HIDDEN, NULL},
    {"a selector above the usual ones", BYTES("a\U000E0100"), NAME_HIDDEN, NULL},
    {"tags", BYTES("a\U000E0061"), NAME_HIDDEN, NULL},
    {"a line separator", BYTES("a\u2028b"), NAME_HIDDEN, NULL},
    {"a paragraph separator", BYTES("a\u2029b"), NAME_HIDDEN, NULL},
    {"private use", BYTES("a\uf8ff"), NAME_HIDDEN, NULL},
    {"unassigned", BYTES("a\u0378"), NAME_HIDDEN, NULL},
    {"an object without its object", BYTES("a\ufffc"), NAME_HIDDEN, NULL},
    {"a replacement character", BYTES("a\ufffd"), NAME_HIDDEN, NULL},
    {"not UTF-8", BYTES("ada\xff"), NAME_NOT_UTF8, NULL},
    {"a cut character", BYTES("\xf0\x9f\xa6"), NAME_NOT_UTF8, NULL},
    {"overlong", BYTES("\xc0\xa0"), NAME_NOT_UTF8, NULL},
    {"a surrogate", BYTES("\xed\xb0\x80"), NAME_NOT_UTF8, NULL},
};

static void a_users_name_is_cleaned_or_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(user_cases); i++) {
        struct builder clean;
        builder_init(&clean, 4096);
        builder_add_string(&clean, "kept ");
        enum name_fault fault = check_user(user_cases[i].text, &clean);
        struct view added = view_skip(builder_view(&clean), 5);
        if (fault != user_cases[i].fault
            || !view_equal(added, view_of_string(user_cases[i].clean ? user_cases[i].clean : "")))
            fail_msg("%s: %s [%.*s]", user_cases[i].name, name_fault_text(fault), (int)added.size,
                     (const char *)added.at);
        builder_done(&clean);
    }
}

static void a_clean_name_that_does_not_fit_is_refused(void **state)
{
    struct builder clean;

    (void)state;
    builder_init(&clean, 2);
    assert_int_equal(check_user(VIEW("ada"), &clean), NAME_USER_LONG);
    assert_int_equal(clean.size, 0);
    builder_done(&clean);
}

/* Names put together from what is most likely to go wrong: a clean name is clean, short, UTF-8, and composed. */
static void a_clean_name_is_clean(void **state)
{
    static const char *const parts[] = {
        "a",      "E",      "\u0301", "\u0308", "\u05b8", " ",      "\u00a0",     "-",      "\ufe0f", "\u2764",
        "\u1100", "\u1161", "\u11a8", "\u3099", "\u304b", "\u0f71", "\u0f72",     "\u0344", "\u212b", "\u2126",
        "=",      "\u0338", "\u0cc6", "\u0cd5", "\u0cc2", "\u09c7", "\U0001D15E", "\t",     "\u1e9b", "\u0323",
    };
    uint64_t random = seed_of("a_clean_name_is_clean");
    struct builder name, clean, again;
    size_t taken = 0;

    (void)state;
    builder_init(&name, 4096);
    builder_init(&clean, 4096);
    builder_init(&again, 4096);
    for (int round = 0; round < 50000; round++) {
        builder_clear(&name);
        builder_clear(&clean);
        builder_clear(&again);
        for (uint64_t left = next_random(&random) % 12; left > 0; left--)
            builder_add_string(&name, parts[next_random(&random) % COUNT(parts)]);
        if (name_check_user(builder_view(&name), &clean) != NAME_FINE)
            continue;
        taken++;
        assert_true(clean.size > 0 && clean.size <= 4 * NAME_USER_CHARACTERS_MAX
                    && utf8_is_valid(builder_view(&clean)));
        enum name_fault fault = name_check_user(builder_view(&clean), &again);
        if (fault != NAME_FINE || !view_equal(builder_view(&clean), builder_view(&again)))
            fail_msg("%s: %.*s", name_fault_text(fault), (int)name.size, (const char *)name.at);
    }
    assert_true(taken > 1000);
    builder_done(&name);
    builder_done(&clean);
    builder_done(&again);
}

static void every_fault_says_what_to_do_in_one_sentence(void **state)
{
    (void)state;
    for (int fault = NAME_FINE; fault < NAME_FAULT_COUNT; fault++) {
        const char *text = name_fault_text((enum name_fault)fault);
        assert_non_null(text);
        assert_int_equal(text[strlen(text) - 1], '.');
        assert_null(strstr(text, ". "));
        assert_true(strlen(text) < 190);
        assert_true(fault == NAME_FINE || strchr(text, ';') != NULL);
    }
}

int test_name(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rooms_name_is_letters_digits_and_three_signs),
        cmocka_unit_test(a_long_name_is_refused_however_it_is_made_long),
        cmocka_unit_test(rooms_are_the_same_by_normal_form_and_case),
        cmocka_unit_test(what_cannot_be_folded_is_told),
        cmocka_unit_test(folding_a_room_that_is_taken_gives_a_room_that_is_taken),
        cmocka_unit_test(a_users_name_is_cleaned_or_refused),
        cmocka_unit_test(a_clean_name_that_does_not_fit_is_refused),
        cmocka_unit_test(a_clean_name_is_clean),
        cmocka_unit_test(every_fault_says_what_to_do_in_one_sentence),
    };

    return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
