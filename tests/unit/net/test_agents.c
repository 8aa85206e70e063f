/* SPDX-License-Identifier: Apache-2.0 */
#include "net/agents.h"

#include <stdio.h>
#include <string.h>

#include "world.h"

static void the_same_text_is_kept_once_and_goes_with_its_last_user(void **state)
{
    static struct agents agents;

    (void)state;
    agents = (struct agents){0};
    uint8_t first = agents_take(&agents, VIEW("curl/8.0"));
    assert_int_equal(first, 1);
    assert_int_equal(agents_take(&agents, VIEW("  curl/8.0 ")), first);
    assert_int_equal(agents_take(&agents, VIEW("wget/1")), 2);
    agents_give(&agents, first);
    assert_true(view_equal(agents_text(&agents, first), VIEW("curl/8.0")));
    agents_give(&agents, first);
    assert_int_equal(agents_take(&agents, VIEW("another")), first); /* its entry is free again */
    assert_int_equal(agents_take(&agents, VIEW("")), 0);
    agents_give(&agents, 0);
    assert_int_equal(agents_text(&agents, 0).size, 0);
}

static void what_is_long_or_strange_is_shown_short_and_plain(void **state)
{
    static struct agents agents;
    char text[300];

    (void)state;
    agents = (struct agents){0};
    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 5, "Z/9.9", 5);
    struct view shown = agents_text(&agents, agents_take(&agents, view_of(text, sizeof text)));
    assert_int_equal(shown.size, AGENT_BYTES_MAX);
    assert_memory_equal(shown.at + shown.size - 5, "Z/9.9", 5);
    assert_non_null(memchr(shown.at, '~', shown.size));
    shown = agents_text(&agents, agents_take(&agents, VIEW("Mozilla/5.0 (x\033[2J\xc3\xa4)")));
    assert_true(view_equal(shown, VIEW("(x?[2J?"
                                       "?)")));
}

static void when_all_entries_are_taken_others_are_kept_without(void **state)
{
    static struct agents agents;
    char text[16];

    (void)state;
    agents = (struct agents){0};
    for (int i = 0; i < AGENTS_MAX; i++) {
        (void)snprintf(text, sizeof text, "agent %d", i);
        assert_int_equal(agents_take(&agents, view_of_string(text)), i + 1);
    }
    assert_int_equal(agents_take(&agents, VIEW("one too many")), 0);
    assert_int_equal(agents_take(&agents, VIEW("agent 7")), 8);
    agents_give(&agents, 100);
    assert_int_equal(agents_take(&agents, VIEW("one too many")), 100);
}

int test_agents(void);
int test_agents(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_text_is_kept_once_and_goes_with_its_last_user),
        cmocka_unit_test(what_is_long_or_strange_is_shown_short_and_plain),
        cmocka_unit_test(when_all_entries_are_taken_others_are_kept_without),
    };
    return cmocka_run_group_tests_name("agents", tests, NULL, NULL);
}
