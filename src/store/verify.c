/* SPDX-License-Identifier: Apache-2.0 */
#include "store/verify_inside.h"

#include <stdarg.h>
#include <stdio.h>

enum { INTEGRITY_FAULTS_MAX = 100, EPOCH_DIGITS = 16 };

void verify_fault(struct verify *verify, struct view room, uint64_t seq, const char *format, ...)
{
    char words[VERIFY_TEXT_BYTES_MAX];
    va_list arguments;

    va_start(arguments, format);
    int size = vsnprintf(words, sizeof words, format, arguments); /* cut where it is long */
    va_end(arguments);
    verify->summary.faults++;
    builder_clear(&verify->text);
    builder_add_string(&verify->text, size < 0 ? "a fault that cannot be put into words" : words);
    const struct verify_fault fault = {
        .check = verify->check, .room = room, .seq = seq, .text = builder_view(&verify->text)};
    verify->options->fault(verify->options->context, &fault);
}

void verify_progress(struct verify *verify, uint64_t done)
{
    if (verify->options->progress != NULL)
        verify->options->progress(verify->options->context, verify->check, done, verify->events_total);
}

static void report_unreadable(struct verify *verify)
{
    verify_fault(verify, (struct view){0}, 0, "the file cannot be read here: %s", sqlite3_errmsg(verify->database));
}

sqlite3_stmt *verify_prepare(struct verify *verify, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(verify->database, sql, -1, &statement, NULL) != SQLITE_OK)
        report_unreadable(verify);
    return statement;
}

bool verify_row(struct verify *verify, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code != SQLITE_ROW && code != SQLITE_DONE)
        report_unreadable(verify);
    return code == SQLITE_ROW;
}

/* ---- checks of the whole file ---- */

static void verify_file(struct verify *verify)
{
    char pragma[64];
    (void)snprintf(pragma, sizeof pragma, "PRAGMA integrity_check(%d)", INTEGRITY_FAULTS_MAX); /* a constant; it fits */
    sqlite3_stmt *statement = verify_prepare(verify, pragma);
    while (statement != NULL && verify_row(verify, statement)) {
        struct view row = sqlite_column_view(statement, 0);
        if (!view_equal(row, VIEW("ok")))
            verify_fault(verify, (struct view){0}, 0, "the file is damaged: %.*s", (int)row.size, (const char *)row.at);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

static void verify_references(struct verify *verify)
{
    sqlite3_stmt *statement = verify_prepare(verify, "PRAGMA foreign_key_check");
    while (statement != NULL && verify_row(verify, statement)) {
        struct view table = sqlite_column_view(statement, 0);
        struct view parent = sqlite_column_view(statement, 2);
        verify_fault(verify, (struct view){0}, 0, "row %lld of %.*s names a row of %.*s that is not there",
                     (long long)sqlite3_column_int64(statement, 1), (int)table.size, (const char *)table.at,
                     (int)parent.size, (const char *)parent.at);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

/* ---- tables beside the log ---- */

static bool is_epoch(struct view epoch)
{
    bool is_hex = epoch.size == EPOCH_DIGITS;
    for (size_t index = 0; index < epoch.size && is_hex; index++) {
        uint8_t byte = epoch.at[index];
        is_hex = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'f');
    }
    return is_hex;
}

static void check_fold(struct verify *verify, struct view name, struct view fold)
{
    if (verify->options->fold == NULL)
        return;
    builder_clear(&verify->identity);
    if (!verify->options->fold(name, &verify->identity))
        verify_fault(verify, name, 0, "this is no name that a room can have");
    else if (!view_equal(builder_view(&verify->identity), fold))
        verify_fault(verify, name, 0, "the name is filed under \"%.*s\" and should be under \"%.*s\"", (int)fold.size,
                     (const char *)fold.at, (int)verify->identity.size, (const char *)verify->identity.at);
}

/* The mark of activity is written with an event, at most once in STORE_ACTIVITY_STEP_MS of the room's time. */
static void check_activity(struct verify *verify, struct view name, int64_t active_ms, int64_t newest_ms)
{
    if (newest_ms - active_ms >= STORE_ACTIVITY_STEP_MS)
        verify_fault(verify, name, 0, "the mark of its activity is %lld ms older than its newest event",
                     (long long)(newest_ms - active_ms));
}

static void verify_rooms(struct verify *verify)
{
    sqlite3_stmt *statement =
        verify_prepare(verify, "SELECT r.name, r.fold, r.epoch, r.active_ms, coalesce(e.at_ms, 0) FROM rooms r LEFT "
                               "JOIN events e ON e.room = r.id AND e.seq = (SELECT max(seq) FROM events WHERE room = "
                               "r.id) ORDER BY r.id");
    while (statement != NULL && verify_row(verify, statement)) {
        struct view name = sqlite_column_view(statement, 0);
        verify->summary.rooms++;
        check_fold(verify, name, sqlite_column_view(statement, 1));
        if (!is_epoch(sqlite_column_view(statement, 2)))
            verify_fault(verify, name, 0, "its epoch is not 16 hexadecimal digits");
        check_activity(verify, name, sqlite3_column_int64(statement, 3), sqlite3_column_int64(statement, 4));
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

static void verify_reads(struct verify *verify)
{
    sqlite3_stmt *statement = verify_prepare(
        verify, "SELECT coalesce(r.name, ''), reads.user, reads.seq, coalesce((SELECT max(seq) FROM "
                "events WHERE events.room = reads.room), r.first_seq - 1, 0) FROM reads LEFT JOIN rooms r ON r.id = "
                "reads.room");
    while (statement != NULL && verify_row(verify, statement)) {
        struct view user = sqlite_column_view(statement, 1);
        int64_t seq = sqlite3_column_int64(statement, 2);
        int64_t newest = sqlite3_column_int64(statement, 3);
        if (seq < 0 || seq > newest)
            verify_fault(verify, sqlite_column_view(statement, 0), 0,
                         "user %.*s has read up to %lld, and the room's newest event is %lld", (int)user.size,
                         (const char *)user.at, (long long)seq, (long long)newest);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

/* What is before a room's first event must be gone, and a size must be that of the events it was counted from. */
static void verify_retention(struct verify *verify)
{
    sqlite3_stmt *old = verify_prepare(verify,
                                       "SELECT r.name, min(e.seq), r.first_seq FROM rooms r CROSS JOIN events e "
                                       "ON e.room = r.id AND e.seq < r.first_seq GROUP BY r.id");
    while (old != NULL && verify_row(verify, old))
        verify_fault(verify, sqlite_column_view(old, 0), (uint64_t)sqlite3_column_int64(old, 1),
                     "it is still there, and the room begins at %lld", (long long)sqlite3_column_int64(old, 2));
    (void)sqlite3_finalize(old); /* repeats the code of the step */
    sqlite3_stmt *sizes = verify_prepare(
        verify, "SELECT coalesce(r.name, ''), s.bytes, (SELECT coalesce(sum(" SQLITE_EVENT_SIZE "), 0) FROM events e "
                "WHERE e.room = s.room AND e.seq <= s.counted) AS bytes_now FROM room_sizes s LEFT JOIN rooms r ON "
                "r.id = s.room WHERE s.bytes <> bytes_now");
    while (sizes != NULL && verify_row(verify, sizes))
        verify_fault(verify, sqlite_column_view(sizes, 0), 0, "its size is written down as %lld bytes and is %lld",
                     (long long)sqlite3_column_int64(sizes, 1), (long long)sqlite3_column_int64(sizes, 2));
    (void)sqlite3_finalize(sizes); /* repeats the code of the step */
}

static void verify_users(struct verify *verify)
{
    sqlite3_stmt *statement = verify_prepare(verify, "SELECT id FROM users WHERE name = '' OR id = ''");
    while (statement != NULL && verify_row(verify, statement)) {
        struct view id = sqlite_column_view(statement, 0);
        verify_fault(verify, (struct view){0}, 0, "user \"%.*s\" has no name or no id", (int)id.size,
                     (const char *)id.at);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

/* ---- the table ---- */

static const struct {
    const char *name, *text;
    void (*run)(struct verify *verify);
} verify_checks[] = {
    {"file", "the file is whole, and its indexes have what the tables have", verify_file},
    {"references", "every event and read position belongs to a room that is there", verify_references},
    {"rooms", "names are filed by their compared form, epochs are epochs, marks of activity are up to date",
     verify_rooms},
    {"events",
     "each room's seq is 1, 2, 3 … without a hole (from its first event on, where old ones went)"
     ", times never go back, what an event is about exists and comes before "
     "it, deleted texts are gone, and each event is filed under its key",
     verify_events},
    {"keys", "no user has a key twice in a room, and a retry finds each event by its key, in the index or beside it",
     verify_keys},
    {"retention", "what is before a room's first event is gone, and sizes of rooms are those of their events",
     verify_retention},
    {"reads", "nobody has read what is not there", verify_reads},
    {"directs", "a direct room has its members, and nobody else belongs to it", verify_directs},
    {"mentions", "what waits for somebody is a message that names them and is still there", verify_mentions},
    {"users", "every user has an id and a name", verify_users},
};

bool verify_check_at(size_t index, const char **out_name, const char **out_text)
{
    if (index >= sizeof verify_checks / sizeof *verify_checks)
        return false;
    *out_name = verify_checks[index].name;
    *out_text = verify_checks[index].text;
    return true;
}

static uint64_t estimate_events(struct verify *verify)
{
    uint64_t total = 0;
    sqlite3_stmt *statement = verify_prepare(verify, "SELECT coalesce(max(id), 0) FROM events");
    if (statement != NULL && verify_row(verify, statement))
        total = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    return total;
}

static void begin(struct verify *verify)
{
    verify->check = verify_checks[0].name;
    verify->database = inspect_handle(verify->inspection)->database;
    builder_init(&verify->text, VERIFY_TEXT_BYTES_MAX);
    builder_init(&verify->identity, SIZE_MAX);
    builder_init(&verify->name, SIZE_MAX);
}

static void end(struct verify *verify, struct verify_summary *out_summary)
{
    builder_done(&verify->text);
    builder_done(&verify->identity);
    builder_done(&verify->name);
    inspect_close(verify->inspection);
    *out_summary = verify->summary;
}

enum result verify_run(const char *folder, const struct verify_options *options, struct verify_summary *out_summary)
{
    struct verify verify = {.options = options};
    enum result result = inspect_open(folder, &verify.inspection);
    if (result != RESULT_OK)
        return result;
    begin(&verify);
    if (sqlite_hash_key_read(verify.database, verify.hash_key) != RESULT_OK)
        verify_fault(&verify, (struct view){0}, 0, "the secret by which keys are filed is not there");
    verify.events_total = estimate_events(&verify);
    for (size_t index = 0; index < sizeof verify_checks / sizeof *verify_checks; index++) {
        verify.check = verify_checks[index].name;
        verify_progress(&verify, 0);
        verify_checks[index].run(&verify);
    }
    end(&verify, out_summary);
    return RESULT_OK;
}

enum result verify_file_run(const char *folder, const struct verify_options *options,
                            struct verify_summary *out_summary)
{
    struct verify verify = {.options = options};
    int version;
    enum result result = inspect_open_any(folder, &version, &verify.inspection);
    if (result != RESULT_OK)
        return result;
    begin(&verify);
    verify_progress(&verify, 0);
    verify_checks[0].run(&verify);
    end(&verify, out_summary);
    return RESULT_OK;
}
