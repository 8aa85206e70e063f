/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

static void fill(struct fixture *fixture, struct store_room *room, int count)
{
    char key[16];
    for (int index = 1; index <= count; index++) {
        (void)snprintf(key, sizeof key, "k%d", index);
        (void)say(fixture, room, key, key);
    }
}

static void a_room_that_may_not_be_made_is_not_found(void **state)
{
    (void)state;
    static const bool memories[] = {false, true};
    for (size_t index = 0; index < COUNT(memories); index++) {
        struct fixture fixture;
        struct store_room *room;
        fixture_init(&fixture, memories[index]);
        assert_int_equal(try_open(&fixture, "lobby", false, &room), RESULT_NOT_FOUND);
        assert_int_equal(try_open(&fixture, "~lobby", false, &room), RESULT_NOT_FOUND);
        room = must_open(&fixture, "lobby");
        assert_true(room->is_new);
        assert_false(room->is_stored);
        turn_all(&fixture);
        assert_true(room->is_stored);
        assert_true(room->id > 0);
        store_room_close(fixture.store, room);
        assert_int_equal(try_open(&fixture, "lobby", false, &room), RESULT_OK);
        assert_false(room->is_new);
        assert_true(room->is_stored);
        fixture_done(&fixture);
    }
}

static void a_room_keeps_the_name_under_which_it_was_first_written(void **state)
{
    (void)state;
    struct fixture fixture;
    struct store_room *room;
    fixture_init(&fixture, false);
    assert_int_equal(store_room_open(fixture.store, VIEW("Lobby"), VIEW("lobby"), false, true, &room), RESULT_OK);
    turn_all(&fixture);
    store_room_close(fixture.store, room);
    assert_int_equal(store_room_open(fixture.store, VIEW("LOBBY"), VIEW("lobby"), false, true, &room), RESULT_OK);
    assert_true(view_equal(room->name, VIEW("Lobby")));
    assert_true(view_equal(room->fold, VIEW("lobby")));
    fixture_done(&fixture);
}

static void an_ephemeral_room_starts_a_new_epoch_and_leaves_no_trace(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "~whisper");
    fill(&fixture, room, 3);
    char epoch[17];
    memcpy(epoch, room->epoch, sizeof epoch);
    assert_int_equal(strlen(epoch), 16);
    store_room_close(fixture.store, room);
    room = must_open(&fixture, "~whisper");
    assert_int_equal(room->seq_committed, 0);
    assert_string_not_equal(room->epoch, epoch);
    assert_int_equal(counter_get(&store_counters(fixture.store)->commits), 0);
    fixture_close(&fixture);
    assert_false(fixture_file_holds(&fixture, "natter.db", "whisper"));
    fixture_done(&fixture);
}

static void memory_is_filled_again_when_a_room_opens(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    fill(&fixture, must_open(&fixture, "lobby"), 30);
    fixture_close(&fixture);
    fixture_open(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    assert_int_equal(store_recent_oldest(room), 23);
    assert_true(view_equal(store_recent_key(room, 25), VIEW("k25")));
    assert_int_equal(store_recent_key(room, 22).size, 0);
    recent_check(room->recent);
    fixture_done(&fixture);
}

struct range_case {
    const char *name;
    uint64_t after;
    size_t events_max, bytes_max;
    uint64_t from;
    bool reaches;
};

/* Every event's JSON has the same size here; `bytes_max` counts in such units. */
static void the_newest_events_come_from_memory_within_the_limits(void **state)
{
    (void)state;
    static const struct range_case cases[] = {
        {"all", 0, 100, 100, 13, false},
        {"what is in memory", 12, 100, 100, 13, true},
        {"a few", 17, 100, 100, 18, true},
        {"none", 20, 100, 100, 21, true},
        {"none, from the future", 99, 100, 100, 21, true},
        {"limited in number", 12, 3, 100, 18, true},
        {"limited in bytes", 12, 100, 2, 19, true},
        {"no byte", 12, 100, 0, 21, true},
        {"no event", 12, 0, 100, 21, true},
    };
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct store_room *room = must_open(&fixture, "lobby");
    for (int index = 10; index < 30; index++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", index);
        (void)say(&fixture, room, key, "x");
    }
    size_t unit = recent_get(room->recent, 20)->entry.json.size + 1;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct builder out;
        uint64_t from = 0;
        print_message("    %s\n", cases[index].name);
        builder_init(&out, 1 << 16);
        assert_int_equal(store_recent_after(room, cases[index].after, cases[index].events_max,
                                            cases[index].bytes_max * unit, &out, &from),
                         cases[index].reaches);
        assert_int_equal(from, cases[index].from);
        size_t count = 21 - from;
        assert_int_equal(out.size, count > 0 ? count * unit - 1 : 0);
        builder_done(&out);
    }
    fixture_done(&fixture);
}

struct page_case {
    const char *name;
    uint64_t from, to;
    size_t bytes_max;
    bool keeps_newest;
    uint64_t out_from, out_to;
    bool is_there;
};

static void a_page_comes_from_memory_or_not_at_all(void **state)
{
    (void)state;
    static const struct page_case cases[] = {
        {"older than memory", 12, 14, 100, true, 12, 11, false},
        {"all of it", 13, 20, 100, true, 13, 20, true},
        {"the middle", 15, 16, 100, false, 15, 16, true},
        {"the newest that fit", 14, 18, 2, true, 17, 18, true},
        {"the oldest that fit", 14, 18, 2, false, 14, 15, true},
        {"nothing fits, newest", 14, 18, 0, true, 19, 18, true},
        {"nothing fits, oldest", 14, 18, 0, false, 14, 13, true},
        {"empty", 21, 20, 100, false, 21, 20, true},
    };
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct store_room *room = must_open(&fixture, "lobby");
    for (int index = 10; index < 30; index++) {
        char key[8];
        (void)snprintf(key, sizeof key, "k%d", index);
        (void)say(&fixture, room, key, "x");
    }
    size_t unit = recent_get(room->recent, 20)->entry.json.size + 1;
    for (size_t index = 0; index < COUNT(cases); index++) {
        const struct page_case *page = &cases[index];
        struct builder out;
        uint64_t from = 0, to = 0;
        print_message("    %s\n", page->name);
        builder_init(&out, 1 << 16);
        assert_int_equal(store_recent_range(room, page->from, page->to, page->bytes_max * unit, page->keeps_newest,
                                            &out, &from, &to),
                         page->is_there);
        assert_int_equal(from, page->out_from);
        assert_int_equal(to, page->out_to);
        assert_int_equal(out.size, to + 1 > from ? (to + 1 - from) * unit - 1 : 0);
        builder_done(&out);
    }
    fixture_done(&fixture);
}

struct names {
    char text[256];
    struct store_room_row last;
};

static void add_name(void *context, const struct store_room_row *row)
{
    struct names *names = context;
    size_t used = strlen(names->text);
    (void)snprintf(names->text + used, sizeof names->text - used, "%.*s:%llu ", (int)row->name.size,
                   (const char *)row->name.at, (unsigned long long)row->seq);
    names->last = *row;
}

static void rooms_are_listed_by_their_newest_event(void **state)
{
    (void)state;
    static const bool memories[] = {false, true};
    for (size_t index = 0; index < COUNT(memories); index++) {
        struct fixture fixture;
        struct names names = {0};
        fixture_init(&fixture, memories[index]);
        struct store_room *first = must_open(&fixture, "first");
        struct store_room *second = must_open(&fixture, "second");
        turn_all(&fixture);
        first->at_ms_last += 1000; /* so that the clock's step does not decide */
        (void)say(&fixture, first, "a", "x");
        second->at_ms_last += 3000;
        (void)say(&fixture, second, "a", "x");
        first->at_ms_last += 5000;
        (void)say(&fixture, first, "b", "x");
        (void)must_open(&fixture, "~hidden");
        assert_int_equal(store_rooms(fixture.store, 10, add_name, &names), RESULT_OK);
        assert_string_equal(names.text, "first:2 second:1 ");
        /* What is only staged is not told. */
        struct event event = message_of("c", "x");
        assert_int_equal(append(&fixture, second, &event, 0), RESULT_OK);
        names.text[0] = '\0';
        assert_int_equal(store_rooms(fixture.store, 10, add_name, &names), RESULT_OK);
        assert_string_equal(names.text, "first:2 second:1 ");
        turn_all(&fixture);
        names.text[0] = '\0';
        assert_int_equal(store_rooms(fixture.store, 0, add_name, &names), RESULT_OK);
        assert_string_equal(names.text, "");
        fixture_done(&fixture);
    }
}

int test_rooms(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_that_may_not_be_made_is_not_found),
        cmocka_unit_test(a_room_keeps_the_name_under_which_it_was_first_written),
        cmocka_unit_test(an_ephemeral_room_starts_a_new_epoch_and_leaves_no_trace),
        cmocka_unit_test(memory_is_filled_again_when_a_room_opens),
        cmocka_unit_test(the_newest_events_come_from_memory_within_the_limits),
        cmocka_unit_test(a_page_comes_from_memory_or_not_at_all),
        cmocka_unit_test(rooms_are_listed_by_their_newest_event),
    };
    return cmocka_run_group_tests_name("rooms", tests, NULL, NULL);
}
