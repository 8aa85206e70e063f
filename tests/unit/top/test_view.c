/* SPDX-License-Identifier: Apache-2.0 */
/* Every pane in every size, drawn from documents as a server answers them: whole golden screens are the end-to-end
 * suite's. */
#include "top/view.h"

#include "top_test.h"

static const char overview[] = "{\"version\":\"9.9\",\"uptime_ms\":5000,\"shards\":2,\"ready\":true,\"connections\":{"
                               "\"open\":3},\"users\":2,\"commits\":{\"p99_ms\":6,\"healthy\":true}}";
static const char *const lists[PANE_COUNT] = {
    "{\"found\":1,\"connections\":[{\"id\":\"0-1c\",\"state\":\"open\",\"user\":{\"name\":\"Ada\"},"
    "\"rooms\":[\"lobby\"],\"room_count\":3,\"rtt_ms\":null,\"age_ms\":90000,\"lag_events\":12}]}",
    "{\"found\":1,\"rooms\":[{\"room\":\"lobby\",\"seq\":12,\"events_per_s\":0.5,\"behind\":1}]}",
    "{\"found\":1,\"ended\":[{\"id\":\"0-1d\",\"reason\":\"peer_gone\",\"ago_ms\":3000,\"client\":{\"code\":1006,"
    "\"saw\":[\"offline\"]}}]}",
    "{\"loops\":[{\"loop\":\"shard-0\",\"p99_ms\":0.5,\"worst\":{\"phases_ms\":{\"read\":1,\"flush\":2.5}}}]}",
};
static const char *const wanted[PANE_COUNT] = {"lobby +2", "lobby", "1006 offline", "flush 2.50 ms"};

static void draw(enum pane pane, enum top_mode mode, int columns, int rows, struct builder *out)
{
    struct top_data data = {.overview = json_loads(overview, 0, NULL), .list = json_loads(lists[pane], 0, NULL)};
    struct top_state state;
    struct screen screen;

    top_state_init(&state);
    state.pane = pane;
    state.mode = mode;
    assert_non_null(data.list);
    if (mode == MODE_DETAIL)
        data.detail = json_incref(json_array_get(data_rows(data.list), 0));
    assert_int_equal(screen_init(&screen, columns, rows), RESULT_OK);
    view_draw(&screen, &state, &data);
    builder_clear(out);
    screen_write(&screen, out);
    builder_add_byte(out, 0);
    assert_true(builder_ok(out));
    screen_done(&screen);
    top_data_done(&data);
}

static void every_pane_shows_what_is_known(void **state)
{
    struct builder out;

    (void)state;
    builder_init(&out, 1 << 20);
    for (int pane = 0; pane < PANE_COUNT; pane++) {
        draw((enum pane)pane, MODE_LIST, 80, 24, &out);
        const char *text = (const char *)out.at;
        if (!strstr(text, wanted[pane]) || !strstr(text, "natter 9.9") || !strstr(text, "? help"))
            fail_msg("%s", text);
    }
    draw(PANE_CONNECTIONS, MODE_DETAIL, 80, 24, &out);
    assert_non_null(strstr((const char *)out.at, "Ada"));
    draw(PANE_CONNECTIONS, MODE_HELP, 80, 24, &out);
    assert_non_null(strstr((const char *)out.at, "end the marked connection"));
    builder_done(&out);
}

/* No size makes it write beside its screen: sanitizers look on. */
static void any_size_will_do(void **state)
{
    struct builder out;

    (void)state;
    builder_init(&out, 1 << 20);
    for (int columns = 1; columns < 200; columns += 13) {
        for (int rows = 1; rows < 40; rows += 3) {
            for (int pane = 0; pane < PANE_COUNT; pane++)
                draw((enum pane)pane, MODE_LIST, columns, rows, &out);
            draw(PANE_CONNECTIONS, MODE_DETAIL, columns, rows, &out);
            draw(PANE_CONNECTIONS, MODE_HELP, columns, rows, &out);
        }
    }
    builder_done(&out);
}

int test_view(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_pane_shows_what_is_known),
        cmocka_unit_test(any_size_will_do),
    };
    return cmocka_run_group_tests_name("top/view", tests, NULL, NULL);
}
