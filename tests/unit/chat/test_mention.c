/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/mention.h"

#include "chat_test.h"

struct found {
    const char *name;
    const char *text;
    const char *rests; /* what stands behind each '@' that counts, joined by '|' */
};

static const struct found table[] = {
    {"at the start", "@ada hello", "ada hello"},
    {"in the middle", "hello @ada", "ada"},
    {"in brackets and quotes", "(@ada) \"@bob\"", "ada) \"@bob\"|bob\""},
    {"in emphasis", "*@ada* _@bob_", "ada* _@bob_|bob_"},
    {"behind a letter without spaces", "\xe4\xbd\xa0\xe5\xa5\xbd@ada", "ada"},
    {"up to the line's end", "@ada\n@bob", "ada|bob"},
    {"an address", "write to ada@example.org", ""},
    {"an address with a dot", "ada.@example.org", ""},
    {"a link", "https://example.org/@ada", ""},
    {"two signs", "@@ada", "@ada"},
    {"nothing behind it", "@", ""},
    {"a space behind it", "@ ada", " ada"},
    {"escaped", "\\@ada", ""},
    {"an escaped backslash", "\\\\@ada", "ada"},
    {"code", "`@ada`", ""},
    {"behind code", "`x` @ada", "ada"},
    {"code with backticks in it", "``a`@ada``", ""},
    {"a backtick that nothing closes", "it`s @ada", "ada"},
    {"code ends with its paragraph", "`a\n\n@ada`", "ada`"},
    {"code over a line's end", "`a\n@ada`", ""},
    {"a fence", "```\n@ada\n```\n@bob", "bob"},
    {"a fence with a language", "```c\n@ada\n```", ""},
    {"a fence of waves", "~~~\n@ada\n~~~", ""},
    {"a fence that nothing closes", "```\n@ada\n@bob", ""},
    {"a longer closing line", "```\n@ada\n`````\n@bob", "bob"},
    {"a shorter one does not close", "````\n@ada\n```\n@bob", ""},
    {"another sign does not close", "```\n@ada\n~~~\n@bob", ""},
    {"text behind the closing line", "```\n@ada\n``` x\n@bob", ""},
    {"four spaces are no fence", "    ~~~\n@ada", "ada"},
    {"an indented fence", "  ```\n@ada\n  ```\n", ""},
};

static void names_are_looked_for_where_people_mean_them(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct view text = exact_copy(view_of_string(table[i].text));
        struct mention_scan scan = mention_scan_of(text);
        char joined[256] = "";
        struct view rest;
        size_t size = 0;
        while (mention_next(&scan, &rest))
            size += (size_t)snprintf(joined + size, sizeof joined - size, "%s%.*s", size > 0 ? "|" : "", (int)rest.size,
                                     (const char *)rest.at);
        if (strcmp(joined, table[i].rests) != 0)
            print_error("%s: \"%s\"\n", table[i].name, joined);
        assert_string_equal(joined, table[i].rests);
        free_copy(text);
    }
}

static const struct {
    const char *rest;
    const char *ends; /* the candidates, joined by '|' */
} ends[] = {
    {"ada", "ada"},
    {"ada, come", "ada, come|ada,|ada"},
    {"ada lovelace", "ada lovelace|ada"},
    {"Zo\xc3\xab!", "Zo\xc3\xab!|Zo\xc3\xab"},
    {"e\xcc\x81 x", "e\xcc\x81 x|e\xcc\x81"},
    {"\xe5\xb0\x8f\xe6\x98\x8e\xe4\xbd\xa0",
     "\xe5\xb0\x8f\xe6\x98\x8e\xe4\xbd\xa0|\xe5\xb0\x8f\xe6\x98\x8e|\xe5\xb0\x8f"},
    {" ada", " ada"},
    {"", ""},
};

static void a_name_ends_between_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        struct view rest = view_of_string(ends[i].rest);
        uint8_t sizes[MENTION_ENDS_MAX];
        char joined[256] = "";
        size_t size = 0, count = mention_ends(rest, sizes);
        for (size_t j = 0; j < count; j++)
            size += (size_t)snprintf(joined + size, sizeof joined - size, "%s%.*s", size > 0 ? "|" : "", (int)sizes[j],
                                     (const char *)rest.at);
        assert_string_equal(joined, ends[i].ends);
    }
}

/* The worst that a text of the largest size can ask for: backticks that nothing closes, in runs of all sizes. */
static void hostile_text_costs_no_more_than_its_size(void **state)
{
    enum { SIZE = 1 << 20 };
    char *text = malloc(SIZE);
    struct view rest;
    size_t at = 0, found = 0;

    (void)state;
    assert_non_null(text);
    for (size_t run = 1; at + run + 1 < SIZE; run++) {
        memset(text + at, '`', run);
        at += run;
        text[at++] = '@';
    }
    struct mention_scan scan = mention_scan_of(view_of(text, at));
    while (mention_next(&scan, &rest))
        found++;
    assert_true(found > 1000);
    assert_true(scan.code_searches <= 32);
    free(text);
}

/* Whatever is sent, the walk ends and stays within the text. */
static void random_text_is_walked_to_its_end(void **state)
{
    static const char alphabet[] = "@`~\\\n a.1*";
    uint64_t random = seed_of("random_text_is_walked_to_its_end");
    uint8_t sizes[MENTION_ENDS_MAX];

    (void)state;
    for (int round = 0; round < 20000; round++) {
        char bytes[40];
        size_t size = next_random(&random) % sizeof bytes;
        for (size_t i = 0; i < size; i++)
            bytes[i] = alphabet[next_random(&random) % (sizeof alphabet - 1)];
        struct view text = exact_copy(view_of(bytes, size)), rest;
        struct mention_scan scan = mention_scan_of(text);
        for (size_t found = 0; mention_next(&scan, &rest); found++) {
            assert_true(found < size && rest.size > 0 && rest.at > text.at && rest.at + rest.size <= text.at + size);
            size_t count = mention_ends(rest, sizes);
            for (size_t i = 0; i < count; i++)
                assert_true(sizes[i] <= rest.size && (i == 0 || sizes[i] < sizes[i - 1]));
        }
        free_copy(text);
    }
}

int test_mention(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_looked_for_where_people_mean_them),
        cmocka_unit_test(a_name_ends_between_words),
        cmocka_unit_test(hostile_text_costs_no_more_than_its_size),
        cmocka_unit_test(random_text_is_walked_to_its_end),
    };
    return cmocka_run_group_tests_name("chat/mention", tests, NULL, NULL);
}
