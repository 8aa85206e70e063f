/* SPDX-License-Identifier: Apache-2.0 */
/* Copies are taken beside an open store, whose rooms go on from within the copying: the notice of progress is where. */
#include "store/backup.h"

#include "os/file.h"
#include "os/tree.h"
#include "store/backup_inside.h"
#include "store_test.h"

/* A database of the data folder's, and beside it a place for the backup and the folder that it goes into. */
struct world {
    struct fixture fixture;
    struct store_room *lobby;
    char place[64], file[96], folder[96];
    struct backup_options backup;
    struct restore_options restore;
    struct backup_summary made;
    struct restore_summary restored;
    size_t fault_count, progress_count;
    bool goes_on; /* the room, while it is copied */
};

static bool fold(struct view name, struct builder *out)
{
    builder_add_view(out, name);
    return true;
}

static void note_fault(void *context, const struct verify_fault *fault)
{
    struct world *world = context;
    (void)fault;
    world->fault_count++;
}

/* Between two slices: somebody takes back what was copied already, and says something more. */
static void note_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct world *world = context;
    assert_true(done <= total);
    world->progress_count++;
    if (!world->goes_on || strcmp(what, "copying") != 0)
        return;
    char key[32];
    struct event deletion = delete_of("take-back", 1);
    (void)append(&world->fixture, world->lobby, &deletion, 0); /* a duplicate from the second time on */
    turn_all(&world->fixture);
    (void)snprintf(key, sizeof key, "more-%zu", world->progress_count);
    if (world->progress_count < 40)
        (void)say(&world->fixture, world->lobby, key, "said meanwhile");
}

static void world_init(struct world *world)
{
    memset(world, 0, sizeof *world);
    fixture_init(&world->fixture, false);
    (void)snprintf(world->place, sizeof world->place, "/tmp/natter-test-XXXXXX");
    assert_non_null(mkdtemp(world->place));
    (void)snprintf(world->file, sizeof world->file, "%s/copy.natter", world->place);
    (void)snprintf(world->folder, sizeof world->folder, "%s/data", world->place);
    const struct verify_options watch = {
        .fold = fold, .fault = note_fault, .progress = note_progress, .context = world};
    world->backup = (struct backup_options){
        .folder = world->fixture.folder, .path = world->file, .slice_events = 10, .watch = watch};
    world->restore = (struct restore_options){.path = world->file, .folder = world->folder, .watch = watch};
    world->lobby = must_open(&world->fixture, "lobby");
    (void)say(&world->fixture, world->lobby, "k1", "the text that is taken back");
    struct event edit = edit_of("k2", 1, "its edit, taken back with it");
    assert_int_equal(append(&world->fixture, world->lobby, &edit, 0), RESULT_OK);
    turn_all(&world->fixture);
    for (int number = 3; number <= 100; number++) {
        char key[16];
        (void)snprintf(key, sizeof key, "k%d", number);
        (void)say(&world->fixture, world->lobby, key, "a message");
    }
}

static void world_done(struct world *world)
{
    assert_int_equal(os_tree_remove(fixture_path(&world->fixture, "inner")), RESULT_OK);
    os_file_remove(fixture_path(&world->fixture, "secret"));
    fixture_done(&world->fixture);
    assert_int_equal(os_tree_remove(world->place), RESULT_OK);
}

static const char *in_place(const struct world *world, const char *name)
{
    static char paths[4][160];
    static unsigned next;
    char *path = paths[next++ % 4];
    (void)snprintf(path, sizeof paths[0], "%s/%s", world->place, name);
    return path;
}

static void must_back_up(struct world *world)
{
    assert_int_equal(backup_make(&world->backup, &world->made), RESULT_OK);
}

static void must_restore(struct world *world)
{
    assert_int_equal(restore_run(&world->restore, &world->restored), RESULT_OK);
}

static bool holds(const char *path, const char *bytes)
{
    struct builder out;
    builder_init(&out, 16 << 20);
    assert_int_equal(os_file_read(path, &out), RESULT_OK);
    bool is_there = memmem(out.at, out.size, bytes, strlen(bytes)) != NULL;
    builder_done(&out);
    return is_there;
}

static int64_t number_in(const char *path, const char *sql)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(statement, 0);
    assert_int_equal(sqlite3_finalize(statement), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    return number;
}

static void run_in(const char *path, const char *sql)
{
    sqlite3 *database;
    assert_int_equal(sqlite3_open(path, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, sql, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
}

static void assert_sound(struct world *world, const char *path)
{
    struct verify_summary seen = {0};
    world->goes_on = false;
    assert_int_equal(verify_run(path, &world->backup.watch, &seen), RESULT_OK);
    assert_int_equal(seen.faults, 0);
}

static void a_room_that_goes_on_is_copied_whole_and_as_of_one_moment(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    world.goes_on = true;
    must_back_up(&world);
    assert_true(world.progress_count > 10);
    assert_true(world.made.events > 101 && world.made.events <= world.lobby->seq_committed);
    assert_int_equal(world.made.rooms, 1);
    assert_int_equal(number_in(world.file, "SELECT max(seq) FROM events"), world.made.events);
    assert_sound(&world, world.file);
    assert_int_equal(os_file_check_private(world.file), RESULT_OK);
    assert_int_equal(os_path_kind(in_place(&world, "copy.natter.new")), OS_KIND_NONE);
    world_done(&world);
}

static void a_text_that_is_deleted_while_it_is_copied_is_not_in_the_copy(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    must_back_up(&world);
    assert_true(holds(world.file, "the text that is taken back") && holds(world.file, "its edit, taken back"));
    world.goes_on = true;
    world.backup.may_replace = true;
    must_back_up(&world);
    assert_false(holds(world.file, "the text that is taken back") || holds(world.file, "its edit, taken back"));
    world_done(&world);
}

/* Whatever tables there come to be: a copy that lacks the rows of one is no copy. */
static void every_table_is_copied(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    struct store_user ada = {.id = "ada", .name = "Ada", .joined_ms = 1};
    assert_int_equal(store_user_put(world.fixture.store, &ada), RESULT_OK);
    assert_int_equal(store_read_put(world.fixture.store, world.lobby, VIEW("ada"), 7), RESULT_OK);
    turn_all(&world.fixture);
    fixture_sql(&world.fixture, "CREATE TABLE later (a, b); CREATE INDEX later_by_a ON later (a);"
                                "INSERT INTO later VALUES (1, 'one'), (2, 'two')");
    must_back_up(&world);
    char attach[256];
    (void)snprintf(attach, sizeof attach, "ATTACH '%s' AS copy", fixture_path(&world.fixture, "natter.db"));
    static const char *const tables[] = {"users", "rooms", "reads", "events", "settings", "later"};
    sqlite3 *database;
    assert_int_equal(sqlite3_open(world.file, &database), SQLITE_OK);
    assert_int_equal(sqlite3_exec(database, attach, NULL, NULL, NULL), SQLITE_OK);
    for (size_t index = 0; index < COUNT(tables); index++) {
        char sql[256];
        sqlite3_stmt *rows;
        (void)snprintf(sql, sizeof sql,
                       "SELECT count(*), (SELECT count(*) FROM main.%s) FROM (SELECT * FROM main.%s INTERSECT SELECT * "
                       "FROM copy.%s)",
                       tables[index], tables[index], tables[index]);
        assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &rows, NULL), SQLITE_OK);
        assert_int_equal(sqlite3_step(rows), SQLITE_ROW);
        bool is_settings = strcmp(tables[index], "settings") == 0; /* keys_done is of the copy's own index */
        assert_int_equal(sqlite3_column_int64(rows, 0), sqlite3_column_int64(rows, 1) - is_settings);
        assert_true(sqlite3_column_int64(rows, 1) > 0);
        assert_int_equal(sqlite3_finalize(rows), SQLITE_OK);
    }
    assert_int_equal(sqlite3_close(database), SQLITE_OK);
    assert_int_equal(number_in(world.file, "SELECT count(*) FROM sqlite_schema WHERE name IN ('later_by_a', "
                                           "'events_by_seq', 'events_by_target', 'rooms_by_activity')"),
                     4);
    world_done(&world);
}

static void a_file_that_is_there_is_replaced_only_where_that_is_wanted(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    assert_int_equal(os_file_append(world.file, VIEW("precious")), RESULT_OK);
    assert_int_equal(backup_make(&world.backup, &world.made), RESULT_EXISTS);
    assert_true(holds(world.file, "precious"));
    world.backup.may_replace = true;
    must_back_up(&world);
    assert_sound(&world, world.file);
    world.backup.path = in_place(&world, "none/copy.natter");
    assert_int_equal(backup_make(&world.backup, &world.made), RESULT_NOT_FOUND);
    world_done(&world);
}

/* The copy is proved as any database is; a fault of the original is one of the copy. */
static void a_copy_with_faults_never_gets_the_name(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    fixture_close(&world.fixture);
    fixture_sql(&world.fixture, "DELETE FROM events WHERE seq = 50");
    assert_int_equal(backup_make(&world.backup, &world.made), RESULT_INVALID);
    assert_true(world.made.faults > 0 && world.fault_count == world.made.faults);
    assert_int_equal(os_path_kind(world.file), OS_KIND_NONE);
    assert_int_equal(os_path_kind(in_place(&world, "copy.natter.new")), OS_KIND_NONE);
    world.backup.is_unproved = true;
    must_back_up(&world);
    assert_int_equal(restore_run(&world.restore, &world.restored), RESULT_INVALID);
    assert_int_equal(os_path_kind(in_place(&world, "data/natter.db")), OS_KIND_NONE);
    world_done(&world);
}

static void what_lies_beside_the_database_comes_back_as_it_was(void **state)
{
    struct world world;
    struct builder large;
    (void)state;
    world_init(&world);
    builder_init(&large, 4 << 20);
    for (uint32_t number = 0; number < 700000; number++)
        builder_add(&large, &number, sizeof number);
    assert_int_equal(os_folder_make(fixture_path(&world.fixture, "inner/most")), RESULT_OK);
    assert_int_equal(os_file_append(fixture_path(&world.fixture, "secret"), VIEW("0123456789")), RESULT_OK);
    assert_int_equal(os_file_append(fixture_path(&world.fixture, "inner/most/large"), builder_view(&large)), RESULT_OK);
    assert_int_equal(os_file_append(fixture_path(&world.fixture, "inner/empty"), (struct view){0}), RESULT_OK);
    assert_int_equal(os_file_append(fixture_path(&world.fixture, "inner/half.new"), VIEW("x")), RESULT_OK);
    must_back_up(&world);
    assert_int_equal(world.made.files, 3);
    must_restore(&world);
    assert_int_equal(world.restored.files, 3);
    assert_true(world.restored.has_secret);
    assert_true(holds(in_place(&world, "data/secret"), "0123456789"));
    struct builder back;
    builder_init(&back, 4 << 20);
    assert_int_equal(os_file_read(in_place(&world, "data/inner/most/large"), &back), RESULT_OK);
    assert_true(view_equal(builder_view(&back), builder_view(&large)));
    assert_int_equal(os_path_kind(in_place(&world, "data/inner/empty")), OS_KIND_FILE);
    assert_int_equal(os_path_kind(in_place(&world, "data/inner/half.new")), OS_KIND_NONE);
    assert_int_equal(os_file_check_private(in_place(&world, "data/secret")), RESULT_OK);
    assert_false(holds(in_place(&world, "data/natter.db"), "0123456789"));
    builder_done(&back);
    builder_done(&large);
    world_done(&world);
}

static void a_restored_log_is_another_one_to_its_clients(void **state)
{
    struct world world;
    char epoch[17];
    (void)state;
    world_init(&world);
    must_back_up(&world);
    memcpy(epoch, world.lobby->epoch, sizeof epoch);
    fixture_close(&world.fixture);
    must_restore(&world);
    assert_sound(&world, world.folder);
    assert_int_equal(world.restored.events, 100);
    char sql[128];
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM rooms WHERE epoch <> '%s' AND length(epoch) = 16", epoch);
    assert_int_equal(number_in(in_place(&world, "data/natter.db"), sql), 1);
    world.restore.keeps_epochs = world.restore.may_replace = true;
    must_restore(&world);
    assert_int_equal(number_in(in_place(&world, "data/natter.db"), sql), 0);
    world_done(&world);
}

static void a_folder_in_use_or_not_empty_is_left_alone(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    must_back_up(&world);
    world.restore.folder = world.fixture.folder;
    world.restore.may_replace = true;
    assert_int_equal(restore_run(&world.restore, &world.restored), RESULT_EXISTS); /* the store has its lock */
    world.restore.folder = world.folder;
    world.restore.may_replace = false;
    assert_int_equal(os_folder_make(world.folder), RESULT_OK);
    assert_int_equal(os_file_append(in_place(&world, "data/notes"), VIEW("mine")), RESULT_OK);
    assert_int_equal(restore_run(&world.restore, &world.restored), RESULT_EXISTS);
    assert_int_equal(os_path_kind(in_place(&world, "data/natter.db")), OS_KIND_NONE);
    world.restore.may_replace = true;
    must_restore(&world);
    char aside[BACKUP_PATH_BYTES + 8];
    (void)snprintf(aside, sizeof aside, "%s/notes", world.restored.aside);
    assert_true(holds(aside, "mine"));
    assert_int_equal(os_path_kind(in_place(&world, "data/notes")), OS_KIND_NONE);
    assert_sound(&world, world.folder);
    assert_int_equal(os_path_kind(in_place(&world, "data/" RESTORE_READY_NAME)), OS_KIND_NONE);
    assert_int_equal(os_path_kind(in_place(&world, "data/" RESTORE_NEW_NAME)), OS_KIND_NONE);
    world_done(&world);
}

/* A file from elsewhere may say anything. */
static void no_backup_writes_outside_of_the_folder(void **state)
{
    static const char *const names[] = {"../evil", "/tmp/evil", "a/../../evil",  "a//b",
                                        "",        ".",         "natter.db-wal", "lock"};
    struct world world;
    (void)state;
    world_init(&world);
    for (size_t index = 0; index < COUNT(names); index++) {
        char sql[160];
        world.backup.may_replace = true;
        must_back_up(&world);
        (void)snprintf(sql, sizeof sql, "INSERT INTO backup_files VALUES ('%s', 0, x'00')", names[index]);
        run_in(world.file, sql);
        assert_int_equal(restore_run(&world.restore, &world.restored), RESULT_INVALID);
        assert_int_equal(os_path_kind(in_place(&world, "data/natter.db")), OS_KIND_NONE);
        assert_int_equal(os_path_kind(in_place(&world, "evil")), OS_KIND_NONE);
    }
    world_done(&world);
}

static void what_is_no_backup_is_told_so(void **state)
{
    struct world world;
    (void)state;
    world_init(&world);
    assert_int_equal(restore_run(&world.restore, &world.restored), RESULT_NOT_FOUND);
    assert_int_equal(os_file_append(world.file, VIEW("just a text file, of no use to anybody who restores")),
                     RESULT_OK);
    assert_int_equal(restore_run(&world.restore, &world.restored), RESULT_INVALID);
    assert_int_equal(os_path_kind(in_place(&world, "data/natter.db")), OS_KIND_NONE);
    world.backup.may_replace = true;
    must_back_up(&world);
    run_in(world.file, "PRAGMA user_version = 99");
    assert_int_equal(restore_run(&world.restore, &world.restored), RESULT_INVALID);
    assert_non_null(strstr(world.fixture.last_line, "newer natter"));
    world_done(&world);
}

static void no_store_opens_on_a_restore_that_was_cut_off(void **state)
{
    struct world world;
    struct store *store;
    (void)state;
    world_init(&world);
    fixture_close(&world.fixture);
    assert_int_equal(os_folder_make(fixture_path(&world.fixture, RESTORE_READY_NAME)), RESULT_OK);
    assert_int_equal(store_open(&world.fixture.options, &world.fixture.events, &store), RESULT_INVALID);
    assert_non_null(strstr(world.fixture.last_line, "cut off half-way"));
    assert_int_equal(os_tree_remove(fixture_path(&world.fixture, RESTORE_READY_NAME)), RESULT_OK);
    world_done(&world);
}

int test_backup(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_that_goes_on_is_copied_whole_and_as_of_one_moment),
        cmocka_unit_test(a_text_that_is_deleted_while_it_is_copied_is_not_in_the_copy),
        cmocka_unit_test(every_table_is_copied),
        cmocka_unit_test(a_file_that_is_there_is_replaced_only_where_that_is_wanted),
        cmocka_unit_test(a_copy_with_faults_never_gets_the_name),
        cmocka_unit_test(what_lies_beside_the_database_comes_back_as_it_was),
        cmocka_unit_test(a_restored_log_is_another_one_to_its_clients),
        cmocka_unit_test(a_folder_in_use_or_not_empty_is_left_alone),
        cmocka_unit_test(no_backup_writes_outside_of_the_folder),
        cmocka_unit_test(what_is_no_backup_is_told_so),
        cmocka_unit_test(no_store_opens_on_a_restore_that_was_cut_off),
    };
    return cmocka_run_group_tests_name("backup", tests, NULL, NULL);
}
