/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include "fault_vfs.h"

struct range {
    struct store_job job;
    int64_t room_id;
    uint64_t from, to;
    bool is_falling;
    int stops_after;
    bool had_snapshot;
    enum result result;
    char text[256];
};

static bool add(void *context, const struct event *event)
{
    struct range *range = context;
    size_t used = strlen(range->text);
    (void)snprintf(range->text + used, sizeof range->text - used, "%llu ", (unsigned long long)event->seq);
    return --range->stops_after != 0;
}

static void run(struct store_job *job, struct store_snapshot *snapshot)
{
    struct range *range = (struct range *)(void *)job;
    range->had_snapshot = snapshot != NULL;
    if (snapshot != NULL)
        range->result =
            store_snapshot_events(snapshot, range->room_id, range->from, range->to, range->is_falling, add, range);
}

struct range_case {
    uint64_t from, to;
    bool is_falling;
    int stops_after;
    const char *expected;
};

static void a_range_comes_in_either_order_and_stops_when_told(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {1, 5, false, 0, "1 2 3 4 5 "},
        {1, 5, true, 0, "5 4 3 2 1 "},
        {2, 3, false, 0, "2 3 "},
        {4, 99, true, 0, "5 4 "},
        {0, UINT64_MAX, true, 2, "5 4 "},
        {1, 5, false, 1, "1 "},
        {6, 9, false, 0, ""},
        {3, 2, false, 0, ""},
    };
    static const bool memories[] = {false, true};
    for (size_t kind = 0; kind < COUNT(memories); kind++) {
        struct fixture fixture;
        fixture_init(&fixture, memories[kind]);
        struct store_room *other = must_open(&fixture, "other");
        struct store_room *room = must_open(&fixture, "lobby");
        for (int index = 0; index < 5; index++) {
            char key[8];
            (void)snprintf(key, sizeof key, "%d", index);
            (void)say(&fixture, room, key, "x");
            (void)say(&fixture, other, key, "y");
        }
        for (size_t index = 0; index < COUNT(cases); index++) {
            struct range range = {.job.run = run,
                                  .room_id = room->id,
                                  .from = cases[index].from,
                                  .to = cases[index].to,
                                  .is_falling = cases[index].is_falling,
                                  .stops_after = cases[index].stops_after};
            assert_int_equal(store_job_post(fixture.store, &range.job), RESULT_OK);
            assert_int_equal(range.result, RESULT_OK);
            assert_string_equal(range.text, cases[index].expected);
        }
        struct range nowhere = {.job.run = run, .room_id = 0, .from = 1, .to = 9};
        assert_int_equal(store_job_post(fixture.store, &nowhere.job), RESULT_OK);
        assert_string_equal(nowhere.text, "");
        fixture_done(&fixture);
    }
}

static void a_reader_sees_only_what_is_committed(void **state)
{
    (void)state;
    static const bool memories[] = {false, true};
    for (size_t kind = 0; kind < COUNT(memories); kind++) {
        struct fixture fixture;
        fixture_init(&fixture, memories[kind]);
        struct store_room *room = must_open(&fixture, "lobby");
        (void)say(&fixture, room, "a", "one");
        struct event event = message_of("b", "two");
        struct event removal = delete_of("c", 1);
        assert_int_equal(append(&fixture, room, &event, 0), RESULT_OK);
        assert_int_equal(append(&fixture, room, &removal, 0), RESULT_OK);
        assert_string_equal(read_all(&fixture, room), "1:one");
        turn_all(&fixture);
        assert_string_equal(read_all(&fixture, room), "1: 2:two 3:");
        fixture_done(&fixture);
    }
}

static void a_file_that_cannot_be_read_gives_no_snapshot_or_an_error(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)say(&fixture, room, "a", "one");
    struct range range = {.job.run = run, .room_id = room->id, .from = 1, .to = 9, .result = RESULT_FAILED};
    fault_vfs_arm(FAULT_OPEN, 1, true);
    assert_int_equal(store_job_post(fixture.store, &range.job), RESULT_OK);
    assert_true(fault_vfs_disarm());
    assert_true(!range.had_snapshot || range.result == RESULT_FAILED);
    assert_string_equal(read_all(&fixture, room), "1:one");
    fixture_done(&fixture);
}

int test_sqlite_read(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_range_comes_in_either_order_and_stops_when_told),
        cmocka_unit_test(a_reader_sees_only_what_is_committed),
        cmocka_unit_test(a_file_that_cannot_be_read_gives_no_snapshot_or_an_error),
    };
    return cmocka_run_group_tests_name("sqlite_read", tests, NULL, NULL);
}
