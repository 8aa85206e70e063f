/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <stdatomic.h>
#include <sys/stat.h>

#include "os/clock.h"
#include "os/thread.h"
#include "store/sqlite.h"

enum { WAL_MAX = 256 * 1024, EVENTS = 3000, PER_LETTER = 40, DEADLINE_MS = 60000 };

static int64_t wal_size(const struct fixture *fixture)
{
    struct stat status;
    return stat(fixture_path(fixture, "natter.db-wal"), &status) == 0 ? (int64_t)status.st_size : 0;
}

static void open_small(struct fixture *fixture)
{
    fixture_init(fixture, false);
    fixture_close(fixture);
    fixture->options.wal_bytes_max = WAL_MAX;
    fixture->options.durability = STORE_DURABLE_PROCESS; /* quicker; the log of changes is the same */
    fixture_open(fixture);
}

static void say_many(struct fixture *fixture, struct store_room *room, int count, int64_t *out_wal_max)
{
    static unsigned number;
    char text[400];
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (int index = 0; index < count; index++) {
        char key[32];
        (void)snprintf(key, sizeof key, "n%u", number++);
        struct event event = message_of(key, text);
        assert_int_equal(append(fixture, room, &event, 0), RESULT_OK);
        if (index % PER_LETTER == 0)
            turn_all(fixture);
        fixture->told_count = 0;
        int64_t size = wal_size(fixture);
        *out_wal_max = size > *out_wal_max ? size : *out_wal_max;
    }
    turn_all(fixture);
    fixture->told_count = 0;
}

static void the_log_of_changes_stays_bounded_without_threads(void **state)
{
    (void)state;
    struct fixture fixture;
    open_small(&fixture);
    int64_t wal_max = 0;
    say_many(&fixture, must_open(&fixture, "lobby"), EVENTS, &wal_max);
    assert_true(wal_max < 4 * WAL_MAX);
    assert_true(counter_get(&store_counters(fixture.store)->checkpoints) > 3);
    fixture_done(&fixture);
}

/* Another connection holds a snapshot meanwhile; when it ends the log begins anew. */
static void a_reader_delays_the_cut_and_never_a_commit(void **state)
{
    (void)state;
    struct fixture fixture;
    open_small(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    int64_t wal_max = 0;
    say_many(&fixture, room, 10, &wal_max);
    sqlite3 *reader;
    assert_int_equal(sqlite3_open(fixture_path(&fixture, "natter.db"), &reader), SQLITE_OK);
    assert_int_equal(sqlite3_exec(reader, "BEGIN; SELECT count(*) FROM events", NULL, NULL, NULL), SQLITE_OK);
    say_many(&fixture, room, 1500, &wal_max);
    assert_int_equal(room->seq_committed, 1510);
    int64_t with_reader = wal_max;
    assert_true(with_reader > WAL_MAX);
    assert_int_equal(sqlite3_close(reader), SQLITE_OK);
    wal_max = 0;
    say_many(&fixture, room, 1500, &wal_max);
    say_many(&fixture, room, 10, &wal_max);
    assert_true(wal_size(&fixture) < 4 * WAL_MAX);
    fixture_done(&fixture);
}

/* ---- under load, with threads ---- */

struct load {
    struct fixture fixture;
    struct store_room *room;
    uint32_t number;
    _Atomic uint32_t committed;
    _Atomic bool is_over;
};

static void load_visit(void *context, const struct letter *letter)
{
    struct load *load = context;
    char text[400];
    (void)letter;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    if (load->room == NULL) {
        enum result result =
            store_room_open(load->fixture.store, VIEW("lobby"), VIEW("lobby"), false, true, &load->room);
        check(result == RESULT_OK);
    }
    for (int index = 0; index < PER_LETTER; index++) {
        char key[32];
        (void)snprintf(key, sizeof key, "n%u", load->number++);
        struct event event = message_of(key, text);
        enum result result = store_append(load->fixture.store, load->room, &event, NULL);
        check(result == RESULT_OK);
    }
}

static void load_committed(void *context, struct store_room *room, struct list_link *entries)
{
    struct load *load = context;
    (void)entries;
    atomic_store(&load->committed, (uint32_t)room->seq_committed);
}

static int load_turned(void *context)
{
    (void)context;
    return -1;
}

struct short_read {
    struct store_job job;
    struct load *load;
    _Atomic bool is_done;
};

static bool ignore(void *context, const struct event *event)
{
    (void)context;
    (void)event;
    return true;
}

static void read_short(struct store_job *job, struct store_snapshot *snapshot)
{
    struct short_read *reading = (struct short_read *)(void *)job;
    uint64_t newest = atomic_load(&reading->load->committed);
    if (snapshot != NULL) {
        enum result result =
            store_snapshot_events(snapshot, 1, newest > 50 ? newest - 50 : 1, newest, false, ignore, NULL);
        check(result == RESULT_OK);
    }
    atomic_store(&reading->is_done, true);
}

static void read_all_the_time(void *context)
{
    struct load *load = context;
    while (!atomic_load(&load->is_over)) {
        struct short_read reading = {.job.run = read_short, .load = load};
        if (store_job_post(load->fixture.store, &reading.job) != RESULT_OK)
            continue;
        while (!atomic_load(&reading.is_done))
            os_thread_yield();
    }
}

/* How large it becomes depends on how fast the machine copies and syncs; that it begins anew, again and again, does
 * not. */
static void the_log_of_changes_begins_anew_under_permanent_writing_and_reading(void **state)
{
    (void)state;
    struct load *load = calloc(1, sizeof *load);
    struct os_thread reader;
    assert_non_null(load);
    open_small(&load->fixture);
    fixture_close(&load->fixture);
    load->fixture.events =
        (struct store_events){.context = load, .visit = load_visit, .committed = load_committed, .turned = load_turned};
    fixture_open(&load->fixture);
    const struct store_counters *counters = store_counters(load->fixture.store);
    assert_int_equal(store_start(load->fixture.store), RESULT_OK);
    assert_int_equal(os_thread_start(&reader, "reading", read_all_the_time, load), RESULT_OK);
    uint64_t deadline_ms = os_clock_monotonic_ms() + DEADLINE_MS;
    uint64_t before = 0, largest = 0;
    uint32_t posted = 0, begun_anew = 0;
    while (begun_anew < 5 && os_clock_monotonic_ms() < deadline_ms) {
        struct letter letter = {0};
        if (store_queue_count(load->fixture.store) < 8 && store_post(load->fixture.store, &letter) == RESULT_OK)
            posted++;
        uint64_t now = counter_get(&counters->wal_bytes);
        begun_anew += now < before;
        before = now;
        largest = now > largest ? now : largest;
    }
    atomic_store(&load->is_over, true);
    os_thread_join(&reader);
    store_stop(load->fixture.store);
    print_message("    at most %llu KiB of %d, %u events\n", (unsigned long long)largest / 1024, WAL_MAX / 1024,
                  posted * PER_LETTER);
    assert_int_equal(begun_anew, 5);
    assert_int_equal(atomic_load(&load->committed), posted * PER_LETTER);
    fixture_done(&load->fixture);
    free(load);
}

int test_checkpoint(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_log_of_changes_stays_bounded_without_threads),
        cmocka_unit_test(a_reader_delays_the_cut_and_never_a_commit),
        cmocka_unit_test(the_log_of_changes_begins_anew_under_permanent_writing_and_reading),
    };
    return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
