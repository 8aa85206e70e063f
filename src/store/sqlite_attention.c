/* SPDX-License-Identifier: Apache-2.0 */
/* The rows beside the log that say what waits for whom: who belongs to which room, and whom a message names. */
#include "store/sqlite.h"

/* A statement about a user and a room, bound in that order. */
static sqlite3_stmt *about(struct engine *base, enum sqlite_statement which, int64_t room_id, struct view user_id,
                           enum result *out_result)
{
    sqlite3_stmt *statement = sqlite_writing(sqlite_of(base), which, out_result);
    if (statement == NULL)
        return NULL;
    sqlite_bind_view(statement, 1, user_id);
    (void)sqlite3_bind_int64(statement, 2, room_id);
    return statement;
}

enum result sqlite_joined_get(struct engine *base, int64_t room_id, struct view user_id, uint64_t *out_since)
{
    enum result result;
    sqlite3_stmt *statement = about(base, STATEMENT_JOINED_GET, room_id, user_id, &result);
    return statement != NULL ? sqlite_first_number(sqlite_of(base), statement, out_since) : result;
}

enum result sqlite_joined_count(struct engine *base, struct view user_id, size_t max, size_t *out_count)
{
    enum result result;
    uint64_t count = 0;
    sqlite3_stmt *statement = sqlite_writing(sqlite_of(base), STATEMENT_JOINED_COUNT, &result);
    if (statement == NULL)
        return result;
    sqlite_bind_view(statement, 1, user_id);
    sqlite_bind_u64(statement, 2, max);
    result = sqlite_first_number(sqlite_of(base), statement, &count);
    *out_count = (size_t)count;
    return result;
}

enum result sqlite_joined_put(struct engine *base, int64_t room_id, struct view user_id, uint64_t since)
{
    enum result result;
    sqlite3_stmt *statement = about(base, STATEMENT_JOINED_PUT, room_id, user_id, &result);
    if (statement == NULL)
        return result;
    sqlite_bind_u64(statement, 3, since);
    return sqlite_run(sqlite_of(base), statement);
}

enum result sqlite_joined_remove(struct engine *base, int64_t room_id, struct view user_id)
{
    enum result result;
    sqlite3_stmt *statement = about(base, STATEMENT_JOINED_REMOVE, room_id, user_id, &result);
    return statement != NULL ? sqlite_run(sqlite_of(base), statement) : result;
}

static enum result each_mention(struct sqlite_engine *engine, enum sqlite_statement which, int64_t room_id,
                                const struct event *event)
{
    enum result result = RESULT_OK;
    struct view ids = event->mentions;
    for (size_t at = 0; at + EVENT_MENTION_BYTES <= ids.size && result == RESULT_OK; at += EVENT_MENTION_BYTES) {
        struct view id = view_of(ids.at + at, EVENT_MENTION_BYTES);
        if (view_equal(id, event->user.id))
            continue;
        sqlite3_stmt *statement = about(&engine->engine, which, room_id, id, &result);
        if (statement == NULL)
            return result;
        sqlite_bind_u64(statement, 3, event->seq);
        result = sqlite_run(engine, statement);
    }
    return result;
}

enum result sqlite_mentions_put(struct sqlite_engine *engine, int64_t room_id, const struct event *event)
{
    return event->kind == EVENT_MESSAGE ? each_mention(engine, STATEMENT_MENTION_PUT, room_id, event) : RESULT_OK;
}

enum result sqlite_mentions_remove(struct sqlite_engine *engine, int64_t room_id, uint64_t target)
{
    struct event event;
    enum result result = engine->engine.calls->event_get(&engine->engine, room_id, target, &event);
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    return result == RESULT_OK ? each_mention(engine, STATEMENT_MENTION_REMOVE, room_id, &event) : result;
}

enum result sqlite_mentions_count(struct engine *base, int64_t room_id, struct view user_id, uint64_t after,
                                  uint64_t to, uint64_t *out_count)
{
    enum result result;
    sqlite3_stmt *statement = about(base, STATEMENT_MENTIONS_COUNT, room_id, user_id, &result);
    if (statement == NULL)
        return result;
    sqlite_bind_u64(statement, 3, after);
    sqlite_bind_u64(statement, 4, to);
    (void)sqlite3_bind_int(statement, 5, STORE_MENTIONS_COUNTED_MAX);
    return sqlite_first_number(sqlite_of(base), statement, out_count);
}

enum result sqlite_user_named(struct engine *base, int64_t room_id, struct view fold, char out_id[33])
{
    enum result result;
    sqlite3_stmt *statement = about(base, STATEMENT_USER_NAMED, room_id, fold, &result);
    if (statement == NULL)
        return result;
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        sqlite_copy_text(out_id, 33, sqlite_column_view(statement, 0));
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    if (code == SQLITE_ROW)
        return RESULT_OK;
    return code == SQLITE_DONE ? RESULT_NOT_FOUND : sqlite_fail(sqlite_of(base), code);
}

int sqlite_read_mine(struct sqlite_handle *handle, struct view user_id, size_t max, engine_each_mine *each,
                     void *context)
{
    sqlite3_stmt *statement = sqlite_statement(handle, STATEMENT_MINE);
    if (statement == NULL)
        return handle->database != NULL ? sqlite3_extended_errcode(handle->database) : SQLITE_CANTOPEN;
    sqlite_bind_view(statement, 1, user_id);
    sqlite_bind_u64(statement, 2, max);
    (void)sqlite3_bind_int(statement, 3, STORE_MENTIONS_COUNTED_MAX);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        int64_t unread = sqlite3_column_int64(statement, 3);
        each(context, &(struct store_mine_row){
                          .room = sqlite_column_view(statement, 0),
                          .seq = (uint64_t)sqlite3_column_int64(statement, 1),
                          .read = (uint64_t)sqlite3_column_int64(statement, 2),
                          .unread = unread > 0 ? (uint64_t)unread : 0,
                          .mentions = (uint64_t)sqlite3_column_int64(statement, 4),
                          .members = sqlite_column_view(statement, 5),
                      });
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? SQLITE_OK : code;
}
