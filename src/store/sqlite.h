/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by the files of the SQLite engine (sqlite, sqlite_schema, sqlite_keys, sqlite_read, sqlite_wal, checkpoint)
 * and by inspect; by nobody else.
 *
 * The file is in WAL mode: one writer (the store's thread), readers beside it in this process and in others. SQL is
 * fixed text; data is only ever bound. */
#pragma once

#include <sqlite3.h>

#include "os/poller.h"
#include "os/thread.h"
#include "store/engine.h"
#include "store/sqlite_keys.h"

enum {
    SQLITE_APPLICATION_ID = 0x6e747472, /* "nttr": says whose file it is */
    SQLITE_SCHEMA_VERSION = 6,
    SQLITE_BUSY_MS = 2000,           /* another process holds the file: a backup, a curious shell */
    SQLITE_WRITER_CACHE_KIB = 32768, /* keeps the upper levels of the indexes of some 100 million events in memory */
    SQLITE_READER_CACHE_KIB = 4096,
};

#define SQLITE_DATABASE_NAME "natter.db"

/* Prepared on first use and kept. */
#define SQLITE_EVENT_COLUMNS \
    "seq, kind, is_deleted, is_on, at_ms, user, user_name, key, text, target, reply_to, mentions, ordinal"
#define SQLITE_STATEMENTS(X)                                                                                        \
    X(BEGIN, "BEGIN IMMEDIATE")                                                                                     \
    X(COMMIT, "COMMIT")                                                                                             \
    X(ROLLBACK, "ROLLBACK")                                                                                         \
    X(PROBE, "UPDATE settings SET value = value + 1 WHERE name = 'probe'")                                          \
    X(ROOM_FIND, "SELECT r.id, r.name, r.epoch, r.active_ms, coalesce(e.seq, r.first_seq - 1), "                    \
                 "coalesce(e.at_ms, max(r.made_ms, r.active_ms)), "                                                 \
                 "coalesce(e.ordinal, e.seq, r.gone_messages), r.members, r.first_seq, r.gone_messages "            \
                 "FROM rooms r "                                                                                    \
                 "LEFT JOIN events e ON e.room = r.id AND e.seq = (SELECT max(seq) FROM events WHERE room = r.id) " \
                 "WHERE r.fold = ?1")                                                                               \
    X(ROOM_MAKE, "INSERT INTO rooms (name, fold, epoch, made_ms, active_ms, members) "                              \
                 "VALUES (?1, ?2, ?3, ?4, ?4, ?5)")                                                                 \
    X(ROOM_MARK, "UPDATE rooms SET active_ms = ?2 WHERE id = ?1")                                                   \
    X(ROOMS, "SELECT r.name, r.fold, coalesce(e.seq, r.first_seq - 1), coalesce(e.at_ms, r.active_ms) "             \
             "FROM (SELECT * FROM rooms WHERE members = '' ORDER BY active_ms DESC LIMIT ?1) r "                    \
             "LEFT JOIN events e ON e.room = r.id AND e.seq = (SELECT max(seq) FROM events WHERE room = r.id)")     \
    X(KEY_FIND, "SELECT e.seq, e.at_ms FROM keys k CROSS JOIN events e ON e.id = k.event "                          \
                "WHERE k.hash = ?1 AND e.room = ?2 AND e.user = ?3 AND e.key = ?4")                                 \
    X(KEY_COMPARE, "SELECT seq, at_ms FROM events WHERE id = ?1 AND room = ?2 AND user = ?3 AND key = ?4")          \
    X(KEY_PUT, "INSERT OR IGNORE INTO keys (hash, event) VALUES (?1, ?2)")                                          \
    X(KEY_LOG_PUT, "INSERT OR REPLACE INTO key_log (first, hashes) VALUES (?1, ?2)")                                \
    X(KEY_LOG_READ, "SELECT first, hashes FROM key_log WHERE first > ?1 ORDER BY first")                            \
    X(KEY_LOG_CLEAN, "DELETE FROM key_log WHERE first <= (SELECT value FROM settings WHERE name = 'keys_done') "    \
                     "AND first < (SELECT min(first) FROM key_log) + ?1")                                           \
    X(KEYS_DONE_GET, "SELECT value FROM settings WHERE name = 'keys_done'")                                         \
    X(KEYS_DONE_PUT, "UPDATE settings SET value = ?1 WHERE name = 'keys_done'")                                     \
    X(EVENT_NEWEST, "SELECT coalesce(max(id), 0) FROM events")                                                      \
    X(EVENT_PUT, "INSERT INTO events (room, key_hash, " SQLITE_EVENT_COLUMNS ", id) "                               \
                 "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)")                  \
    X(EVENT_GET, "SELECT " SQLITE_EVENT_COLUMNS " FROM events WHERE room = ?1 AND seq = ?2")                        \
    X(EVENTS_RISING,                                                                                                \
      "SELECT " SQLITE_EVENT_COLUMNS " FROM events WHERE room = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq")         \
    X(EVENTS_FALLING,                                                                                               \
      "SELECT " SQLITE_EVENT_COLUMNS " FROM events WHERE room = ?1 AND seq BETWEEN ?2 AND ?3 ORDER BY seq DESC")    \
    X(TEXT_REMOVE, "UPDATE events SET text = '', mentions = '', is_deleted = 1 WHERE room = ?1 AND seq = ?2")       \
    X(EDITS_REMOVE, "UPDATE events SET text = '', mentions = '', is_deleted = 1 "                                   \
                    "WHERE room = ?1 AND target = ?2 AND target > 0 AND kind = 2")                                  \
    X(USER_GET, "SELECT id, name, joined_ms FROM users WHERE id = ?1")                                              \
    X(USER_PUT, "INSERT INTO users (id, name, joined_ms, fold) VALUES (?1, ?2, ?3, ?4) "                            \
                "ON CONFLICT (id) DO UPDATE SET name = excluded.name, joined_ms = excluded.joined_ms, "             \
                "fold = excluded.fold")                                                                             \
    X(READ_GET, "SELECT seq FROM reads WHERE room = ?1 AND user = ?2")                                              \
    X(READ_PUT, "INSERT INTO reads (room, user, seq) VALUES (?1, ?2, ?3) "                                          \
                "ON CONFLICT (room, user) DO UPDATE SET seq = excluded.seq WHERE excluded.seq > seq")               \
    X(JOINED_GET, "SELECT since FROM joined WHERE user = ?1 AND room = ?2")                                         \
    X(JOINED_COUNT, "SELECT count(*) FROM (SELECT 1 FROM joined WHERE user = ?1 LIMIT ?2)")                         \
    X(JOINED_PUT, "INSERT OR IGNORE INTO joined (user, room, since) VALUES (?1, ?2, ?3)")                           \
    X(JOINED_REMOVE, "DELETE FROM joined WHERE user = ?1 AND room = ?2")                                            \
    X(MENTION_PUT, "INSERT OR IGNORE INTO mentions (user, room, seq) VALUES (?1, ?2, ?3)")                          \
    X(MENTION_REMOVE, "DELETE FROM mentions WHERE user = ?1 AND room = ?2 AND seq = ?3")                            \
    X(MENTIONS_COUNT, "SELECT count(*) FROM (SELECT 1 FROM mentions WHERE user = ?1 AND room = ?2 AND seq > ?3 "    \
                      "AND seq <= ?4 LIMIT ?5)")                                                                    \
    X(USER_NAMED,                                                                                                   \
      "SELECT u.id FROM (SELECT id FROM users WHERE fold = ?1 AND fold <> '' ORDER BY joined_ms DESC LIMIT 16) u "  \
      "CROSS JOIN joined j ON j.user = u.id AND j.room = ?2 LIMIT 1")                                               \
    X(MINE, "SELECT r.name, coalesce(e.seq, r.first_seq - 1), max(j.since, coalesce(d.seq, 0)), "                   \
            "coalesce(e.ordinal, e.seq, r.gone_messages) - coalesce(f.ordinal, f.seq, r.gone_messages), "           \
            "(SELECT count(*) FROM (SELECT 1 FROM mentions m WHERE m.user = j.user AND m.room = j.room "            \
            "AND m.seq > max(j.since, coalesce(d.seq, 0)) LIMIT ?3)), r.members FROM joined j "                     \
            "CROSS JOIN rooms r ON r.id = j.room "                                                                  \
            "LEFT JOIN reads d ON d.room = j.room AND d.user = j.user "                                             \
            "LEFT JOIN events e ON e.room = j.room AND e.seq = (SELECT max(seq) FROM events WHERE room = j.room) "  \
            "LEFT JOIN events f ON f.room = j.room AND f.seq = max(j.since, coalesce(d.seq, 0)) "                   \
            "WHERE j.user = ?1 ORDER BY j.room LIMIT ?2")

/* What retention looks at, in the order of struct engine_kept. */
#define SQLITE_KEPT_COLUMNS                                                                                         \
    "r.id, r.fold, r.first_seq, coalesce((SELECT max(seq) FROM events WHERE room = r.id), r.first_seq - 1), "       \
    "coalesce((SELECT at_ms FROM events WHERE room = r.id AND seq = r.first_seq), 0), t.room IS NOT NULL, "         \
    "t.age_ms, t.events_max, t.bytes_max, coalesce(s.counted, r.first_seq - 1), coalesce(s.bytes, 0) FROM rooms r " \
    "LEFT JOIN retention t ON t.room = r.id LEFT JOIN room_sizes s ON s.room = r.id"
/* The bytes of an event's texts, and about what its rows take beside them. */
#define SQLITE_EVENT_SIZE \
    "length(CAST(text AS BLOB)) + length(CAST(key AS BLOB)) + length(CAST(user_name AS BLOB)) + 150"
#define SQLITE_KEPT_STATEMENTS(X)                                                                                   \
    X(KEYS_REMOVED_GET, "SELECT value FROM settings WHERE name = 'keys_removed'")                                   \
    X(KEYS_REMOVED_PUT, "UPDATE settings SET value = ?1 WHERE name = 'keys_removed' AND value < ?1")                \
    X(KEY_REMOVE, "DELETE FROM keys WHERE hash = ?1 AND event = ?2")                                                \
    X(EVENT_EXISTS, "SELECT 1 FROM events WHERE id = ?1")                                                           \
    X(EVENT_REMOVE, "DELETE FROM events WHERE id = ?1")                                                             \
    X(KEPT_ANY, "SELECT " SQLITE_KEPT_COLUMNS " WHERE r.id > ?1 ORDER BY r.id LIMIT 1")                             \
    X(KEPT_OWN, "SELECT " SQLITE_KEPT_COLUMNS " WHERE r.id > ?1 AND t.room IS NOT NULL ORDER BY r.id LIMIT 1")      \
    X(KEPT_OLDEST, "SELECT id, key_hash, seq, at_ms, coalesce(ordinal, seq), mentions <> '', " SQLITE_EVENT_SIZE    \
                   " FROM events WHERE room = ?1 AND seq >= ?2 ORDER BY seq LIMIT ?3")                              \
    X(KEPT_FIRST, "UPDATE rooms SET first_seq = ?2, gone_messages = ?3 WHERE id = ?1")                              \
    X(SIZE_COUNT, "SELECT count(*), coalesce(sum(size), 0) FROM (SELECT " SQLITE_EVENT_SIZE                         \
                  " AS size FROM events WHERE room = ?1 AND seq > ?2 ORDER BY seq LIMIT ?3)")                       \
    X(SIZE_PUT, "INSERT INTO room_sizes (room, counted, bytes) VALUES (?1, ?2, ?3) "                                \
                "ON CONFLICT (room) DO UPDATE SET counted = excluded.counted, bytes = excluded.bytes")              \
    X(SIZE_CUT, "UPDATE room_sizes SET counted = max(counted, ?2), bytes = bytes - ?3 WHERE room = ?1")             \
    X(SIZE_FORGET,                                                                                                  \
      "UPDATE room_sizes SET bytes = bytes - (SELECT coalesce(sum(length(CAST(text AS BLOB))), 0) FROM events "     \
      "WHERE room = ?1 AND seq <= room_sizes.counted AND (seq = ?2 OR (target = ?2 AND target > 0 AND kind = 2))) " \
      "WHERE room = ?1")

enum sqlite_statement {
#define X(symbol, sql) STATEMENT_##symbol,
    SQLITE_STATEMENTS(X) SQLITE_KEPT_STATEMENTS(X)
#undef X
        STATEMENT_COUNT,
};

/* One connection with its statements; owned by one thread. */
struct sqlite_handle {
    sqlite3 *database; /* NULL: closed */
    sqlite3_stmt *statements[STATEMENT_COUNT];
};

/* A log of changes that is never cut grows without bound, and a checkpoint takes milliseconds. So a thread of its own
 * copies pages back while commits go on; when only few are left the writer copies those itself between two batches,
 * after which the next commit begins the log anew.
 *
 *     IDLE ──(too large, or a text was removed)──▶ WANTED ──(thread)──▶ COPIED
 *      ▲                                             ▲                    │
 *      │                                             └────(many left)─────┤
 *      └───────────────(few left: the writer finishes)────────────────────┘
 */
enum checkpoint_state { CHECKPOINT_IDLE, CHECKPOINT_WANTED, CHECKPOINT_COPIED };

struct checkpoint {
    _Atomic int state;
    _Atomic int frames_copied; /* by the thread, when COPIED */
    _Atomic bool is_stopping;
    bool has_thread;
    bool is_purge_due; /* a text was removed: pages that held it must leave the log too */
    bool has_warned;
    int rounds;
    int frames_settled;    /* length of the log at the newest finish: nothing new is due before it has grown again */
    uint64_t purge_due_ms; /* monotonic */
    struct os_thread thread;
    struct os_wakeup wakeup;
};

struct sqlite_engine {
    struct engine engine; /* first */
    struct sqlite_handle writer;
    char *path;
    enum store_durability durability;
    uint64_t wal_bytes_max;
    bool is_taken;                  /* the folder, from a process that rests */
    void (*opening)(void *context); /* as store_options has them */
    void *opening_context;
    int page_bytes;
    int wal_frames; /* as of the newest commit */
    bool is_in_transaction;
    uint8_t hash_key[SQLITE_HASH_KEY_BYTES];
    struct sqlite_keys keys;
    struct builder scratch;
    _Atomic unsigned generation; /* rises with each reopening: readers then open anew as well */
    struct checkpoint checkpoint;
};

static inline struct sqlite_engine *sqlite_of(struct engine *engine)
{
    return (struct sqlite_engine *)(void *)engine;
}

/* sqlite.c: connections and statements. */
enum result sqlite_handle_open(struct sqlite_handle *handle, const char *path, int flags, int cache_kib,
                               int *out_code) MUST_USE;
void sqlite_handle_close(struct sqlite_handle *handle);
/* Appends a path as SQLite's URI names it (https://www.sqlite.org/uri.html), for parameters to follow. */
void sqlite_add_uri(struct builder *out, const char *path);
/* The statement, ready to bind; NULL: handle closed, or it cannot be prepared. */
sqlite3_stmt *sqlite_statement(struct sqlite_handle *handle, enum sqlite_statement which);
/* The writer's; NULL: `*out_result` says why. */
sqlite3_stmt *sqlite_writing(struct sqlite_engine *engine, enum sqlite_statement which, enum result *out_result);
void sqlite_bind_view(sqlite3_stmt *statement, int index, struct view view);
void sqlite_bind_u64(sqlite3_stmt *statement, int index, uint64_t number);
struct view sqlite_column_view(sqlite3_stmt *statement, int index);
/* Remembers what went wrong, and whether the connection can still be trusted. `code` is SQLite's. */
enum result sqlite_fail(struct sqlite_engine *engine, int code);
/* For statements that answer with no row. Resets it. */
enum result sqlite_run(struct sqlite_engine *engine, sqlite3_stmt *statement) MUST_USE;
/* For statements that answer with one row at most: the first column's number. RESULT_NOT_FOUND: no row. Resets it. */
enum result sqlite_first_number(struct sqlite_engine *engine, sqlite3_stmt *statement, uint64_t *out_number) MUST_USE;
void sqlite_copy_text(char *out, size_t capacity, struct view text);

/* sqlite_schema.c. Checks that the file is ours and of a version that we know; makes or migrates it. Prints the diag
 * line on failure: RESULT_INVALID, RESULT_REFUSED, RESULT_FAILED. */
enum result sqlite_schema_ready(sqlite3 *database, const char *path,
                                const uint8_t hash_key_new[SQLITE_HASH_KEY_BYTES]) MUST_USE;
/* The same without changing anything, for readers of a file at rest. */
enum result sqlite_schema_check(sqlite3 *database, const char *path) MUST_USE;
/* Only that the file is ours, and not of a newer natter than this. */
enum result sqlite_schema_look(sqlite3 *database, const char *path, int *out_version) MUST_USE;
enum result sqlite_hash_key_read(sqlite3 *database, uint8_t out_hash_key[SQLITE_HASH_KEY_BYTES]) MUST_USE;
/* The diag line for a file that cannot be opened or used, and its result. */
enum result sqlite_report_unusable(const char *path, int code);

/* sqlite_wal.c. To be called on a new connection before anything is written or checkpointed: what can be read in the
 * log of changes is written again, so that the checkpoint's fsync puts all of it on the disk, even where an earlier
 * fsync failed. SQLITE_OK, also without a log, or the code of the failure. May block. */
int sqlite_wal_renew(sqlite3 *database);

/* sqlite_read.c */
/* All parameters of EVENT_PUT; `id` is the row's. */
void sqlite_bind_event(sqlite3_stmt *statement, int64_t room_id, uint64_t hash, const struct event *event, int64_t id);
void sqlite_row_event(sqlite3_stmt *row, struct event *out_event);
/* SQLITE_OK, or the code of the failure. */
int sqlite_read_events(struct sqlite_handle *handle, int64_t room_id, uint64_t from, uint64_t to, bool is_falling,
                       engine_each_event *each, void *context);
struct engine_reader *sqlite_reader_new(struct engine *engine);
void sqlite_reader_free(struct engine_reader *reader);
enum result sqlite_reader_begin(struct engine_reader *reader) MUST_USE;
enum result sqlite_reader_events(struct engine_reader *reader, int64_t room_id, uint64_t from, uint64_t to,
                                 bool is_falling, engine_each_event *each, void *context) MUST_USE;
void sqlite_reader_end(struct engine_reader *reader);

/* sqlite_attention.c. The message's mentions are filed by user, but for its author. */
enum result sqlite_mentions_put(struct sqlite_engine *engine, int64_t room_id, const struct event *event) MUST_USE;
/* Those of a message whose text goes. */
enum result sqlite_mentions_remove(struct sqlite_engine *engine, int64_t room_id, uint64_t target) MUST_USE;
enum result sqlite_joined_get(struct engine *engine, int64_t room_id, struct view user_id,
                              uint64_t *out_since) MUST_USE;
enum result sqlite_joined_count(struct engine *engine, struct view user_id, size_t max, size_t *out_count) MUST_USE;
enum result sqlite_joined_put(struct engine *engine, int64_t room_id, struct view user_id, uint64_t since) MUST_USE;
enum result sqlite_joined_remove(struct engine *engine, int64_t room_id, struct view user_id) MUST_USE;
enum result sqlite_mentions_count(struct engine *engine, int64_t room_id, struct view user_id, uint64_t after,
                                  uint64_t to, uint64_t *out_count) MUST_USE;
enum result sqlite_user_named(struct engine *engine, int64_t room_id, struct view fold, char out_id[33]) MUST_USE;
/* SQLITE_OK, or the code of the failure. */
int sqlite_read_mine(struct sqlite_handle *handle, struct view user_id, size_t max, engine_each_mine *each,
                     void *context);
enum result sqlite_reader_user(struct engine_reader *reader, struct view id, struct store_user *out_user) MUST_USE;
/* SQLITE_ROW: there; SQLITE_DONE: not there; or the code of the failure. */
int sqlite_read_user(struct sqlite_handle *handle, struct view id, struct store_user *out_user);
enum result sqlite_reader_mine(struct engine_reader *reader, struct view user_id, size_t max, engine_each_mine *each,
                               void *context) MUST_USE;

/* sqlite_retain.c; see engine_calls. */
enum result sqlite_kept_next(struct engine *engine, int64_t after_id, bool is_own_only,
                             struct engine_kept *out_kept) MUST_USE;
enum result sqlite_kept_count(struct engine *engine, struct engine_kept *kept, size_t events_max) MUST_USE;
enum result sqlite_kept_remove(struct engine *engine, struct engine_kept *kept, const struct engine_cut *cut,
                               size_t events_max, size_t *out_removed) MUST_USE;

/* inspect.c: its connection, for whoever reads more of it than inspect.h offers. */
struct inspection;
struct sqlite_handle *inspect_handle(struct inspection *inspection);
/* As inspect_open, also where the tables are of an older natter. */
enum result inspect_open_any(const char *folder, int *out_version, struct inspection **out_inspection) MUST_USE;

/* checkpoint.c */
enum result checkpoint_start(struct sqlite_engine *engine) MUST_USE;
void checkpoint_stop(struct sqlite_engine *engine);
/* Store's thread, between batches; see engine_calls.maintain. */
uint64_t checkpoint_maintain(struct sqlite_engine *engine, uint64_t now_ms);
/* A removed text is in the transaction at work. */
void checkpoint_purge_wanted(struct sqlite_engine *engine);
