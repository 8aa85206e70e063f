/* SPDX-License-Identifier: Apache-2.0 */
/* Old events out of the database: their rows, and their entries in the index of keys. A slice is read first and then
 * removed row by row: rows of one room lie apart, and what a statement may delete at once would have no bound. */
#include "store/sqlite.h"

/* One that goes. */
struct going {
    int64_t id, hash;
    uint64_t seq, size, messages;
    bool has_mentions;
};

enum result sqlite_kept_next(struct engine *base, int64_t after_id, bool is_own_only, struct engine_kept *out_kept)
{
    struct sqlite_engine *engine = sqlite_of(base);
    enum result result;
    sqlite3_stmt *statement = sqlite_writing(engine, is_own_only ? STATEMENT_KEPT_OWN : STATEMENT_KEPT_ANY, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, after_id); /* see sqlite_bind_view: cannot fail */
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        builder_clear(&engine->scratch);
        builder_add_view(&engine->scratch, sqlite_column_view(statement, 1));
        *out_kept = (struct engine_kept){
            .id = sqlite3_column_int64(statement, 0),
            .fold = builder_view(&engine->scratch),
            .first = (uint64_t)sqlite3_column_int64(statement, 2),
            .newest = (uint64_t)sqlite3_column_int64(statement, 3),
            .oldest_ms = sqlite3_column_int64(statement, 4),
            .has_own = sqlite3_column_int(statement, 5) != 0,
            .limits = {.age_ms = (uint64_t)sqlite3_column_int64(statement, 6),
                       .events_max = (uint64_t)sqlite3_column_int64(statement, 7),
                       .bytes_max = (uint64_t)sqlite3_column_int64(statement, 8)},
            .counted = (uint64_t)sqlite3_column_int64(statement, 9),
            .bytes = (uint64_t)sqlite3_column_int64(statement, 10),
        };
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    if (code == SQLITE_ROW)
        return builder_ok(&engine->scratch) ? RESULT_OK : RESULT_NO_MEMORY;
    return code == SQLITE_DONE ? RESULT_NOT_FOUND : sqlite_fail(engine, code);
}

enum result sqlite_kept_count(struct engine *base, struct engine_kept *kept, size_t events_max)
{
    struct sqlite_engine *engine = sqlite_of(base);
    enum result result;
    sqlite3_stmt *count = sqlite_writing(engine, STATEMENT_SIZE_COUNT, &result);
    sqlite3_stmt *put = count != NULL ? sqlite_writing(engine, STATEMENT_SIZE_PUT, &result) : NULL;
    if (put == NULL)
        return result;
    (void)sqlite3_bind_int64(count, 1, kept->id);
    sqlite_bind_u64(count, 2, kept->counted);
    sqlite_bind_u64(count, 3, events_max);
    int code = sqlite3_step(count);
    if (code == SQLITE_ROW) {
        kept->counted += (uint64_t)sqlite3_column_int64(count, 0);
        kept->bytes += (uint64_t)sqlite3_column_int64(count, 1);
    }
    (void)sqlite3_reset(count); /* repeats the code of the step */
    if (code != SQLITE_ROW)
        return sqlite_fail(engine, code);
    (void)sqlite3_bind_int64(put, 1, kept->id);
    sqlite_bind_u64(put, 2, kept->counted);
    sqlite_bind_u64(put, 3, kept->bytes);
    return sqlite_run(engine, put);
}

/* The oldest ones, up to the first that stays: times never go back in a room, so whatever the reason, those that go are
 * the log's begin. */
static enum result read_going(struct sqlite_engine *engine, const struct engine_kept *kept,
                              const struct engine_cut *cut, struct going *going, size_t *inout_count)
{
    enum result result;
    size_t count = 0, count_max = *inout_count;
    uint64_t bytes = kept->bytes;
    sqlite3_stmt *statement = sqlite_writing(engine, STATEMENT_KEPT_OLDEST, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, kept->id);
    sqlite_bind_u64(statement, 2, kept->first);
    sqlite_bind_u64(statement, 3, count_max);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW && count < count_max) {
        const struct going row = {.id = sqlite3_column_int64(statement, 0),
                                  .hash = sqlite3_column_int64(statement, 1),
                                  .seq = (uint64_t)sqlite3_column_int64(statement, 2),
                                  .messages = (uint64_t)sqlite3_column_int64(statement, 4),
                                  .has_mentions = sqlite3_column_int(statement, 5) != 0,
                                  .size = (uint64_t)sqlite3_column_int64(statement, 6)};
        bool is_too_large = cut->bytes_max > 0 && bytes > cut->bytes_max && row.seq <= kept->counted;
        if (sqlite3_column_int64(statement, 3) >= cut->before_ms && row.seq > cut->through && !is_too_large)
            break;
        if (row.seq <= kept->counted)
            bytes -= row.size < bytes ? row.size : bytes;
        going[count++] = row;
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    *inout_count = count;
    return code == SQLITE_ROW || code == SQLITE_DONE ? RESULT_OK : sqlite_fail(engine, code);
}

static enum result remove_event(struct sqlite_engine *engine, int64_t room_id, const struct going *going)
{
    enum result result = going->has_mentions ? sqlite_mentions_remove(engine, room_id, going->seq) : RESULT_OK;
    if (result != RESULT_OK)
        return result;
    sqlite3_stmt *statement = sqlite_writing(engine, STATEMENT_EVENT_REMOVE, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, going->id);
    result = sqlite_run(engine, statement);
    return result == RESULT_OK ? sqlite_keys_remove(engine, (uint64_t)going->hash, going->id) : result;
}

static enum result put_numbers(struct sqlite_engine *engine, enum sqlite_statement which, int64_t id, uint64_t second,
                               uint64_t third)
{
    enum result result;
    sqlite3_stmt *statement = sqlite_writing(engine, which, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, id);
    sqlite_bind_u64(statement, 2, second);
    sqlite_bind_u64(statement, 3, third);
    return sqlite_run(engine, statement);
}

enum result sqlite_kept_remove(struct engine *base, struct engine_kept *kept, const struct engine_cut *cut,
                               size_t events_max, size_t *out_removed)
{
    struct sqlite_engine *engine = sqlite_of(base);
    struct going going[STORE_RETENTION_EVENTS_MAX];
    size_t count = events_max < STORE_RETENTION_EVENTS_MAX ? events_max : STORE_RETENTION_EVENTS_MAX;
    uint64_t bytes = 0;
    enum result result = read_going(engine, kept, cut, going, &count);
    for (size_t index = 0; index < count && result == RESULT_OK; index++) {
        result = remove_event(engine, kept->id, &going[index]);
        if (going[index].seq <= kept->counted)
            bytes += going[index].size;
    }
    *out_removed = count;
    if (result != RESULT_OK || count == 0)
        return result;
    check(going[0].seq >= kept->first && going[count - 1].seq <= kept->newest);
    kept->first = going[count - 1].seq + 1;
    kept->gone = going[count - 1].messages;
    kept->bytes -= bytes < kept->bytes ? bytes : kept->bytes;
    if (kept->counted < kept->first - 1)
        kept->counted = kept->first - 1;
    result = put_numbers(engine, STATEMENT_KEPT_FIRST, kept->id, kept->first, kept->gone);
    if (result == RESULT_OK)
        result = put_numbers(engine, STATEMENT_SIZE_CUT, kept->id, kept->first - 1, bytes);
    checkpoint_purge_wanted(engine);
    return result;
}
