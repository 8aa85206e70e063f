/* SPDX-License-Identifier: Apache-2.0 */
/* What a room is told of comings and goings; the list that a client keeps is what `joined` named and what these frames
 * have told since. */
#include "stage.h"

static const struct chat_rate_option rate = {5, 10};

struct scene {
    struct stage stage;
    struct room *room;
    struct user *ada, *bea;
    struct session *watcher; /* Ada's; she is told of the others */
};

static void scene_start(struct scene *scene)
{
    stage_start(&scene->stage, rate);
    scene->room = stage_room(&scene->stage, "lobby");
    scene->ada = stage_user(&scene->stage, 1, "Ada");
    scene->bea = stage_user(&scene->stage, 2, "Bea");
    scene->watcher = stage_session(&scene->stage, scene->ada);
    assert_non_null(member_enter(scene->stage.chat, scene->watcher, scene->room));
}

static void scene_done(struct scene *scene)
{
    session_depart(scene->stage.chat, scene->watcher);
    stage_done(&scene->stage);
}

static struct session *enter(struct scene *scene, struct user *user, struct member **out_member)
{
    struct session *session = stage_session(&scene->stage, user);

    *out_member = member_enter(scene->stage.chat, session, scene->room);
    assert_non_null(*out_member);
    return session;
}

static bool is_told(const char *frame, const char *list, const char *name)
{
    const char *from = strstr(frame, list);
    const char *to = from ? strchr(from, ']') : NULL;
    const char *at = from ? strstr(from, name) : NULL;

    return at && to && at < to;
}

static void who_comes_is_told_once_and_who_goes_as_well(void **state)
{
    struct scene scene;
    struct member *bea;

    (void)state;
    scene_start(&scene);
    struct session *session = enter(&scene, scene.bea, &bea);
    const char *frame = stage_presence(&scene.stage, scene.room);
    assert_true(is_told(frame, "joined", "Ada"));
    assert_true(is_told(frame, "joined", "Bea"));
    assert_non_null(strstr(frame, "\"count\":2"));
    assert_false(is_told(stage_presence(&scene.stage, scene.room), "joined", "Bea"));
    session_depart(scene.stage.chat, session);
    stage_end_lease(&scene.stage, bea);
    frame = stage_presence(&scene.stage, scene.room);
    assert_true(is_told(frame, "left", "Bea"));
    assert_non_null(strstr(frame, "\"count\":1"));
    assert_false(is_told(stage_presence(&scene.stage, scene.room), "left", "Bea"));
    scene_done(&scene);
}

/* Cleo joined while Bea counted as gone, so that nobody has named Bea to Cleo. */
static void who_comes_back_before_it_was_told_is_told_to_those_who_joined_meanwhile(void **state)
{
    struct scene scene;
    struct member *bea, *again, *cleo;

    (void)state;
    scene_start(&scene);
    struct user *third = stage_user(&scene.stage, 3, "Cleo");
    struct session *first = enter(&scene, scene.bea, &bea);
    (void)stage_presence(&scene.stage, scene.room);
    session_depart(scene.stage.chat, first);
    stage_end_lease(&scene.stage, bea);
    struct session *late = enter(&scene, third, &cleo);
    struct session *second = enter(&scene, scene.bea, &again);
    assert_ptr_equal(again, bea); /* has never quite left */
    const char *frame = stage_presence(&scene.stage, scene.room);
    assert_true(is_told(frame, "joined", "Bea"));
    assert_false(is_told(frame, "left", "Bea"));
    assert_non_null(strstr(frame, "\"count\":3"));
    session_depart(scene.stage.chat, second);
    session_depart(scene.stage.chat, late);
    scene_done(&scene);
}

/* `who` and `joined` name those who are here, told by a presence frame or not; their end must be told then. */
static void who_was_named_in_an_answer_and_left_at_once_is_told_as_left(void **state)
{
    struct scene scene;
    struct member *bea;

    (void)state;
    scene_start(&scene);
    (void)stage_presence(&scene.stage, scene.room);
    struct session *session = enter(&scene, scene.bea, &bea);
    assert_int_equal(people_in(&scene.stage.chat->hub, scene.room, 10), 2);
    session_depart(scene.stage.chat, session);
    stage_end_lease(&scene.stage, bea);
    assert_true(is_told(stage_presence(&scene.stage, scene.room), "left", "Bea"));
    scene_done(&scene);
}

static void who_was_named_in_joined_and_left_at_once_is_told_as_left(void **state)
{
    struct scene scene;
    struct member *bea;

    (void)state;
    scene_start(&scene);
    (void)stage_presence(&scene.stage, scene.room);
    struct session *session = enter(&scene, scene.bea, &bea);
    assert_true(roster_of(&scene.stage.chat->hub, scene.room).size > 0);
    session_depart(scene.stage.chat, session);
    stage_end_lease(&scene.stage, bea);
    assert_true(is_told(stage_presence(&scene.stage, scene.room), "left", "Bea"));
    scene_done(&scene);
}

static void who_was_named_to_nobody_comes_and_goes_without_a_word(void **state)
{
    struct scene scene;
    struct member *bea;

    (void)state;
    scene_start(&scene);
    (void)stage_presence(&scene.stage, scene.room);
    struct session *session = enter(&scene, scene.bea, &bea);
    session_depart(scene.stage.chat, session);
    stage_end_lease(&scene.stage, bea);
    const char *frame = stage_presence(&scene.stage, scene.room);
    assert_false(is_told(frame, "joined", "Bea"));
    assert_false(is_told(frame, "left", "Bea"));
    assert_non_null(strstr(frame, "\"count\":1"));
    scene_done(&scene);
}

/* Bea's other connection is in no room; her name changes while her leaving waits to be told. */
static void a_new_name_of_one_who_has_left_is_no_news_for_ever(void **state)
{
    struct scene scene;
    struct member *bea;

    (void)state;
    scene_start(&scene);
    struct session *elsewhere = stage_session(&scene.stage, scene.bea);
    struct session *session = enter(&scene, scene.bea, &bea);
    (void)stage_presence(&scene.stage, scene.room);
    session_depart(scene.stage.chat, session);
    stage_end_lease(&scene.stage, bea);
    assert_int_equal(user_rename(scene.stage.chat, scene.bea, VIEW("Beatrice")), RESULT_OK);
    presence_changed(scene.stage.chat, bea);
    assert_int_equal(scene.room->fresh_count, 1);
    assert_true(is_told(stage_presence(&scene.stage, scene.room), "left", "Beatrice"));
    assert_int_equal(scene.room->fresh_count, 0);
    session_depart(scene.stage.chat, elsewhere);
    scene_done(&scene);
}

/* More than a frame names (10 here) have left before one was due. */
static void those_whom_one_frame_does_not_name_are_told_with_the_next(void **state)
{
    enum { MANY = 13, NAMES_MAX = 10 };
    struct scene scene;
    struct member *members[MANY];
    struct session *sessions[MANY];
    int told = 0;

    (void)state;
    scene_start(&scene);
    struct session *bea = enter(&scene, scene.bea, &members[0]);
    for (int i = 0; i < MANY; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "Guest-%02d", i);
        sessions[i] = enter(&scene, stage_user(&scene.stage, (uint8_t)(10 + i), name), &members[i]);
    }
    assert_int_equal(people_in(&scene.stage.chat->hub, scene.room, 100), MANY + 2); /* so their leaving matters */
    (void)stage_presence(&scene.stage, scene.room);
    for (int i = 0; i < MANY; i++) {
        session_depart(scene.stage.chat, sessions[i]);
        stage_end_lease(&scene.stage, members[i]);
    }
    for (int frames = 0; frames < 2; frames++) {
        const char *frame = stage_presence(&scene.stage, scene.room);
        for (int i = 0; i < MANY; i++) {
            char name[16];
            (void)snprintf(name, sizeof name, "Guest-%02d", i);
            told += is_told(frame, "left", name);
        }
        assert_non_null(strstr(frame, "\"count\":2"));
        assert_int_equal(told, frames == 0 ? NAMES_MAX : MANY);
        assert_int_equal(list_is_empty(&scene.room->left), frames == 1);
        assert_true(frames == 1 || wheel_timer_is_armed(&scene.room->presence));
    }
    session_depart(scene.stage.chat, bea);
    scene_done(&scene);
}

int test_presence(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_comes_is_told_once_and_who_goes_as_well),
        cmocka_unit_test(who_comes_back_before_it_was_told_is_told_to_those_who_joined_meanwhile),
        cmocka_unit_test(who_was_named_in_an_answer_and_left_at_once_is_told_as_left),
        cmocka_unit_test(who_was_named_in_joined_and_left_at_once_is_told_as_left),
        cmocka_unit_test(who_was_named_to_nobody_comes_and_goes_without_a_word),
        cmocka_unit_test(those_whom_one_frame_does_not_name_are_told_with_the_next),
        cmocka_unit_test(a_new_name_of_one_who_has_left_is_no_news_for_ever),
    };
    return cmocka_run_group_tests_name("chat/presence", tests, NULL, NULL);
}
