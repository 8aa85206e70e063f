/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_keys.h"

#include "fault_vfs.h"
#include "store/sqlite.h"
#include "store_test.h"

enum { EVENTS = 1000, YOUNG_MAX = 64, BATCH = 25 };

static struct sqlite_keys *keys_of(const struct fixture *fixture)
{
    return &sqlite_of(fixture->store->engine)->keys;
}

/* Without a sync for each commit: what is shown here does not depend on it. */
static void init_quick(struct fixture *fixture)
{
    fixture_init(fixture, false);
    fixture_close(fixture);
    fixture->options.durability = STORE_DURABLE_PROCESS;
    fixture_open(fixture);
}

/* Random ones and ones that begin with a time. */
static const char *key_of(uint64_t number)
{
    static char keys[4][40];
    static unsigned next;
    char *key = keys[next++ % 4];
    if (number % 3 == 0)
        (void)snprintf(key, sizeof keys[0], "018f2c5e-%04x-7000-8000-%012llx", (unsigned)number % 9,
                       (unsigned long long)number);
    else
        (void)snprintf(key, sizeof keys[0], "key-%llu", (unsigned long long)number);
    return key;
}

static void append_numbers(struct fixture *fixture, struct store_room *room, uint64_t from, uint64_t to, size_t batch)
{
    for (uint64_t number = from; number <= to; number++) {
        struct event event = message_of(key_of(number), "text");
        assert_int_equal(append(fixture, room, &event, 1), RESULT_OK);
        if (number % batch == 0)
            turn_all(fixture);
        fixture->told_count = 0;
    }
    turn_all(fixture);
    fixture->told_count = 0;
}

static void check_known(struct fixture *fixture, struct store_room *room, uint64_t from, uint64_t to)
{
    for (uint64_t number = from; number <= to; number++) {
        uint64_t seq = 0;
        int64_t at_ms;
        assert_int_equal(store_key_find(fixture->store, room, VIEW("u1"), view_of_string(key_of(number)), &seq, &at_ms),
                         RESULT_OK);
        assert_int_equal(seq, number);
    }
}

static void check_unknown(struct fixture *fixture, struct store_room *room, uint64_t number)
{
    uint64_t seq = 0;
    int64_t at_ms;
    assert_int_equal(store_key_find(fixture->store, room, VIEW("u1"), view_of_string(key_of(number)), &seq, &at_ms),
                     RESULT_NOT_FOUND);
}

static void a_key_is_known_wherever_its_hash_is(void **state)
{
    (void)state;
    static const size_t batches[] = {1, BATCH, 200};
    for (size_t index = 0; index < COUNT(batches); index++) {
        struct fixture fixture;
        init_quick(&fixture);
        struct store_room *room = must_open(&fixture, "lobby");
        for (uint64_t number = 1; number <= EVENTS; number += 100) {
            append_numbers(&fixture, room, number, number + 99, batches[index]);
            check_known(&fixture, room, 1, number + 99);
            check_unknown(&fixture, room, number + 100);
        }
        assert_true(fixture_sql_number(&fixture, "SELECT count(*) FROM keys") > EVENTS / 2);
        fixture_close(&fixture);
        fixture_open(&fixture);
        room = must_open(&fixture, "lobby");
        check_known(&fixture, room, 1, EVENTS);
        check_unknown(&fixture, room, EVENTS + 1);
        fixture_done(&fixture);
    }
}

static void a_key_of_another_room_or_user_is_another_key(void **state)
{
    (void)state;
    struct fixture fixture;
    init_quick(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    struct store_room *other = must_open(&fixture, "attic");
    append_numbers(&fixture, room, 1, EVENTS, BATCH);
    uint64_t seq;
    int64_t at_ms;
    for (uint64_t number = 1; number <= EVENTS; number++) {
        struct view key = view_of_string(key_of(number));
        check_unknown(&fixture, other, number);
        assert_int_equal(store_key_find(fixture.store, room, VIEW("u2"), key, &seq, &at_ms), RESULT_NOT_FOUND);
    }
    fixture_done(&fixture);
}

/* The index grows in the pace of the log, whatever the sizes of batches: neither memory nor key_log fills up. */
static void memory_and_its_copy_on_disk_stay_bounded(void **state)
{
    (void)state;
    static const size_t batches[] = {1, 7, BATCH};
    for (size_t index = 0; index < COUNT(batches); index++) {
        struct fixture fixture;
        init_quick(&fixture);
        struct store_room *room = must_open(&fixture, "lobby");
        for (uint64_t number = 1; number <= EVENTS; number += 10) {
            append_numbers(&fixture, room, number, number + 9, batches[index]);
            assert_true(keys_of(&fixture)->young.count < YOUNG_MAX + BATCH);
            assert_true(keys_of(&fixture)->old.count < YOUNG_MAX + BATCH);
        }
        assert_true(fixture_sql_number(&fixture, "SELECT count(*) FROM key_log") <= 2 * (YOUNG_MAX + BATCH));
        assert_int_equal(fixture_sql_number(&fixture, "SELECT count(*) FROM keys k WHERE NOT EXISTS "
                                                      "(SELECT 1 FROM events e WHERE e.id = k.event)"),
                         0);
        fixture_done(&fixture);
    }
}

/* Each commit fails once, in whatever it was about to do for the keys; nothing of it stays, and the next one does it.
 */
static void a_key_of_a_refused_batch_is_new_again(void **state)
{
    (void)state;
    struct fixture fixture;
    fault_vfs_install();
    init_quick(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    for (uint64_t number = 1; number < EVENTS; number += BATCH) {
        fault_vfs_arm(FAULT_DISK_FULL, 1, false);
        for (uint64_t one = number; one < number + BATCH; one++) {
            struct event event = message_of(key_of(one), "text");
            assert_int_equal(append(&fixture, room, &event, 1), RESULT_OK);
        }
        turn_all(&fixture);
        assert_true(fault_vfs_disarm());
        assert_true(fixture.told[0].is_refused);
        check_unknown(&fixture, room, number);
        check_unknown(&fixture, room, number + BATCH - 1);
        append_numbers(&fixture, room, number, number + BATCH - 1, BATCH);
        check_known(&fixture, room, 1, number + BATCH - 1);
    }
    assert_true(fixture_sql_number(&fixture, "SELECT count(*) FROM keys") > EVENTS / 2);
    fixture_done(&fixture);
}

/* Numbers of rows are not used again, or the hashes of new events would count as being in the index already. */
static void keys_are_known_also_after_the_newest_rows_were_removed(void **state)
{
    (void)state;
    struct fixture fixture;
    init_quick(&fixture);
    append_numbers(&fixture, must_open(&fixture, "lobby"), 1, EVENTS, BATCH);
    fixture_close(&fixture);
    fixture_sql(&fixture, "DELETE FROM events WHERE seq > 10");
    fixture_open(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    assert_int_equal(room->seq_committed, 10);
    check_unknown(&fixture, room, 11);
    append_numbers(&fixture, room, 11, 60, BATCH);
    fixture_close(&fixture);
    fixture_open(&fixture);
    check_known(&fixture, must_open(&fixture, "lobby"), 1, 60);
    fixture_done(&fixture);
}

static void a_new_key_of_a_small_log_costs_no_read(void **state)
{
    (void)state;
    struct fixture fixture;
    init_quick(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    uint64_t before = counter_get(&store_counters(fixture.store)->reads);
    append_numbers(&fixture, room, 1, YOUNG_MAX, 1);
    assert_int_equal(counter_get(&store_counters(fixture.store)->reads), before);
    fixture_done(&fixture);
}

int test_sqlite_keys(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_known_wherever_its_hash_is),
        cmocka_unit_test(a_key_of_another_room_or_user_is_another_key),
        cmocka_unit_test(memory_and_its_copy_on_disk_stay_bounded),
        cmocka_unit_test(a_key_of_a_refused_batch_is_new_again),
        cmocka_unit_test(keys_are_known_also_after_the_newest_rows_were_removed),
        cmocka_unit_test(a_new_key_of_a_small_log_costs_no_read),
    };
    return cmocka_run_group_tests_name("sqlite_keys", tests, NULL, NULL);
}
