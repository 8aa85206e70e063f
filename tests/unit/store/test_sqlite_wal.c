/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <sys/stat.h>

#include "fault_vfs.h"
#include "store/sqlite.h"

static void copy_file(const char *from, const char *to)
{
    char bytes[4096];
    FILE *in = fopen(from, "rb");
    FILE *out = fopen(to, "wb");
    assert_non_null(in);
    assert_non_null(out);
    for (size_t size; (size = fread(bytes, 1, sizeof bytes, in)) > 0;)
        assert_int_equal(fwrite(bytes, 1, size, out), size);
    (void)fclose(in);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(chmod(to, 0600), 0);
}

/* The folder as kill -9 leaves it: both files, and nobody who has them open. */
static void leave_as_killed(struct fixture *fixture)
{
    fault_vfs_install();
    fixture_init(fixture, false);
    struct store_room *room = must_open(fixture, "lobby");
    for (int index = 0; index < 20; index++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", index);
        (void)say(fixture, room, key, "words");
    }
    copy_file(fixture_path(fixture, "natter.db"), fixture_path(fixture, "killed.db"));
    copy_file(fixture_path(fixture, "natter.db-wal"), fixture_path(fixture, "killed.db-wal"));
    fixture_close(fixture);
    assert_int_equal(rename(fixture_path(fixture, "killed.db"), fixture_path(fixture, "natter.db")), 0);
    assert_int_equal(rename(fixture_path(fixture, "killed.db-wal"), fixture_path(fixture, "natter.db-wal")), 0);
}

/* An fsync that failed before the kill would not be repeated for pages that nobody writes again. */
static void all_of_a_log_left_behind_is_written_before_it_is_synced(void **state)
{
    (void)state;
    struct fixture fixture;
    leave_as_killed(&fixture);
    struct stat status;
    assert_int_equal(stat(fixture_path(&fixture, "natter.db-wal"), &status), 0);
    assert_true(status.st_size > 20 * 4096);
    fault_vfs_watch_log();
    fixture_open(&fixture);
    assert_int_equal(fault_vfs_log_bytes_synced(), status.st_size);
    assert_int_equal(must_open(&fixture, "lobby")->seq_committed, 20);
    fixture_done(&fixture);
}

static void a_log_that_cannot_be_written_again_is_an_error(void **state)
{
    (void)state;
    static const enum fault_kind kinds[] = {FAULT_WRITE, FAULT_TORN_WRITE, FAULT_READ};
    for (size_t index = 0; index < COUNT(kinds); index++) {
        struct fixture fixture;
        leave_as_killed(&fixture);
        sqlite3 *database;
        assert_int_equal(sqlite3_open(fixture_path(&fixture, "natter.db"), &database), SQLITE_OK);
        assert_int_equal(sqlite3_exec(database, "PRAGMA schema_version", NULL, NULL, NULL), SQLITE_OK);
        fault_vfs_arm(kinds[index], 3, false);
        assert_int_equal(sqlite_wal_renew(database) & 0xff, SQLITE_IOERR);
        assert_true(fault_vfs_disarm());
        assert_int_equal(sqlite_wal_renew(database), SQLITE_OK); /* torn or not, the bytes are the same */
        assert_int_equal(sqlite3_close(database), SQLITE_OK);
        fixture_open(&fixture);
        assert_int_equal(must_open(&fixture, "lobby")->seq_committed, 20);
        fixture_done(&fixture);
    }
}

static void a_database_without_a_log_is_left_alone(void **state)
{
    (void)state;
    fault_vfs_install();
    sqlite3 *database;
    assert_int_equal(sqlite3_open(":memory:", &database), SQLITE_OK);
    assert_int_equal(sqlite_wal_renew(database), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    struct fixture fixture;
    fixture_init(&fixture, false);
    (void)say(&fixture, must_open(&fixture, "lobby"), "k", "words");
    fixture_close(&fixture);
    assert_int_equal(sqlite3_open(fixture_path(&fixture, "natter.db"), &database), SQLITE_OK);
    fault_vfs_arm(FAULT_WRITE, 1, true);
    assert_int_equal(sqlite_wal_renew(database), SQLITE_OK);
    assert_false(fault_vfs_disarm());
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    fixture_done(&fixture);
}

int test_sqlite_wal(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_of_a_log_left_behind_is_written_before_it_is_synced),
        cmocka_unit_test(a_log_that_cannot_be_written_again_is_an_error),
        cmocka_unit_test(a_database_without_a_log_is_left_alone),
    };
    return cmocka_run_group_tests_name("store/sqlite_wal", tests, NULL, NULL);
}
