/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/name.h"

#include <utf8proc.h>

#include "chat_test.h"

static struct view skeleton_of(struct builder *out, const char *name)
{
    struct view copy = exact_copy(view_of_string(name));

    builder_clear(out);
    if (!name_skeleton(copy, out))
        fail_msg("no skeleton: %s", name);
    free_copy(copy);
    return builder_view(out);
}

static bool are_alike(const char *a, const char *b)
{
    struct builder of_a, of_b;

    builder_init(&of_a, 4096);
    builder_init(&of_b, 4096);
    bool is_alike = view_equal(skeleton_of(&of_a, a), skeleton_of(&of_b, b));
    builder_done(&of_a);
    builder_done(&of_b);
    return is_alike;
}

static void names_that_look_alike_have_one_skeleton(void **state)
{
    static const struct {
        const char *a, *b;
    } cases[] = {
        {"ada", "ADA"},
        {"ada", "\u0430da"}, /* Cyrillic a */
        {"ada", "\u0430d\u0430"},
        {"ada", "\u03b1da"},                       /* Greek alpha */
        {"ada", "\uff41\uff44\uff41"},             /* full width */
        {"ada", "\U0001D41A\U0001D41D\U0001D41A"}, /* mathematical bold */
        {"ada", "\u24d0\u24d3\u24d0"},             /* circled */
        {"ada", "a d a"},
        {"ada", "a-d_a."},
        {"ada", "a\u2010d\u2014a"}, /* dashes */
        {"ada", "\u00e1d\u00e0"},
        {"ada", "a\u0301d\u0323a"},
        {"ada", "@d@"},
        {"ada", "\ua4ee\ua4d3\ua4ee"}, /* Lisu */
        {"ada", "\u13aa\u13a0\u13aa"}, /* Cherokee */
        {"bob", "b0b"},
        {"bob", "B\u041eB"},
        {"bob", "\u0412\u041e\u0412"},
        {"bob", "b\u0966b"}, /* Devanagari nought */
        {"bob", "b\u00f8b"},
        {"bill", "b1ll"},
        {"bill", "bIll"},
        {"bill", "BILL"},
        {"bill", "b\u0456ll"},
        {"bill", "b|!1"},
        {"bill", "b\u0131\u217c\u2113"},
        {"marnie", "mamie"},
        {"mamie", "mar-nie"},
        {"wanda", "vvanda"},
        {"scope", "\u0455\u0441\u043e\u0440\u0435"},
        {"paypal", "\u0440\u0430\u0443\u0440\u0430l"},
        {"nick", "ni\u03f2k"}, /* lunate sigma */
        {"nick", "NI\u03f9K"},
        {"nick", "\u039dick"},                /* Greek capital nu */
        {"ANNA", "\u0391\u039d\u039d\u0391"}, /* all of it Greek capitals */
        {"maria", "\u039caria"},
        {"HANS", "\u0397ans"},
        {"zoe", "\u0396oe"},
        {"\u03bd\u03af\u03ba\u03b7",
         "\u039d\u03af\u03ba\u03b7"}, /* a Greek name in small letters, and with a capital */
        {"\u041c\u0430\u0440\u0438\u044f", "\u043c\u0430\u0440\u0438\u044f"},
        {"stra\u00dfe", "STRASSE"},
        {"\u00e6sop", "aesop"},
        {"\u0627\u0644\u0643", "\u0623\u0644\u0643"}, /* a letter of Arabic with and without its sign */
        {"o'brien", "o\u2019brien"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (!are_alike(cases[i].a, cases[i].b))
            fail_msg("case %zu: %s and %s differ", i, cases[i].a, cases[i].b);
    }
}

static void names_that_differ_have_skeletons_that_differ(void **state)
{
    static const struct {
        const char *a, *b;
    } cases[] = {
        {"ada", "adam"},
        {"ada", "eda"},
        {"team3", "teame"},
        {"team5", "teams"},
        {"team8", "teamb"},
        {"lucia", "luda"},
        {"ada 1", "ada 2"},
        {"\U0001F9A6", "\U0001F98A"},
        {"ada", "ada \U0001F9A6"},
        {"\u304b", "\u304c"},                         /* ka and ga, which are one letter and a mark */
        {"\u0e23\u0e34\u0e19", "\u0e23\u0e38\u0e19"}, /* two Thai names that differ by a vowel sign */
        {"\u0930\u0935\u093f", "\u0930\u0935\u0940"}, /* two Hindi ones */
        {"\u5c0f\u660e", "\u5c0f\u7ea2"},
        {"amber-otter-417", "amber-otter-471"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (are_alike(cases[i].a, cases[i].b))
            fail_msg("case %zu: %s and %s are one", i, cases[i].a, cases[i].b);
    }
}

/* Every letter of Unicode that has a capital: whoever writes it large is not somebody else. Greek capitals among Latin
 * letters are read as what they look like, so they are tried in a Greek word. */
static void a_skeleton_does_not_depend_on_case(void **state)
{
    struct builder small, large;

    (void)state;
    builder_init(&small, 4096);
    builder_init(&large, 4096);
    for (utf8proc_int32_t code = 'a'; code < 0x1f000; code++) {
        char names[2][16] = {"\u03b1\u03b4", "\u03b1\u03b4"}; /* alpha, delta */
        utf8proc_int32_t upper = utf8proc_toupper(code);
        if (upper == code || utf8proc_tolower(upper) != code)
            continue;
        (void)utf8proc_encode_char(code, (uint8_t *)names[0] + 4);
        (void)utf8proc_encode_char(upper, (uint8_t *)names[1] + 4);
        if (!view_equal(skeleton_of(&small, names[0]), skeleton_of(&large, names[1])))
            fail_msg("U+%04X and U+%04X differ", (unsigned)code, (unsigned)upper);
    }
    builder_done(&small);
    builder_done(&large);
}

static void a_name_of_nothing_but_dropped_signs_looks_like_itself(void **state)
{
    struct builder out;

    (void)state;
    builder_init(&out, 64);
    assert_true(view_equal(skeleton_of(&out, "-._"), VIEW("-._")));
    assert_int_equal(skeleton_of(&out, "").size, 0);
    builder_done(&out);
}

static void a_skeleton_is_added_to_what_is_there(void **state)
{
    struct builder out;

    (void)state;
    builder_init(&out, 64);
    builder_add_string(&out, "r");
    assert_true(name_skeleton(VIEW("n"), &out));
    assert_true(view_equal(builder_view(&out), VIEW("rn"))); /* not "m": the "r" is another's */
    builder_done(&out);
}

static void what_has_no_skeleton_is_told(void **state)
{
    struct builder out;
    static uint8_t many[10000];

    (void)state;
    memset(many, 'a', sizeof many);
    builder_init(&out, 1 << 20);
    assert_false(name_skeleton(VIEW("a\xff"), &out));
    assert_false(name_skeleton(view_of(many, sizeof many), &out));
    assert_int_equal(out.size, 0);
    builder_done(&out);
    builder_init(&out, 2);
    assert_false(name_skeleton(VIEW("ada"), &out));
    builder_done(&out);
}

static void a_drawn_name_is_a_fine_name_and_the_same_for_a_seed(void **state)
{
    char first[NAME_DRAWN_BYTES_MAX], second[NAME_DRAWN_BYTES_MAX];
    struct builder clean;

    (void)state;
    builder_init(&clean, 64);
    for (unsigned i = 0; i < 65536; i++) {
        uint8_t seed[8] = {(uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i * 7), (uint8_t)(i >> 3)};
        name_draw(seed, first);
        name_draw(seed, second);
        assert_string_equal(first, second);
        builder_clear(&clean);
        assert_int_equal(name_check_user(view_of_string(first), &clean), NAME_FINE);
        assert_true(view_equal(builder_view(&clean), view_of_string(first)));
    }
    name_draw((const uint8_t[8]){0}, first);
    assert_string_equal(first, "amber-badger-100");
    builder_done(&clean);
}

/* So that 64 times 64 pairs are as many, also to the eye. */
static void no_two_drawn_words_are_the_same(void **state)
{
    struct builder skeletons[64];
    char name[NAME_DRAWN_BYTES_MAX];

    (void)state;
    for (int word = 0; word < 2; word++) {
        for (size_t i = 0; i < 64; i++) {
            uint8_t seed[8] = {0};
            seed[word] = (uint8_t)i;
            name_draw(seed, name);
            builder_init(&skeletons[i], 64);
            (void)skeleton_of(&skeletons[i], name);
            for (size_t other = 0; other < i; other++)
                assert_false(view_equal(builder_view(&skeletons[i]), builder_view(&skeletons[other])));
        }
        for (size_t i = 0; i < 64; i++)
            builder_done(&skeletons[i]);
    }
}

/* A word joiner is dropped, and sends the name the long way: it must come to the same, for every pair of characters. */
static void the_short_way_for_ascii_leads_to_the_same_skeleton(void **state)
{
    struct builder quick, slow;

    (void)state;
    builder_init(&quick, 64);
    builder_init(&slow, 64);
    for (int first = 0; first < 0x80; first++) {
        for (int second = 0; second < 0x80; second++) {
            /* Letters around the pair: so that something is left where both are dropped. */
            const uint8_t name[] = {'q', (uint8_t)first, (uint8_t)second, 'n', 0xe2, 0x81, 0xa0};
            builder_clear(&quick);
            builder_clear(&slow);
            assert_true(name_skeleton(view_of(name, 4), &quick));
            assert_true(name_skeleton(view_of(name, 7), &slow));
            assert_true(view_equal(builder_view(&quick), builder_view(&slow)));
        }
    }
    builder_done(&quick);
    builder_done(&slow);
}

int test_name_shape(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_that_look_alike_have_one_skeleton),
        cmocka_unit_test(names_that_differ_have_skeletons_that_differ),
        cmocka_unit_test(a_skeleton_does_not_depend_on_case),
        cmocka_unit_test(a_name_of_nothing_but_dropped_signs_looks_like_itself),
        cmocka_unit_test(a_skeleton_is_added_to_what_is_there),
        cmocka_unit_test(what_has_no_skeleton_is_told),
        cmocka_unit_test(the_short_way_for_ascii_leads_to_the_same_skeleton),
        cmocka_unit_test(a_drawn_name_is_a_fine_name_and_the_same_for_a_seed),
        cmocka_unit_test(no_two_drawn_words_are_the_same),
    };

    return cmocka_run_group_tests_name("name_shape", tests, NULL, NULL);
}
