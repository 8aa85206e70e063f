/* SPDX-License-Identifier: Apache-2.0 */
#include "top/keys.h"

#include "top_test.h"

/* Feeds the bytes; writes the kinds of all keys that came, and how many. */
static size_t feed(const char *bytes, size_t size, struct key *out, size_t max)
{
    struct keys keys = {.size = 0};
    size_t count = 0;
    struct key key;

    for (size_t i = 0; i < size; i++) {
        if (keys_take(&keys, (uint8_t)bytes[i], &key) && count < max)
            out[count++] = key;
    }
    if (keys.size > 0 && keys_rest(&keys, &key) && count < max)
        out[count++] = key;
    return count;
}

static void each_key_is_known_by_what_terminals_send_for_it(void **state)
{
    static const struct {
        const char *bytes;
        enum key_kind kind;
        uint32_t character;
    } cases[] = {
        {"a", KEY_CHARACTER, 'a'},
        {"?", KEY_CHARACTER, '?'},
        {" ", KEY_CHARACTER, ' '},
        {"\xc3\xa4", KEY_CHARACTER, 0xe4},
        {"\xe2\x82\xac", KEY_CHARACTER, 0x20ac},
        {"\xf0\x9f\x91\x8b", KEY_CHARACTER, 0x1f44b},
        {"\x1b[A", KEY_UP, 0},
        {"\x1bOA", KEY_UP, 0},
        {"\x1b[B", KEY_DOWN, 0},
        {"\x1b[C", KEY_RIGHT, 0},
        {"\x1b[D", KEY_LEFT, 0},
        {"\x1b[1;5A", KEY_UP, 0}, /* with Control */
        {"\x1b[5~", KEY_PAGE_UP, 0},
        {"\x1b[6~", KEY_PAGE_DOWN, 0},
        {"\x1b[H", KEY_HOME, 0},
        {"\x1b[1~", KEY_HOME, 0},
        {"\x1b[7~", KEY_HOME, 0},
        {"\x1b[F", KEY_END, 0},
        {"\x1b[4~", KEY_END, 0},
        {"\x1b[Z", KEY_TAB, 0},
        {"\x1b", KEY_ESCAPE, 0},
        {"\r", KEY_ENTER, 0},
        {"\n", KEY_ENTER, 0},
        {"\t", KEY_TAB, 0},
        {"\x7f", KEY_BACKSPACE, 0},
        {"\x08", KEY_BACKSPACE, 0},
        {"\x03", KEY_INTERRUPT, 0},
        {"\x04", KEY_INTERRUPT, 0},
        {"\x0c", KEY_REDRAW, 0},
        {"\x1b[99~", KEY_NONE, 0},
        {"\x1bx", KEY_NONE, 0},
        {"\xff", KEY_NONE, 0},
        {"\x01", KEY_NONE, 0},
    };
    struct key keys[4];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t count = feed(cases[i].bytes, strlen(cases[i].bytes), keys, COUNT(keys));
        if (count != 1 || keys[0].kind != cases[i].kind || keys[0].character != cases[i].character)
            fail_msg("case %zu: %zu keys, the first of kind %d", i, count, (int)keys[0].kind);
    }
}

static void keys_follow_each_other_without_gaps(void **state)
{
    static const enum key_kind wanted[] = {KEY_UP, KEY_CHARACTER, KEY_ESCAPE, KEY_DOWN, KEY_CHARACTER, KEY_ENTER};
    struct key keys[8];

    (void)state;
    size_t count = feed("\x1b[Aq\x1b\x1b[B\xc3\xb6\r", 11, keys, COUNT(keys));
    assert_int_equal(count, COUNT(wanted));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(keys[i].kind, wanted[i]);
}

/* Whatever comes, no more than 32 bytes are kept, and a key comes through again afterwards. */
static void nonsense_ends(void **state)
{
    char bytes[300];
    struct key keys[300];

    (void)state;
    memset(bytes, '1', sizeof bytes);
    bytes[0] = 0x1b;
    bytes[1] = '[';
    bytes[sizeof bytes - 1] = 'q';
    size_t count = feed(bytes, sizeof bytes, keys, COUNT(keys));
    assert_true(count > 0);
    assert_int_equal(keys[count - 1].kind, KEY_CHARACTER);
    assert_int_equal(keys[count - 1].character, 'q');
}

int test_keys(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_is_known_by_what_terminals_send_for_it),
        cmocka_unit_test(keys_follow_each_other_without_gaps),
        cmocka_unit_test(nonsense_ends),
    };
    return cmocka_run_group_tests_name("top/keys", tests, NULL, NULL);
}
