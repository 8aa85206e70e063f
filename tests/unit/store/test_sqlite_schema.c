/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <sys/stat.h>
#include <unistd.h>

#include "fault_vfs.h"
#include "store/migrate.h"
#include "store/sqlite.h"

static void write_file(const struct fixture *fixture, const void *bytes, size_t size)
{
    FILE *file = fopen(fixture_path(fixture, "natter.db"), "wb");
    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, size, file), size);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(fixture_path(fixture, "natter.db"), 0600), 0);
}

static void a_text_file(const struct fixture *fixture)
{
    char text[5000];
    memset(text, 'a', sizeof text);
    write_file(fixture, text, sizeof text);
}

static void a_cut_file(const struct fixture *fixture)
{
    assert_int_equal(truncate(fixture_path(fixture, "natter.db"), 10000), 0);
}

static void an_overwritten_file(const struct fixture *fixture)
{
    FILE *file = fopen(fixture_path(fixture, "natter.db"), "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 100, SEEK_SET), 0); /* the table of tables */
    for (int index = 0; index < 3996; index++)
        (void)fputc(0xee, file);
    assert_int_equal(fclose(file), 0);
}

static void a_newer_file(const struct fixture *fixture)
{
    fixture_sql(fixture, "PRAGMA user_version = 99");
}

static void a_file_of_another_program(const struct fixture *fixture)
{
    fixture_sql(fixture, "PRAGMA application_id = 12345");
}

static void a_file_without_our_tables(const struct fixture *fixture)
{
    fixture_sql(fixture, "DROP TABLE events");
}

static void a_file_without_a_hash_key(const struct fixture *fixture)
{
    fixture_sql(fixture, "DELETE FROM settings WHERE name = 'hash_key'");
}

static void a_file_without_a_mark_of_its_keys(const struct fixture *fixture)
{
    fixture_sql(fixture, "DELETE FROM settings WHERE name = 'keys_done'");
}

struct refusal {
    void (*spoil)(const struct fixture *fixture);
    const char *says;
};

static void a_file_that_is_not_ours_is_refused_in_one_line(void **state)
{
    (void)state;
    static const struct refusal refusals[] = {
        {a_text_file, "not a database"},
        {a_cut_file, "damaged"},
        {an_overwritten_file, "damaged"},
        {a_newer_file, "newer natter (schema 99"},
        {a_file_of_another_program, "another program"},
        {a_file_without_our_tables, "damaged"},
        {a_file_without_a_hash_key, "damaged"},
        {a_file_without_a_mark_of_its_keys, "damaged"},
    };
    for (size_t index = 0; index < COUNT(refusals); index++) {
        struct fixture fixture;
        fixture_init(&fixture, false);
        (void)say(&fixture, must_open(&fixture, "lobby"), "k", "x");
        fixture_close(&fixture);
        refusals[index].spoil(&fixture);
        struct stat before, after;
        assert_int_equal(stat(fixture_path(&fixture, "natter.db"), &before), 0);
        fixture.line_count = 0;
        assert_int_equal(store_open(&fixture.options, &fixture.events, &fixture.store), RESULT_INVALID);
        assert_int_equal(fixture.line_count, 1);
        if (strstr(fixture.last_line, refusals[index].says) == NULL)
            fail_msg("expected \"%s\" in: %s", refusals[index].says, fixture.last_line);
        assert_int_equal(stat(fixture_path(&fixture, "natter.db"), &after), 0);
        assert_int_equal(before.st_size, after.st_size);
        fixture.store = NULL;
        fixture_done(&fixture);
    }
}

static void two_servers_on_one_folder_are_refused_in_one_line(void **state)
{
    (void)state;
    struct fixture fixture;
    struct store *second;
    fixture_init(&fixture, false);
    assert_int_equal(store_open(&fixture.options, &fixture.events, &second), RESULT_EXISTS);
    assert_int_equal(fixture.line_count, 1);
    assert_non_null(strstr(fixture.last_line, "another server"));
    fixture_done(&fixture);
}

static void a_missing_folder_is_made(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    char deeper[128];
    (void)snprintf(deeper, sizeof deeper, "%s/a", fixture.folder);
    fixture.options.folder = deeper;
    fixture_open(&fixture);
    fixture_close(&fixture);
    assert_int_equal(unlink(fixture_path(&fixture, "a/natter.db")), 0);
    (void)unlink(fixture_path(&fixture, "a/lock"));
    assert_int_equal(rmdir(deeper), 0);
    fixture_done(&fixture);
}

static void a_folder_that_is_a_file_is_refused_in_one_line(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    fixture.options.folder = "/dev/null/natter";
    fixture.line_count = 0;
    assert_int_not_equal(store_open(&fixture.options, &fixture.events, &fixture.store), RESULT_OK);
    assert_int_equal(fixture.line_count, 1);
    fixture.store = NULL;
    fixture_done(&fixture);
}

static void the_file_says_whose_it_is_and_is_sound(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    (void)say(&fixture, must_open(&fixture, "lobby"), "k", "x");
    assert_int_equal(fixture_sql_number(&fixture, "PRAGMA application_id"), SQLITE_APPLICATION_ID);
    assert_int_equal(fixture_sql_number(&fixture, "PRAGMA user_version"), SQLITE_SCHEMA_VERSION);
    assert_int_equal(fixture_sql_number(&fixture, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
    assert_int_equal(
        fixture_sql_number(&fixture, "SELECT count(*) FROM pragma_journal_mode WHERE journal_mode = 'wal'"), 1);
    fixture_done(&fixture);
}

/* The file as an older version left it, made out of a new one: one step after the other is taken back. */
#define BACK_TO_VERSION_5                                                                            \
    "DROP TABLE retention; DROP TABLE room_sizes; DELETE FROM settings WHERE name = 'keys_removed';" \
    "ALTER TABLE rooms DROP COLUMN first_seq; ALTER TABLE rooms DROP COLUMN gone_messages; PRAGMA user_version = 5;"
static const char *const back_to_version_1 = BACK_TO_VERSION_5
    "DROP TABLE keys; DROP TABLE key_log; DELETE FROM settings WHERE name = 'keys_done';"
    "ALTER TABLE events DROP COLUMN mentions; ALTER TABLE events DROP COLUMN ordinal; DROP TABLE joined;"
    "DROP TABLE mentions; DROP INDEX users_by_fold; ALTER TABLE users DROP COLUMN fold; DROP INDEX rooms_by_activity;"
    "ALTER TABLE rooms DROP COLUMN members; CREATE INDEX rooms_by_activity ON rooms (active_ms);"
    "CREATE INDEX events_by_key ON events (key_hash); PRAGMA user_version = 1;";

static void a_database_of_the_first_version_is_brought_up_to_date_and_knows_its_keys(void **state)
{
    (void)state;
    enum { EVENTS = 200 };
    struct fixture fixture;
    char key[32];
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    fixture.options.durability = STORE_DURABLE_PROCESS; /* quicker */
    fixture_open(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    for (int number = 1; number <= EVENTS; number++) {
        (void)snprintf(key, sizeof key, "key-%d", number);
        (void)say(&fixture, room, key, "text");
    }
    fixture_close(&fixture);
    fixture_sql(&fixture, back_to_version_1);
    fixture_open(&fixture);
    assert_non_null(strstr(fixture.last_line, "store.migrated"));
    assert_int_equal(fixture_sql_number(&fixture, "PRAGMA user_version"), SQLITE_SCHEMA_VERSION);
    room = must_open(&fixture, "lobby");
    for (int number = 1; number <= EVENTS; number++) {
        (void)snprintf(key, sizeof key, "key-%d", number);
        const struct told *told = say(&fixture, room, key, "again");
        assert_true(told->is_duplicate);
        assert_int_equal(told->seq, number);
    }
    assert_int_equal(say(&fixture, room, "another", "text")->seq, EVENTS + 1);
    fixture_close(&fixture);
    assert_int_equal(fixture_sql_number(&fixture, "SELECT count(*) FROM sqlite_schema WHERE name = 'events_by_key'"),
                     0);
    assert_int_equal(
        fixture_sql_number(&fixture, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"), 1);
    fixture_done(&fixture);
}

static void an_empty_database_of_the_first_version_is_brought_up_to_date(void **state)
{
    (void)state;
    struct fixture fixture;
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    fixture_sql(&fixture, back_to_version_1);
    fixture_open(&fixture);
    struct store_room *room = must_open(&fixture, "lobby");
    assert_int_equal(say(&fixture, room, "k", "x")->seq, 1);
    assert_true(say(&fixture, room, "k", "x")->is_duplicate);
    fixture_done(&fixture);
}

/* Byte 18 of the file (https://www.sqlite.org/fileformat.html): 2 says WAL, 1 a rollback journal. */
static int format_of(const struct fixture *fixture)
{
    FILE *file = fopen(fixture_path(fixture, "natter.db"), "rb");
    assert_non_null(file);
    assert_int_equal(fseek(file, 18, SEEK_SET), 0);
    int format = fgetc(file);
    assert_int_equal(fclose(file), 0);
    return format;
}

/* True if the fault struck. */
static bool make_with_fault(enum fault_kind kind, int number)
{
    struct fixture fixture;
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    assert_int_equal(unlink(fixture_path(&fixture, "natter.db")), 0);
    fault_vfs_arm(kind, number, false);
    enum result result = store_open(&fixture.options, &fixture.events, &fixture.store);
    bool has_struck = fault_vfs_disarm();
    assert_true(result == RESULT_OK || has_struck);
    if (result == RESULT_OK) {
        assert_int_equal(format_of(&fixture), 2);
    } else {
        fixture.store = NULL;
        fixture_open(&fixture);
    }
    if (!fixture.store->engine->is_trusted) {
        fixture.store->probe_due_ms = 0; /* its time has come */
        turn_all(&fixture);
    }
    assert_int_equal(say(&fixture, must_open(&fixture, "lobby"), "k", "x")->seq, 1);
    assert_int_equal(format_of(&fixture), 2);
    fixture_done(&fixture);
    return has_struck;
}

/* With a rollback journal, which nobody syncs the name of, a power cut could take an acknowledged event back. */
static void a_new_file_is_in_wal_mode_or_is_not_opened(void **state)
{
    enum { FAULTS_MAX = 200 };
    (void)state;
    fault_vfs_install();
    static const enum fault_kind kinds[] = {FAULT_WRITE, FAULT_TORN_WRITE, FAULT_DISK_FULL, FAULT_SYNC, FAULT_OPEN};
    for (size_t index = 0; index < COUNT(kinds); index++) {
        int number = 1;
        while (make_with_fault(kinds[index], number))
            assert_true(++number < FAULTS_MAX);
        assert_true(number > 1);
    }
}

static void later_versions_are_brought_up_to_date_as_well(void **state)
{
    static const char *const ways_back[] = {BACK_TO_VERSION_5};
    (void)state;
    for (size_t index = 0; index < COUNT(ways_back); index++) {
        struct fixture fixture;
        fixture_init(&fixture, false);
        (void)say(&fixture, must_open(&fixture, "lobby"), "k", "x");
        fixture_close(&fixture);
        fixture_sql(&fixture, ways_back[index]);
        fixture_open(&fixture);
        struct store_room *room = must_open(&fixture, "lobby");
        assert_int_equal(room->seq_first, 1);
        assert_true(say(&fixture, room, "k", "x")->is_duplicate);
        assert_int_equal(say(&fixture, room, "l", "y")->seq, 2);
        fixture_done(&fixture);
    }
}

/* The verb's way, without a server. */
static void a_folder_is_migrated_by_itself(void **state)
{
    static const char *const ways_back[] = {BACK_TO_VERSION_5, back_to_version_1};
    (void)state;
    for (int version = 0; version < SQLITE_SCHEMA_VERSION; version++)
        assert_non_null(migrate_step_text(version));
    assert_null(migrate_step_text(migrate_newest()));
    for (size_t index = 0; index < COUNT(ways_back); index++) {
        struct fixture fixture;
        fixture_init(&fixture, false);
        (void)say(&fixture, must_open(&fixture, "lobby"), "k", "x");
        assert_int_equal(migrate_run(fixture.folder), RESULT_EXISTS);
        fixture_close(&fixture);
        fixture_sql(&fixture, ways_back[index]);
        assert_int_equal(migrate_run(fixture.folder), RESULT_OK);
        assert_int_equal(fixture_sql_number(&fixture, "PRAGMA user_version"), migrate_newest());
        fixture_open(&fixture);
        assert_true(say(&fixture, must_open(&fixture, "lobby"), "k", "x")->is_duplicate);
        fixture_done(&fixture);
    }
}

static void count_call(void *context)
{
    int *count = context;
    (*count)++;
}

/* So that whoever waits for the server to start knows that it is at work, and not that it hangs. */
static void bringing_a_large_database_up_to_date_tells_that_it_gets_on(void **state)
{
    (void)state;
    struct fixture fixture;
    int calls = 0;
    fixture_init(&fixture, false);
    (void)say(&fixture, must_open(&fixture, "lobby"), "key-1", "text");
    fixture_close(&fixture);
    fixture.options.opening = count_call;
    fixture.options.opening_context = &calls;
    fixture_open(&fixture);
    fixture_close(&fixture);
    assert_int_equal(calls, 0);
    fixture_sql(&fixture, back_to_version_1);
    fixture_sql(&fixture, "INSERT INTO events (room, key_hash, seq, kind, is_deleted, is_on, at_ms, user, user_name,"
                          " key, target, reply_to, text) WITH RECURSIVE more(n) AS"
                          " (SELECT 2 UNION ALL SELECT n + 1 FROM more WHERE n < 60000)"
                          " SELECT room, key_hash + n, n, kind, is_deleted, is_on, at_ms, user, user_name, 'key-' || n,"
                          " target, reply_to, text FROM events, more WHERE seq = 1");
    fixture_open(&fixture);
    assert_true(calls > 0);
    assert_int_equal(fixture_sql_number(&fixture, "PRAGMA user_version"), SQLITE_SCHEMA_VERSION);
    fixture_done(&fixture);
}

int test_sqlite_schema(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_is_not_ours_is_refused_in_one_line),
        cmocka_unit_test(two_servers_on_one_folder_are_refused_in_one_line),
        cmocka_unit_test(a_missing_folder_is_made),
        cmocka_unit_test(a_folder_that_is_a_file_is_refused_in_one_line),
        cmocka_unit_test(the_file_says_whose_it_is_and_is_sound),
        cmocka_unit_test(a_new_file_is_in_wal_mode_or_is_not_opened),
        cmocka_unit_test(a_database_of_the_first_version_is_brought_up_to_date_and_knows_its_keys),
        cmocka_unit_test(a_folder_is_migrated_by_itself),
        cmocka_unit_test(later_versions_are_brought_up_to_date_as_well),
        cmocka_unit_test(an_empty_database_of_the_first_version_is_brought_up_to_date),
        cmocka_unit_test(bringing_a_large_database_up_to_date_tells_that_it_gets_on),
    };
    return cmocka_run_group_tests_name("sqlite_schema", tests, NULL, NULL);
}
