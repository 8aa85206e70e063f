/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of JSON into a data folder, in one transaction: all of it or nothing. Keys are filed at the end, all together,
 * as the index on disk wants them (see sqlite_keys.h). Memory does not grow with the number of lines. */
#include <stdarg.h>
#include <stdio.h>

#include "base/diag.h"
#include "store/export.h"
#include "store/record.h"
#include "store/sqlite.h"
#include "wire/export_line.h"

enum {
    LINE_BYTES_MAX = 16 << 20, /* a text of 1 MiB, each byte of it escaped */
    CHUNK_BYTES_MAX = 32 << 20,
    FAULTS_MAX = 20,
    FAULT_BYTES = 256,
    PROGRESS_LINES = 4096,
    QUEUE_LETTERS = 64,
};

struct importing {
    const struct import_options *options;
    struct store *store; /* open, for its lock and its tables; nothing goes through it */
    struct sqlite_handle handle;
    sqlite3_stmt *user, *room, *limits, *target, *read, *joined;
    sqlite3_stmt *event, *text, *edits; /* the handle's */
    uint8_t hash_key[SQLITE_HASH_KEY_BYTES];
    struct builder fold, name, identity;
    uint64_t line, faults;
    int64_t event_first, event_next; /* numbers of the rows */
    int64_t room_id;                 /* at work; 0: none */
    uint64_t first, seq, messages;
    int64_t at_ms;
    bool has_head, has_end;
    enum result result; /* of the database or the disk */
    struct export_counts counts;
};

/* ---- what is wrong ---- */

static void fault(struct importing *importing, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void fault(struct importing *importing, const char *format, ...)
{
    char words[FAULT_BYTES];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(words, sizeof words, format, arguments); /* cut where it is long */
    va_end(arguments);
    if (importing->faults++ < FAULTS_MAX)
        importing->options->fault(importing->options->context, importing->line, words);
}

static void fail(struct importing *importing, int code)
{
    if (importing->result != RESULT_OK)
        return;
    importing->result = (code & 0xff) == SQLITE_FULL ? RESULT_FULL : RESULT_FAILED;
    diag(DIAG_ERROR, "store.refused", "folder", importing->options->folder, "why",
         sqlite3_errmsg(importing->handle.database), "do", "check the disk and the room on it; nothing was imported",
         NULL);
}

static bool goes_on(const struct importing *importing)
{
    return importing->result == RESULT_OK && importing->faults == 0;
}

/* ---- statements ---- */

static sqlite3_stmt *prepare(struct importing *importing, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(importing->handle.database, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        fail(importing, code);
    return statement;
}

/* What the engine has a statement for. */
static sqlite3_stmt *kept(struct importing *importing, enum sqlite_statement which)
{
    sqlite3_stmt *statement = sqlite_statement(&importing->handle, which);
    if (statement == NULL)
        fail(importing, sqlite3_extended_errcode(importing->handle.database));
    return statement;
}

static void prepare_all(struct importing *importing)
{
    importing->user =
        prepare(importing, "INSERT OR IGNORE INTO users (id, name, joined_ms, fold) VALUES (?1, ?2, ?3, ?4)");
    importing->room = prepare(importing,
                              "INSERT OR IGNORE INTO rooms (name, fold, epoch, made_ms, active_ms, "
                              "first_seq, gone_messages, members) VALUES (?1, ?2, lower(hex(randomblob(8))), ?3, "
                              "?3, ?4, ?4 - 1, ?5)");
    importing->limits = prepare(importing, "INSERT INTO retention (room, age_ms, events_max, bytes_max) VALUES "
                                           "(?1, ?2, ?3, ?4)");
    importing->target = prepare(importing, "SELECT kind FROM events WHERE room = ?1 AND seq = ?2");
    importing->read = prepare(importing, "INSERT OR REPLACE INTO reads (room, user, seq) VALUES (?1, ?2, ?3)");
    importing->joined = prepare(importing, "INSERT OR REPLACE INTO joined (room, user, since) VALUES (?1, ?2, ?3)");
    importing->event = kept(importing, STATEMENT_EVENT_PUT);
    importing->text = kept(importing, STATEMENT_TEXT_REMOVE);
    importing->edits = kept(importing, STATEMENT_EDITS_REMOVE);
}

static void finalize_all(struct importing *importing)
{
    sqlite3_stmt *const all[] = {importing->user,   importing->room, importing->limits,
                                 importing->target, importing->read, importing->joined};
    for (size_t index = 0; index < sizeof all / sizeof *all; index++)
        (void)sqlite3_finalize(all[index]); /* repeats the code of its last step */
}

static void run(struct importing *importing, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    if (code != SQLITE_DONE)
        fail(importing, code);
}

static void run_sql(struct importing *importing, const char *sql)
{
    int code = importing->result == RESULT_OK ? sqlite3_exec(importing->handle.database, sql, NULL, NULL, NULL)
                                              : SQLITE_OK;
    if (code != SQLITE_OK)
        fail(importing, code);
}

static int64_t number_of(struct importing *importing, const char *sql)
{
    int64_t number = 0;
    sqlite3_stmt *statement = prepare(importing, sql);
    int code = statement != NULL ? sqlite3_step(statement) : SQLITE_ERROR;
    if (code == SQLITE_ROW)
        number = sqlite3_column_int64(statement, 0);
    else if (statement != NULL)
        fail(importing, code);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return number;
}

/* ---- lines ---- */

static void put_user(struct importing *importing, const struct export_line *line)
{
    sqlite_bind_view(importing->user, 1, line->user.id);
    sqlite_bind_view(importing->user, 2, line->user.name);
    (void)sqlite3_bind_int64(importing->user, 3, line->at_ms); /* see sqlite_bind_view: cannot fail */
    builder_clear(&importing->fold);
    bool has_fold = importing->options->fold_user(line->user.name, &importing->fold)
                    && importing->fold.size < sizeof((struct store_user *)NULL)->fold;
    sqlite_bind_view(importing->user, 4, has_fold ? builder_view(&importing->fold) : (struct view){0});
    run(importing, importing->user);
    importing->counts.users++;
}

static void put_limits(struct importing *importing, const struct export_line *line)
{
    (void)sqlite3_bind_int64(importing->limits, 1, importing->room_id);
    sqlite_bind_u64(importing->limits, 2, line->age_ms);
    sqlite_bind_u64(importing->limits, 3, line->events_max);
    sqlite_bind_u64(importing->limits, 4, line->bytes_max);
    run(importing, importing->limits);
}

/* The room's mark of activity is its newest event's time; see verify.c. */
static void end_room(struct importing *importing)
{
    char sql[256];
    if (importing->room_id == 0 || !goes_on(importing))
        return;
    (void)snprintf(sql, sizeof sql, "UPDATE rooms SET active_ms = max(active_ms, %lld) WHERE id = %lld",
                   (long long)importing->at_ms, (long long)importing->room_id); /* fits */
    run_sql(importing, sql);
}

static void put_room(struct importing *importing, const struct export_line *line)
{
    end_room(importing);
    builder_clear(&importing->fold);
    builder_clear(&importing->name);
    builder_add_view(&importing->name, line->room);
    if (!importing->options->fold(line->room, &importing->fold)) {
        fault(importing, "this is no name for a room that is kept");
        return;
    }
    sqlite_bind_view(importing->room, 1, line->room);
    sqlite_bind_view(importing->room, 2, builder_view(&importing->fold));
    (void)sqlite3_bind_int64(importing->room, 3, line->at_ms);
    sqlite_bind_u64(importing->room, 4, line->first);
    sqlite_bind_view(importing->room, 5, line->members);
    run(importing, importing->room);
    if (sqlite3_changes(importing->handle.database) == 0) {
        fault(importing, "there is a room of that name already");
        return;
    }
    importing->room_id = sqlite3_last_insert_rowid(importing->handle.database);
    importing->first = line->first;
    importing->seq = importing->messages = line->first - 1;
    importing->at_ms = line->at_ms;
    importing->counts.rooms++;
    if (line->has_limits)
        put_limits(importing, line);
}

static bool is_this_room(struct importing *importing, const struct export_line *line)
{
    if (importing->room_id != 0 && view_equal(builder_view(&importing->name), line->room))
        return true;
    fault(importing, "its room is not that of the line of type \"room\" before it");
    return false;
}

/* What it is about must be there, unless it is older than what is there. */
static bool has_target(struct importing *importing, uint64_t seq, bool is_message_only)
{
    if (seq < importing->first)
        return true;
    (void)sqlite3_bind_int64(importing->target, 1, importing->room_id);
    sqlite_bind_u64(importing->target, 2, seq);
    bool is_there = sqlite3_step(importing->target) == SQLITE_ROW;
    bool is_message = is_there && sqlite3_column_int(importing->target, 0) == EVENT_MESSAGE;
    (void)sqlite3_reset(importing->target); /* repeats the code of the step */
    return is_message_only ? is_message : is_there;
}

static bool fits(struct importing *importing, const struct export_line *line)
{
    const struct event *event = &line->event;
    if (!is_this_room(importing, line))
        return false;
    if (event->seq != importing->seq + 1)
        fault(importing, "seq is %llu and should be %llu", (unsigned long long)event->seq,
              (unsigned long long)importing->seq + 1);
    else if (importing->seq >= importing->first && event->at_ms < importing->at_ms)
        fault(importing, "its time is before that of the event before it");
    else if (event->target > 0 && !has_target(importing, event->target, true))
        fault(importing, "it is about event %llu, which is no message", (unsigned long long)event->target);
    return importing->faults == 0;
}

static void put_event(struct importing *importing, const struct export_line *line)
{
    const struct event *event = &line->event;
    sqlite3_stmt *put = importing->event;
    if (!fits(importing, line))
        return;
    check(importing->room_id != 0 && event->seq >= importing->first);
    record_identity(&importing->identity, event);
    uint64_t hash =
        sqlite_keys_hash(importing->hash_key, importing->room_id, event->key, builder_view(&importing->identity));
    struct event row = *event;
    importing->messages += event->kind == EVENT_MESSAGE;
    row.ordinal = importing->messages;
    sqlite_bind_event(put, importing->room_id, hash, &row, importing->event_next++);
    run(importing, put);
    importing->seq = event->seq;
    importing->at_ms = event->at_ms;
    importing->counts.events++;
    sqlite3_stmt *const removals[] = {importing->text, importing->edits};
    for (size_t index = 0; event->kind == EVENT_DELETED && index < 2; index++) {
        (void)sqlite3_bind_int64(removals[index], 1, importing->room_id);
        sqlite_bind_u64(removals[index], 2, event->target);
        run(importing, removals[index]);
    }
}

static void put_position(struct importing *importing, const struct export_line *line)
{
    if (!is_this_room(importing, line))
        return;
    if (line->seq > importing->seq) {
        fault(importing, "it is further than the room's newest event");
        return;
    }
    bool is_read = line->kind == EXPORT_READ;
    sqlite3_stmt *put = is_read ? importing->read : importing->joined;
    (void)sqlite3_bind_int64(put, 1, importing->room_id);
    sqlite_bind_view(put, 2, line->user.id);
    sqlite_bind_u64(put, 3, line->seq);
    run(importing, put);
    *(is_read ? &importing->counts.reads : &importing->counts.joined) += 1;
}

static void check_end(struct importing *importing, const struct export_line *line)
{
    const struct export_counts *counts = &importing->counts;
    end_room(importing);
    importing->has_end = true;
    if (line->users != counts->users || line->rooms != counts->rooms || line->events != counts->events
        || line->reads != counts->reads || line->joined != counts->joined)
        fault(importing,
              "lines are missing: there should be %llu users, %llu rooms, %llu events, %llu reads and %llu joined",
              (unsigned long long)line->users, (unsigned long long)line->rooms, (unsigned long long)line->events,
              (unsigned long long)line->reads, (unsigned long long)line->joined);
}

static void put_line(struct importing *importing, const struct export_line *line)
{
    if (!importing->has_head && line->kind != EXPORT_HEAD)
        fault(importing, "the first line must be {\"type\":\"export\",\"format\":%d}", EXPORT_FORMAT);
    else if (importing->has_end)
        fault(importing, "there is something behind the line of type \"end\"");
    importing->has_head = true;
    if (!goes_on(importing))
        return;
    switch (line->kind) {
    case EXPORT_HEAD:
        if (line->format != EXPORT_FORMAT || importing->line != 1)
            fault(importing, "this natter reads format %d, in the first line", EXPORT_FORMAT);
        break;
    case EXPORT_USER: put_user(importing, line); break;
    case EXPORT_ROOM: put_room(importing, line); break;
    case EXPORT_EVENT: put_event(importing, line); break;
    case EXPORT_READ:
    case EXPORT_JOINED: put_position(importing, line); break;
    case EXPORT_END: check_end(importing, line); break;
    }
}

/* After a fault the rest is only read, so that all lines that are no lines are named at once. */
static void take_line(struct importing *importing, struct view text)
{
    struct export_line line;
    char words[EXPORT_FAULT_BYTES];
    importing->line++;
    if (importing->line % PROGRESS_LINES == 0 && importing->options->progress != NULL)
        importing->options->progress(importing->options->context, "importing", importing->line, importing->line);
    if (!export_line_decode(text, &line, words)) {
        fault(importing, "%s", words[0] != '\0' ? words : "there is not enough memory for it");
        return;
    }
    if (goes_on(importing))
        put_line(importing, &line);
    export_line_done(&line);
}

/* Takes whole lines out of what was read; what is left of the last one stays. */
static struct view take_lines(struct importing *importing, struct view bytes)
{
    const uint8_t *end;
    while (importing->result == RESULT_OK && bytes.size > 0 && (end = memchr(bytes.at, '\n', bytes.size)) != NULL) {
        size_t size = (size_t)(end - bytes.at);
        take_line(importing, view_first(bytes, size));
        bytes = view_skip(bytes, size + 1);
    }
    return bytes;
}

static void read_all(struct importing *importing)
{
    struct builder chunk, rest;
    builder_init(&chunk, CHUNK_BYTES_MAX);
    builder_init(&rest, CHUNK_BYTES_MAX);
    for (bool is_over = false; !is_over && importing->result == RESULT_OK;) {
        size_t before = chunk.size;
        enum result result = importing->options->read(importing->options->read_context, &chunk);
        is_over = result != RESULT_OK || chunk.size == before;
        importing->result = result;
        if (is_over)
            break;
        struct view left = take_lines(importing, builder_view(&chunk));
        if (left.size > LINE_BYTES_MAX) {
            importing->line++;
            fault(importing, "the line is longer than %d bytes", LINE_BYTES_MAX);
            break;
        }
        builder_clear(&rest);
        builder_add_view(&rest, left);
        builder_clear(&chunk);
        builder_add_view(&chunk, builder_view(&rest));
    }
    if (importing->result == RESULT_OK && chunk.size > 0 && importing->faults == 0) {
        importing->line++;
        fault(importing, "the last line has no end: the file was cut off");
    } else if (importing->result == RESULT_OK && !importing->has_end && importing->faults == 0) {
        importing->line++;
        fault(importing, "the line of type \"end\" is missing: the file was cut off");
    }
    builder_done(&chunk);
    builder_done(&rest);
}

/* ---- the whole ---- */

/* Names what single lines cannot show. */
static void check_whole(struct importing *importing, const char *sql, const char *what)
{
    char text[640];
    (void)snprintf(text, sizeof text, sql, (long long)importing->event_first); /* the longest of ours fits */
    sqlite3_stmt *rows = prepare(importing, text);
    while (rows != NULL && sqlite3_step(rows) == SQLITE_ROW) {
        struct view room = sqlite_column_view(rows, 0);
        fault(importing, "room %.*s, seq %lld: %s", (int)room.size, (const char *)room.at,
              (long long)sqlite3_column_int64(rows, 1), what);
    }
    (void)sqlite3_finalize(rows); /* repeats the code of the step */
}

static void check_all(struct importing *importing)
{
    check(importing->has_head && importing->has_end);
    check_whole(importing,
                "SELECT r.name, max(e.seq) FROM events e JOIN rooms r ON r.id = e.room WHERE e.id >= %lld GROUP BY "
                "e.key_hash, e.room, e.user, e.key HAVING count(*) > 1",
                "its author has this key twice in the room");
    check_whole(importing,
                "SELECT r.name, e.seq FROM events e JOIN rooms r ON r.id = e.room WHERE e.id >= %lld AND e.kind = 1 "
                "AND e.is_deleted = 1 AND NOT EXISTS (SELECT 1 FROM events d WHERE d.room = e.room AND d.target = "
                "e.seq AND d.target > 0 AND d.kind = 3)",
                "it is marked as deleted, and nothing deletes it");
    check_whole(importing,
                "SELECT r.name, e.seq FROM events e JOIN rooms r ON r.id = e.room JOIN events m ON m.room = e.room "
                "AND m.seq = e.target WHERE e.id >= %lld AND e.kind = 2 AND e.is_deleted <> m.is_deleted",
                "it or the message that it edits is marked as deleted, and the other is not");
    check_whole(importing,
                "SELECT r.name, e.seq FROM events e JOIN rooms r ON r.id = e.room WHERE e.id >= %lld AND e.reply_to "
                ">= r.first_seq AND NOT EXISTS (SELECT 1 FROM events m WHERE m.room = e.room AND m.seq = e.reply_to)",
                "what it replies to is not there");
}

static void file_keys(struct importing *importing)
{
    check(importing->event_next - importing->event_first == (int64_t)importing->counts.events);
    run_sql(importing, "INSERT OR IGNORE INTO keys (hash, event) SELECT key_hash, id FROM events WHERE id > (SELECT "
                       "value FROM settings WHERE name = 'keys_done') ORDER BY key_hash, id;"
                       "DELETE FROM key_log;");
    char sql[128];
    (void)snprintf(sql, sizeof sql, "UPDATE settings SET value = max(value, %lld) WHERE name = 'keys_done'",
                   (long long)importing->event_next - 1); /* fits */
    run_sql(importing, sql);
}

/* Messages that still have their text wait for those whom they name, but for their authors; see sqlite_attention.c. */
static void file_mentions(struct importing *importing)
{
    char sql[640];
    (void)snprintf(
        sql, sizeof sql,
        "WITH RECURSIVE named (room, seq, user, ids, at) AS (SELECT room, seq, user, mentions, 1 FROM events "
        "WHERE id >= %lld AND kind = 1 AND mentions <> '' UNION ALL SELECT room, seq, user, ids, at + %d FROM "
        "named WHERE at + %d <= length(ids)) INSERT OR IGNORE INTO mentions (user, room, seq) SELECT "
        "substr(ids, at, %d), room, seq FROM named WHERE substr(ids, at, %d) <> user",
        (long long)importing->event_first, EVENT_MENTION_BYTES, EVENT_MENTION_BYTES, EVENT_MENTION_BYTES,
        EVENT_MENTION_BYTES); /* fits */
    run_sql(importing, sql);
}

static void begin(struct importing *importing)
{
    run_sql(importing,
            "PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON; PRAGMA synchronous = FULL; BEGIN IMMEDIATE");
    if (sqlite_hash_key_read(importing->handle.database, importing->hash_key) != RESULT_OK)
        fail(importing, SQLITE_CORRUPT);
    /* Behind every number that was ever given: key_log may list events that are gone. */
    importing->event_first = 1
                             + number_of(importing, "SELECT max((SELECT coalesce(max(id), 0) FROM events), (SELECT "
                                                    "coalesce(max(first + length(hashes) / 8 - 1), 0) FROM key_log), "
                                                    "(SELECT value FROM settings WHERE name = 'keys_done'))");
    importing->event_next = importing->event_first;
    prepare_all(importing);
}

static enum result import_into(struct importing *importing)
{
    begin(importing);
    if (importing->result == RESULT_OK)
        read_all(importing);
    if (goes_on(importing))
        check_all(importing);
    if (goes_on(importing))
        file_keys(importing);
    if (goes_on(importing))
        file_mentions(importing);
    finalize_all(importing);
    if (goes_on(importing))
        run_sql(importing, "COMMIT");
    if (!goes_on(importing))
        (void)sqlite3_exec(importing->handle.database, "ROLLBACK", NULL, NULL,
                           NULL); /* the connection ends next anyway */
    return importing->result != RESULT_OK ? importing->result : importing->faults > 0 ? RESULT_INVALID : RESULT_OK;
}

enum result import_run(const struct import_options *options, struct export_counts *out_counts)
{
    struct importing importing = {.options = options};
    const struct store_options store_options = {.folder = options->folder,
                                                .queue_letters = QUEUE_LETTERS,
                                                .batch_letters_max = 1,
                                                .wal_bytes_max = CHUNK_BYTES_MAX,
                                                .keys_recent_max = QUEUE_LETTERS};
    const struct store_events nothing = {0};
    char path[4096];
    int code = SQLITE_OK;
    int size = snprintf(path, sizeof path, "%s/" SQLITE_DATABASE_NAME, options->folder);
    if (size < 0 || (size_t)size >= sizeof path)
        return RESULT_FAILED;
    enum result result = store_open(&store_options, &nothing, &importing.store);
    if (result != RESULT_OK)
        return result;
    if (sqlite_handle_open(&importing.handle, path, SQLITE_OPEN_READWRITE, SQLITE_WRITER_CACHE_KIB, &code)
        != RESULT_OK) {
        result = sqlite_report_unusable(path, code);
        goto out_store;
    }
    builder_init(&importing.fold, SIZE_MAX);
    builder_init(&importing.name, SIZE_MAX);
    builder_init(&importing.identity, SIZE_MAX);
    result = import_into(&importing);
    builder_done(&importing.fold);
    builder_done(&importing.name);
    builder_done(&importing.identity);
    sqlite_handle_close(&importing.handle);
    *out_counts = importing.counts;

out_store:
    store_free(importing.store);
    return result;
}
