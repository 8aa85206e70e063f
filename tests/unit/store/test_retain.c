/* SPDX-License-Identifier: Apache-2.0 */
/* Old events go slice by slice while a room goes on, and what is left proves itself. */
#include "os/clock.h"
#include "store/retention.h"
#include "store/verify.h"
#include "store_test.h"

enum { PATIENCE_MS = 30000, SLICE = 4 };

static struct store_room *lobby;

/* With the limits, and the pauses so short that a test need not wait. */
static void begin(struct fixture *fixture, struct store_limits limits)
{
    fixture_init(fixture, false);
    fixture_close(fixture);
    fixture->options.retention = limits;
    fixture->options.retention_interval_ms = 1;
    fixture->options.retention_pause_ms = 1;
    fixture->options.retention_slice_events = SLICE;
    fixture_open(fixture);
    lobby = must_open(fixture, "lobby");
}

static void say_many(struct fixture *fixture, int from, int to)
{
    for (int number = from; number <= to; number++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", number);
        struct event event = message_of(key, "some words");
        assert_int_equal(append(fixture, lobby, &event, 0), RESULT_OK);
        if (number % 8 == 0)
            (void)store_turn(fixture->store);
    }
    turn_all(fixture);
    fixture->told_count = 0;
}

/* Turns until the room begins there, and no later: it stays so for another two rounds. */
static void must_begin_at(struct fixture *fixture, uint64_t first)
{
    const struct store_counters *counters = store_counters(fixture->store);
    uint64_t end_ms = os_clock_monotonic_ms() + PATIENCE_MS;
    while (lobby->seq_first != first && os_clock_monotonic_ms() < end_ms)
        (void)store_turn(fixture->store);
    assert_int_equal(lobby->seq_first, first);
    uint64_t rounds = counter_get(&counters->expiries);
    while (counter_get(&counters->expiries) < rounds + 2 && os_clock_monotonic_ms() < end_ms)
        (void)store_turn(fixture->store);
    assert_int_equal(lobby->seq_first, first);
    store_check(fixture->store);
}

static bool fold(struct view name, struct builder *out)
{
    builder_add_view(out, name);
    return true;
}

static void tell(void *context, const struct verify_fault *fault)
{
    (void)context;
    print_message("# fault: %.*s\n", (int)fault->text.size, (const char *)fault->text.at);
}

static void assert_sound(const struct fixture *fixture)
{
    const struct verify_options options = {.fold = fold, .fault = tell};
    struct verify_summary seen = {0};
    assert_int_equal(verify_run(fixture->folder, &options, &seen), RESULT_OK);
    assert_int_equal(seen.faults, 0);
}

static void a_room_keeps_its_newest_events(void **state)
{
    struct fixture fixture;
    struct event event;
    (void)state;
    begin(&fixture, (struct store_limits){.events_max = 10});
    say_many(&fixture, 1, 50);
    must_begin_at(&fixture, 41);
    assert_int_equal(fixture_sql_number(&fixture, "SELECT count(*) FROM events"), 10);
    assert_int_equal(store_event_get(fixture.store, lobby, 40, &event), RESULT_NOT_FOUND);
    assert_int_equal(store_event_get(fixture.store, lobby, 41, &event), RESULT_OK);
    assert_true(counter_get(&store_counters(fixture.store)->expired) >= 40);
    assert_sound(&fixture);
    assert_int_equal(say(&fixture, lobby, "next", "goes on")->seq, 51);
    fixture_done(&fixture);
}

/* The key index is filled late, and in the test's store over many rounds: entries are removed before, while and after
 * they get into it. */
static void the_index_of_keys_follows_through_its_rounds(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, (struct store_limits){.events_max = 30});
    for (int round = 0; round < 10; round++) {
        say_many(&fixture, round * 50 + 1, round * 50 + 50);
        must_begin_at(&fixture, (uint64_t)round * 50 + 21);
        assert_sound(&fixture);
    }
    fixture_close(&fixture);
    assert_sound(&fixture);
    fixture_open(&fixture);
    lobby = must_open(&fixture, "lobby");
    assert_int_equal(lobby->seq_first, 471);
    struct event again = message_of("k480", "some words");
    assert_int_equal(append(&fixture, lobby, &again, 7), RESULT_OK);
    turn_all(&fixture);
    assert_true(fixture.told[fixture.told_count - 1].is_duplicate);
    assert_int_equal(fixture.told[fixture.told_count - 1].seq, 480);
    say_many(&fixture, 501, 700);
    must_begin_at(&fixture, 671);
    assert_sound(&fixture);
    fixture_done(&fixture);
}

/* Where all events of a room are gone, the next one goes on behind them: seq is never given twice. */
static void a_room_of_which_nothing_is_left_goes_on_counting(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, (struct store_limits){.age_ms = 20});
    say_many(&fixture, 1, 20);
    must_begin_at(&fixture, 21);
    assert_int_equal(fixture_sql_number(&fixture, "SELECT count(*) FROM events"), 0);
    assert_int_equal(fixture_sql_number(&fixture, "SELECT count(*) FROM keys"), 0);
    assert_sound(&fixture);
    fixture_close(&fixture);
    fixture.options.retention.age_ms = 0;
    fixture_open(&fixture);
    lobby = must_open(&fixture, "lobby");
    assert_int_equal(lobby->seq_first, 21);
    assert_int_equal(lobby->seq_committed, 20);
    assert_int_equal(say(&fixture, lobby, "next", "goes on")->seq, 21);
    fixture_close(&fixture);
    assert_sound(&fixture);
    fixture_done(&fixture);
}

static void removed_texts_leave_the_file(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, (struct store_limits){.events_max = 5});
    (void)say(&fixture, lobby, "secret", "a text that is nobody's business any more");
    say_many(&fixture, 1, 30);
    must_begin_at(&fixture, 27);
    fixture_close(&fixture); /* and with it the log of changes */
    assert_false(fixture_file_holds(&fixture, "natter.db", "nobody's business"));
    fixture_done(&fixture);
}

static uint64_t size_now(const struct fixture *fixture)
{
    return (uint64_t)fixture_sql_number(fixture, "SELECT bytes FROM room_sizes");
}

static void a_room_keeps_within_its_bytes(void **state)
{
    struct fixture fixture;
    struct event edit = edit_of("edit", 1, "a longer text than the first one was");
    struct event deletion = delete_of("deletion", 1);
    (void)state;
    begin(&fixture, (struct store_limits){.bytes_max = 1700}); /* ten of about 165 bytes */
    say_many(&fixture, 1, 5);
    assert_int_equal(append(&fixture, lobby, &edit, 0), RESULT_OK);
    turn_all(&fixture);
    must_begin_at(&fixture, 1);
    assert_true(size_now(&fixture) > 5 * 160 && size_now(&fixture) < 1700);
    assert_sound(&fixture);
    assert_int_equal(append(&fixture, lobby, &deletion, 0), RESULT_OK); /* after they were counted */
    turn_all(&fixture);
    assert_sound(&fixture);
    say_many(&fixture, 8, 60);
    uint64_t end_ms = os_clock_monotonic_ms() + PATIENCE_MS;
    while ((lobby->seq_first < 45 || size_now(&fixture) > 1700) && os_clock_monotonic_ms() < end_ms)
        (void)store_turn(fixture.store);
    assert_true(lobby->seq_first > 45 && lobby->seq_first < 55);
    assert_true(size_now(&fixture) <= 1700);
    assert_sound(&fixture);
    fixture_done(&fixture);
}

static void note_room(void *context, const struct retention_room *room)
{
    struct store_limits *limits = context;
    assert_true(view_equal(room->name, VIEW("lobby")));
    *limits = room->limits;
}

static void a_room_may_have_limits_of_its_own(void **state)
{
    struct fixture fixture;
    struct store_limits own = {.events_max = 5}, told = {0}, none = {0};
    (void)state;
    begin(&fixture, none);
    struct store_room *attic = must_open(&fixture, "attic");
    struct event event = message_of("k", "stays");
    assert_int_equal(append(&fixture, attic, &event, 0), RESULT_OK);
    say_many(&fixture, 1, 20);
    must_begin_at(&fixture, 1);
    assert_int_equal(retention_set(fixture.folder, VIEW("nowhere"), &own), RESULT_NOT_FOUND);
    assert_int_equal(retention_set(fixture.folder, VIEW("lobby"), &own), RESULT_OK);
    must_begin_at(&fixture, 16);
    assert_int_equal(retention_each(fixture.folder, note_room, &told), RESULT_OK);
    assert_int_equal(told.events_max, 5);
    assert_int_equal(retention_set(fixture.folder, VIEW("lobby"), &none), RESULT_OK);
    fixture.options.retention.events_max = 1; /* the default, which the room is free of now */
    fixture_close(&fixture);
    fixture_open(&fixture);
    lobby = must_open(&fixture, "lobby");
    must_begin_at(&fixture, 16);
    assert_int_equal(retention_set(fixture.folder, VIEW("lobby"), NULL), RESULT_OK);
    must_begin_at(&fixture, 20);
    assert_sound(&fixture);
    fixture_done(&fixture);
}

/* Memory must not show what the disk has no more. */
static void what_is_in_memory_goes_as_well(void **state)
{
    struct fixture fixture;
    struct builder out;
    uint64_t from = 0, to = 0;
    (void)state;
    begin(&fixture, (struct store_limits){.events_max = 3});
    say_many(&fixture, 1, 8);
    must_begin_at(&fixture, 6);
    assert_int_equal(store_recent_oldest(lobby), 6);
    builder_init(&out, 65536);
    assert_false(store_recent_range(lobby, 5, 8, 65536, true, &out, &from, &to));
    assert_true(store_recent_range(lobby, 6, 8, 65536, true, &out, &from, &to));
    assert_int_equal(from, 6);
    builder_done(&out);
    fixture_done(&fixture);
}

/* One slice is the most that a commit has to carry of it. */
static void a_commit_takes_one_slice_at_the_most(void **state)
{
    struct fixture fixture;
    (void)state;
    begin(&fixture, (struct store_limits){0});
    say_many(&fixture, 1, 40);
    struct store_limits own = {.events_max = 1};
    assert_int_equal(retention_set(fixture.folder, VIEW("lobby"), &own), RESULT_OK);
    uint64_t end_ms = os_clock_monotonic_ms() + PATIENCE_MS;
    while (lobby->seq_first < 40 && os_clock_monotonic_ms() < end_ms) {
        uint64_t before = lobby->seq_first;
        (void)store_turn(fixture.store);
        assert_true(lobby->seq_first - before <= SLICE);
    }
    assert_int_equal(lobby->seq_first, 40);
    fixture_done(&fixture);
}

int test_retain(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_keeps_its_newest_events),
        cmocka_unit_test(the_index_of_keys_follows_through_its_rounds),
        cmocka_unit_test(a_room_of_which_nothing_is_left_goes_on_counting),
        cmocka_unit_test(removed_texts_leave_the_file),
        cmocka_unit_test(a_room_keeps_within_its_bytes),
        cmocka_unit_test(a_room_may_have_limits_of_its_own),
        cmocka_unit_test(what_is_in_memory_goes_as_well),
        cmocka_unit_test(a_commit_takes_one_slice_at_the_most),
    };
    return cmocka_run_group_tests_name("retain", tests, NULL, NULL);
}
