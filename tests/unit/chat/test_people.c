/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

static bool is_named(const struct user_view *view, const char *name)
{
    return view_equal(view->name, view_of_string(name));
}

static void somebody_is_shown_with_id_and_name(void **state)
{
    struct stage stage;
    struct people people;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct user *ada = stage_user(&stage, 1, "Ada");
    struct user *bea = stage_user(&stage, 2, "Bea, whose name is too long to lie within her structure");
    assert_int_equal(people_init(&people, 2), RESULT_OK);
    assert_true(people_add(&people, ada));
    assert_true(people_add(&people, bea));
    assert_int_equal(people.count, 2);
    assert_true(is_named(&people.views[0], "Ada"));
    assert_true(is_named(&people.views[1], "Bea, whose name is too long to lie within her structure"));
    assert_int_equal(people.views[0].id.size, USER_ID_BYTES);
    assert_false(view_equal(people.views[0].id, people.views[1].id));
    people_done(&people);
    user_release(stage.chat, ada);
    user_release(stage.chat, bea);
    stage_done(&stage);
}

static void there_is_no_place_for_more_than_the_maximum(void **state)
{
    struct stage stage;
    struct people people;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct user *ada = stage_user(&stage, 1, "Ada");
    assert_int_equal(people_init(&people, 1), RESULT_OK);
    assert_true(people_add(&people, ada));
    assert_false(people_add(&people, ada));
    assert_int_equal(people.count, 1);
    people_done(&people);
    user_release(stage.chat, ada);
    stage_done(&stage);
}

/* Those of a room, longest first; `max` cuts the list, and a second list replaces the first. */
static void the_people_of_a_room_come_in_the_order_of_their_coming(void **state)
{
    static const char *const names[] = {"Ada", "Bea", "Cleo", "Dora"};
    struct stage stage;
    struct room room = {0};
    struct member members[COUNT(names)] = {0};

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct hub *hub = &stage.chat->hub;
    list_init(&room.members);
    assert_int_equal(people_in(hub, &room, 10), 0);
    for (size_t i = 0; i < COUNT(names); i++) {
        members[i].user = stage_user(&stage, (uint8_t)(i + 1), names[i]);
        list_add_last(&room.members, &members[i].of_room);
    }
    assert_int_equal(people_in(hub, &room, 10), 4);
    for (size_t i = 0; i < COUNT(names); i++)
        assert_true(is_named(&hub->people.views[i], names[i]));
    assert_int_equal(people_in(hub, &room, 2), 2);
    assert_int_equal(hub->people.count, 2);
    assert_true(is_named(&hub->people.views[1], "Bea"));
    for (size_t i = 0; i < COUNT(names); i++)
        user_release(stage.chat, members[i].user);
    stage_done(&stage);
}

int test_people(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(somebody_is_shown_with_id_and_name),
        cmocka_unit_test(there_is_no_place_for_more_than_the_maximum),
        cmocka_unit_test(the_people_of_a_room_come_in_the_order_of_their_coming),
    };
    return cmocka_run_group_tests_name("chat/people", tests, NULL, NULL);
}
