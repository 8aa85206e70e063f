/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

struct cast {
    struct stage stage;
    struct room *room;
    struct session *sessions[4];
};

/* Four are here, three of them in the room. */
static void cast_start(struct cast *cast)
{
    static const char *const names[] = {"Ada", "Ada Lovelace", "\xe5\xb0\x8f\xe6\x98\x8e", "Eve"};

    stage_start(&cast->stage, (struct chat_rate_option){5, 10});
    cast->room = stage_room(&cast->stage, "lobby");
    for (uint8_t i = 0; i < 4; i++) {
        cast->sessions[i] = stage_session(&cast->stage, stage_user(&cast->stage, i + 1, names[i]));
        if (i < 3)
            assert_non_null(member_enter(cast->stage.chat, cast->sessions[i], cast->room));
    }
}

static void cast_done(struct cast *cast)
{
    for (int i = 0; i < 4; i++)
        session_depart(cast->stage.chat, cast->sessions[i]);
    stage_done(&cast->stage);
}

static void assert_names(struct cast *cast, const char *text, const char *expected)
{
    struct view ids = mentions_find(cast->stage.chat, cast->room, view_of_string(text));
    char found[64] = "", id[USER_ID_BYTES + 1];
    size_t size = 0;

    for (size_t at = 0; at < ids.size; at += EVENT_MENTION_BYTES) {
        for (int i = 0; i < 4; i++) {
            token_user_text(cast->sessions[i]->user->id, id);
            if (memcmp(id, ids.at + at, EVENT_MENTION_BYTES) == 0)
                found[size++] = (char)('1' + i);
        }
    }
    assert_int_equal(ids.size, size * EVENT_MENTION_BYTES);
    assert_string_equal(found, expected);
}

static void who_is_named_and_in_the_room_is_mentioned(void **state)
{
    struct cast cast;

    (void)state;
    cast_start(&cast);
    assert_names(&cast, "nobody is named", "");
    assert_names(&cast, "@ada and @ADA", "1");
    assert_names(&cast, "@Ada Lovelace wrote it", "2");
    assert_names(&cast, "@Ada, where is @ada lovelace?", "12");
    assert_names(&cast, "@\xe5\xb0\x8f\xe6\x98\x8e\xe4\xbd\xa0\xe5\xa5\xbd", "3");
    assert_names(&cast, "@Eve is elsewhere", "");
    assert_names(&cast, "@adam is somebody else", "");
    assert_names(&cast, "@4da only looks like her", "");
    assert_names(&cast, "`@ada` is code", "");
    cast_done(&cast);
}

static void a_text_that_names_too_many_is_cut_and_counted(void **state)
{
    struct cast cast;

    (void)state;
    cast_start(&cast);
    cast.stage.chat->options.mentions_max = 1;
    assert_names(&cast, "@ada @ada lovelace", "1");
    assert_int_equal(counter_get(&cast.stage.chat->hub.counters.mentions_cut), 1);
    assert_int_equal(counter_get(&cast.stage.chat->hub.counters.mentions), 1);
    cast_done(&cast);
}

int test_mentions(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_named_and_in_the_room_is_mentioned),
        cmocka_unit_test(a_text_that_names_too_many_is_cut_and_counted),
    };
    return cmocka_run_group_tests_name("chat/mentions", tests, NULL, NULL);
}
