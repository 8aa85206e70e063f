/* SPDX-License-Identifier: Apache-2.0 */
/* Each promise is kept by both engines and, where it says so, by ephemeral rooms. */
#include "store_test.h"

#include "os/clock.h"

struct kind {
    const char *name;
    bool is_in_memory;
    const char *room;
};

static const struct kind kinds[] = {
    {"SQLite", false, "lobby"},
    {"memory", true, "lobby"},
    {"ephemeral", true, "~lobby"},
};

static void each_kind(void (*test)(struct fixture *fixture, const struct kind *kind))
{
    for (size_t index = 0; index < COUNT(kinds); index++) {
        struct fixture fixture;
        print_message("    %s\n", kinds[index].name);
        fixture_init(&fixture, kinds[index].is_in_memory);
        test(&fixture, &kinds[index]);
        fixture_done(&fixture);
    }
}

static void numbers(struct fixture *fixture, const struct kind *kind)
{
    struct store_room *room = must_open(fixture, kind->room);
    int64_t before_ms = os_clock_wall_ms();
    for (uint64_t batch = 0; batch < 5; batch++) {
        for (uint64_t index = 1; index <= 20; index++) {
            char key[16];
            (void)snprintf(key, sizeof key, "k%llu", (unsigned long long)(batch * 20 + index));
            struct event event = message_of(key, "hello");
            assert_int_equal(append(fixture, room, &event, batch * 20 + index), RESULT_OK);
        }
        assert_int_equal(fixture->told_count, batch * 20);
        turn_all(fixture);
    }
    assert_int_equal(fixture->told_count, 100);
    for (size_t index = 0; index < 100; index++) {
        const struct told *told = &fixture->told[index];
        assert_int_equal(told->seq, index + 1);
        assert_int_equal(told->ticket, index + 1);
        assert_false(told->is_duplicate || told->is_refused);
        assert_true(told->at_ms >= before_ms);
        assert_true(index == 0 || told->at_ms >= fixture->told[index - 1].at_ms);
    }
    assert_int_equal(room->seq_committed, 100);
    assert_int_equal(counter_get(&store_counters(fixture->store)->appended), 100);
}

static void seq_rises_by_one_and_nobody_is_told_before_the_commit(void **state)
{
    (void)state;
    each_kind(numbers);
}

static void retries(struct fixture *fixture, const struct kind *kind)
{
    struct store_room *room = must_open(fixture, kind->room);
    struct event event = message_of("same", "first");
    struct event again = message_of("same", "another text does not matter");
    assert_int_equal(append(fixture, room, &event, 1), RESULT_OK);
    assert_int_equal(append(fixture, room, &again, 2), RESULT_OK);
    turn_all(fixture);
    const struct told *third = say(fixture, room, "same", "first");
    assert_int_equal(fixture->told_count, 3);
    for (size_t index = 0; index < 3; index++) {
        assert_int_equal(fixture->told[index].seq, 1);
        assert_int_equal(fixture->told[index].at_ms, fixture->told[0].at_ms);
        assert_int_equal(fixture->told[index].is_duplicate, index > 0);
        assert_int_equal(fixture->told[index].ticket, index + 1);
    }
    assert_int_equal(third->seq, 1);
    assert_int_equal(say(fixture, room, "other", "x")->seq, 2);
    /* The key is the user's own, and the room's own. */
    struct event by_another = message_of("same", "mine");
    by_another.user.id = VIEW("u2");
    assert_int_equal(append(fixture, room, &by_another, 9), RESULT_OK);
    turn_all(fixture);
    assert_int_equal(fixture->told[fixture->told_count - 1].seq, 3);
    struct store_room *elsewhere = must_open(fixture, kind->room[0] == '~' ? "~attic" : "attic");
    assert_int_equal(say(fixture, elsewhere, "same", "there")->seq, 1);
    assert_false(fixture->told[fixture->told_count - 1].is_duplicate);
    assert_int_equal(counter_get(&store_counters(fixture->store)->duplicates), 2);
}

static void a_retried_key_makes_no_second_event(void **state)
{
    (void)state;
    each_kind(retries);
}

/* All but the first begin with one time, as the keys of UUIDs of version 7 do: in the index they are neighbours. */
static void keys_of_one_time(struct fixture *fixture, const struct kind *kind)
{
    static const char *const keys[] = {
        "no time",
        "0193544fd80070008000000000000001",
        "0193544fd80070008000000000000002",
        "0193544f-d800-7000-8000-000000000001",
        "0193544FD80070008000000000000001",
        "0193544fd800",
        "0193544fd80",
    };
    struct store_room *room = must_open(fixture, kind->room);
    for (uint64_t index = 0; index < COUNT(keys); index++)
        assert_int_equal(say(fixture, room, keys[index], "x")->seq, index + 1);
    for (uint64_t index = 0; index < COUNT(keys); index++) {
        const struct told *told = say(fixture, room, keys[index], "x");
        assert_true(told->is_duplicate);
        assert_int_equal(told->seq, index + 1);
    }
}

static void keys_that_begin_with_one_time_are_told_apart(void **state)
{
    (void)state;
    each_kind(keys_of_one_time);
}

static void a_key_is_known_after_a_restart(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)say(&fixture, room, "a", "one");
    int64_t at_ms = say(&fixture, room, "b", "two")->at_ms;
    char epoch[17];
    memcpy(epoch, room->epoch, sizeof epoch);
    fixture_close(&fixture);
    fixture_open(&fixture);
    room = must_open(&fixture, "lobby");
    assert_string_equal(room->epoch, epoch);
    assert_int_equal(room->seq_committed, 2);
    assert_false(room->is_new);
    const struct told *told = say(&fixture, room, "b", "two");
    assert_true(told->is_duplicate);
    assert_int_equal(told->seq, 2);
    assert_int_equal(told->at_ms, at_ms);
    assert_int_equal(say(&fixture, room, "c", "three")->seq, 3);
    assert_string_equal(read_all(&fixture, room), "1:one 2:two 3:three");
    fixture_done(&fixture);
}

static void an_ephemeral_room_forgets_keys_with_its_oldest_events(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct store_room *room = must_open(&fixture, "~lobby");
    char key[16];
    for (int index = 1; index <= 9; index++) { /* memory holds 8 */
        (void)snprintf(key, sizeof key, "k%d", index);
        (void)say(&fixture, room, key, "x");
    }
    assert_int_equal(say(&fixture, room, "k2", "x")->seq, 2);
    assert_int_equal(say(&fixture, room, "k1", "x")->seq, 10);
    fixture_done(&fixture);
}

static void look_ups(struct fixture *fixture, const struct kind *kind)
{
    struct store_room *room = must_open(fixture, kind->room);
    (void)say(fixture, room, "k1", "committed");
    struct event staged = message_of("k2", "staged");
    assert_int_equal(append(fixture, room, &staged, 0), RESULT_OK);
    struct event found;
    assert_int_equal(store_event_get(fixture->store, room, 1, &found), RESULT_OK);
    assert_true(view_equal(found.text, VIEW("committed")));
    assert_true(view_equal(found.user.id, VIEW("u1")));
    assert_int_equal(store_event_get(fixture->store, room, 2, &found), RESULT_OK);
    assert_true(view_equal(found.text, VIEW("staged")));
    assert_int_equal(store_event_get(fixture->store, room, 3, &found), RESULT_NOT_FOUND);
    assert_int_equal(store_event_get(fixture->store, room, 0, &found), RESULT_NOT_FOUND);
    /* A staged removal counts at once. */
    struct event removal = delete_of("k3", 1);
    assert_int_equal(append(fixture, room, &removal, 0), RESULT_OK);
    assert_int_equal(store_event_get(fixture->store, room, 1, &found), RESULT_OK);
    assert_true(found.is_deleted && found.text.size == 0);
    turn_all(fixture);
    assert_int_equal(store_event_get(fixture->store, room, 1, &found), RESULT_OK);
    assert_true(found.is_deleted && found.text.size == 0);
}

static void an_event_is_found_as_soon_as_it_is_staged(void **state)
{
    (void)state;
    each_kind(look_ups);
}

static void events_older_than_memory_are_found_in_the_file(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    char key[16];
    for (int index = 1; index <= 30; index++) {
        (void)snprintf(key, sizeof key, "k%d", index);
        (void)say(&fixture, room, key, key);
    }
    assert_int_equal(store_recent_oldest(room), 23);
    struct event found;
    for (uint64_t seq = 1; seq <= 30; seq++) {
        (void)snprintf(key, sizeof key, "k%llu", (unsigned long long)seq);
        assert_int_equal(store_event_get(fixture.store, room, seq, &found), RESULT_OK);
        assert_int_equal(found.seq, seq);
        assert_true(view_equal(found.text, view_of_string(key)));
        assert_true(view_equal(found.key, view_of_string(key)));
        assert_true(view_equal(found.user.name, VIEW("ada")));
    }
    fixture_done(&fixture);
}

static void deletions(struct fixture *fixture, const struct kind *kind)
{
    struct store_room *room = must_open(fixture, kind->room);
    (void)say(fixture, room, "k1", "alpha secret");
    (void)say(fixture, room, "k2", "bystander");
    struct event edit = edit_of("k3", 1, "beta secret");
    struct event edit_of_other = edit_of("k4", 2, "bystander, better");
    struct event removal = delete_of("k5", 1);
    assert_int_equal(append(fixture, room, &edit, 0), RESULT_OK);
    assert_int_equal(append(fixture, room, &edit_of_other, 0), RESULT_OK);
    assert_int_equal(append(fixture, room, &removal, 0), RESULT_OK); /* in the same batch as the edit */
    turn_all(fixture);
    struct builder out;
    uint64_t from;
    builder_init(&out, 1 << 16);
    assert_true(store_recent_after(room, 0, 100, SIZE_MAX, &out, &from));
    assert_null(memmem(out.at, out.size, "secret", 6));
    assert_non_null(memmem(out.at, out.size, "bystander, better", 17));
    builder_done(&out);
    if (!room->is_ephemeral)
        assert_string_equal(read_all(fixture, room), "1: 2:bystander 3: 4:bystander, better 5:");
}

static void a_deletion_takes_the_text_out_of_its_target_and_the_edits(void **state)
{
    (void)state;
    each_kind(deletions);
}

static void users(struct fixture *fixture, const struct kind *kind)
{
    (void)kind;
    struct store_user user = {.id = "u1", .name = "ada", .joined_ms = 5}, found;
    assert_int_equal(store_user_get(fixture->store, VIEW("u1"), &found), RESULT_NOT_FOUND);
    assert_int_equal(store_user_put(fixture->store, &user), RESULT_OK);
    turn_all(fixture);
    (void)snprintf(user.name, sizeof user.name, "%s", "grace'); DROP TABLE users; --");
    assert_int_equal(store_user_put(fixture->store, &user), RESULT_OK);
    turn_all(fixture);
    assert_int_equal(store_user_get(fixture->store, VIEW("u1"), &found), RESULT_OK);
    assert_string_equal(found.id, "u1");
    assert_string_equal(found.name, user.name);
    assert_int_equal(found.joined_ms, 5);
}

static void a_user_is_kept_under_the_newest_name(void **state)
{
    (void)state;
    each_kind(users);
}

static void reads(struct fixture *fixture, const struct kind *kind)
{
    struct store_room *room = must_open(fixture, kind->room);
    uint64_t seq = 99;
    assert_int_equal(store_read_get(fixture->store, room, VIEW("u1"), &seq), RESULT_NOT_FOUND);
    static const uint64_t said[] = {3, 7, 5};
    for (size_t index = 0; index < COUNT(said); index++) {
        assert_int_equal(store_read_put(fixture->store, room, VIEW("u1"), said[index]), RESULT_OK);
        turn_all(fixture);
    }
    if (room->is_ephemeral) {
        assert_int_equal(store_read_get(fixture->store, room, VIEW("u1"), &seq), RESULT_NOT_FOUND);
        return;
    }
    assert_int_equal(store_read_get(fixture->store, room, VIEW("u1"), &seq), RESULT_OK);
    assert_int_equal(seq, 7);
    assert_int_equal(store_read_get(fixture->store, room, VIEW("u2"), &seq), RESULT_NOT_FOUND);
}

static void a_read_position_only_rises(void **state)
{
    (void)state;
    each_kind(reads);
}

int test_append(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seq_rises_by_one_and_nobody_is_told_before_the_commit),
        cmocka_unit_test(a_retried_key_makes_no_second_event),
        cmocka_unit_test(keys_that_begin_with_one_time_are_told_apart),
        cmocka_unit_test(a_key_is_known_after_a_restart),
        cmocka_unit_test(an_ephemeral_room_forgets_keys_with_its_oldest_events),
        cmocka_unit_test(an_event_is_found_as_soon_as_it_is_staged),
        cmocka_unit_test(events_older_than_memory_are_found_in_the_file),
        cmocka_unit_test(a_deletion_takes_the_text_out_of_its_target_and_the_edits),
        cmocka_unit_test(a_user_is_kept_under_the_newest_name),
        cmocka_unit_test(a_read_position_only_rises),
    };
    return cmocka_run_group_tests_name("append", tests, NULL, NULL);
}
