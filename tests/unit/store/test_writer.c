/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <stdatomic.h>

#include "os/clock.h"
#include "os/thread.h"

enum { POSTERS = 4, POSTS = 600, DEADLINE_MS = 60000 };

/* ---- turns ---- */

static void visit_append(struct fixture *fixture, const struct letter *letter)
{
    char key[32];
    (void)snprintf(key, sizeof key, "k%u", letter->number);
    struct event event = message_of(key, "x");
    assert_int_equal(append(fixture, letter->object, &event, letter->number), RESULT_OK);
}

static void post(struct fixture *fixture, struct store_room *room, uint32_t number)
{
    struct letter letter = {.number = number, .object = room};
    assert_int_equal(store_post(fixture->store, &letter), RESULT_OK);
}

static void a_turn_commits_once_for_all_letters_up_to_its_bound(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    fixture.options.batch_letters_max = 10;
    fixture_open(&fixture);
    fixture.visit = visit_append;
    struct store_room *room = must_open(&fixture, "lobby");
    turn_all(&fixture);
    uint64_t commits = counter_get(&store_counters(fixture.store)->commits);
    for (uint32_t number = 1; number <= 25; number++)
        post(&fixture, room, number);
    assert_int_equal(store_queue_count(fixture.store), 25);
    assert_true(store_turn(fixture.store));
    assert_int_equal(fixture.told_count, 10);
    assert_true(store_turn(fixture.store));
    assert_int_equal(fixture.told_count, 20);
    assert_true(store_turn(fixture.store));
    assert_int_equal(fixture.told_count, 25);
    assert_false(store_turn(fixture.store));
    assert_int_equal(counter_get(&store_counters(fixture.store)->commits) - commits, 3);
    assert_int_equal(counter_get(&store_counters(fixture.store)->letters), 25);
    fixture_done(&fixture);
}

static void a_full_mailbox_is_backpressure(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, true);
    struct letter letter = {0};
    size_t count = 0;
    while (store_post(fixture.store, &letter) == RESULT_OK)
        count++;
    assert_int_equal(count, fixture.options.queue_letters);
    turn_all(&fixture);
    assert_int_equal(store_post(fixture.store, &letter), RESULT_OK);
    turn_all(&fixture);
    fixture_done(&fixture);
}

static void ephemeral_rooms_are_told_before_the_commit(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *lobby = must_open(&fixture, "lobby");
    struct store_room *whisper = must_open(&fixture, "~whisper");
    turn_all(&fixture);
    uint64_t commits = counter_get(&store_counters(fixture.store)->commits);
    struct event event = message_of("a", "x");
    assert_int_equal(append(&fixture, lobby, &event, 1), RESULT_OK);
    assert_int_equal(append(&fixture, whisper, &event, 2), RESULT_OK);
    turn_all(&fixture);
    assert_string_equal(fixture.told[0].room, "~whisper");
    assert_string_equal(fixture.told[1].room, "lobby");
    assert_int_equal(append(&fixture, whisper, &event, 3), RESULT_OK);
    turn_all(&fixture);
    assert_int_equal(counter_get(&store_counters(fixture.store)->commits), commits + 1);
    fixture_done(&fixture);
}

static void rooms_are_told_one_after_the_other_in_the_order_of_their_first_event(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    static const char *const names[] = {"a", "b", "c"};
    struct store_room *rooms[COUNT(names)];
    for (size_t index = 0; index < COUNT(names); index++)
        rooms[index] = must_open(&fixture, names[index]);
    turn_all(&fixture);
    static const size_t order[] = {1, 0, 1, 2, 0, 1};
    for (size_t index = 0; index < COUNT(order); index++) {
        char key[8];
        (void)snprintf(key, sizeof key, "%zu", index);
        struct event event = message_of(key, "x");
        assert_int_equal(append(&fixture, rooms[order[index]], &event, index), RESULT_OK);
    }
    turn_all(&fixture);
    static const char *const told[] = {"b", "b", "b", "a", "a", "c"};
    assert_int_equal(fixture.told_count, COUNT(told));
    for (size_t index = 0; index < COUNT(told); index++)
        assert_string_equal(fixture.told[index].room, told[index]);
    fixture_done(&fixture);
}

static void turned_is_called_when_its_time_is_over(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, true);
    assert_false(store_turn(fixture.store));
    fixture.turned_answer = 0; /* at once, and again */
    struct letter letter = {0};
    assert_int_equal(store_post(fixture.store, &letter), RESULT_OK);
    assert_true(store_turn(fixture.store));
    assert_true(store_turn(fixture.store));
    fixture.turned_answer = 1000000;
    assert_true(store_turn(fixture.store));
    assert_int_equal(fixture.turned_count, 3);
    assert_false(store_turn(fixture.store));
    fixture_done(&fixture);
}

static void time_never_falls_in_a_room(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    int64_t ahead_ms = os_clock_wall_ms() + 1000000;
    room->at_ms_last = ahead_ms; /* as after a clock that ran ahead */
    assert_int_equal(say(&fixture, room, "a", "x")->at_ms, ahead_ms);
    assert_int_equal(say(&fixture, room, "b", "x")->at_ms, ahead_ms);
    fixture_close(&fixture);
    fixture_open(&fixture);
    room = must_open(&fixture, "lobby");
    assert_int_equal(say(&fixture, room, "c", "x")->at_ms, ahead_ms);
    fixture_done(&fixture);
}

static void a_batch_larger_than_memory_is_told_whole(void **state)
{
    (void)state;
    static const char *const names[] = {"lobby", "~lobby"};
    for (size_t index = 0; index < COUNT(names); index++) {
        struct fixture fixture;
        fixture_init(&fixture, true);
        fixture.visit = visit_append;
        struct store_room *room = must_open(&fixture, names[index]);
        for (uint32_t number = 1; number <= 200; number++)
            post(&fixture, room, number);
        turn_all(&fixture);
        assert_int_equal(fixture.told_count, 200);
        for (size_t told = 0; told < 200; told++) {
            assert_int_equal(fixture.told[told].seq, told + 1);
            assert_non_null(strstr(fixture.told[told].json, "\"text\":\"x\""));
        }
        assert_int_equal(store_recent_oldest(room), 193);
        fixture_done(&fixture);
    }
}

/* ---- threads ---- */

struct crowd {
    struct fixture fixture;
    struct store_room *room;
    _Atomic uint32_t told;
    _Atomic uint32_t running;
    uint32_t next[POSTERS]; /* of each poster's numbers, the one that is expected */
    uint64_t newest;
};

struct poster {
    struct crowd *crowd;
    uint32_t index;
    struct os_thread thread;
};

static void crowd_visit(void *context, const struct letter *letter)
{
    struct crowd *crowd = context;
    if (crowd->room == NULL) {
        enum result result =
            store_room_open(crowd->fixture.store, VIEW("lobby"), VIEW("lobby"), false, true, &crowd->room);
        check(result == RESULT_OK);
    }
    char key[32];
    (void)snprintf(key, sizeof key, "p%u-%u", (unsigned)letter->handle, letter->number);
    struct event event = message_of(key, "x");
    event.target = letter->number; /* comes back with the entry */
    event.reply_to = letter->handle;
    enum result result = store_append(crowd->fixture.store, crowd->room, &event, NULL);
    check(result == RESULT_OK);
}

static void crowd_committed(void *context, struct store_room *room, struct list_link *entries)
{
    struct crowd *crowd = context;
    check(room == crowd->room);
    list_each(entries, link, following) {
        const struct store_entry *entry = list_entry(link, struct store_entry, link);
        check(entry->event.seq == ++crowd->newest);
        check(entry->event.target == crowd->next[entry->event.reply_to]++);
        (void)atomic_fetch_add(&crowd->told, 1);
    }
}

static void crowd_refused(void *context, struct store_room *room, struct list_link *entries, enum result why)
{
    (void)context;
    (void)room;
    (void)entries;
    check(why == RESULT_OK); /* never called */
}

static int crowd_turned(void *context)
{
    (void)context;
    return -1;
}

static void post_all(void *context)
{
    struct poster *poster = context;
    struct crowd *crowd = poster->crowd;
    for (uint32_t number = 0; number < POSTS; number++) {
        struct letter letter = {.number = number, .handle = poster->index};
        while (store_post(crowd->fixture.store, &letter) == RESULT_FULL)
            os_thread_yield();
    }
    (void)atomic_fetch_sub(&crowd->running, 1);
}

static void run_crowd(bool is_in_memory)
{
    struct crowd *crowd = calloc(1, sizeof *crowd);
    struct poster posters[POSTERS];
    assert_non_null(crowd);
    fixture_init(&crowd->fixture, is_in_memory);
    fixture_close(&crowd->fixture);
    crowd->fixture.options.queue_letters = 64;
    crowd->fixture.events = (struct store_events){.context = crowd,
                                                  .visit = crowd_visit,
                                                  .committed = crowd_committed,
                                                  .refused = crowd_refused,
                                                  .turned = crowd_turned};
    fixture_open(&crowd->fixture);
    assert_int_equal(store_start(crowd->fixture.store), RESULT_OK);
    atomic_store(&crowd->running, POSTERS);
    for (uint32_t index = 0; index < POSTERS; index++) {
        posters[index] = (struct poster){.crowd = crowd, .index = index};
        assert_int_equal(os_thread_start(&posters[index].thread, "poster", post_all, &posters[index]), RESULT_OK);
    }
    for (uint32_t index = 0; index < POSTERS; index++)
        os_thread_join(&posters[index].thread);
    store_stop(crowd->fixture.store); /* what was posted before is still committed */
    assert_int_equal(atomic_load(&crowd->told), POSTERS * POSTS);
    assert_int_equal(counter_get(&store_counters(crowd->fixture.store)->appended), POSTERS * POSTS);
    fixture_done(&crowd->fixture);
    free(crowd);
}

static void many_posting_threads_are_served_in_each_ones_order_and_stopping_loses_nothing(void **state)
{
    (void)state;
    run_crowd(false);
    run_crowd(true);
}

static int tick_turned(void *context)
{
    (void)atomic_fetch_add((_Atomic uint32_t *)context, 1);
    return 1;
}

static void tick_visit(void *context, const struct letter *letter)
{
    (void)context;
    (void)letter;
}

static void the_thread_ticks_without_letters(void **state)
{
    (void)state;
    _Atomic uint32_t ticks = 0;
    struct fixture fixture;
    fixture_init(&fixture, true);
    fixture_close(&fixture);
    fixture.events = (struct store_events){.context = &ticks, .visit = tick_visit, .turned = tick_turned};
    fixture_open(&fixture);
    assert_int_equal(store_start(fixture.store), RESULT_OK);
    struct letter letter = {0};
    assert_int_equal(store_post(fixture.store, &letter), RESULT_OK);
    uint64_t deadline_ms = os_clock_monotonic_ms() + DEADLINE_MS;
    while (atomic_load(&ticks) < 5 && os_clock_monotonic_ms() < deadline_ms)
        os_thread_yield();
    assert_true(atomic_load(&ticks) >= 5);
    fixture_done(&fixture);
}

static void a_store_ends_from_every_stage_of_its_life(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    fixture_close(&fixture); /* never started */
    fixture_open(&fixture);
    assert_int_equal(store_start(fixture.store), RESULT_OK);
    store_stop(fixture.store);
    store_stop(fixture.store);
    fixture_done(&fixture);
    store_free(NULL);
}

int test_writer(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_turn_commits_once_for_all_letters_up_to_its_bound),
        cmocka_unit_test(a_full_mailbox_is_backpressure),
        cmocka_unit_test(ephemeral_rooms_are_told_before_the_commit),
        cmocka_unit_test(rooms_are_told_one_after_the_other_in_the_order_of_their_first_event),
        cmocka_unit_test(turned_is_called_when_its_time_is_over),
        cmocka_unit_test(time_never_falls_in_a_room),
        cmocka_unit_test(a_batch_larger_than_memory_is_told_whole),
        cmocka_unit_test(many_posting_threads_are_served_in_each_ones_order_and_stopping_loses_nothing),
        cmocka_unit_test(the_thread_ticks_without_letters),
        cmocka_unit_test(a_store_ends_from_every_stage_of_its_life),
    };
    return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
