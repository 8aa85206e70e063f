/* SPDX-License-Identifier: Apache-2.0 */
/* The tables, how they came to be step by step, and what a file must be to be opened at all.
 *
 *     users ── id, name                      rooms ── name, fold, epoch, activity
 *     reads ── room, user → seq              events ── the log of all rooms, in order of arrival;
 *     keys, key_log ── hash → event                    found by (room, seq) and by (room, target)
 *
 *     joined ── user, room → seq, when       mentions ── user, room, seq of a message
 *
 * Events are appended in order of arrival, whatever their room: several times faster than a table in the order of
 * (room, seq). */
#include "store/sqlite.h"

#include <stdio.h>

#include "base/diag.h"

/* Step n brings user_version from n to n + 1. A step that was ever released is never changed. */
static const char *const steps[SQLITE_SCHEMA_VERSION] = {
    "CREATE TABLE settings (name TEXT PRIMARY KEY, value ANY NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE users (id TEXT PRIMARY KEY, name TEXT NOT NULL, joined_ms INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE rooms (id INTEGER PRIMARY KEY, name TEXT NOT NULL, fold TEXT NOT NULL UNIQUE, epoch TEXT NOT NULL,"
    " made_ms INTEGER NOT NULL, active_ms INTEGER NOT NULL) STRICT;"
    "CREATE INDEX rooms_by_activity ON rooms (active_ms);"
    "CREATE TABLE events (id INTEGER PRIMARY KEY, room INTEGER NOT NULL REFERENCES rooms (id),"
    " key_hash INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, is_deleted INTEGER NOT NULL,"
    " is_on INTEGER NOT NULL, at_ms INTEGER NOT NULL, user TEXT NOT NULL, user_name TEXT NOT NULL, key TEXT NOT NULL,"
    " target INTEGER NOT NULL, reply_to INTEGER NOT NULL, text TEXT NOT NULL) STRICT;"
    "CREATE UNIQUE INDEX events_by_seq ON events (room, seq);"
    "CREATE INDEX events_by_key ON events (key_hash);"
    "CREATE INDEX events_by_target ON events (room, target) WHERE target > 0;"
    "CREATE TABLE reads (room INTEGER NOT NULL REFERENCES rooms (id), user TEXT NOT NULL, seq INTEGER NOT NULL,"
    " PRIMARY KEY (room, user)) STRICT, WITHOUT ROWID;"
    "INSERT INTO settings (name, value) VALUES ('probe', 0);",
    /* Keys leave the commit's way; see sqlite_keys.h. The old index gives them in order. */
    "CREATE TABLE keys (hash INTEGER NOT NULL, event INTEGER NOT NULL, PRIMARY KEY (hash, event))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE key_log (first INTEGER PRIMARY KEY, hashes BLOB NOT NULL) STRICT;"
    "INSERT INTO keys (hash, event) SELECT key_hash, id FROM events INDEXED BY events_by_key ORDER BY key_hash, id;"
    "DROP INDEX events_by_key;"
    "INSERT INTO settings (name, value) SELECT 'keys_done', coalesce(max(id), 0) FROM events;",
    /* Whom a text names; nothing of what was written before. */
    "ALTER TABLE events ADD COLUMN mentions TEXT NOT NULL DEFAULT '';",
    /* What a user has not seen is a difference of two ordinals, and never counted. */
    "ALTER TABLE events ADD COLUMN ordinal INTEGER;"
    "CREATE TABLE joined (user TEXT NOT NULL, room INTEGER NOT NULL REFERENCES rooms (id),"
    " since INTEGER NOT NULL, PRIMARY KEY (user, room))"
    " STRICT, WITHOUT ROWID;"
    "CREATE TABLE mentions (user TEXT NOT NULL, room INTEGER NOT NULL REFERENCES rooms (id), seq INTEGER NOT NULL,"
    " PRIMARY KEY (user, room, seq)) STRICT, WITHOUT ROWID;"
    "ALTER TABLE users ADD COLUMN fold TEXT NOT NULL DEFAULT '';"
    "CREATE INDEX users_by_fold ON users (fold, joined_ms) WHERE fold <> '';",
    /* Who is in a direct room, for good; other rooms are listed without looking at these. */
    "ALTER TABLE rooms ADD COLUMN members TEXT NOT NULL DEFAULT '';"
    "DROP INDEX rooms_by_activity;"
    "CREATE INDEX rooms_by_activity ON rooms (active_ms) WHERE members = '';",
    /* Old events may go: where a room's log begins, how many messages were before that, what limits a room has of its
     * own, and how large its log is as far as it was counted. */
    "ALTER TABLE rooms ADD COLUMN first_seq INTEGER NOT NULL DEFAULT 1;"
    "ALTER TABLE rooms ADD COLUMN gone_messages INTEGER NOT NULL DEFAULT 0;"
    "CREATE TABLE retention (room INTEGER PRIMARY KEY REFERENCES rooms (id), age_ms INTEGER NOT NULL,"
    " events_max INTEGER NOT NULL, bytes_max INTEGER NOT NULL) STRICT;"
    "CREATE TABLE room_sizes (room INTEGER PRIMARY KEY REFERENCES rooms (id), counted INTEGER NOT NULL,"
    " bytes INTEGER NOT NULL) STRICT;"
    "INSERT INTO settings (name, value) VALUES ('keys_removed', 0);",
};

enum result sqlite_report_unusable(const char *path, int code)
{
    const char *why = "the database cannot be opened";
    const char *repair = "check the disk and the rights on the data folder";
    enum result result = RESULT_FAILED;
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        why = "the file is not a database";
        repair = "move it away, or choose another data folder with --data";
        result = RESULT_INVALID;
        break;
    case SQLITE_CORRUPT:
        why = "the database is damaged";
        repair = "restore a backup, or save what can be read with: sqlite3 natter.db .recover";
        result = RESULT_INVALID;
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN:
        why = "the database cannot be opened for writing: permission denied or read-only";
        repair = "give this user the right to write it and its folder";
        result = RESULT_REFUSED;
        break;
    case SQLITE_BUSY:
        why = "another program holds the database";
        repair = "end that program first";
        break;
    case SQLITE_FULL:
        why = "the disk is full";
        repair = "make room on it";
        break;
    default: break;
    }
    diag(DIAG_ERROR, "store.refused", "file", path, "why", why, "do", repair, "detail", sqlite3_errstr(code), NULL);
    return result;
}

static int read_number(sqlite3 *database, const char *sql, int *out_number)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, sql, -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *out_number = sqlite3_column_int(statement, 0);
        code = SQLITE_OK;
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code;
}

struct identity {
    int application;
    int version;
    int tables;
};

static int read_identity(sqlite3 *database, struct identity *out_identity)
{
    int code = read_number(database, "PRAGMA application_id", &out_identity->application);
    if (code == SQLITE_OK)
        code = read_number(database, "PRAGMA user_version", &out_identity->version);
    if (code == SQLITE_OK)
        code = read_number(database, "SELECT count(*) FROM sqlite_schema", &out_identity->tables);
    return code;
}

static enum result check_identity(const struct identity *identity, const char *path)
{
    if (identity->application != SQLITE_APPLICATION_ID) {
        diag(DIAG_ERROR, "store.refused", "file", path, "why", "the database belongs to another program", "do",
             "move it away, or choose another data folder with --data", NULL);
        return RESULT_INVALID;
    }
    if (identity->version > SQLITE_SCHEMA_VERSION) {
        diag(DIAG_ERROR, "store.refused", "file", path, "why",
             diag_format("the database is of a newer natter (schema %d; this one knows up to %d)", identity->version,
                         SQLITE_SCHEMA_VERSION),
             "do", "start the newer natter, or restore the backup made before the upgrade", NULL);
        return RESULT_INVALID;
    }
    return RESULT_OK;
}

enum result sqlite_schema_look(sqlite3 *database, const char *path, int *out_version)
{
    struct identity identity = {0};
    int code = read_identity(database, &identity);
    if (code != SQLITE_OK)
        return sqlite_report_unusable(path, code);
    *out_version = identity.version;
    return check_identity(&identity, path);
}

enum result sqlite_schema_check(sqlite3 *database, const char *path)
{
    int version = 0;
    enum result result = sqlite_schema_look(database, path, &version);
    if (result == RESULT_OK && version < SQLITE_SCHEMA_VERSION) {
        diag(DIAG_ERROR, "store.refused", "file", path, "why",
             diag_format("the database is of an older natter (schema %d; this one reads %d)", version,
                         SQLITE_SCHEMA_VERSION),
             "do", "run natter migrate, or start this natter once with it: both bring it up to date", NULL);
        return RESULT_INVALID;
    }
    return result;
}

/* WAL mode is kept in the file. It needs shared memory beside it, which network file systems lack. */
static enum result set_wal(sqlite3 *database, const char *path)
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "PRAGMA journal_mode = WAL", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    bool is_wal = code == SQLITE_ROW && view_equal(sqlite_column_view(statement, 0), VIEW("wal"));
    /* The row says what is meant to be; only the next step commits it. Where that fails the file would go on with a
     * rollback journal, whose last transaction a power cut may undo. */
    if (code == SQLITE_ROW)
        code = sqlite3_step(statement);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    if (code != SQLITE_DONE)
        return sqlite_report_unusable(path, code);
    if (is_wal)
        return RESULT_OK;
    diag(DIAG_ERROR, "store.refused", "file", path, "why",
         "the file system of the data folder cannot share memory between programs", "do",
         "choose a folder on a local disk with --data", NULL);
    return RESULT_FAILED;
}

static int store_hash_key(sqlite3 *database, const uint8_t hash_key[SQLITE_HASH_KEY_BYTES])
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "INSERT INTO settings (name, value) VALUES ('hash_key', ?1)", -1,
                                  &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_bind_blob(statement, 1, hash_key, SQLITE_HASH_KEY_BYTES, SQLITE_STATIC);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* All missing steps in one transaction: the file is of the old version or of the new one. */
static int migrate(sqlite3 *database, int version, const uint8_t hash_key_new[SQLITE_HASH_KEY_BYTES])
{
    char mark[96];
    (void)snprintf(mark, sizeof mark, "PRAGMA application_id = %d; PRAGMA user_version = %d;", SQLITE_APPLICATION_ID,
                   SQLITE_SCHEMA_VERSION); /* constants of ours; they fit */
    int code = sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    for (int step = version; step < SQLITE_SCHEMA_VERSION && code == SQLITE_OK; step++)
        code = sqlite3_exec(database, steps[step], NULL, NULL, NULL);
    if (code == SQLITE_OK && version == 0)
        code = store_hash_key(database, hash_key_new);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database, mark, NULL, NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database, "COMMIT", NULL, NULL, NULL);
    if (code != SQLITE_OK)
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL); /* the connection is closed next in any case */
    return code;
}

enum result sqlite_schema_ready(sqlite3 *database, const char *path, const uint8_t hash_key_new[SQLITE_HASH_KEY_BYTES])
{
    struct identity identity = {0};
    int code = read_identity(database, &identity);
    if (code != SQLITE_OK)
        return sqlite_report_unusable(path, code);
    bool is_empty = identity.application == 0 && identity.version == 0 && identity.tables == 0;
    enum result result = is_empty ? RESULT_OK : check_identity(&identity, path);
    if (result == RESULT_OK)
        result = set_wal(database, path);
    if (result != RESULT_OK || identity.version == SQLITE_SCHEMA_VERSION)
        return result;
    code = migrate(database, identity.version, hash_key_new);
    if (code != SQLITE_OK)
        return sqlite_report_unusable(path, code);
    if (!is_empty)
        diag(DIAG_INFO, "store.migrated", "file", path, "from", diag_number(identity.version), "to",
             diag_number(SQLITE_SCHEMA_VERSION), NULL);
    return RESULT_OK;
}

enum result sqlite_hash_key_read(sqlite3 *database, uint8_t out_hash_key[SQLITE_HASH_KEY_BYTES])
{
    sqlite3_stmt *statement = NULL;
    int code = sqlite3_prepare_v2(database, "SELECT value FROM settings WHERE name = 'hash_key'", -1, &statement, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_step(statement);
    bool is_there = code == SQLITE_ROW && sqlite3_column_bytes(statement, 0) == SQLITE_HASH_KEY_BYTES;
    if (is_there)
        memcpy(out_hash_key, sqlite3_column_blob(statement, 0), SQLITE_HASH_KEY_BYTES);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return is_there ? RESULT_OK : RESULT_INVALID;
}
