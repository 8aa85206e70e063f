/* SPDX-License-Identifier: Apache-2.0 */
#include "store/attention.h"

#include "store/verify.h"
#include "store_test.h"

#define ADA "aaaaaaaaaaaaaaaaaaaaaaaaaa"
#define BOB "bbbbbbbbbbbbbbbbbbbbbbbbbb"

enum { ROOMS_MAX = 3 };

static void each_engine(void (*test)(struct fixture *fixture))
{
    for (int is_in_memory = 0; is_in_memory <= 1; is_in_memory++) {
        struct fixture fixture;
        fixture_init(&fixture, is_in_memory);
        test(&fixture);
        fixture_done(&fixture);
    }
}

static void must_append(struct fixture *fixture, struct store_room *room, struct event event)
{
    event.user.id = VIEW(ADA);
    assert_int_equal(append(fixture, room, &event, 0), RESULT_OK);
    turn_all(fixture);
}

static void must_join(struct fixture *fixture, struct store_room *room, struct view user, enum result expected)
{
    assert_int_equal(store_joined_put(fixture->store, room, user, ROOMS_MAX), expected);
    turn_all(fixture);
}

static void never_listed(void *context, const struct store_room_row *row)
{
    (void)context;
    fail_msg("%.*s is listed", (int)row->name.size, (const char *)row->name.at);
}

struct listed {
    struct store_job job;
    struct view user;
    char text[512];
};

static void list_one(void *context, const struct store_mine_row *row)
{
    struct listed *listed = context;
    size_t size = strlen(listed->text);
    (void)snprintf(listed->text + size, sizeof listed->text - size, "%.*s seq=%d read=%d unread=%d mentions=%d;",
                   (int)row->room.size, (const char *)row->room.at, (int)row->seq, (int)row->read, (int)row->unread,
                   (int)row->mentions);
}

static void list_all(struct store_job *job, struct store_snapshot *snapshot)
{
    struct listed *listed = (struct listed *)job;
    assert_int_equal(store_snapshot_mine(snapshot, listed->user, 10, list_one, listed), RESULT_OK);
}

/* Both ways of asking must say the same. */
static void assert_unread(struct fixture *fixture, struct store_room *room, struct view user, const char *expected)
{
    struct listed listed = {.job = {.run = list_all}, .user = user};
    struct listed single = {.user = user};
    struct store_mine_row row;
    assert_int_equal(store_job_post(fixture->store, &listed.job), RESULT_OK);
    assert_string_equal(listed.text, expected);
    assert_int_equal(store_unread(fixture->store, room, user, &row), RESULT_OK);
    list_one(&single, &row);
    assert_string_equal(single.text, expected);
}

static struct event naming(const char *key, struct view mentions)
{
    struct event event = message_of(key, "hello");
    event.mentions = mentions;
    return event;
}

static void counts(struct fixture *fixture)
{
    struct store_room *room = must_open(fixture, "lobby");
    must_append(fixture, room, message_of("k1", "before"));
    must_join(fixture, room, VIEW(BOB), RESULT_OK);
    must_join(fixture, room, VIEW(BOB), RESULT_EXISTS);
    assert_unread(fixture, room, VIEW(BOB), "lobby seq=1 read=1 unread=0 mentions=0;");
    must_append(fixture, room, naming("k2", VIEW(BOB ADA)));
    must_append(fixture, room, edit_of("k3", 2, "an edit is not counted"));
    must_append(fixture, room, naming("k4", VIEW(BOB)));
    assert_unread(fixture, room, VIEW(BOB), "lobby seq=4 read=1 unread=2 mentions=2;");
    must_append(fixture, room, delete_of("k5", 4));
    assert_unread(fixture, room, VIEW(BOB), "lobby seq=5 read=1 unread=2 mentions=1;");
    assert_int_equal(store_read_put(fixture->store, room, VIEW(BOB), 3), RESULT_OK);
    turn_all(fixture);
    assert_unread(fixture, room, VIEW(BOB), "lobby seq=5 read=3 unread=1 mentions=0;");
    must_join(fixture, room, VIEW(ADA), RESULT_OK);
    assert_unread(fixture, room, VIEW(ADA), "lobby seq=5 read=5 unread=0 mentions=0;");
}

static void messages_and_mentions_are_counted_from_the_read_position(void **state)
{
    (void)state;
    each_engine(counts);
}

static void belongings(struct fixture *fixture)
{
    static const char *const names[] = {"one", "two", "three", "four"};
    struct store_room *rooms[COUNT(names)];
    for (size_t index = 0; index < COUNT(names); index++) {
        rooms[index] = must_open(fixture, names[index]);
        must_join(fixture, rooms[index], VIEW(BOB), index < ROOMS_MAX ? RESULT_OK : RESULT_REFUSED);
    }
    must_join(fixture, rooms[0], VIEW(BOB), RESULT_EXISTS);
    assert_int_equal(store_joined_remove(fixture->store, rooms[1], VIEW(BOB)), RESULT_OK);
    assert_int_equal(store_joined_remove(fixture->store, rooms[1], VIEW(ADA)), RESULT_OK);
    turn_all(fixture);
    must_join(fixture, rooms[3], VIEW(BOB), RESULT_OK);
    must_join(fixture, must_open(fixture, "another"), VIEW(ADA), RESULT_OK);
}

static void a_user_belongs_to_so_many_rooms_and_no_more(void **state)
{
    (void)state;
    each_engine(belongings);
}

static void ephemeral(struct fixture *fixture)
{
    struct store_room *room;
    struct store_mine_row row;
    assert_int_equal(store_room_open(fixture->store, VIEW("~x"), VIEW("~x"), true, true, &room), RESULT_OK);
    must_join(fixture, room, VIEW(BOB), RESULT_EXISTS);
    assert_int_equal(store_joined_remove(fixture->store, room, VIEW(BOB)), RESULT_OK);
    assert_int_equal(store_unread(fixture->store, room, VIEW(BOB), &row), RESULT_NOT_FOUND);
}

static void an_ephemeral_room_keeps_nobody(void **state)
{
    (void)state;
    each_engine(ephemeral);
}

static void names(struct fixture *fixture)
{
    struct store_user ada = {.id = ADA, .name = "Ada", .fold = "ada", .joined_ms = 1};
    struct store_user bob = {.id = BOB, .name = "ADA", .fold = "ada", .joined_ms = 2};
    struct store_room *room = must_open(fixture, "lobby");
    char id[33] = "";
    assert_int_equal(store_user_put(fixture->store, &ada), RESULT_OK);
    assert_int_equal(store_user_put(fixture->store, &bob), RESULT_OK);
    must_join(fixture, room, VIEW(ADA), RESULT_OK);
    assert_int_equal(store_user_named(fixture->store, room, VIEW("ada"), id), RESULT_OK);
    assert_string_equal(id, ADA);
    must_join(fixture, room, VIEW(BOB), RESULT_OK);
    assert_int_equal(store_user_named(fixture->store, room, VIEW("ada"), id), RESULT_OK);
    assert_string_equal(id, BOB);
    assert_int_equal(store_user_named(fixture->store, room, VIEW("adam"), id), RESULT_NOT_FOUND);
    assert_int_equal(store_user_named(fixture->store, room, VIEW(""), id), RESULT_NOT_FOUND);
}

static void who_belongs_to_the_room_is_found_by_name_and_the_newest_first(void **state)
{
    (void)state;
    each_engine(names);
}

static void direct(struct fixture *fixture)
{
    struct store_room *room, *again;
    struct store_room_row rows = {0};
    assert_int_equal(store_direct_open(fixture->store, VIEW("@x"), VIEW(""), &room), RESULT_NOT_FOUND);
    assert_int_equal(store_direct_open(fixture->store, VIEW("@x"), VIEW(ADA BOB), &room), RESULT_OK);
    must_append(fixture, room, message_of("k1", "between us"));
    must_join(fixture, room, VIEW(BOB), RESULT_OK);
    store_room_close(fixture->store, room);
    assert_int_equal(store_direct_open(fixture->store, VIEW("@x"), VIEW(""), &again), RESULT_OK);
    assert_true(view_equal(again->members, VIEW(ADA BOB)));
    assert_int_equal(again->seq_committed, 1);
    assert_int_equal(store_rooms(fixture->store, 10, never_listed, &rows), RESULT_OK);
}

static void a_direct_room_keeps_its_members_and_is_not_listed(void **state)
{
    (void)state;
    each_engine(direct);
}

static void note_fault(void *context, const struct verify_fault *fault)
{
    (void)snprintf(context, 256, "%s: %.*s", fault->check, (int)fault->text.size, (const char *)fault->text.at);
}

static void assert_fault(const struct fixture *fixture, const char *expected)
{
    char found[256] = "";
    struct verify_summary summary;
    const struct verify_options options = {.fault = note_fault, .context = found};
    assert_int_equal(verify_run(fixture->folder, &options, &summary), RESULT_OK);
    assert_string_equal(found, expected);
}

static void what_does_not_fit_the_log_is_found_by_verify(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    must_append(&fixture, room, naming("k1", VIEW(BOB ADA)));
    must_append(&fixture, room, naming("k2", VIEW(BOB)));
    must_append(&fixture, room, delete_of("k3", 1));
    assert_fault(&fixture, "");
    fixture_close(&fixture);
    fixture_sql(&fixture, "INSERT INTO mentions VALUES ('" BOB "', 1, 1)");
    assert_fault(&fixture, "mentions: it is said to wait for user " BOB ", whom it does not name");
    fixture_sql(&fixture, "DELETE FROM mentions");
    assert_fault(&fixture, "events: it names user " BOB ", who is not told that it waits");
    fixture_sql(&fixture, "INSERT INTO mentions VALUES ('" BOB "', 1, 2); UPDATE events SET ordinal = 7 WHERE seq = 3");
    assert_fault(&fixture, "events: it is filed as the end of 7 messages, and there are 2");
    fixture_open(&fixture);
    fixture_done(&fixture);
}

/* A file of before counts each event as a message; what comes after goes on from there. */
static void events_of_before_the_count_are_a_message_each(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    must_append(&fixture, room, message_of("k1", "one"));
    must_append(&fixture, room, edit_of("k2", 1, "two"));
    must_join(&fixture, room, VIEW(BOB), RESULT_OK);
    fixture_close(&fixture);
    fixture_sql(&fixture, "UPDATE events SET ordinal = NULL; UPDATE joined SET since = 1");
    fixture_open(&fixture);
    room = must_open(&fixture, "lobby");
    assert_unread(&fixture, room, VIEW(BOB), "lobby seq=2 read=1 unread=1 mentions=0;");
    must_append(&fixture, room, message_of("k3", "three"));
    assert_unread(&fixture, room, VIEW(BOB), "lobby seq=3 read=1 unread=2 mentions=0;");
    assert_fault(&fixture, "");
    fixture_done(&fixture);
}

int test_attention(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_and_mentions_are_counted_from_the_read_position),
        cmocka_unit_test(a_user_belongs_to_so_many_rooms_and_no_more),
        cmocka_unit_test(an_ephemeral_room_keeps_nobody),
        cmocka_unit_test(who_belongs_to_the_room_is_found_by_name_and_the_newest_first),
        cmocka_unit_test(a_direct_room_keeps_its_members_and_is_not_listed),
        cmocka_unit_test(what_does_not_fit_the_log_is_found_by_verify),
        cmocka_unit_test(events_of_before_the_count_are_a_message_each),
    };
    return cmocka_run_group_tests_name("attention", tests, NULL, NULL);
}
