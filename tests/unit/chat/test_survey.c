/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/survey.h"

#include <stdio.h>

#include "stage.h"

static void who_is_behind_a_connection_is_told(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct session *session = stage_session(&stage, stage_user(&stage, 1, "Ada"));
    struct session_sight sights[2] = {{.owner = session}, {.owner = NULL}};
    survey_sessions(sights, 2);
    assert_string_equal(sights[0].name, "Ada");
    assert_int_equal(strlen(sights[0].user), SURVEY_ID_BYTES - 1);
    assert_string_equal(sights[1].name, "");
    session_depart(stage.chat, session);
    stage_done(&stage);
}

static void every_open_room_is_seen_once(void **state)
{
    static struct room_sight sights[SURVEY_SLICE];
    struct stage stage;
    uint32_t position = 0;
    char name[16];

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof name, "room%d", i);
        assert_non_null(stage_room(&stage, name));
    }
    assert_int_equal(survey_rooms(stage.chat, &position, sights), 5);
    assert_int_equal(position, 0);
    for (int i = 0; i < 5; i++) {
        (void)snprintf(name, sizeof name, "room%d", i);
        assert_string_equal(sights[i].name, name);
        assert_true(view_equal(survey_room_name(stage.chat, sights[i].number), view_of_string(name)));
    }
    assert_int_equal(survey_room_name(stage.chat, UINT32_MAX).size, 0);
    stage_done(&stage);
}

static double traffic_of(struct stage *stage)
{
    static struct room_sight sights[SURVEY_SLICE];
    uint32_t position = 0;

    assert_int_equal(survey_rooms(stage->chat, &position, sights), 1);
    return sights[0].events_per_s;
}

/* A hundred events now are ten a second over the window, five over two of them, and none once these are over. */
static void traffic_is_that_of_the_last_seconds(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct room *room = stage_room(&stage, "busy");
    stage.chat->hub.now_ms = 1000000;
    room_count_events(room, 100, stage.chat->hub.now_ms);
    assert_true(traffic_of(&stage) == 10);
    stage.chat->hub.now_ms += 9999;
    assert_true(traffic_of(&stage) > 5 && traffic_of(&stage) < 5.01);
    stage.chat->hub.now_ms += 2;
    room_count_events(room, 0, stage.chat->hub.now_ms);
    assert_true(traffic_of(&stage) > 9.9);
    stage.chat->hub.now_ms += 30000;
    assert_true(traffic_of(&stage) == 0);
    room_count_events(room, 50, stage.chat->hub.now_ms);
    assert_true(traffic_of(&stage) == 5);
    stage_done(&stage);
}

int test_survey(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_is_behind_a_connection_is_told),
        cmocka_unit_test(every_open_room_is_seen_once),
        cmocka_unit_test(traffic_is_that_of_the_last_seconds),
    };
    return cmocka_run_group_tests_name("chat/survey", tests, NULL, NULL);
}
