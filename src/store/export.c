/* SPDX-License-Identifier: Apache-2.0 */
#include "store/export.h"

#include "base/diag.h"
#include "store/inspect.h"
#include "store/sqlite.h"
#include "wire/export_line.h"

enum { PAGE_ROWS = 1000, FLUSH_BYTES = 64 * 1024 };

struct exporting {
    const struct export_options *options;
    struct inspection *inspection;
    sqlite3 *database;
    struct builder out, name, last; /* lines; the room at work; the user that was written last */
    int64_t room_id;                /* at work */
    uint64_t seq;                   /* of the room at work, written so far */
    uint64_t events_total;
    enum result result;
    struct export_counts counts;
};

static bool is_one_room(const struct exporting *exporting)
{
    return exporting->options->room.size > 0;
}

static sqlite3_stmt *prepare(struct exporting *exporting, const char *sql)
{
    sqlite3_stmt *statement = NULL;
    if (sqlite3_prepare_v2(exporting->database, sql, -1, &statement, NULL) == SQLITE_OK)
        return statement;
    diag(DIAG_ERROR, "store.unreadable", "why", sqlite3_errmsg(exporting->database), "do",
         "prove the data with: natter verify", NULL);
    exporting->result = RESULT_FAILED;
    return NULL;
}

static bool has_row(struct exporting *exporting, sqlite3_stmt *statement)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW || code == SQLITE_DONE)
        return code == SQLITE_ROW;
    diag(DIAG_ERROR, "store.unreadable", "why", sqlite3_errmsg(exporting->database), "do",
         "prove the data with: natter verify", NULL);
    exporting->result = RESULT_FAILED;
    return false;
}

static void add_line(struct exporting *exporting, const struct export_line *line)
{
    export_line_encode(&exporting->out, line);
    builder_add_byte(&exporting->out, '\n');
}

/* Not while a statement is open: its snapshot would last as long as the other side of a pipe takes. */
static void flush(struct exporting *exporting)
{
    if (exporting->result == RESULT_OK && !builder_ok(&exporting->out))
        exporting->result = RESULT_NO_MEMORY;
    if (exporting->result == RESULT_OK && exporting->out.size > 0
        && !exporting->options->write(exporting->options->write_context, builder_view(&exporting->out)))
        exporting->result = RESULT_FAILED;
    builder_clear(&exporting->out);
}

static void progress(const struct exporting *exporting)
{
    const struct verify_options *watch = &exporting->options->watch;
    uint64_t total = exporting->events_total > exporting->counts.events ? exporting->events_total
                                                                        : exporting->counts.events;
    if (watch->progress != NULL)
        watch->progress(watch->context, "exporting", exporting->counts.events, total);
}

/* ---- users ---- */

/* True: there was a page of them, and there may be more. */
static bool write_users_page(struct exporting *exporting, sqlite3_stmt *page)
{
    int count = 0;
    sqlite_bind_view(page, 1, builder_view(&exporting->last));
    (void)sqlite3_bind_int(page, 2, PAGE_ROWS); /* see sqlite_bind_view: cannot fail */
    (void)sqlite3_bind_int64(page, 3, exporting->room_id);
    for (; has_row(exporting, page); count++) {
        const struct export_line line = {
            .kind = EXPORT_USER,
            .user = {.id = sqlite_column_view(page, 0), .name = sqlite_column_view(page, 1)},
            .at_ms = sqlite3_column_int64(page, 2),
        };
        add_line(exporting, &line);
        if (count + 1 < PAGE_ROWS)
            continue;
        count++;
        break;
    }
    exporting->counts.users += (uint64_t)count;
    if (count == PAGE_ROWS) {
        struct view id = sqlite_column_view(page, 0);
        builder_clear(&exporting->last);
        builder_add_view(&exporting->last, id);
    }
    (void)sqlite3_reset(page); /* repeats the code of the step */
    flush(exporting);
    return count == PAGE_ROWS && exporting->result == RESULT_OK;
}

/* Of one room: those who wrote in it. */
static void write_users(struct exporting *exporting)
{
    sqlite3_stmt *page = prepare(
        exporting, is_one_room(exporting)
                       ? "SELECT id, name, joined_ms FROM users WHERE id > ?1 AND id IN (SELECT user FROM events WHERE "
                         "room = ?3) ORDER BY id LIMIT ?2"
                       : "SELECT id, name, joined_ms FROM users WHERE id > ?1 ORDER BY id LIMIT ?2");
    builder_clear(&exporting->last);
    while (page != NULL && write_users_page(exporting, page)) {
    }
    (void)sqlite3_finalize(page); /* repeats the code of the step */
}

/* ---- rooms ---- */

/* The next one by its number, and its line. */
static bool next_room(struct exporting *exporting, sqlite3_stmt *rooms)
{
    (void)sqlite3_bind_int64(rooms, 1, exporting->room_id);
    sqlite_bind_view(rooms, 2, exporting->options->room);
    (void)sqlite3_bind_int64(rooms, 3, exporting->options->since_ms);
    bool is_there = has_row(exporting, rooms);
    if (is_there) {
        builder_clear(&exporting->name);
        builder_add_view(&exporting->name, sqlite_column_view(rooms, 1));
        exporting->room_id = sqlite3_column_int64(rooms, 0);
        const struct export_line line = {
            .kind = EXPORT_ROOM,
            .room = builder_view(&exporting->name),
            .at_ms = sqlite3_column_int64(rooms, 2),
            .first = (uint64_t)sqlite3_column_int64(rooms, 3),
            .has_limits = sqlite3_column_type(rooms, 4) != SQLITE_NULL,
            .age_ms = (uint64_t)sqlite3_column_int64(rooms, 4),
            .events_max = (uint64_t)sqlite3_column_int64(rooms, 5),
            .bytes_max = (uint64_t)sqlite3_column_int64(rooms, 6),
            .members = sqlite_column_view(rooms, 7),
        };
        add_line(exporting, &line);
        exporting->seq = line.first - 1;
        exporting->counts.rooms++;
    }
    (void)sqlite3_reset(rooms); /* repeats the code of the step */
    return is_there;
}

struct page {
    struct exporting *exporting;
    size_t count;
};

static bool add_event(void *context, const struct event *event)
{
    struct page *page = context;
    struct exporting *exporting = page->exporting;
    check(page->count < PAGE_ROWS && event->seq > exporting->seq);
    const struct export_line line = {.kind = EXPORT_EVENT, .room = builder_view(&exporting->name), .event = *event};
    if (event->seq != exporting->seq + 1) {
        diag(DIAG_ERROR, "store.unreadable", "why", "old events of a room went while it was written out", "do",
             "try once more, or export from a backup", NULL);
        exporting->result = RESULT_FAILED;
        return false;
    }
    add_line(exporting, &line);
    exporting->seq = event->seq;
    page->count++;
    return page->count < PAGE_ROWS && exporting->out.size < FLUSH_BYTES;
}

/* Up to an empty page: a deletion whose message was already read without its text is among what is read at last. */
static void write_events(struct exporting *exporting)
{
    for (;;) {
        struct page page = {.exporting = exporting};
        enum result result =
            inspect_events(exporting->inspection, exporting->room_id, exporting->seq + 1, INT64_MAX, add_event, &page);
        if (exporting->result == RESULT_OK)
            exporting->result = result;
        exporting->counts.events += page.count;
        flush(exporting);
        progress(exporting);
        if (page.count == 0 || exporting->result != RESULT_OK)
            return;
    }
}

/* Of the room at work: how far who has read, or who belongs to it since when. */
static void write_positions(struct exporting *exporting, enum export_kind kind)
{
    uint64_t *count = kind == EXPORT_READ ? &exporting->counts.reads : &exporting->counts.joined;
    sqlite3_stmt *reads = prepare(exporting, kind == EXPORT_READ
                                                 ? "SELECT user, seq FROM reads WHERE room = ?1 ORDER BY user"
                                                 : "SELECT user, since FROM joined WHERE room = ?1 ORDER BY user");
    if (reads != NULL)
        (void)sqlite3_bind_int64(reads, 1, exporting->room_id);
    while (reads != NULL && has_row(exporting, reads)) {
        struct export_line line = {.kind = kind,
                                   .room = builder_view(&exporting->name),
                                   .user = {.id = sqlite_column_view(reads, 0)},
                                   .seq = (uint64_t)sqlite3_column_int64(reads, 1)};
        if (line.seq > exporting->seq)
            line.seq = exporting->seq; /* read further meanwhile */
        add_line(exporting, &line);
        ++*count;
    }
    (void)sqlite3_finalize(reads); /* repeats the code of the step */
    flush(exporting);
}

#define FIRST_SINCE                                                                                               \
    "coalesce((SELECT min(seq) FROM events WHERE room = r.id AND at_ms >= ?3), (SELECT max(seq) + 1 FROM events " \
    "WHERE room = r.id), r.first_seq)"

static void write_rooms(struct exporting *exporting)
{
    sqlite3_stmt *rooms = prepare(
        exporting, "SELECT r.id, r.name, r.made_ms, CASE WHEN ?3 > 0 THEN " FIRST_SINCE
                   " ELSE r.first_seq END, t.age_ms, t.events_max, t.bytes_max, r.members FROM rooms r LEFT JOIN "
                   "retention t ON t.room = r.id WHERE r.id > ?1 AND (?2 = '' OR r.fold = ?2) ORDER BY r.id "
                   "LIMIT 1");
    exporting->room_id = INT64_MIN;
    while (rooms != NULL && exporting->result == RESULT_OK && next_room(exporting, rooms)) {
        write_events(exporting);
        write_positions(exporting, EXPORT_READ);
        write_positions(exporting, EXPORT_JOINED);
    }
    (void)sqlite3_finalize(rooms); /* repeats the code of the step */
}

static void write_all(struct exporting *exporting)
{
    const struct export_line head = {.kind = EXPORT_HEAD};
    struct inspected_room room = {0};
    if (is_one_room(exporting)) {
        exporting->result = inspect_room(exporting->inspection, exporting->options->room, &room);
        exporting->room_id = room.id;
        if (exporting->result != RESULT_OK)
            return;
    }
    add_line(exporting, &head);
    write_users(exporting);
    write_rooms(exporting);
    const struct export_line end = {
        .kind = EXPORT_END,
        .users = exporting->counts.users,
        .rooms = exporting->counts.rooms,
        .events = exporting->counts.events,
        .reads = exporting->counts.reads,
        .joined = exporting->counts.joined,
    };
    add_line(exporting, &end);
    flush(exporting);
}

static void estimate(struct exporting *exporting)
{
    sqlite3_stmt *statement = prepare(exporting, "SELECT coalesce(max(id) - min(id) + 1, 0) FROM events");
    if (statement != NULL && has_row(exporting, statement))
        exporting->events_total = (uint64_t)sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

enum result export_run(const struct export_options *options, struct export_counts *out_counts)
{
    struct exporting exporting = {.options = options};
    enum result result = inspect_open(options->folder, &exporting.inspection);
    if (result != RESULT_OK)
        return result;
    exporting.database = inspect_handle(exporting.inspection)->database;
    builder_init(&exporting.out, SIZE_MAX);
    builder_init(&exporting.name, SIZE_MAX);
    builder_init(&exporting.last, SIZE_MAX);
    estimate(&exporting);
    write_all(&exporting);
    builder_done(&exporting.out);
    builder_done(&exporting.name);
    builder_done(&exporting.last);
    inspect_close(exporting.inspection);
    *out_counts = exporting.counts;
    return exporting.result;
}
