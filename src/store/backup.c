/* SPDX-License-Identifier: Apache-2.0 */
#include "store/backup_inside.h"

#include <stdio.h>

#include "base/diag.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/thread.h"
#include "os/tree.h"
#include "store/inspect.h"

enum { CACHE_KIB = 65536, SQL_BYTES_MAX = 64 * 1024 };

/* Tables that are not copied row by row in the last moment: the log was copied before, and the index of its keys is
 * made anew. Whatever else there is, now or later, is copied whole. */
#define IS_LOG "name IN ('events', 'keys', 'key_log')"
#define TABLES "FROM source.sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite~_%' ESCAPE '~'"

struct backup {
    const struct backup_options *options;
    char source[BACKUP_PATH_BYTES], temporary[BACKUP_PATH_BYTES];
    sqlite3 *database; /* the copy; the original is attached to it as `source` */
    struct os_wakeup pause;
    int64_t newest_begin; /* the original's newest event when the copying began */
    int64_t copied;       /* the newest event of the copy */
    struct backup_summary summary;
};

/* ---- shared with restore.c ---- */

bool backup_path(char out[BACKUP_PATH_BYTES], const char *folder, const char *name)
{
    int size = snprintf(out, BACKUP_PATH_BYTES, "%s/%s", folder, name);
    return size > 0 && size < BACKUP_PATH_BYTES;
}

enum result backup_fault(const char *file, const char *why, const char *repair, enum result result)
{
    diag(DIAG_ERROR, "store.refused", "file", file, "why", why, "do", repair, NULL);
    return result;
}

enum result backup_sql_fault(sqlite3 *database, const char *file, int code)
{
    if ((code & 0xff) == SQLITE_FULL)
        return backup_fault(file, "the disk is full", "make room on it, or choose another", RESULT_FULL);
    diag(DIAG_ERROR, "store.refused", "file", file, "why", "the database cannot be copied", "do",
         "check the disk; prove the original with: natter verify", "detail", sqlite3_errmsg(database), NULL);
    return (code & 0xff) == SQLITE_CORRUPT || (code & 0xff) == SQLITE_NOTADB ? RESULT_INVALID : RESULT_FAILED;
}

void backup_progress(const struct verify_options *watch, const char *what, uint64_t done, uint64_t total)
{
    if (watch->progress != NULL)
        watch->progress(watch->context, what, done < total ? done : total, total);
}

/* ---- small steps of SQL ---- */

static int run_sql(struct backup *backup, const char *sql)
{
    return sqlite3_exec(backup->database, sql, NULL, NULL, NULL);
}

static int read_number(struct backup *backup, const char *sql, int64_t *out_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(backup->database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_ROW ? SQLITE_OK : code == SQLITE_DONE ? SQLITE_CORRUPT : code;
}

static void note_held(struct backup *backup, uint64_t begun_ms)
{
    uint64_t held_ms = os_clock_monotonic_ms() - begun_ms;
    if (held_ms > backup->summary.held_ms_max)
        backup->summary.held_ms_max = held_ms;
}

/* Runs each row of text that `sql` selects. The rows are read first: what they say changes the schema. */
static int run_each(struct backup *backup, const char *sql)
{
    struct builder texts;
    sqlite3_stmt *statement = NULL;
    builder_init(&texts, SIZE_MAX);
    int code = sqlite3_prepare_v2(backup->database, sql, -1, &statement, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(statement);
        if (code != SQLITE_ROW)
            break;
        builder_add_view(&texts, sqlite_column_view(statement, 0));
        builder_add(&texts, ";\n", 2);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    builder_add_byte(&texts, 0);
    if (code == SQLITE_DONE)
        code = builder_ok(&texts) ? run_sql(backup, (const char *)texts.at) : SQLITE_NOMEM;
    builder_done(&texts);
    return code;
}

/* ---- opening ---- */

static int attach(struct backup *backup)
{
    struct builder uri;
    builder_init(&uri, SIZE_MAX);
    sqlite_add_uri(&uri, backup->source);
    builder_add_string(&uri, "?mode=ro");
    sqlite3_stmt *statement = NULL;
    int code = builder_ok(&uri) ? SQLITE_OK : SQLITE_NOMEM;
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(backup->database, "ATTACH ?1 AS source", -1, &statement, NULL);
    if (code == SQLITE_OK) {
        sqlite_bind_view(statement, 1, builder_view(&uri));
        code = sqlite3_step(statement);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    builder_done(&uri);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* No journal: a copy that was cut off is thrown away. Each slice is synced all the same, so that no large one at the
 * end makes the server's own syncs wait. */
static int open_copy(struct backup *backup)
{
    int code = sqlite3_open_v2(backup->temporary, &backup->database,
                               SQLITE_OPEN_READWRITE | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                               NULL);
    char settings[160];
    (void)snprintf(settings, sizeof settings,
                   "PRAGMA journal_mode = OFF; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;"
                   "PRAGMA cache_size = -%d;",
                   CACHE_KIB); /* constants of ours; they fit */
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(backup->database, SQLITE_BUSY_MS);
    if (code == SQLITE_OK)
        code = run_sql(backup, settings);
    if (code == SQLITE_OK)
        code = attach(backup);
    return code;
}

static enum result check_paths(struct backup *backup)
{
    const struct backup_options *options = backup->options;
    int size = snprintf(backup->temporary, sizeof backup->temporary, "%s.new", options->path);
    if (!backup_path(backup->source, options->folder, SQLITE_DATABASE_NAME) || size < 0
        || (size_t)size >= sizeof backup->temporary)
        return backup_fault(options->path, "the path is too long", "choose a shorter one", RESULT_FAILED);
    enum os_kind kind = os_path_kind(options->path);
    if (kind != OS_KIND_NONE && kind != OS_KIND_FILE)
        return backup_fault(options->path, "there is something in its place that is no file", "name a file",
                            RESULT_EXISTS);
    if (kind == OS_KIND_FILE && !options->may_replace)
        return backup_fault(options->path, "there is a file of that name", "choose another, or replace it with --force",
                            RESULT_EXISTS);
    return inspect_version(options->folder, &backup->summary.version);
}

/* For its owner alone from the first byte on. */
static enum result make_file(struct backup *backup)
{
    os_file_remove(backup->temporary); /* what a crash may have left */
    switch (os_file_append(backup->temporary, (struct view){0})) {
    case RESULT_OK: return RESULT_OK;
    case RESULT_NOT_FOUND:
        return backup_fault(backup->options->path, "there is no such folder", "make it first", RESULT_NOT_FOUND);
    case RESULT_REFUSED:
        return backup_fault(backup->options->path, "the file cannot be made: permission denied or read-only",
                            "choose another folder, or give this user the right to write it", RESULT_REFUSED);
    default:
        return backup_fault(backup->options->path, "the file cannot be made", "check the disk and the room on it",
                            RESULT_FAILED);
    }
}

/* ---- copying ---- */

/* Virtual tables first: they make their own tables beside them. */
static int make_tables(struct backup *backup)
{
    int code = run_each(backup, "SELECT sql " TABLES " AND sql LIKE 'CREATE VIRTUAL%'");
    if (code == SQLITE_OK)
        code = run_each(backup, "SELECT sql " TABLES " AND sql NOT LIKE 'CREATE VIRTUAL%' AND name NOT IN "
                                "(SELECT name FROM main.sqlite_schema)");
    if (code == SQLITE_OK)
        code = run_sql(backup, "CREATE TABLE backup (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;"
                               "CREATE TABLE backup_files (path TEXT NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT "
                               "NULL, PRIMARY KEY (path, part)) STRICT;");
    return code;
}

static int copy_slice(struct backup *backup, sqlite3_stmt *statement, int64_t to)
{
    uint64_t begun_ms = os_clock_monotonic_ms();
    (void)sqlite3_bind_int64(statement, 1, backup->copied); /* see sqlite_bind_view: cannot fail */
    (void)sqlite3_bind_int64(statement, 2, to);
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    note_held(backup, begun_ms);
    if (code == SQLITE_DONE)
        backup->copied = to;
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int copy_events(struct backup *backup)
{
    sqlite3_stmt *statement = NULL;
    int64_t newest = 0;
    int code = read_number(backup, "SELECT coalesce(max(id), 0) FROM source.events", &newest);
    if (code == SQLITE_OK)
        code = sqlite3_prepare_v2(backup->database,
                                  "INSERT INTO main.events SELECT * FROM source.events WHERE id > ?1 AND id <= ?2", -1,
                                  &statement, NULL);
    backup->newest_begin = newest;
    while (code == SQLITE_OK && backup->copied < newest) {
        int64_t left = newest - backup->copied;
        int64_t step = left < backup->options->slice_events ? left : backup->options->slice_events;
        code = copy_slice(backup, statement, backup->copied + step);
        backup_progress(&backup->options->watch, "copying", (uint64_t)backup->copied, (uint64_t)newest);
        if (code == SQLITE_OK && backup->copied < newest && backup->options->pause_ms > 0)
            os_wakeup_wait(&backup->pause, (int)backup->options->pause_ms);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code;
}

/* What the server wrote meanwhile is caught up with, until so little is left that one slice holds it. */
static int catch_up(struct backup *backup)
{
    int64_t begin = 0;
    check(backup->copied == 0);
    int code = copy_events(backup);
    begin = backup->newest_begin;
    for (int round = 0; code == SQLITE_OK && round < 8; round++) {
        int64_t before = backup->copied;
        code = copy_events(backup);
        if (backup->copied - before <= backup->options->slice_events)
            break;
    }
    backup->newest_begin = begin;
    return code;
}

/* One moment: the newest events, and all that is not the log. */
static int copy_moment(struct backup *backup)
{
    uint64_t begun_ms = os_clock_monotonic_ms();
    char rest[128];
    check(backup->copied >= backup->newest_begin);
    (void)snprintf(rest, sizeof rest, "INSERT INTO main.events SELECT * FROM source.events WHERE id > %lld",
                   (long long)backup->copied); /* fits */
    int code = run_sql(backup, "BEGIN");
    if (code == SQLITE_OK)
        code = run_sql(backup, rest);
    if (code == SQLITE_OK)
        code = run_each(backup, "SELECT format('DELETE FROM main.\"%w\"; INSERT INTO main.\"%w\" SELECT * FROM "
                                "source.\"%w\"', name, name, name) " TABLES " AND NOT " IS_LOG
                                " AND sql NOT LIKE 'CREATE VIRTUAL%'");
    if (code == SQLITE_OK)
        code = run_sql(backup, "COMMIT");
    note_held(backup, begun_ms);
    return code;
}

/* ---- from here on the original is not read any more ---- */

static int make_indexes(struct backup *backup)
{
    backup_progress(&backup->options->watch, "indexing", 0, 1);
    return run_each(backup,
                    "SELECT sql FROM source.sqlite_schema WHERE type IN ('index', 'trigger', 'view') AND sql IS NOT "
                    "NULL AND name NOT IN (SELECT name FROM main.sqlite_schema) ORDER BY type <> 'index'");
}

/* An event that was copied early may have lost its text since: the deletion is among those copied later, and takes the
 * text out of the copy as well. */
static int remove_texts(struct backup *backup)
{
    char sql[512];
    (void)snprintf(sql, sizeof sql,
                   "UPDATE events SET text = ''%s, is_deleted = 1 WHERE id IN (SELECT e.id FROM events d CROSS JOIN "
                   "events e ON e.room = d.room AND (e.seq = d.target OR (e.target = d.target AND e.target > 0 AND "
                   "e.kind = 2)) WHERE d.id > %lld AND d.kind = 3 AND e.is_deleted = 0)",
                   backup->summary.version >= 3 ? ", mentions = ''" : "", (long long)backup->newest_begin); /* fits */
    return run_sql(backup, sql);
}

/* Events that were copied, and went since. */
static int remove_expired(struct backup *backup)
{
    if (backup->summary.version < 6)
        return SQLITE_OK; /* nothing ever went */
    return run_sql(backup, "DELETE FROM events WHERE id IN (SELECT e.id FROM rooms r CROSS JOIN events e ON e.room = "
                           "r.id AND e.seq < r.first_seq)");
}

static int make_keys(struct backup *backup)
{
    if (backup->summary.version < 2)
        return SQLITE_OK; /* keys were an index of the events then */
    return run_sql(backup,
                   "INSERT INTO keys (hash, event) SELECT key_hash, id FROM events ORDER BY key_hash, id;"
                   "UPDATE settings SET value = (SELECT coalesce(max(id), 0) FROM events) WHERE name = 'keys_done';");
}

static int make_notes(struct backup *backup)
{
    char marks[256];
    (void)snprintf(marks, sizeof marks,
                   "INSERT INTO backup (name, value) VALUES ('made_ms', %lld); PRAGMA application_id = %d;"
                   "PRAGMA user_version = %d;",
                   (long long)os_clock_wall_ms(), SQLITE_APPLICATION_ID, backup->summary.version); /* fits */
    return run_sql(backup, marks);
}

static int count_rows(struct backup *backup)
{
    int64_t rooms = 0, events = 0;
    int code = read_number(backup, "SELECT count(*) FROM rooms", &rooms);
    if (code == SQLITE_OK)
        code = read_number(backup, "SELECT count(*) FROM events", &events);
    backup->summary.rooms = (uint64_t)rooms;
    backup->summary.events = (uint64_t)events;
    return code;
}

static int copy_all(struct backup *backup)
{
    static int (*const steps[])(struct backup * backup) = {
        open_copy,    make_tables,    catch_up,  copy_moment, make_indexes,
        remove_texts, remove_expired, make_keys, make_notes,  count_rows,
    };
    int code = SQLITE_OK;
    for (size_t index = 0; index < sizeof steps / sizeof *steps && code == SQLITE_OK; index++)
        code = steps[index](backup);
    return code;
}

/* ---- the proof, and the name ---- */

/* An older natter's tables are proved after they are brought up to date; here only that the file is whole. */
static enum result prove(struct backup *backup)
{
    struct verify_summary seen = {0};
    if (backup->options->is_unproved)
        return RESULT_OK;
    enum result result = backup->summary.version == SQLITE_SCHEMA_VERSION
                             ? verify_run(backup->temporary, &backup->options->watch, &seen)
                             : verify_file_run(backup->temporary, &backup->options->watch, &seen);
    backup->summary.faults = seen.faults;
    return result == RESULT_OK && seen.faults > 0 ? RESULT_INVALID : result;
}

static enum result name_it(struct backup *backup)
{
    const struct backup_options *options = backup->options;
    enum result result = os_path_sync(backup->temporary);
    if (result == RESULT_OK)
        result = os_file_size(backup->temporary, &backup->summary.bytes);
    if (result == RESULT_OK)
        result = os_path_rename(backup->temporary, options->path, options->may_replace);
    if (result == RESULT_EXISTS)
        return backup_fault(options->path, "there is a file of that name", "choose another, or replace it with --force",
                            RESULT_EXISTS);
    if (result != RESULT_OK)
        return backup_fault(options->path, "the file cannot be made durable under its name", "check the disk",
                            RESULT_FAILED);
    return RESULT_OK;
}

static enum result fill(struct backup *backup)
{
    int code = copy_all(backup);
    enum result result = RESULT_OK;
    if (code != SQLITE_OK)
        result = backup_sql_fault(backup->database, backup->options->path, code);
    if (result == RESULT_OK)
        result = backup_files_put(backup->database, backup->options->folder, &backup->summary.files);
    (void)sqlite3_close_v2(backup->database); /* nothing of it is in use any more */
    backup->database = NULL;
    return result;
}

enum result backup_make(const struct backup_options *options, struct backup_summary *out_summary)
{
    struct backup backup = {.options = options};
    check(options->slice_events > 0);
    enum result result = check_paths(&backup);
    if (result != RESULT_OK)
        return result;
    result = make_file(&backup);
    if (result != RESULT_OK)
        return result;
    if (os_wakeup_init(&backup.pause) != RESULT_OK) {
        os_file_remove(backup.temporary);
        return backup_fault(options->path, "no descriptor is left", "raise the limit of open files", RESULT_FAILED);
    }
    result = fill(&backup);
    if (result == RESULT_OK)
        result = prove(&backup);
    if (result == RESULT_OK)
        result = name_it(&backup);
    if (result != RESULT_OK)
        os_file_remove(backup.temporary);
    os_wakeup_done(&backup.pause);
    *out_summary = backup.summary;
    return result;
}
