/* SPDX-License-Identifier: Apache-2.0 */
/* Every write and every fsync of a batch is made to fail once, in turn, and for good; after each the promises are
 * checked: all of the batch or nothing of it, no hole, nothing twice, and sending works again without a restart. */
#include "store_test.h"

#include "fault_vfs.h"
#include "store/sqlite.h"

enum { BATCH = 6, FAULTS_MAX = 200 };

struct sending {
    struct fixture *fixture;
    struct store_room *room;
    const char *prefix;
    int count;
    int failed;           /* appends that were not even staged */
    int taken_back_after; /* so many the transaction is gone, as by a look-up whose memory ends; 0: it is not */
};

static void visit_sending(struct fixture *fixture, const struct letter *letter)
{
    struct sending *sending = letter->object;
    for (int index = 0; index < sending->count; index++) {
        char key[32];
        (void)snprintf(key, sizeof key, "%s%d", sending->prefix, index);
        struct event event = message_of(key, key);
        if (append(fixture, sending->room, &event, (uintptr_t)index + 1) != RESULT_OK)
            sending->failed++;
        if (index + 1 == sending->taken_back_after)
            assert_int_equal(
                sqlite3_exec(sqlite_of(fixture->store->engine)->writer.database, "ROLLBACK", NULL, NULL, NULL),
                SQLITE_OK);
    }
}

/* As one batch of letters, as in a live server. */
static void send(struct sending *sending)
{
    struct letter letter = {.object = sending};
    sending->fixture->visit = visit_sending;
    assert_int_equal(store_post(sending->fixture->store, &letter), RESULT_OK);
    turn_all(sending->fixture);
}

static struct sending send_batch(struct fixture *fixture, struct store_room *room, const char *prefix, int count)
{
    struct sending sending = {.fixture = fixture, .room = room, .prefix = prefix, .count = count};
    send(&sending);
    return sending;
}

/* What was told as committed must be exactly what the file holds. */
static void check_ledger(struct fixture *fixture, const struct store_room *room)
{
    static char expected[65536];
    size_t used = 0;
    uint64_t newest = 0;
    expected[0] = '\0';
    for (size_t index = 0; index < fixture->told_count; index++) {
        const struct told *told = &fixture->told[index];
        if (told->is_refused || told->is_duplicate || strcmp(told->room, "lobby") != 0)
            continue;
        assert_int_equal(told->seq, newest + 1);
        newest = told->seq;
        used += (size_t)snprintf(expected + used, sizeof expected - used, "%s%llu:%s", used > 0 ? " " : "",
                                 (unsigned long long)told->seq, told->text);
    }
    assert_string_equal(read_all(fixture, room), expected);
    assert_int_equal(room->seq_committed, newest);
    assert_int_equal(room->seq_staged, newest);
    recent_check(room->recent);
}

static size_t told_committed(const struct fixture *fixture, size_t from)
{
    size_t count = 0;
    for (size_t index = from; index < fixture->told_count; index++)
        count += !fixture->told[index].is_refused;
    return count;
}

/* True if the fault struck. */
static bool fail_once(enum fault_kind kind, int number, bool lasts, bool is_room_new)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    if (!is_room_new)
        (void)send_batch(&fixture, room, "before", 3);
    size_t before = fixture.told_count;
    fault_vfs_arm(kind, number, lasts);
    struct sending sending = send_batch(&fixture, room, "batch", BATCH);
    size_t committed = told_committed(&fixture, before);
    bool has_struck = fault_vfs_disarm();
    assert_int_equal(fixture.told_count - before + (size_t)sending.failed, BATCH);
    assert_true(committed == 0 || committed == BATCH);
    assert_true(has_struck || committed == BATCH);
    assert_int_equal(store_is_healthy(fixture.store), committed == BATCH);
    for (size_t index = before; committed == 0 && index < fixture.told_count; index++)
        assert_int_equal(fixture.told[index].why, kind == FAULT_DISK_FULL ? RESULT_FULL : RESULT_FAILED);

    /* The same keys again, as clients do: each makes one event, whatever became of it the first time. */
    size_t retried = fixture.told_count;
    sending = send_batch(&fixture, room, "batch", BATCH);
    assert_int_equal(sending.failed, 0);
    assert_true(told_committed(&fixture, retried) >= BATCH);
    (void)send_batch(&fixture, room, "after", 2);
    assert_true(store_is_healthy(fixture.store));
    check_ledger(&fixture, room);
    assert_int_equal(room->seq_committed, (is_room_new ? 0 : 3) + BATCH + 2);

    /* And a restart changes nothing. */
    fixture_close(&fixture);
    fixture_open(&fixture);
    room = must_open(&fixture, "lobby");
    check_ledger(&fixture, room);
    fixture_done(&fixture);
    return has_struck;
}

static void fail_everywhere(enum fault_kind kind, const char *name)
{
    int cases = 0;
    for (int variant = 0; variant < 4; variant++) {
        int number = 1;
        while (fail_once(kind, number, variant & 1, variant & 2)) {
            number++;
            assert_true(number < FAULTS_MAX);
        }
        cases += number - 1;
    }
    print_message("    %s: %d places\n", name, cases);
    assert_true(cases > 0);
}

static void a_failed_commit_refuses_everything_and_tells_nobody(void **state)
{
    (void)state;
    fault_vfs_install();
    fail_everywhere(FAULT_DISK_FULL, "disk full");
    fail_everywhere(FAULT_WRITE, "write");
    fail_everywhere(FAULT_TORN_WRITE, "torn write");
    fail_everywhere(FAULT_SYNC, "fsync");
}

static void seq_has_no_hole_after_a_refused_batch(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)send_batch(&fixture, room, "a", 2);
    fault_vfs_arm(FAULT_DISK_FULL, 1, true);
    for (int index = 0; index < 3; index++)
        (void)send_batch(&fixture, room, "lost", 4);
    assert_false(store_is_healthy(fixture.store));
    assert_true(fault_vfs_disarm());
    (void)send_batch(&fixture, room, "b", 2);
    assert_string_equal(read_all(&fixture, room), "1:a0 2:a1 3:b0 4:b1");
    assert_int_equal(counter_get(&store_counters(fixture.store)->refused), 12);
    assert_int_equal(counter_get(&store_counters(fixture.store)->commits_failed), 3);
    fixture_done(&fixture);
}

static void ephemeral_rooms_go_on_while_the_disk_fails(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *lobby = must_open(&fixture, "lobby");
    struct store_room *whisper = must_open(&fixture, "~whisper");
    (void)send_batch(&fixture, lobby, "a", 2);
    fault_vfs_arm(FAULT_SYNC, 1, true);
    (void)send_batch(&fixture, lobby, "b", 2);
    size_t before = fixture.told_count;
    (void)send_batch(&fixture, whisper, "c", 3);
    assert_int_equal(told_committed(&fixture, before), 3);
    assert_string_equal(read_up_to(&fixture, lobby, lobby->seq_committed), "1:a0 2:a1"); /* and readers */
    (void)fault_vfs_disarm();
    fixture_done(&fixture);
}

static void health_returns_by_itself_without_traffic(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    fault_vfs_arm(FAULT_SYNC, 1, true);
    (void)send_batch(&fixture, room, "a", 2);
    assert_false(store_is_healthy(fixture.store));
    assert_non_null(strstr(fixture.last_line, "store.failing"));
    size_t lines = fixture.line_count;
    fixture.store->probe_due_ms = 0; /* the time has come */
    turn_all(&fixture);
    assert_false(store_is_healthy(fixture.store));
    assert_int_equal(fixture.line_count, lines); /* said once */
    (void)fault_vfs_disarm();
    fixture.store->probe_due_ms = 0;
    turn_all(&fixture);
    assert_true(store_is_healthy(fixture.store));
    assert_non_null(strstr(fixture.last_line, "store.recovered"));
    fixture_done(&fixture);
}

static void a_user_of_a_refused_batch_is_kept_with_the_next(void **state)
{
    (void)state;
    struct fixture fixture;
    struct store_user user = {.id = "u1", .name = "ada", .joined_ms = 1}, found;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    turn_all(&fixture);
    fault_vfs_arm(FAULT_DISK_FULL, 1, true);
    assert_int_equal(store_user_put(fixture.store, &user), RESULT_OK);
    turn_all(&fixture);
    (void)fault_vfs_disarm();
    assert_int_equal(store_user_get(fixture.store, VIEW("u1"), &found), RESULT_OK);
    (void)send_batch(&fixture, room, "a", 1);
    fixture_close(&fixture);
    fixture_open(&fixture);
    assert_int_equal(store_user_get(fixture.store, VIEW("u1"), &found), RESULT_OK);
    assert_string_equal(found.name, "ada");
    fixture_done(&fixture);
}

/* The failure of what took it back need not be that of what asked. */
static void what_comes_behind_a_transaction_taken_back_is_refused_with_it(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)send_batch(&fixture, room, "a", 2);
    struct sending sending = {.fixture = &fixture, .room = room, .prefix = "b", .count = 5, .taken_back_after = 2};
    send(&sending);
    assert_int_equal(sending.failed, 3);
    assert_int_equal(told_committed(&fixture, 0), 2);
    assert_string_equal(read_all(&fixture, room), "1:a0 2:a1");
    (void)send_batch(&fixture, room, "b", 5);
    check_ledger(&fixture, room);
    assert_int_equal(room->seq_committed, 7);
    fixture_done(&fixture);
}

/* The file has more: shown by events that another connection puts behind the store's back, as a commit that was refused
 * but became durable. */
static void a_refused_event_that_became_durable_is_shown_and_its_seq_not_used_again(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)send_batch(&fixture, room, "a", 2);
    fault_vfs_arm(FAULT_SYNC, 1, false);
    (void)send_batch(&fixture, room, "b", 1);
    (void)fault_vfs_disarm();
    assert_int_equal(told_committed(&fixture, 0), 2);
    fixture_sql(
        &fixture,
        "INSERT INTO events"
        " (room, key_hash, seq, kind, is_deleted, is_on, at_ms, user, user_name, key, target, reply_to, text) "
        "SELECT room, key_hash, 3, kind, 0, 0, at_ms, user, user_name, 'kept', 0, 0, 'kept' FROM events WHERE seq = 2");
    (void)send_batch(&fixture, room, "c", 1);
    assert_string_equal(read_all(&fixture, room), "1:a0 2:a1 3:kept 4:c0");
    const struct told *adopted = &fixture.told[fixture.told_count - 2];
    assert_int_equal(adopted->seq, 3);
    assert_int_equal(adopted->ticket, 0);
    assert_false(adopted->is_refused);
    check_ledger(&fixture, room);
    fixture_done(&fixture);
}

/* The file has less: shown by taking acknowledged events away behind the store's back. */
static void what_the_disk_forgot_is_written_again_from_memory(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    struct store_room *gone = must_open(&fixture, "gone");
    (void)send_batch(&fixture, room, "a", 5);
    (void)send_batch(&fixture, gone, "g", 1);
    fault_vfs_arm(FAULT_SYNC, 1, false);
    (void)send_batch(&fixture, room, "b", 1);
    (void)fault_vfs_disarm();
    fixture_sql(&fixture, "DELETE FROM events WHERE seq > 2");
    (void)send_batch(&fixture, room, "c", 1);
    assert_string_equal(read_all(&fixture, room), "1:a0 2:a1 3:a2 4:a3 5:a4 6:c0");
    assert_true(send_batch(&fixture, room, "a", 5).failed == 0);
    assert_int_equal(room->seq_committed, 6);
    check_ledger(&fixture, room);
    fixture_done(&fixture);
}

static void as_long_as_the_file_cannot_be_opened_everything_durable_is_refused(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    struct store_room *other;
    (void)send_batch(&fixture, room, "a", 1);
    fault_vfs_arm(FAULT_SYNC, 1, false);
    (void)send_batch(&fixture, room, "b", 1);
    fault_vfs_arm(FAULT_OPEN, 1, true);
    assert_int_equal(send_batch(&fixture, room, "c", 3).failed, 3);
    assert_int_equal(try_open(&fixture, "attic", true, &other), RESULT_FAILED);
    struct event found;
    struct store_user user;
    assert_int_equal(store_event_get(fixture.store, room, 1, &found), RESULT_OK); /* from memory */
    assert_int_equal(store_user_get(fixture.store, VIEW("u1"), &user), RESULT_FAILED);
    assert_int_equal(store_read_put(fixture.store, room, VIEW("u1"), 1), RESULT_FAILED);
    turn_all(&fixture);
    (void)fault_vfs_disarm();
    assert_int_equal(send_batch(&fixture, room, "c", 1).failed, 0);
    assert_string_equal(read_all(&fixture, room), "1:a0 2:c0");
    fixture_done(&fixture);
}

/* A process that was killed leaves commits in the log of changes that no disk may have yet. Another connection keeps
 * the clean end from moving them into the file. */
static void a_start_that_cannot_sync_what_it_found_promises_nothing(void **state)
{
    (void)state;
    struct fixture fixture;
    sqlite3 *other;
    fault_vfs_install();
    fixture_init(&fixture, false);
    struct store_room *room = must_open(&fixture, "lobby");
    (void)send_batch(&fixture, room, "a", 1);
    assert_int_equal(sqlite3_open(fixture_path(&fixture, "natter.db"), &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL), SQLITE_OK);
    fixture_close(&fixture);
    fault_vfs_arm(FAULT_SYNC, 1, true);
    fixture_open(&fixture);
    assert_int_equal(try_open(&fixture, "lobby", true, &room), RESULT_FAILED);
    assert_true(fault_vfs_disarm());
    assert_true(store_recover(fixture.store));
    room = must_open(&fixture, "lobby");
    assert_string_equal(read_all(&fixture, room), "1:a0");
    assert_int_equal(sqlite3_close(other), SQLITE_OK);
    fixture_done(&fixture);
}

int test_recover(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_commit_refuses_everything_and_tells_nobody),
        cmocka_unit_test(seq_has_no_hole_after_a_refused_batch),
        cmocka_unit_test(ephemeral_rooms_go_on_while_the_disk_fails),
        cmocka_unit_test(health_returns_by_itself_without_traffic),
        cmocka_unit_test(a_user_of_a_refused_batch_is_kept_with_the_next),
        cmocka_unit_test(what_comes_behind_a_transaction_taken_back_is_refused_with_it),
        cmocka_unit_test(a_refused_event_that_became_durable_is_shown_and_its_seq_not_used_again),
        cmocka_unit_test(what_the_disk_forgot_is_written_again_from_memory),
        cmocka_unit_test(a_start_that_cannot_sync_what_it_found_promises_nothing),
        cmocka_unit_test(as_long_as_the_file_cannot_be_opened_everything_durable_is_refused),
    };
    return cmocka_run_group_tests_name("recover", tests, NULL, NULL);
}
