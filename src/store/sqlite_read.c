/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log: rows into events, ranges, and the handles of the reader threads. */
#include "store/sqlite.h"

#include <stdlib.h>

void sqlite_bind_event(sqlite3_stmt *statement, int64_t room_id, uint64_t hash, const struct event *event, int64_t id)
{
    (void)sqlite3_bind_int64(statement, 1, room_id);
    (void)sqlite3_bind_int64(statement, 2, (sqlite3_int64)hash);
    sqlite_bind_u64(statement, 3, event->seq);
    (void)sqlite3_bind_int(statement, 4, (int)event->kind);
    (void)sqlite3_bind_int(statement, 5, event->is_deleted);
    (void)sqlite3_bind_int(statement, 6, event->is_on);
    (void)sqlite3_bind_int64(statement, 7, event->at_ms);
    sqlite_bind_view(statement, 8, event->user.id);
    sqlite_bind_view(statement, 9, event->user.name);
    sqlite_bind_view(statement, 10, event->key);
    sqlite_bind_view(statement, 11, event->text);
    sqlite_bind_u64(statement, 12, event->target);
    sqlite_bind_u64(statement, 13, event->reply_to);
    sqlite_bind_view(statement, 14, event->mentions);
    sqlite_bind_u64(statement, 15, event->ordinal);
    (void)sqlite3_bind_int64(statement, 16, id);
}

/* In the order of SQLITE_EVENT_COLUMNS. The views live as long as the row. Events of before schema 4 have no ordinal:
 * each of them counts as a message. */
void sqlite_row_event(sqlite3_stmt *row, struct event *out_event)
{
    *out_event = (struct event){
        .seq = (uint64_t)sqlite3_column_int64(row, 0),
        .kind = (enum event_kind)sqlite3_column_int(row, 1),
        .is_deleted = sqlite3_column_int(row, 2) != 0,
        .is_on = sqlite3_column_int(row, 3) != 0,
        .at_ms = sqlite3_column_int64(row, 4),
        .user = {.id = sqlite_column_view(row, 5), .name = sqlite_column_view(row, 6)},
        .key = sqlite_column_view(row, 7),
        .text = sqlite_column_view(row, 8),
        .target = (uint64_t)sqlite3_column_int64(row, 9),
        .reply_to = (uint64_t)sqlite3_column_int64(row, 10),
        .mentions = sqlite_column_view(row, 11),
        .ordinal = (uint64_t)sqlite3_column_int64(row, sqlite3_column_type(row, 12) == SQLITE_NULL ? 0 : 12),
    };
}

int sqlite_read_events(struct sqlite_handle *handle, int64_t room_id, uint64_t from, uint64_t to, bool is_falling,
                       engine_each_event *each, void *context)
{
    sqlite3_stmt *statement = sqlite_statement(handle, is_falling ? STATEMENT_EVENTS_FALLING : STATEMENT_EVENTS_RISING);
    if (statement == NULL)
        return handle->database != NULL ? sqlite3_extended_errcode(handle->database) : SQLITE_CANTOPEN;
    (void)sqlite3_bind_int64(statement, 1, room_id); /* see sqlite_bind_view: cannot fail */
    sqlite_bind_u64(statement, 2, from);
    sqlite_bind_u64(statement, 3, to);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct event event;
        sqlite_row_event(statement, &event);
        if (!each(context, &event))
            break;
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_ROW || code == SQLITE_DONE ? SQLITE_OK : code;
}

int sqlite_read_user(struct sqlite_handle *handle, struct view id, struct store_user *out_user)
{
    sqlite3_stmt *statement = sqlite_statement(handle, STATEMENT_USER_GET);
    if (statement == NULL)
        return handle->database != NULL ? sqlite3_extended_errcode(handle->database) : SQLITE_CANTOPEN;
    sqlite_bind_view(statement, 1, id);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        sqlite_copy_text(out_user->id, sizeof out_user->id, sqlite_column_view(statement, 0));
        sqlite_copy_text(out_user->name, sizeof out_user->name, sqlite_column_view(statement, 1));
        out_user->joined_ms = sqlite3_column_int64(statement, 2);
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return code;
}

/* ---- readers ---- */

struct engine_reader {
    struct sqlite_engine *engine;
    struct sqlite_handle handle;
    unsigned generation;
};

struct engine_reader *sqlite_reader_new(struct engine *base)
{
    struct sqlite_engine *engine = sqlite_of(base);
    struct engine_reader *reader = calloc(1, sizeof *reader);
    if (reader == NULL)
        return NULL;
    int code = SQLITE_OK;
    reader->engine = engine;
    reader->generation = atomic_load(&engine->generation);
    if (sqlite_handle_open(&reader->handle, engine->path, SQLITE_OPEN_READONLY, SQLITE_READER_CACHE_KIB, &code)
        != RESULT_OK) {
        free(reader);
        return NULL;
    }
    return reader;
}

void sqlite_reader_free(struct engine_reader *reader)
{
    sqlite_handle_close(&reader->handle);
    free(reader);
}

/* The snapshot is taken by the first read. */
enum result sqlite_reader_begin(struct engine_reader *reader)
{
    if (reader->generation != atomic_load(&reader->engine->generation))
        return RESULT_FAILED;
    return sqlite3_exec(reader->handle.database, "BEGIN", NULL, NULL, NULL) == SQLITE_OK ? RESULT_OK : RESULT_FAILED;
}

enum result sqlite_reader_events(struct engine_reader *reader, int64_t room_id, uint64_t from, uint64_t to,
                                 bool is_falling, engine_each_event *each, void *context)
{
    int code = sqlite_read_events(&reader->handle, room_id, from, to, is_falling, each, context);
    return code == SQLITE_OK ? RESULT_OK : RESULT_FAILED;
}

enum result sqlite_reader_user(struct engine_reader *reader, struct view id, struct store_user *out_user)
{
    int code = sqlite_read_user(&reader->handle, id, out_user);
    if (code == SQLITE_ROW)
        return RESULT_OK;
    return code == SQLITE_DONE ? RESULT_NOT_FOUND : RESULT_FAILED;
}

enum result sqlite_reader_mine(struct engine_reader *reader, struct view user_id, size_t max, engine_each_mine *each,
                               void *context)
{
    int code = sqlite_read_mine(&reader->handle, user_id, max, each, context);
    return code == SQLITE_OK ? RESULT_OK : RESULT_FAILED;
}

/* If it fails the transaction is still open; the next begin fails then, and the handle is made anew. */
void sqlite_reader_end(struct engine_reader *reader)
{
    (void)sqlite3_exec(reader->handle.database, "COMMIT", NULL, NULL, NULL);
}
