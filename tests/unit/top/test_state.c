/* SPDX-License-Identifier: Apache-2.0 */
#include "top/state.h"

#include "top_test.h"

static void press(struct top_state *state, const char *characters)
{
    for (; *characters; characters++)
        top_state_key(state, &(struct key){KEY_CHARACTER, (uint8_t)*characters});
}

static void press_key(struct top_state *state, enum key_kind kind)
{
    top_state_key(state, &(struct key){kind, 0});
}

static void expect_path(const struct top_state *state, const char *wanted)
{
    struct builder out;

    builder_init(&out, 1024);
    top_state_path(state, &out);
    builder_add_byte(&out, 0);
    assert_string_equal((const char *)out.at, wanted);
    builder_done(&out);
}

static void panes_orders_and_filters_make_the_path(void **state)
{
    struct top_state top;

    (void)state;
    top_state_init(&top);
    expect_path(&top, "/api/v1/connections?limit=500&sort=waiting&order=falling");
    press(&top, "sr");
    expect_path(&top, "/api/v1/connections?limit=500&sort=lag&order=rising");
    press(&top, "2");
    expect_path(&top, "/api/v1/rooms?limit=500&sort=traffic&order=falling");
    press(&top, "/a b&\xc3");
    press_key(&top, KEY_BACKSPACE);
    press_key(&top, KEY_ENTER);
    expect_path(&top, "/api/v1/rooms?limit=500&sort=traffic&order=falling&room=a%20b%26");
    press(&top, "3");
    expect_path(&top, "/api/v1/ended?limit=500");
    press(&top, "/x");
    press_key(&top, KEY_ENTER);
    expect_path(&top, "/api/v1/ended?limit=500&any=x");
    press_key(&top, KEY_ESCAPE);
    expect_path(&top, "/api/v1/ended?limit=500");
    press_key(&top, KEY_TAB);
    expect_path(&top, "/api/v1/loops");
    press_key(&top, KEY_TAB);
    assert_int_equal(top.pane, PANE_CONNECTIONS);
    press_key(&top, KEY_LEFT);
    assert_int_equal(top.pane, PANE_LOOPS);
}

static void every_order_comes_round(void **state)
{
    struct top_state top;

    (void)state;
    top_state_init(&top);
    for (int i = 0; i < TOP_SORTS_MAX; i++)
        press(&top, "s");
    assert_string_equal(top_state_sort(&top), "waiting");
    press(&top, "4s");
    assert_null(top_state_sort(&top));
}

static void the_mark_stays_within_the_list(void **state)
{
    struct top_state top;

    (void)state;
    top_state_init(&top);
    top.count = 30;
    top.height = 10;
    press_key(&top, KEY_UP);
    assert_int_equal(top.selected, 0);
    press_key(&top, KEY_PAGE_DOWN);
    assert_int_equal(top.selected, 10);
    assert_int_equal(top.first, 1);
    press_key(&top, KEY_END);
    assert_int_equal(top.selected, 29);
    assert_int_equal(top.first, 20);
    press(&top, "jjk");
    assert_int_equal(top.selected, 28);
    top.count = 3; /* the list has become short */
    top_state_settle(&top);
    assert_int_equal(top.selected, 2);
    top.count = 0;
    top_state_settle(&top);
    assert_int_equal(top.selected, 0);
    assert_int_equal(top.first, 0);
}

static void nobody_is_ended_without_a_yes(void **state)
{
    static const struct {
        const char *keys;
        bool is_ended;
    } cases[] = {{"xy", true}, {"xY", true}, {"xn", false}, {"xx", false}, {"x ", false}, {"y", false}, {"2xy", false}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct top_state top;
        top_state_init(&top);
        (void)snprintf(top.marked, sizeof top.marked, "0-1c");
        press(&top, cases[i].keys);
        assert_int_equal(top.must_kick, cases[i].is_ended);
        if (cases[i].is_ended)
            assert_string_equal(top.detail, "0-1c");
    }
    struct top_state top;
    top_state_init(&top);
    press(&top, "xy"); /* none is marked */
    assert_false(top.must_kick);
    (void)snprintf(top.marked, sizeof top.marked, "0-1c");
    press(&top, "x");
    press_key(&top, KEY_ESCAPE);
    assert_false(top.must_kick);
}

static void detail_help_and_quit(void **state)
{
    struct top_state top;

    (void)state;
    top_state_init(&top);
    press_key(&top, KEY_ENTER);
    assert_int_equal(top.mode, MODE_LIST); /* nothing is marked */
    (void)snprintf(top.marked, sizeof top.marked, "0-1c");
    press_key(&top, KEY_ENTER);
    assert_int_equal(top.mode, MODE_DETAIL);
    press(&top, "q");
    assert_int_equal(top.mode, MODE_LIST);
    press(&top, "?");
    assert_int_equal(top.mode, MODE_HELP);
    press(&top, "q");
    assert_int_equal(top.mode, MODE_LIST);
    press(&top, " ");
    assert_true(top.is_paused);
    press_key(&top, KEY_REDRAW);
    assert_true(top.must_redraw);
    press(&top, "q");
    assert_true(top.has_ended);
    top_state_init(&top);
    press_key(&top, KEY_INTERRUPT);
    assert_true(top.has_ended);
}

static void what_is_typed_is_utf8_and_bounded(void **state)
{
    struct top_state top;

    (void)state;
    top_state_init(&top);
    press(&top, "/");
    for (int i = 0; i < 100; i++)
        top_state_key(&top, &(struct key){KEY_CHARACTER, 0x1f44b});
    assert_int_equal(strlen(top.typed), (FILTER_BYTES_MAX - 1) / 4 * 4);
    press_key(&top, KEY_BACKSPACE);
    assert_int_equal(strlen(top.typed), (FILTER_BYTES_MAX - 1) / 4 * 4 - 4);
    assert_memory_equal(top.typed, "\xf0\x9f\x91\x8b", 4);
    press_key(&top, KEY_ESCAPE);
    assert_string_equal(top.filter, "");
}

int test_state(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(panes_orders_and_filters_make_the_path),
        cmocka_unit_test(every_order_comes_round),
        cmocka_unit_test(the_mark_stays_within_the_list),
        cmocka_unit_test(nobody_is_ended_without_a_yes),
        cmocka_unit_test(detail_help_and_quit),
        cmocka_unit_test(what_is_typed_is_utf8_and_bounded),
    };
    return cmocka_run_group_tests_name("top/state", tests, NULL, NULL);
}
