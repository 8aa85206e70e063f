/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

enum { PEOPLE_MAX = 130, STEPS = 3000, MADE_MAX = 100 };

static const struct chat_rate_option rate = {5, 10};

struct crowd {
    struct stage stage;
    struct room *room;
    struct user *users[PEOPLE_MAX];
    struct session *sessions[PEOPLE_MAX]; /* NULL: is not here */
    struct member *members[PEOPLE_MAX];
    struct session *elsewhere[PEOPLE_MAX]; /* in no room: it keeps the user, whoever leaves */
};

static void crowd_start(struct crowd *crowd)
{
    char name[32];

    *crowd = (struct crowd){0};
    stage_start(&crowd->stage, rate);
    crowd->room = stage_room(&crowd->stage, "lobby");
    for (uint8_t i = 0; i < PEOPLE_MAX; i++) {
        (void)snprintf(name, sizeof name, "person %d", i);
        crowd->users[i] = stage_user(&crowd->stage, i, name);
        crowd->elsewhere[i] = stage_session(&crowd->stage, crowd->users[i]);
    }
}

static void enter(struct crowd *crowd, size_t i)
{
    crowd->sessions[i] = stage_session(&crowd->stage, crowd->users[i]);
    crowd->members[i] = member_enter(crowd->stage.chat, crowd->sessions[i], crowd->room);
    assert_non_null(crowd->members[i]);
}

static void leave(struct crowd *crowd, size_t i)
{
    session_depart(crowd->stage.chat, crowd->sessions[i]);
    sessions_take_back(crowd->stage.door);
    crowd->sessions[i] = NULL;
    stage_end_lease(&crowd->stage, crowd->members[i]);
}

static void crowd_done(struct crowd *crowd)
{
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        if (crowd->sessions[i])
            leave(crowd, i);
        session_depart(crowd->stage.chat, crowd->elsewhere[i]);
    }
    stage_done(&crowd->stage);
}

/* The same list the long way: the first of the room, each encoded anew. */
static void assert_roster_is_right(struct crowd *crowd)
{
    struct builder expected;
    struct view roster = roster_of(&crowd->stage.chat->hub, crowd->room);
    size_t count = 0;

    builder_init(&expected, ROSTER_BYTES_MAX);
    list_each(&crowd->room->members, link, following) {
        struct member *member = list_entry(link, struct member, of_room);
        char id[USER_ID_BYTES + 1];
        struct user_view user = user_shown(member->user, id);
        if (count == MEMBERS_IN_JOINED_MAX)
            break;
        if (count++ > 0)
            builder_add_byte(&expected, ',');
        users_encode(&expected, &user, 1);
        assert_true(member->is_shown);
    }
    assert_true(builder_ok(&expected));
    assert_true(view_equal(roster, builder_view(&expected)));
    builder_done(&expected);
}

static void a_room_names_its_first_hundred_however_large_it_becomes(void **state)
{
    static struct crowd crowd;

    (void)state;
    crowd_start(&crowd);
    assert_roster_is_right(&crowd);
    for (size_t i = 0; i < PEOPLE_MAX; i++) {
        enter(&crowd, i);
        assert_roster_is_right(&crowd);
    }
    assert_int_equal(crowd.room->roster_count, MEMBERS_IN_JOINED_MAX);
    crowd_done(&crowd);
}

/* A text that is kept costs no encoding: it stays the same block of memory, and grows at its end. */
static void the_text_of_a_large_room_is_kept_until_one_of_its_people_goes(void **state)
{
    static struct crowd crowd;

    (void)state;
    crowd_start(&crowd);
    for (size_t i = 0; i < MADE_MAX; i++)
        enter(&crowd, i);
    struct view before = roster_of(&crowd.stage.chat->hub, crowd.room);
    enter(&crowd, MADE_MAX); /* the 101st is not named */
    leave(&crowd, MADE_MAX);
    assert_int_equal(crowd.room->roster_count, MADE_MAX);
    assert_ptr_equal(roster_of(&crowd.stage.chat->hub, crowd.room).at, before.at);
    leave(&crowd, 50);
    assert_int_equal(crowd.room->roster_count, 0);
    assert_roster_is_right(&crowd);
    crowd_done(&crowd);
}

static void a_new_name_is_in_the_next_list(void **state)
{
    static struct crowd crowd;

    (void)state;
    crowd_start(&crowd);
    for (size_t i = 0; i < 20; i++)
        enter(&crowd, i);
    assert_roster_is_right(&crowd);
    assert_int_equal(user_rename(crowd.stage.chat, crowd.users[3], VIEW("somebody else")), RESULT_OK);
    presence_changed(crowd.stage.chat, crowd.members[3]);
    assert_roster_is_right(&crowd);
    crowd_done(&crowd);
}

static void take_a_step(struct crowd *crowd, uint64_t *seed, int step)
{
    size_t i = next_random(seed) % PEOPLE_MAX;
    char name[32];

    if (!crowd->sessions[i]) {
        enter(crowd, i);
    } else if (next_random(seed) % 4 == 0) {
        (void)snprintf(name, sizeof name, "named at %d", step);
        assert_int_equal(user_rename(crowd->stage.chat, crowd->users[i], view_of_string(name)), RESULT_OK);
        presence_changed(crowd->stage.chat, crowd->members[i]);
    } else {
        leave(crowd, i);
    }
}

static void tell_presence(struct crowd *crowd)
{
    (void)stage_presence(&crowd->stage, crowd->room);
    (void)shard_turn(crowd->stage.shard, 0); /* takes the frame out of its mailbox */
}

/* Coming, going, new names, and presence frames that let go of those who left, in any order. */
static void after_any_history_the_list_is_what_it_would_be_made_anew(void **state)
{
    static struct crowd crowd;
    uint64_t seed = seed_of("chat/roster");

    (void)state;
    crowd_start(&crowd);
    for (int step = 0; step < STEPS; step++) {
        take_a_step(&crowd, &seed, step);
        if (next_random(&seed) % 8 == 0)
            tell_presence(&crowd);
        if (next_random(&seed) % 2 == 0)
            assert_roster_is_right(&crowd);
    }
    crowd_done(&crowd);
}

int test_roster(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_names_its_first_hundred_however_large_it_becomes),
        cmocka_unit_test(the_text_of_a_large_room_is_kept_until_one_of_its_people_goes),
        cmocka_unit_test(a_new_name_is_in_the_next_list),
        cmocka_unit_test(after_any_history_the_list_is_what_it_would_be_made_anew),
    };
    return cmocka_run_group_tests_name("chat/roster", tests, NULL, NULL);
}
