/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a retried key would find its first event: the index of keys and key_log (see sqlite_keys.h) against the
 * events, each in both directions. Work is proportional to the log, or to sorting it, whatever is wrong with it; all
 * but the newest events are read in pages, so that a live server's log of changes can begin anew in between. */
#include "store/verify_inside.h"

enum { KEY_FAULTS_MAX = 100, HASH_BYTES = 8 };

#define LOST "its key cannot be found: a retry would be taken twice"

/* Faults of one kind; a lost index would otherwise give one for each event. */
struct kind_of_fault {
    uint64_t count;
};

static bool is_told(struct kind_of_fault *kind)
{
    return ++kind->count <= KEY_FAULTS_MAX;
}

static void tell_rest(struct verify *verify, const struct kind_of_fault *kind, const char *what)
{
    if (kind->count > KEY_FAULTS_MAX)
        verify_fault(verify, (struct view){0}, 0, "%llu more %s", (unsigned long long)(kind->count - KEY_FAULTS_MAX),
                     what);
}

/* ---- no key twice ---- */

/* Events with the same key are filed under the same number, which verify_events() has proved. Numbers that are there
 * twice are nearly always two keys that share one: they are few, and one pass over the events meets them all. */
static void check_duplicates(struct verify *verify)
{
    sqlite3_stmt *events = verify_prepare(
        verify, "WITH twice (hash) AS MATERIALIZED "
                "(SELECT key_hash FROM events GROUP BY key_hash HAVING count(*) > 1) "
                "SELECT coalesce(r.name, ''), min(e.seq), max(e.seq) FROM events e CROSS JOIN twice ON twice.hash = "
                "e.key_hash LEFT JOIN rooms r ON r.id = e.room GROUP BY e.key_hash, e.room, e.user, e.key HAVING "
                "count(*) > 1");
    while (events != NULL && verify_row(verify, events))
        verify_fault(verify, sqlite_column_view(events, 0), (uint64_t)sqlite3_column_int64(events, 2),
                     "the same user has the key of event %lld once more here",
                     (long long)sqlite3_column_int64(events, 1));
    (void)sqlite3_finalize(events); /* repeats the code of the step */
}

/* ---- the index on disk ---- */

/* Of so many events as a page has: those that the index lacks. */
static void check_indexed_page(struct verify *verify, sqlite3_stmt *page, struct kind_of_fault *lost)
{
    while (verify_row(verify, page))
        if (is_told(lost))
            verify_fault(verify, sqlite_column_view(page, 0), (uint64_t)sqlite3_column_int64(page, 1), LOST);
    (void)sqlite3_reset(page); /* repeats the code of the step */
}

static void check_indexed(struct verify *verify, int64_t done)
{
    struct kind_of_fault lost = {0};
    sqlite3_stmt *page = verify_prepare(
        verify, "SELECT coalesce(r.name, ''), e.seq FROM events e LEFT JOIN rooms r ON r.id = e.room WHERE e.id > ?1 "
                "AND e.id <= ?2 AND NOT EXISTS (SELECT 1 FROM keys k WHERE k.hash = e.key_hash AND k.event = e.id)");
    for (int64_t from = 0; page != NULL && from < done; from += VERIFY_PAGE_EVENTS) {
        int64_t to = done - from < VERIFY_PAGE_EVENTS ? done : from + VERIFY_PAGE_EVENTS;
        (void)sqlite3_bind_int64(page, 1, from);
        (void)sqlite3_bind_int64(page, 2, to);
        check_indexed_page(verify, page, &lost);
        verify_progress(verify, (uint64_t)to);
    }
    (void)sqlite3_finalize(page); /* repeats the code of the step */
    tell_rest(verify, &lost, "events whose keys cannot be found");
}

/* The page of the index behind the entry (hash, event), which becomes that page's last; false: there was nothing
 * more. */
static bool check_entries_page(struct verify *verify, sqlite3_stmt *page, int64_t *at, struct kind_of_fault *wrong)
{
    int count = 0;
    (void)sqlite3_bind_int64(page, 1, at[0]);
    (void)sqlite3_bind_int64(page, 2, at[1]);
    (void)sqlite3_bind_int(page, 3, VERIFY_PAGE_EVENTS);
    for (; verify_row(verify, page); count++) {
        at[0] = sqlite3_column_int64(page, 0);
        at[1] = sqlite3_column_int64(page, 1);
        if (sqlite3_column_int(page, 2) == 0 && is_told(wrong))
            verify_fault(verify, (struct view){0}, 0,
                         "the index of keys leads to row %lld of events, which has another key or is not there",
                         (long long)at[1]);
    }
    (void)sqlite3_reset(page); /* repeats the code of the step */
    return count == VERIFY_PAGE_EVENTS;
}

/* The index has each entry once (its primary key, which the check of the file has proved), so with each leading to
 * the event that is filed under it, none is there twice. */
static void check_entries(struct verify *verify)
{
    struct kind_of_fault wrong = {0};
    int64_t at[2] = {INT64_MIN, INT64_MIN};
    sqlite3_stmt *page =
        verify_prepare(verify, "SELECT k.hash, k.event, EXISTS (SELECT 1 FROM events e WHERE e.id = k.event AND "
                               "e.key_hash = k.hash) FROM keys k WHERE (k.hash, k.event) > (?1, ?2) ORDER BY k.hash, "
                               "k.event LIMIT ?3");
    while (page != NULL && check_entries_page(verify, page, at, &wrong)) {
    }
    (void)sqlite3_finalize(page); /* repeats the code of the step */
    tell_rest(verify, &wrong, "entries of the index of keys that lead to no such event");
}

/* ---- key_log: the newest events ---- */

static bool read_mark(struct verify *verify, const char *name, int64_t *out_number)
{
    sqlite3_stmt *statement = verify_prepare(verify, "SELECT value FROM settings WHERE name = ?1");
    if (statement != NULL)
        sqlite_bind_view(statement, 1, view_of_string(name));
    bool is_there = statement != NULL && verify_row(verify, statement);
    if (is_there)
        *out_number = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
    if (!is_there)
        verify_fault(verify, (struct view){0}, 0, "the mark of how far the index of keys goes is not there: %s", name);
    return is_there;
}

/* The rows of key_log beside the events, both in the order of the events' numbers. */
struct log_walk {
    struct verify *verify;
    sqlite3_stmt *rows, *events;
    bool has_event;
    int64_t listed;  /* the number of the event that was listed last */
    int64_t removed; /* up to here events may be listed that are gone */
    struct kind_of_fault lost, wrong;
};

static void next_event(struct log_walk *walk)
{
    walk->has_event = verify_row(walk->verify, walk->events);
}

static void tell_lost(struct log_walk *walk)
{
    if (is_told(&walk->lost))
        verify_fault(walk->verify, sqlite_column_view(walk->events, 2), (uint64_t)sqlite3_column_int64(walk->events, 3),
                     LOST);
    next_event(walk);
}

static int64_t hash_at(const uint8_t *bytes)
{
    uint64_t hash = 0;
    for (size_t byte = 0; byte < HASH_BYTES; byte++)
        hash |= (uint64_t)bytes[byte] << (8 * byte);
    return (int64_t)hash;
}

static void check_listed(struct log_walk *walk, int64_t event, int64_t hash)
{
    while (walk->has_event && sqlite3_column_int64(walk->events, 0) < event)
        tell_lost(walk);
    bool is_there = walk->has_event && sqlite3_column_int64(walk->events, 0) == event;
    if (is_there && sqlite3_column_int64(walk->events, 1) != hash) {
        tell_lost(walk);
        return;
    }
    if (is_there)
        next_event(walk);
    else if (event > walk->removed && is_told(&walk->wrong))
        verify_fault(walk->verify, (struct view){0}, 0, "key_log lists row %lld of events, which is not there",
                     (long long)event);
}

static void check_log_row(struct log_walk *walk)
{
    int64_t first = sqlite3_column_int64(walk->rows, 0);
    struct view hashes = sqlite_column_view(walk->rows, 1);
    if (hashes.size % HASH_BYTES != 0)
        verify_fault(walk->verify, (struct view){0}, 0, "row %lld of key_log is cut", (long long)first);
    if (first <= walk->listed)
        verify_fault(walk->verify, (struct view){0}, 0, "row %lld of key_log lists what the row before it lists",
                     (long long)first);
    for (size_t index = 0; index < hashes.size / HASH_BYTES; index++) {
        int64_t event = first + (int64_t)index;
        if (event <= walk->listed)
            continue;
        check_listed(walk, event, hash_at(hashes.at + index * HASH_BYTES));
        walk->listed = event;
    }
}

static void check_log(struct verify *verify, int64_t done)
{
    struct log_walk walk = {.verify = verify, .listed = done};
    (void)read_mark(verify, "keys_removed", &walk.removed);
    walk.rows = verify_prepare(verify, "SELECT first, hashes FROM key_log WHERE first > ?1 ORDER BY first");
    walk.events = verify_prepare(verify, "SELECT e.id, e.key_hash, coalesce(r.name, ''), e.seq FROM events e LEFT JOIN "
                                         "rooms r ON r.id = e.room WHERE e.id > ?1 ORDER BY e.id");
    if (walk.rows != NULL && walk.events != NULL) {
        (void)sqlite3_bind_int64(walk.rows, 1, done);
        (void)sqlite3_bind_int64(walk.events, 1, done);
        next_event(&walk);
        while (verify_row(verify, walk.rows))
            check_log_row(&walk);
        while (walk.has_event)
            tell_lost(&walk);
    }
    (void)sqlite3_finalize(walk.rows); /* these repeat the code of the step */
    (void)sqlite3_finalize(walk.events);
    tell_rest(verify, &walk.lost, "of the newest events whose keys cannot be found");
    tell_rest(verify, &walk.wrong, "entries of key_log that lead to no event");
}

/* ---- both ---- */

/* The mark, key_log and the newest events in one snapshot: a commit moves all three. What is up to the mark stays in
 * the index whatever is committed afterwards. */
void verify_keys(struct verify *verify)
{
    int64_t done = 0;
    check_duplicates(verify);
    (void)sqlite3_exec(verify->database, "BEGIN", NULL, NULL, NULL); /* cannot fail; reading tells of a bad file */
    bool has_mark = read_mark(verify, "keys_done", &done);
    if (has_mark)
        check_log(verify, done);
    (void)sqlite3_exec(verify->database, "ROLLBACK", NULL, NULL, NULL); /* ends the snapshot */
    if (has_mark)
        check_indexed(verify, done);
    check_entries(verify);
}
