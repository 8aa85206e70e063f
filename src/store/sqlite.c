/* SPDX-License-Identifier: Apache-2.0 */
/* The SQLite engine's writing side: connection, transaction, rows. */
#include "store/sqlite.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "os/file.h"
#include "os/random.h"

static const char *const statement_texts[STATEMENT_COUNT] = {
#define X(symbol, sql) [STATEMENT_##symbol] = sql,
    SQLITE_STATEMENTS(X) SQLITE_KEPT_STATEMENTS(X)
#undef X
};

/* ---- connections and statements ---- */

enum result sqlite_handle_open(struct sqlite_handle *handle, const char *path, int flags, int cache_kib, int *out_code)
{
    *handle = (struct sqlite_handle){0};
    int code = sqlite3_open_v2(path, &handle->database, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_busy_timeout(handle->database, SQLITE_BUSY_MS);
    if (code == SQLITE_OK) {
        char pragma[64];
        (void)snprintf(pragma, sizeof pragma, "PRAGMA cache_size = -%d", cache_kib); /* a constant of ours; it fits */
        code = sqlite3_exec(handle->database, pragma, NULL, NULL, NULL);
    }
    if (code == SQLITE_OK)
        return RESULT_OK;
    sqlite_handle_close(handle);
    *out_code = code;
    return RESULT_FAILED;
}

void sqlite_add_uri(struct builder *out, const char *path)
{
    builder_add_string(out, "file:");
    for (const char *at = path; *at != '\0'; at++) {
        if (*at == '?' || *at == '#' || *at == '%')
            builder_format(out, "%%%02x", (unsigned)(uint8_t)*at);
        else
            builder_add_byte(out, (uint8_t)*at);
    }
}

void sqlite_handle_close(struct sqlite_handle *handle)
{
    for (int index = 0; index < STATEMENT_COUNT; index++)
        (void)sqlite3_finalize(handle->statements[index]); /* repeats the error of its last step */
    (void)sqlite3_close_v2(handle->database);              /* nothing of it is in use any more */
    *handle = (struct sqlite_handle){0};
}

sqlite3_stmt *sqlite_statement(struct sqlite_handle *handle, enum sqlite_statement which)
{
    if (handle->database == NULL)
        return NULL;
    sqlite3_stmt **statement = &handle->statements[which];
    if (*statement == NULL
        && sqlite3_prepare_v3(handle->database, statement_texts[which], -1, SQLITE_PREPARE_PERSISTENT, statement, NULL)
               != SQLITE_OK)
        return NULL;
    return *statement;
}

/* Bindings cannot fail: indexes are those of our own text, bytes are not copied. The bytes must live until the
 * statement is reset. */
void sqlite_bind_view(sqlite3_stmt *statement, int index, struct view view)
{
    const char *at = view.at != NULL ? (const char *)view.at : "";
    (void)sqlite3_bind_text64(statement, index, at, view.size, SQLITE_STATIC, SQLITE_UTF8);
}

void sqlite_bind_u64(sqlite3_stmt *statement, int index, uint64_t number)
{
    (void)sqlite3_bind_int64(statement, index, number > INT64_MAX ? INT64_MAX : (sqlite3_int64)number);
}

struct view sqlite_column_view(sqlite3_stmt *statement, int index)
{
    const void *at = sqlite3_column_text(statement, index);
    return view_of(at, at != NULL ? (size_t)sqlite3_column_bytes(statement, index) : 0);
}

void sqlite_copy_text(char *out, size_t capacity, struct view text)
{
    size_t size = text.size < capacity ? text.size : capacity - 1;
    if (size > 0)
        memcpy(out, text.at, size);
    out[size] = '\0';
}

enum result sqlite_fail(struct sqlite_engine *engine, int code)
{
    sqlite3 *database = engine->writer.database;
    const char *detail = database != NULL && sqlite3_extended_errcode(database) == code ? sqlite3_errmsg(database)
                                                                                        : sqlite3_errstr(code);
    (void)snprintf(engine->engine.failure, sizeof engine->engine.failure, "%s (SQLite code %d)", detail,
                   code); /* cut if long */
    switch (code & 0xff) {
    case SQLITE_FULL: return RESULT_FULL;
    case SQLITE_NOMEM: return RESULT_NO_MEMORY;
    case SQLITE_BUSY:
    case SQLITE_CONSTRAINT: return RESULT_FAILED;
    default: engine->engine.is_trusted = false; return RESULT_FAILED;
    }
}

enum result sqlite_run(struct sqlite_engine *engine, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? RESULT_OK : sqlite_fail(engine, code);
}

enum result sqlite_first_number(struct sqlite_engine *engine, sqlite3_stmt *statement, uint64_t *out_number)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out_number = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    if (code == SQLITE_ROW)
        return RESULT_OK;
    return code == SQLITE_DONE ? RESULT_NOT_FOUND : sqlite_fail(engine, code);
}

sqlite3_stmt *sqlite_writing(struct sqlite_engine *engine, enum sqlite_statement which, enum result *out_result)
{
    struct sqlite_handle *writer = &engine->writer;
    /* Memory that ends and a disk that fails take the whole transaction back, also in a statement that only reads; what
     * comes behind it would be committed one by one. */
    if (engine->is_in_transaction && writer->database != NULL && sqlite3_get_autocommit(writer->database) != 0) {
        *out_result = RESULT_FAILED;
        return NULL;
    }
    sqlite3_stmt *statement = sqlite_statement(writer, which);
    if (statement == NULL) {
        int code = writer->database != NULL ? sqlite3_extended_errcode(writer->database) : SQLITE_CANTOPEN;
        *out_result = sqlite_fail(engine, code);
    }
    return statement;
}

static sqlite3_stmt *writing(struct engine *engine, enum sqlite_statement which, enum result *out_result)
{
    return sqlite_writing(sqlite_of(engine), which, out_result);
}

static enum result run_plain(struct engine *engine, enum sqlite_statement which)
{
    enum result result;
    sqlite3_stmt *statement = writing(engine, which, &result);
    return statement != NULL ? sqlite_run(sqlite_of(engine), statement) : result;
}

/* ---- transaction ---- */

static enum result begin(struct engine *engine)
{
    enum result result = run_plain(engine, STATEMENT_BEGIN);
    sqlite_of(engine)->is_in_transaction = result == RESULT_OK;
    return result;
}

static enum result commit(struct engine *engine)
{
    enum result result = sqlite_keys_write(sqlite_of(engine));
    if (result == RESULT_OK)
        result = run_plain(engine, STATEMENT_COMMIT);
    if (result == RESULT_OK) {
        sqlite_of(engine)->is_in_transaction = false;
        sqlite_keys_committed(sqlite_of(engine));
    }
    return result;
}

/* Many errors roll back by themselves. If a rollback cannot be done the connection is not to be used again. */
static void rollback(struct engine *engine)
{
    sqlite3 *database = sqlite_of(engine)->writer.database;
    sqlite_of(engine)->is_in_transaction = false;
    sqlite_keys_rolled_back(sqlite_of(engine));
    if (database == NULL || sqlite3_get_autocommit(database) != 0)
        return;
    char kept[sizeof engine->failure];
    memcpy(kept, engine->failure, sizeof kept);
    if (run_plain(engine, STATEMENT_ROLLBACK) != RESULT_OK)
        engine->is_trusted = false;
    memcpy(engine->failure, kept, sizeof kept); /* the cause, not its consequence */
}

static enum result probe(struct engine *engine)
{
    return run_plain(engine, STATEMENT_PROBE);
}

/* ---- rooms ---- */

static enum result room_find(struct engine *base, struct view fold, struct engine_room *out_room)
{
    struct sqlite_engine *engine = sqlite_of(base);
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_ROOM_FIND, &result);
    if (statement == NULL)
        return result;
    sqlite_bind_view(statement, 1, fold);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        builder_clear(&engine->scratch);
        builder_add_view(&engine->scratch, sqlite_column_view(statement, 1));
        out_room->id = sqlite3_column_int64(statement, 0);
        size_t name_size = engine->scratch.size;
        builder_add_view(&engine->scratch, sqlite_column_view(statement, 7));
        out_room->name = view_first(builder_view(&engine->scratch), name_size);
        out_room->members = view_skip(builder_view(&engine->scratch), name_size);
        sqlite_copy_text(out_room->epoch, sizeof out_room->epoch, sqlite_column_view(statement, 2));
        out_room->active_ms = sqlite3_column_int64(statement, 3);
        out_room->seq = (uint64_t)sqlite3_column_int64(statement, 4);
        out_room->at_ms = sqlite3_column_int64(statement, 5);
        out_room->messages = (uint64_t)sqlite3_column_int64(statement, 6);
        out_room->first = (uint64_t)sqlite3_column_int64(statement, 8);
        out_room->gone = (uint64_t)sqlite3_column_int64(statement, 9);
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    if (code == SQLITE_ROW)
        return builder_ok(&engine->scratch) ? RESULT_OK : RESULT_NO_MEMORY;
    return code == SQLITE_DONE ? RESULT_NOT_FOUND : sqlite_fail(engine, code);
}

static enum result room_make(struct engine *base, const struct store_room *room, int64_t at_ms, int64_t *out_id)
{
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_ROOM_MAKE, &result);
    if (statement == NULL)
        return result;
    sqlite_bind_view(statement, 1, room->name);
    sqlite_bind_view(statement, 2, room->fold);
    sqlite_bind_view(statement, 3, view_of_string(room->epoch));
    (void)sqlite3_bind_int64(statement, 4, at_ms);
    sqlite_bind_view(statement, 5, room->members);
    result = sqlite_run(sqlite_of(base), statement);
    if (result == RESULT_OK)
        *out_id = sqlite3_last_insert_rowid(sqlite_of(base)->writer.database);
    return result;
}

static enum result room_mark(struct engine *base, int64_t room_id, int64_t at_ms)
{
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_ROOM_MARK, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, room_id);
    (void)sqlite3_bind_int64(statement, 2, at_ms);
    return sqlite_run(sqlite_of(base), statement);
}

static enum result rooms(struct engine *base, size_t max, engine_each_room *each, void *context)
{
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_ROOMS, &result);
    if (statement == NULL)
        return result;
    sqlite_bind_u64(statement, 1, max);
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        struct store_room_row row = {
            .name = sqlite_column_view(statement, 0),
            .fold = sqlite_column_view(statement, 1),
            .seq = (uint64_t)sqlite3_column_int64(statement, 2),
            .at_ms = sqlite3_column_int64(statement, 3),
        };
        each(context, &row);
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? RESULT_OK : sqlite_fail(sqlite_of(base), code);
}

/* ---- events ---- */

static enum result key_find(struct engine *base, int64_t room_id, const struct event *event, struct view identity,
                            uint64_t *out_seq, int64_t *out_at_ms)
{
    return sqlite_keys_find(sqlite_of(base), room_id, event, identity, out_seq, out_at_ms);
}

static enum result event_put(struct engine *base, int64_t room_id, const struct event *event, struct view identity)
{
    struct sqlite_engine *engine = sqlite_of(base);
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_EVENT_PUT, &result);
    if (statement == NULL)
        return result;
    uint64_t hash = sqlite_keys_hash(engine->hash_key, room_id, event->key, identity);
    sqlite_bind_event(statement, room_id, hash, event, engine->keys.next);
    result = sqlite_run(engine, statement);
    if (result == RESULT_OK)
        result = sqlite_keys_add(engine, hash);
    if (result == RESULT_OK && event->mentions.size > 0)
        result = sqlite_mentions_put(engine, room_id, event);
    return result;
}

static struct view keep(struct builder *scratch, size_t *offset, struct view bytes)
{
    struct view kept = view_of(scratch->at + *offset, bytes.size);
    *offset += bytes.size;
    return kept;
}

/* The row's bytes end with the statement's reset, which must not wait: an open statement would hold the log of changes.
 */
static enum result copy_event(struct builder *scratch, struct event *event)
{
    builder_clear(scratch);
    builder_add_view(scratch, event->user.id);
    builder_add_view(scratch, event->user.name);
    builder_add_view(scratch, event->key);
    builder_add_view(scratch, event->text);
    builder_add_view(scratch, event->mentions);
    if (!builder_ok(scratch))
        return RESULT_NO_MEMORY;
    size_t offset = 0;
    event->user.id = keep(scratch, &offset, event->user.id);
    event->user.name = keep(scratch, &offset, event->user.name);
    event->key = keep(scratch, &offset, event->key);
    event->text = keep(scratch, &offset, event->text);
    event->mentions = keep(scratch, &offset, event->mentions);
    return RESULT_OK;
}

static enum result event_get(struct engine *base, int64_t room_id, uint64_t seq, struct event *out_event)
{
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_EVENT_GET, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, room_id);
    sqlite_bind_u64(statement, 2, seq);
    int code = sqlite3_step(statement);
    result = RESULT_NOT_FOUND;
    if (code == SQLITE_ROW) {
        sqlite_row_event(statement, out_event);
        result = copy_event(&sqlite_of(base)->scratch, out_event);
    } else if (code != SQLITE_DONE) {
        result = sqlite_fail(sqlite_of(base), code);
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return result;
}

static enum result text_remove(struct engine *base, int64_t room_id, uint64_t target)
{
    enum result filed = sqlite_mentions_remove(sqlite_of(base), room_id, target);
    if (filed != RESULT_OK)
        return filed;
    static const enum sqlite_statement all[] = {STATEMENT_SIZE_FORGET, STATEMENT_TEXT_REMOVE, STATEMENT_EDITS_REMOVE};
    for (size_t index = 0; index < sizeof all / sizeof all[0]; index++) {
        enum result result;
        sqlite3_stmt *statement = writing(base, all[index], &result);
        if (statement == NULL)
            return result;
        (void)sqlite3_bind_int64(statement, 1, room_id);
        sqlite_bind_u64(statement, 2, target);
        result = sqlite_run(sqlite_of(base), statement);
        if (result != RESULT_OK)
            return result;
    }
    checkpoint_purge_wanted(sqlite_of(base));
    return RESULT_OK;
}

static enum result events(struct engine *base, int64_t room_id, uint64_t from, uint64_t to, bool is_falling,
                          engine_each_event *each, void *context)
{
    int code = sqlite_read_events(&sqlite_of(base)->writer, room_id, from, to, is_falling, each, context);
    return code == SQLITE_OK ? RESULT_OK : sqlite_fail(sqlite_of(base), code);
}

/* ---- users and read positions ---- */

static enum result user_get(struct engine *base, struct view id, struct store_user *out_user)
{
    int code = sqlite_read_user(&sqlite_of(base)->writer, id, out_user);
    if (code == SQLITE_ROW)
        return RESULT_OK;
    return code == SQLITE_DONE ? RESULT_NOT_FOUND : sqlite_fail(sqlite_of(base), code);
}

static enum result user_put(struct engine *base, const struct store_user *user)
{
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_USER_PUT, &result);
    if (statement == NULL)
        return result;
    sqlite_bind_view(statement, 1, view_of_string(user->id));
    sqlite_bind_view(statement, 2, view_of_string(user->name));
    (void)sqlite3_bind_int64(statement, 3, user->joined_ms);
    sqlite_bind_view(statement, 4, view_of_string(user->fold));
    return sqlite_run(sqlite_of(base), statement);
}

static enum result read_get(struct engine *base, int64_t room_id, struct view user_id, uint64_t *out_seq)
{
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_READ_GET, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, room_id);
    sqlite_bind_view(statement, 2, user_id);
    return sqlite_first_number(sqlite_of(base), statement, out_seq);
}

static enum result read_put(struct engine *base, int64_t room_id, struct view user_id, uint64_t seq)
{
    enum result result;
    sqlite3_stmt *statement = writing(base, STATEMENT_READ_PUT, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, room_id);
    sqlite_bind_view(statement, 2, user_id);
    sqlite_bind_u64(statement, 3, seq);
    return sqlite_run(sqlite_of(base), statement);
}

/* ---- life ---- */

static int note_wal(void *context, sqlite3 *database, const char *name, int frames)
{
    (void)database; /* there is one of each */
    (void)name;
    struct sqlite_engine *engine = context;
    engine->wal_frames = frames;
    counter_set(&engine->engine.counters->wal_bytes, (uint64_t)frames * ((uint64_t)engine->page_bytes + 24) + 32);
    return SQLITE_OK;
}

static int read_number(sqlite3 *database, const char *pragma, int *out_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, pragma, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *out_number = sqlite3_column_int(statement, 0);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code;
}

/* The settings that a connection has to be told each time. secure_delete: a removed text is overwritten, not only
 * unlinked. */
static int configure_writer(struct sqlite_engine *engine)
{
    sqlite3 *database = engine->writer.database;
    const char *level = engine->durability == STORE_DURABLE_POWER ? "PRAGMA synchronous = FULL"
                                                                  : "PRAGMA synchronous = NORMAL";
    char limit[64];
    (void)snprintf(limit, sizeof limit, "PRAGMA journal_size_limit = %llu",
                   (unsigned long long)engine->wal_bytes_max); /* fits */
    const char *const settings[] = {
        "PRAGMA foreign_keys = ON",
        "PRAGMA secure_delete = ON",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA wal_autocheckpoint = 0",
        limit,
        level,
    };
    int code = SQLITE_OK;
    for (size_t index = 0; index < sizeof settings / sizeof settings[0] && code == SQLITE_OK; index++)
        code = sqlite3_exec(database, settings[index], NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = read_number(database, "PRAGMA page_size", &engine->page_bytes);
    (void)sqlite3_wal_hook(database, note_wal, engine); /* answers with the previous hook's context: there was none */
    return code;
}

static enum result reopen(struct engine *base)
{
    struct sqlite_engine *engine = sqlite_of(base);
    sqlite_handle_close(&engine->writer);
    engine->is_in_transaction = false;
    (void)atomic_fetch_add(&engine->generation, 1);
    int code = SQLITE_OK;
    if (sqlite_handle_open(&engine->writer, engine->path, SQLITE_OPEN_READWRITE, SQLITE_WRITER_CACHE_KIB, &code)
        != RESULT_OK)
        goto out_failed;
    code = sqlite_wal_renew(engine->writer.database);
    if (code == SQLITE_OK)
        code = configure_writer(engine);
    /* Then nothing of the old log of changes is left to doubt. */
    if (code == SQLITE_OK)
        code = sqlite3_wal_checkpoint_v2(engine->writer.database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite_keys_load(engine);
    if (code != SQLITE_OK)
        goto out_handle;
    engine->wal_frames = 0;
    base->is_trusted = true;
    return RESULT_OK;

out_handle:
    sqlite_handle_close(&engine->writer);
out_failed:
    (void)sqlite_fail(engine, code); /* for its words; the result is always this */
    base->is_trusted = false;
    return RESULT_FAILED;
}

static enum result start(struct engine *engine)
{
    return checkpoint_start(sqlite_of(engine));
}

static void stop(struct engine *engine)
{
    checkpoint_stop(sqlite_of(engine));
}

static uint64_t maintain(struct engine *engine, uint64_t now_ms)
{
    return checkpoint_maintain(sqlite_of(engine), now_ms);
}

/* The last connection to close copies the whole log back and removes it, which leaves one plain file behind. */
static void engine_free(struct engine *base)
{
    struct sqlite_engine *engine = sqlite_of(base);
    sqlite_handle_close(&engine->writer);
    sqlite_keys_done(&engine->keys);
    builder_done(&engine->scratch);
    free(engine->path);
    free(engine);
}

static const struct engine_calls sqlite_calls = {
    .free = engine_free,
    .reopen = reopen,
    .start = start,
    .stop = stop,
    .maintain = maintain,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .probe = probe,
    .room_find = room_find,
    .room_make = room_make,
    .room_mark = room_mark,
    .rooms = rooms,
    .key_find = key_find,
    .event_put = event_put,
    .event_get = event_get,
    .text_remove = text_remove,
    .events = events,
    .user_get = user_get,
    .user_put = user_put,
    .read_get = read_get,
    .read_put = read_put,
    .joined_get = sqlite_joined_get,
    .joined_count = sqlite_joined_count,
    .joined_put = sqlite_joined_put,
    .joined_remove = sqlite_joined_remove,
    .mentions_count = sqlite_mentions_count,
    .user_named = sqlite_user_named,
    .kept_next = sqlite_kept_next,
    .kept_count = sqlite_kept_count,
    .kept_remove = sqlite_kept_remove,
    .reader_new = sqlite_reader_new,
    .reader_free = sqlite_reader_free,
    .reader_begin = sqlite_reader_begin,
    .reader_events = sqlite_reader_events,
    .reader_user = sqlite_reader_user,
    .reader_mine = sqlite_reader_mine,
    .reader_end = sqlite_reader_end,
};

/* SQLite would make the file with the process's mask; ours is the owner's alone from the start, and the files beside it
 * follow it. */
static enum result make_file(const char *path)
{
    if (os_file_exists(path)) {
        if (os_file_check_private(path) != RESULT_REFUSED)
            return RESULT_OK;
        diag(DIAG_ERROR, "store.refused", "file", path, "why", "others than its owner may read the database", "do",
             "run chmod 600 on it", NULL);
        return RESULT_REFUSED;
    }
    enum result result = os_file_write_new(path, (struct view){0});
    if (result == RESULT_OK)
        return RESULT_OK;
    diag(DIAG_ERROR, "store.refused", "file", path, "why", "the database file cannot be made", "do",
         "check the rights on its folder and the room on the disk", NULL);
    return result == RESULT_REFUSED ? RESULT_REFUSED : RESULT_FAILED;
}

enum { OPENING_STEPS = 100 * 1000 }; /* of SQLite's machine between two calls: a few milliseconds */

static int tell_opening(void *context)
{
    const struct sqlite_engine *engine = context;
    engine->opening(engine->opening_context);
    return 0; /* go on */
}

static enum result open_writer(struct sqlite_engine *engine)
{
    int code = SQLITE_OK;
    if (sqlite_handle_open(&engine->writer, engine->path, SQLITE_OPEN_READWRITE, SQLITE_WRITER_CACHE_KIB, &code)
        != RESULT_OK)
        return sqlite_report_unusable(engine->path, code);
    sqlite3 *database = engine->writer.database;
    if (sqlite3_db_readonly(database, "main") == 1)
        return sqlite_report_unusable(engine->path, SQLITE_READONLY);
    code = sqlite_wal_renew(database);
    if (code != SQLITE_OK)
        return sqlite_report_unusable(engine->path, code);
    uint8_t hash_key[SQLITE_HASH_KEY_BYTES];
    os_random_bytes(hash_key, sizeof hash_key);
    sqlite3_progress_handler(database, engine->opening != NULL ? OPENING_STEPS : 0, tell_opening, engine); /* 0: none */
    enum result result = sqlite_schema_ready(database, engine->path, hash_key);
    sqlite3_progress_handler(database, 0, NULL, NULL);
    if (result != RESULT_OK)
        return result;
    code = configure_writer(engine);
    if (code != SQLITE_OK)
        return sqlite_report_unusable(engine->path, code);
    /* A statement that cannot be prepared shows a file whose tables are not what its version says. */
    for (int which = 0; which < STATEMENT_COUNT; which++)
        if (sqlite_statement(&engine->writer, (enum sqlite_statement)which) == NULL)
            return sqlite_report_unusable(engine->path, SQLITE_CORRUPT);
    if (sqlite_hash_key_read(database, engine->hash_key) != RESULT_OK)
        return sqlite_report_unusable(engine->path, SQLITE_CORRUPT);
    code = sqlite_keys_load(engine);
    if (code != SQLITE_OK)
        return sqlite_report_unusable(engine->path, code);
    /* From a process that rests nothing is left to doubt, and the time it takes is time without service. */
    engine->engine.is_trusted = true;
    if (engine->is_taken)
        return RESULT_OK;
    /* What a killed process left in the log of changes goes into the file, removed texts with it. If a reader or a full
     * disk is in the way, it is done later: the log is synced by then. If the disk fails, what we read may be on no
     * disk, and a retried key must not be acknowledged for it: the store recovers first. */
    code = sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    engine->engine.is_trusted = (code & 0xff) != SQLITE_IOERR;
    return RESULT_OK;
}

enum result sqlite_engine_new(const struct store_options *options, struct store_counters *counters,
                              struct engine **out_engine)
{
    /* Counting every allocation takes a lock that all threads share. Refused once the library is in use; then it is
     * only slower. */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct sqlite_engine *engine = calloc(1, sizeof *engine);
    if (engine == NULL)
        return RESULT_FAILED;
    engine->engine.calls = &sqlite_calls;
    engine->engine.counters = counters;
    engine->durability = options->durability;
    engine->is_taken = options->taken != NULL;
    engine->wal_bytes_max = options->wal_bytes_max;
    engine->opening = options->opening;
    engine->opening_context = options->opening_context;
    builder_init(&engine->scratch, SIZE_MAX);
    sqlite_keys_init(&engine->keys, options->keys_recent_max);
    size_t path_size = strlen(options->folder) + sizeof "/" SQLITE_DATABASE_NAME;
    engine->path = malloc(path_size);
    enum result result = RESULT_FAILED;
    if (engine->path != NULL) {
        (void)snprintf(engine->path, path_size, "%s/%s", options->folder, SQLITE_DATABASE_NAME); /* measured above */
        result = make_file(engine->path);
    }
    if (result == RESULT_OK)
        result = open_writer(engine);
    if (result != RESULT_OK) {
        engine_free(&engine->engine);
        return result;
    }
    *out_engine = &engine->engine;
    return RESULT_OK;
}
