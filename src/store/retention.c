/* SPDX-License-Identifier: Apache-2.0 */
#include "store/retention.h"

#include <stdio.h>

#include "base/diag.h"
#include "store/inspect.h"
#include "store/sqlite.h"

enum { PATH_BYTES = 4096 };

static enum result report(sqlite3 *database, const char *folder)
{
    diag(DIAG_ERROR, "store.refused", "folder", folder, "why", sqlite3_errmsg(database), "do",
         "check the rights and the disk, and try once more", NULL);
    return RESULT_FAILED;
}

enum result retention_each(const char *folder, void (*each)(void *context, const struct retention_room *room),
                           void *context)
{
    struct inspection *inspection;
    sqlite3_stmt *rows = NULL;
    enum result result = inspect_open(folder, &inspection);
    if (result != RESULT_OK)
        return result;
    sqlite3 *database = inspect_handle(inspection)->database;
    int code = sqlite3_prepare_v2(
        database,
        "SELECT r.name, r.first_seq, coalesce((SELECT max(seq) FROM events WHERE room = r.id), r.first_seq - "
        "1), t.age_ms, t.events_max, t.bytes_max FROM retention t JOIN rooms r ON r.id = t.room ORDER BY "
        "r.fold",
        -1, &rows, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        const struct retention_room room = {
            .name = sqlite_column_view(rows, 0),
            .first = (uint64_t)sqlite3_column_int64(rows, 1),
            .newest = (uint64_t)sqlite3_column_int64(rows, 2),
            .limits = {.age_ms = (uint64_t)sqlite3_column_int64(rows, 3),
                       .events_max = (uint64_t)sqlite3_column_int64(rows, 4),
                       .bytes_max = (uint64_t)sqlite3_column_int64(rows, 5)},
        };
        each(context, &room);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(rows); /* repeats the code of the step */
    result = code == SQLITE_DONE ? RESULT_OK : report(database, folder);
    inspect_close(inspection);
    return result;
}

static int set(sqlite3 *database, struct view fold, const struct store_limits *limits)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(
        database,
        limits != NULL ? "INSERT INTO retention (room, age_ms, events_max, bytes_max) SELECT id, ?2, ?3, ?4 FROM rooms "
                         "WHERE fold = ?1 ON CONFLICT (room) DO UPDATE SET age_ms = excluded.age_ms, events_max = "
                         "excluded.events_max, bytes_max = excluded.bytes_max"
                       : "DELETE FROM retention WHERE room = (SELECT id FROM rooms WHERE fold = ?1)",
        -1, &statement, NULL);
    if (code != SQLITE_OK)
        return code;
    sqlite_bind_view(statement, 1, fold);
    if (limits != NULL) {
        sqlite_bind_u64(statement, 2, limits->age_ms);
        sqlite_bind_u64(statement, 3, limits->events_max);
        sqlite_bind_u64(statement, 4, limits->bytes_max);
    }
    code = sqlite3_step(statement);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* One short transaction: a server that commits just then waits for it, as it would for any other writer. */
enum result retention_set(const char *folder, struct view fold, const struct store_limits *limits)
{
    struct inspection *inspection;
    struct inspected_room room;
    struct sqlite_handle handle;
    char path[PATH_BYTES];
    int code = SQLITE_OK;
    enum result result = inspect_open(folder, &inspection); /* checks that the database is ours */
    if (result != RESULT_OK)
        return result;
    result = inspect_room(inspection, fold, &room);
    inspect_close(inspection);
    if (result != RESULT_OK)
        return result;
    int size = snprintf(path, sizeof path, "%s/" SQLITE_DATABASE_NAME, folder);
    if (size < 0 || (size_t)size >= sizeof path)
        return RESULT_FAILED;
    if (sqlite_handle_open(&handle, path, SQLITE_OPEN_READWRITE, SQLITE_READER_CACHE_KIB, &code) != RESULT_OK)
        return sqlite_report_unusable(path, code);
    code = set(handle.database, fold, limits);
    result = code == SQLITE_OK ? RESULT_OK : report(handle.database, folder);
    sqlite_handle_close(&handle);
    return result;
}
