/* SPDX-License-Identifier: Apache-2.0 */
#include "store/inspect.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "os/file.h"
#include "os/tree.h"
#include "store/sqlite.h"

#define ROOM_COLUMNS                                                                                         \
    "SELECT r.id, r.name, r.epoch, coalesce(e.seq, r.first_seq - 1), coalesce(e.at_ms, r.active_ms) AS at, " \
    "r.first_seq FROM rooms r "                                                                              \
    "LEFT JOIN events e ON e.room = r.id AND e.seq = (SELECT max(seq) FROM events WHERE room = r.id) "

struct inspection {
    struct sqlite_handle handle;
    struct builder scratch; /* the room that inspect_room found */
    char *path;
};

static enum result report(const struct inspection *inspection)
{
    diag(DIAG_ERROR, "store.unreadable", "file", inspection->path, "why", sqlite3_errmsg(inspection->handle.database),
         "do", "check the disk; if the database is damaged, restore a backup", NULL);
    return RESULT_FAILED;
}

/* Where the files of a live log cannot be made or shared (a read-only folder without a server), the file alone says
 * everything: nobody writes it. */
static enum result open_at_rest(struct inspection *inspection)
{
    size_t wal_size = strlen(inspection->path) + sizeof "-wal";
    char *wal = malloc(wal_size);
    if (wal == NULL)
        return RESULT_NO_MEMORY;
    (void)snprintf(wal, wal_size, "%s-wal", inspection->path); /* measured above */
    bool has_wal = os_file_exists(wal);
    free(wal);
    if (has_wal)
        return RESULT_FAILED;
    struct builder uri;
    builder_init(&uri, SIZE_MAX);
    sqlite_add_uri(&uri, inspection->path);
    builder_add(&uri, "?immutable=1", sizeof "?immutable=1"); /* with its NUL */
    int code = SQLITE_OK;
    enum result result = RESULT_NO_MEMORY;
    if (builder_ok(&uri))
        result = sqlite_handle_open(&inspection->handle, (const char *)uri.at, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI,
                                    SQLITE_READER_CACHE_KIB, &code);
    builder_done(&uri);
    return result;
}

static bool can_read(struct inspection *inspection, int *out_code)
{
    *out_code = sqlite3_exec(inspection->handle.database, "SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL);
    return *out_code == SQLITE_OK;
}

static enum result open_handle(struct inspection *inspection)
{
    int code = SQLITE_OK;
    enum result result =
        sqlite_handle_open(&inspection->handle, inspection->path, SQLITE_OPEN_READONLY, SQLITE_READER_CACHE_KIB, &code);
    if (result == RESULT_OK && can_read(inspection, &code))
        return RESULT_OK;
    sqlite_handle_close(&inspection->handle);
    int kind = code & 0xff;
    if ((kind == SQLITE_CANTOPEN || kind == SQLITE_READONLY || kind == SQLITE_PERM)
        && open_at_rest(inspection) == RESULT_OK && can_read(inspection, &code))
        return RESULT_OK;
    if (kind != SQLITE_CANTOPEN && kind != SQLITE_READONLY && kind != SQLITE_PERM)
        return sqlite_report_unusable(inspection->path, code);
    diag(DIAG_ERROR, "store.unreadable", "file", inspection->path, "why", "the database cannot be opened for reading",
         "do", "run this as the user that runs the server", NULL);
    return RESULT_REFUSED;
}

/* The file in the folder, or the file itself. */
static char *path_of(const char *folder)
{
    bool is_file = os_path_kind(folder) == OS_KIND_FILE;
    size_t size = strlen(folder) + sizeof "/" SQLITE_DATABASE_NAME;
    char *path = malloc(size);
    if (path != NULL)
        (void)snprintf(path, size, "%s%s", folder, is_file ? "" : "/" SQLITE_DATABASE_NAME); /* measured above */
    return path;
}

static enum result open_path(struct inspection *inspection, const char *folder)
{
    inspection->path = path_of(folder);
    if (inspection->path == NULL)
        return RESULT_FAILED;
    if (os_file_exists(inspection->path))
        return open_handle(inspection);
    diag(DIAG_ERROR, "store.unreadable", "file", inspection->path, "why", "there is no database in this folder", "do",
         "name the data folder of the server with --data", NULL);
    return RESULT_NOT_FOUND;
}

enum result inspect_open_any(const char *folder, int *out_version, struct inspection **out_inspection)
{
    struct inspection *inspection = calloc(1, sizeof *inspection);
    if (inspection == NULL)
        return RESULT_FAILED;
    builder_init(&inspection->scratch, SIZE_MAX);
    enum result result = open_path(inspection, folder);
    if (result == RESULT_OK)
        result = sqlite_schema_look(inspection->handle.database, inspection->path, out_version);
    if (result == RESULT_OK)
        *out_inspection = inspection;
    else
        inspect_close(inspection);
    return result;
}

enum result inspect_open(const char *folder, struct inspection **out_inspection)
{
    struct inspection *inspection;
    int version;
    enum result result = inspect_open_any(folder, &version, &inspection);
    if (result != RESULT_OK)
        return result;
    result = sqlite_schema_check(inspection->handle.database, inspection->path);
    if (result == RESULT_OK)
        *out_inspection = inspection;
    else
        inspect_close(inspection);
    return result;
}

enum result inspect_version(const char *folder, int *out_version)
{
    struct inspection *inspection;
    enum result result = inspect_open_any(folder, out_version, &inspection);
    if (result == RESULT_OK)
        inspect_close(inspection);
    return result;
}

void inspect_close(struct inspection *inspection)
{
    if (inspection == NULL)
        return;
    sqlite_handle_close(&inspection->handle);
    builder_done(&inspection->scratch);
    free(inspection->path);
    free(inspection);
}

struct sqlite_handle *inspect_handle(struct inspection *inspection)
{
    return &inspection->handle;
}

static struct inspected_room row_room(sqlite3_stmt *row)
{
    return (struct inspected_room){
        .id = sqlite3_column_int64(row, 0),
        .name = sqlite_column_view(row, 1),
        .epoch = (const char *)sqlite3_column_text(row, 2),
        .seq = (uint64_t)sqlite3_column_int64(row, 3),
        .at_ms = sqlite3_column_int64(row, 4),
        .first = (uint64_t)sqlite3_column_int64(row, 5),
    };
}

enum result inspect_rooms(struct inspection *inspection, void (*each)(void *context, const struct inspected_room *room),
                          void *context)
{
    sqlite3_stmt *statement = NULL;
    int code =
        sqlite3_prepare_v2(inspection->handle.database, ROOM_COLUMNS "ORDER BY at DESC, r.id", -1, &statement, NULL);
    if (code != SQLITE_OK)
        return report(inspection);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct inspected_room room = row_room(statement);
        each(context, &room);
    }
    enum result result = code == SQLITE_DONE ? RESULT_OK : report(inspection);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return result;
}

static enum result keep_room(struct inspection *inspection, struct inspected_room *room)
{
    struct builder *scratch = &inspection->scratch;
    builder_clear(scratch);
    builder_add(scratch, room->epoch, strlen(room->epoch) + 1);
    builder_add_view(scratch, room->name);
    if (!builder_ok(scratch))
        return RESULT_FAILED;
    size_t offset = strlen(room->epoch) + 1;
    room->epoch = (const char *)scratch->at;
    room->name = view_of(scratch->at + offset, room->name.size);
    return RESULT_OK;
}

enum result inspect_room(struct inspection *inspection, struct view fold, struct inspected_room *out_room)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(inspection->handle.database, ROOM_COLUMNS "WHERE r.fold = ?1", -1, &statement, NULL);
    if (code != SQLITE_OK)
        return report(inspection);
    sqlite_bind_view(statement, 1, fold);
    code = sqlite3_step(statement);
    enum result result = RESULT_NOT_FOUND;
    if (code == SQLITE_ROW) {
        *out_room = row_room(statement);
        result = keep_room(inspection, out_room);
    } else if (code != SQLITE_DONE) {
        result = report(inspection);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return result;
}

enum result inspect_events(struct inspection *inspection, int64_t room_id, uint64_t from, uint64_t to,
                           bool (*each)(void *context, const struct event *event), void *context)
{
    int code = sqlite_read_events(&inspection->handle, room_id, from, to, false, each, context);
    return code == SQLITE_OK ? RESULT_OK : report(inspection);
}
