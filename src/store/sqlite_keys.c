/* SPDX-License-Identifier: Apache-2.0 */
#include "store/sqlite_keys.h"

#include <assert.h>
#include <sodium.h>

#include "store/sqlite.h"

enum {
    KEY_TIME_DIGITS = 12,
    KEY_TIME_DASH = 8,
    HASH_BYTES = 8,
    MERGE_STEP = 128,        /* neighbours that go into the index together: single messages pay now and then */
    CLEAN_EVENTS = 1024,     /* the rows of so many events leave key_log with one commit */
    ROW_BYTES_MAX = 1 << 24, /* two million hashes; a commit has thousands */
};

void sqlite_keys_init(struct sqlite_keys *keys, size_t young_max)
{
    *keys = (struct sqlite_keys){.young_max = young_max > 0 ? young_max : 1};
    builder_init(&keys->row, ROW_BYTES_MAX);
}

void sqlite_keys_done(struct sqlite_keys *keys)
{
    key_window_done(&keys->young);
    key_window_done(&keys->old);
    builder_done(&keys->row);
}

/* ---- hashes ---- */

/* The milliseconds that a key begins with, in 12 hexadecimal digits, as a UUID of version 7 does (RFC 9562 section
 * 5.7; it has a dash behind the eighth). False: it begins with something else. */
static bool key_time(struct view key, uint64_t *out_ms)
{
    uint64_t ms = 0;
    size_t digits = 0;

    for (size_t index = 0; index < key.size && digits < KEY_TIME_DIGITS; index++) {
        uint8_t byte = key.at[index];
        if (index == KEY_TIME_DASH && byte == '-')
            continue;
        uint8_t letter = byte | 0x20; /* lower case */
        if (byte >= '0' && byte <= '9')
            ms = ms << 4 | (uint64_t)(byte - '0');
        else if (letter >= 'a' && letter <= 'f')
            ms = ms << 4 | (uint64_t)(letter - 'a' + 10);
        else
            return false;
        digits++;
    }
    *out_ms = ms;
    return digits == KEY_TIME_DIGITS;
}

/* Keyed by a secret of the database, so that nobody can choose keys that collide; found rows are compared in full.
 * Where the key begins with a time, so does the hash, in steps of about a second: then the keys of one time lie
 * together in the index, at its end mostly, and neither a look-up nor a new entry goes to a page that nobody has used
 * for years. Other keys lie anywhere. */
uint64_t sqlite_keys_hash(const uint8_t hash_key[SQLITE_HASH_KEY_BYTES], int64_t room_id, struct view key,
                          struct view identity)
{
    static_assert(SQLITE_HASH_KEY_BYTES == crypto_shorthash_KEYBYTES && HASH_BYTES == crypto_shorthash_BYTES,
                  "SipHash");
    uint8_t secret[SQLITE_HASH_KEY_BYTES];
    memcpy(secret, hash_key, sizeof secret);
    for (int index = 0; index < 8; index++)
        secret[index] ^= (uint8_t)((uint64_t)room_id >> (8 * index));
    uint8_t bytes[crypto_shorthash_BYTES];
    (void)crypto_shorthash(bytes, identity.at, identity.size, secret); /* always 0 */
    uint64_t hash = 0;
    for (int index = 0; index < 8; index++)
        hash |= (uint64_t)bytes[index] << (8 * index); /* the same file on every machine */
    uint64_t ms;
    if (key_time(key, &ms))
        hash = (ms >> 10) << 32 | (hash & UINT32_MAX);
    return hash;
}

/* ---- from the file ---- */

static uint64_t hash_at(struct view row, size_t index)
{
    uint64_t hash = 0;
    for (size_t byte = 0; byte < HASH_BYTES; byte++)
        hash |= (uint64_t)row.at[index * HASH_BYTES + byte] << (8 * byte);
    return hash;
}

static int load_row(struct sqlite_keys *keys, sqlite3_stmt *row)
{
    int64_t first = sqlite3_column_int64(row, 0);
    const void *at = sqlite3_column_blob(row, 1);
    struct view hashes = view_of(at, (size_t)sqlite3_column_bytes(row, 1));

    for (size_t index = 0; index < hashes.size / HASH_BYTES; index++)
        if (key_window_add(&keys->young, hash_at(hashes, index), first + (int64_t)index) != RESULT_OK)
            return SQLITE_NOMEM;
    return SQLITE_OK;
}

static int read_number(struct sqlite_engine *engine, enum sqlite_statement which, int64_t *out_number)
{
    sqlite3_stmt *statement = sqlite_statement(&engine->writer, which);
    if (statement == NULL)
        return sqlite3_extended_errcode(engine->writer.database);
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW)
        *out_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    return code == SQLITE_ROW ? SQLITE_OK : code == SQLITE_DONE ? SQLITE_CORRUPT : code;
}

int sqlite_keys_load(struct sqlite_engine *engine)
{
    struct sqlite_keys *keys = &engine->keys;
    size_t young_max = keys->young_max;
    sqlite_keys_done(keys);
    sqlite_keys_init(keys, young_max);
    int code = read_number(engine, STATEMENT_KEYS_DONE_GET, &keys->done);
    int64_t newest = 0;
    if (code == SQLITE_OK)
        code = read_number(engine, STATEMENT_KEYS_REMOVED_GET, &keys->removed);
    if (code == SQLITE_OK)
        code = read_number(engine, STATEMENT_EVENT_NEWEST, &newest);
    sqlite3_stmt *statement = sqlite_statement(&engine->writer, STATEMENT_KEY_LOG_READ);
    if (code != SQLITE_OK || statement == NULL)
        return code != SQLITE_OK ? code : sqlite3_extended_errcode(engine->writer.database);
    (void)sqlite3_bind_int64(statement, 1, keys->done); /* see sqlite_bind_view: cannot fail */
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        code = load_row(keys, statement);
        if (code != SQLITE_OK)
            break;
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    keys->young_committed = keys->young.count;
    keys->has_leftovers = keys->done > 0;
    /* Numbers rise for ever, also where the newest events were removed: those up to `done` are never listed again. */
    int64_t listed = keys->young.count > 0 ? keys->young.entries[keys->young.count - 1].event : keys->done;
    keys->next = keys->next_committed = (newest > listed ? newest : listed) + 1;
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

/* ---- look-up ---- */

static enum result take_found(struct sqlite_engine *engine, sqlite3_stmt *statement, uint64_t *out_seq,
                              int64_t *out_at_ms)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        *out_seq = (uint64_t)sqlite3_column_int64(statement, 0);
        *out_at_ms = sqlite3_column_int64(statement, 1);
    }
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    if (code == SQLITE_ROW)
        return RESULT_OK;
    return code == SQLITE_DONE ? RESULT_NOT_FOUND : sqlite_fail(engine, code);
}

static enum result find_by(struct sqlite_engine *engine, enum sqlite_statement which, int64_t number, int64_t room_id,
                           const struct event *event, uint64_t *out_seq, int64_t *out_at_ms)
{
    enum result result;
    sqlite3_stmt *statement = sqlite_writing(engine, which, &result);
    if (statement == NULL)
        return result;
    engine_count(&engine->engine.counters->reads);
    (void)sqlite3_bind_int64(statement, 1, number);
    (void)sqlite3_bind_int64(statement, 2, room_id);
    sqlite_bind_view(statement, 3, event->user.id);
    sqlite_bind_view(statement, 4, event->key);
    return take_found(engine, statement, out_seq, out_at_ms);
}

static enum result find_in(struct sqlite_engine *engine, const struct key_window *window, uint64_t hash,
                           int64_t room_id, const struct event *event, uint64_t *out_seq, int64_t *out_at_ms)
{
    size_t position = 0;
    const struct key_entry *entry;

    while ((entry = key_window_next(window, hash, &position)) != NULL) {
        enum result result = find_by(engine, STATEMENT_KEY_COMPARE, entry->event, room_id, event, out_seq, out_at_ms);
        if (result != RESULT_NOT_FOUND)
            return result;
    }
    return RESULT_NOT_FOUND;
}

enum result sqlite_keys_find(struct sqlite_engine *engine, int64_t room_id, const struct event *event,
                             struct view identity, uint64_t *out_seq, int64_t *out_at_ms)
{
    const struct sqlite_keys *keys = &engine->keys;
    uint64_t hash = sqlite_keys_hash(engine->hash_key, room_id, event->key, identity);
    enum result result = find_in(engine, &keys->young, hash, room_id, event, out_seq, out_at_ms);
    if (result == RESULT_NOT_FOUND)
        result = find_in(engine, &keys->old, hash, room_id, event, out_seq, out_at_ms);
    if (result != RESULT_NOT_FOUND || keys->done == 0)
        return result; /* an index that has nothing alone need not be asked */
    return find_by(engine, STATEMENT_KEY_FIND, (int64_t)hash, room_id, event, out_seq, out_at_ms);
}

/* ---- with a commit ---- */

enum result sqlite_keys_add(struct sqlite_engine *engine, uint64_t hash)
{
    struct sqlite_keys *keys = &engine->keys;
    uint8_t bytes[HASH_BYTES];
    for (size_t byte = 0; byte < HASH_BYTES; byte++)
        bytes[byte] = (uint8_t)(hash >> (8 * byte));
    builder_add(&keys->row, bytes, sizeof bytes);
    if (!builder_ok(&keys->row))
        return RESULT_NO_MEMORY;
    return key_window_add(&keys->young, hash, keys->next++);
}

static enum result write_row(struct sqlite_engine *engine)
{
    struct sqlite_keys *keys = &engine->keys;
    enum result result;
    sqlite3_stmt *statement = sqlite_writing(engine, STATEMENT_KEY_LOG_PUT, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, keys->young.entries[keys->young_committed].event);
    (void)sqlite3_bind_blob64(statement, 2, keys->row.at, keys->row.size, SQLITE_STATIC);
    return sqlite_run(engine, statement);
}

/* Old events may be removed before their keys get into the index; then they must not get there any more. Asked only
 * where some were: up to `removed`. */
static enum result is_gone(struct sqlite_engine *engine, int64_t event, bool *out_is_gone)
{
    enum result result;
    *out_is_gone = false;
    if (event > engine->keys.removed)
        return RESULT_OK;
    sqlite3_stmt *statement = sqlite_writing(engine, STATEMENT_EVENT_EXISTS, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, event);
    int code = sqlite3_step(statement);
    (void)sqlite3_reset(statement); /* repeats the code of the step */
    *out_is_gone = code == SQLITE_DONE;
    return code == SQLITE_ROW || code == SQLITE_DONE ? RESULT_OK : sqlite_fail(engine, code);
}

/* In the order of hashes: those that go together lie on a few pages. */
static enum result merge(struct sqlite_engine *engine, size_t count)
{
    struct sqlite_keys *keys = &engine->keys;
    enum result result = RESULT_OK;
    sqlite3_stmt *statement = sqlite_writing(engine, STATEMENT_KEY_PUT, &result);
    if (statement == NULL)
        return result;
    for (; count > 0 && result == RESULT_OK; count--) {
        const struct key_entry *entry = &keys->old.entries[keys->merged];
        bool is_left_out = false;
        result = is_gone(engine, entry->event, &is_left_out);
        (void)sqlite3_bind_int64(statement, 1, (int64_t)entry->hash);
        (void)sqlite3_bind_int64(statement, 2, entry->event);
        if (result == RESULT_OK && !is_left_out)
            result = sqlite_run(engine, statement);
        keys->merged++;
    }
    return result;
}

static enum result run_with_number(struct sqlite_engine *engine, enum sqlite_statement which, int64_t number)
{
    enum result result;
    sqlite3_stmt *statement = sqlite_writing(engine, which, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, number);
    return sqlite_run(engine, statement);
}

/* Two old ones for each new one, or more if old is very large: so old is empty before young is full. */
static size_t merge_due(struct sqlite_keys *keys, size_t added)
{
    size_t left = keys->old.count - keys->merged;
    keys->credit += added * (2 + 2 * keys->old.count / keys->young_max);
    if (left == 0 || (keys->credit < MERGE_STEP && keys->credit < left))
        return 0;
    return keys->credit < left ? keys->credit : left;
}

enum result sqlite_keys_write(struct sqlite_engine *engine)
{
    struct sqlite_keys *keys = &engine->keys;
    size_t added = keys->young.count - keys->young_committed;
    if (added == 0)
        return RESULT_OK;
    enum result result = write_row(engine);
    size_t due = merge_due(keys, added);
    if (result == RESULT_OK && due > 0) {
        result = merge(engine, due);
        keys->credit = 0;
        keys->is_done_staged = result == RESULT_OK && keys->merged == keys->old.count;
        if (keys->is_done_staged)
            result = run_with_number(engine, STATEMENT_KEYS_DONE_PUT, keys->old_last);
    }
    if (result == RESULT_OK && keys->has_leftovers) {
        result = run_with_number(engine, STATEMENT_KEY_LOG_CLEAN, CLEAN_EVENTS);
        keys->has_leftovers = sqlite3_changes(engine->writer.database) > 0;
    }
    return result;
}

/* Those behind `done` may be in the index already, or not yet: then merge() is told to look. */
enum result sqlite_keys_remove(struct sqlite_engine *engine, uint64_t hash, int64_t event)
{
    enum result result;
    sqlite3_stmt *statement = sqlite_writing(engine, STATEMENT_KEY_REMOVE, &result);
    if (statement == NULL)
        return result;
    (void)sqlite3_bind_int64(statement, 1, (int64_t)hash);
    (void)sqlite3_bind_int64(statement, 2, event);
    result = sqlite_run(engine, statement);
    if (result != RESULT_OK || event <= engine->keys.done || event <= engine->keys.removed)
        return result;
    engine->keys.removed = event; /* too high after a rollback, which only costs a look */
    return run_with_number(engine, STATEMENT_KEYS_REMOVED_PUT, event);
}

void sqlite_keys_committed(struct sqlite_engine *engine)
{
    struct sqlite_keys *keys = &engine->keys;
    builder_clear(&keys->row);
    keys->young_committed = keys->young.count;
    keys->next_committed = keys->next;
    keys->merged_committed = keys->merged;
    if (keys->is_done_staged) {
        keys->is_done_staged = false;
        keys->has_leftovers = true;
        keys->done = keys->old_last;
        key_window_done(&keys->old);
        keys->merged = keys->merged_committed = 0;
    }
    if (keys->young.count < keys->young_max || keys->old.count > 0)
        return;
    int64_t last = keys->young.entries[keys->young.count - 1].event;
    if (key_window_sort(&keys->young) != RESULT_OK)
        return; /* tried again with the next commit */
    keys->old = keys->young;
    keys->old_last = last;
    keys->credit = 0;
    key_window_init(&keys->young);
    keys->young_committed = 0;
}

void sqlite_keys_rolled_back(struct sqlite_engine *engine)
{
    struct sqlite_keys *keys = &engine->keys;
    builder_clear(&keys->row);
    key_window_cut(&keys->young, keys->young_committed);
    keys->next = keys->next_committed;
    keys->merged = keys->merged_committed;
    keys->is_done_staged = false;
    keys->has_leftovers = keys->done > 0;
}
