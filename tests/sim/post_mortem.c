/* SPDX-License-Identifier: Apache-2.0 */
#include "post_mortem.h"

#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "disk.h"
#include "ledger.h"
#include "world.h"

enum { ROWS_MAX = 100000 };

static sqlite3_stmt *prepare(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement = NULL;

    if (sqlite3_prepare_v2(database, sql, -1, &statement, NULL) != SQLITE_OK)
        broken("P1: the database cannot be read: %s", sqlite3_errmsg(database));
    return statement;
}

static const char *text_at(sqlite3_stmt *row, int column)
{
    const char *text = (const char *)sqlite3_column_text(row, column);

    return text ? text : "";
}

static void check_integrity(sqlite3 *database)
{
    sqlite3_stmt *statement = prepare(database, "PRAGMA integrity_check");

    if (sqlite3_step(statement) != SQLITE_ROW || strcmp(text_at(statement, 0), "ok") != 0)
        broken("P1: the database is damaged: %s", text_at(statement, 0));
    (void)sqlite3_finalize(statement);
}

static void check_event(struct book *book, uint64_t expected, const struct told *told)
{
    if (told->seq != expected)
        broken("P2: on the disk, after event %llu of %s comes %llu", (unsigned long long)expected - 1,
               room_name(book->room), (unsigned long long)told->seq);
    if (told->seq <= book->newest && book->facts[told->seq - 1].is_known)
        ledger_event(book, told);
}

/* A text is gone exactly where its deletion is in the log. */
static void check_deletions(sqlite3 *database)
{
    sqlite3_stmt *statement = prepare(
        database, "SELECT e.room, e.seq, e.is_deleted FROM events e WHERE e.is_deleted <> (e.kind IN (1, 2) AND EXISTS "
                  "(SELECT 1 FROM events d WHERE d.room = e.room AND d.kind = 3 "
                  "AND d.target = CASE e.kind WHEN 1 THEN e.seq ELSE e.target END AND d.seq > e.seq))");

    if (sqlite3_step(statement) == SQLITE_ROW)
        broken("event %lld of room %lld %s deleted, and should be the opposite", sqlite3_column_int64(statement, 1),
               sqlite3_column_int64(statement, 0), sqlite3_column_int(statement, 2) ? "is" : "is not");
    (void)sqlite3_finalize(statement);
}

static void check_keys(sqlite3 *database)
{
    sqlite3_stmt *statement =
        prepare(database, "SELECT key, room FROM events GROUP BY room, user, key HAVING count(*) > 1");

    if (sqlite3_step(statement) == SQLITE_ROW)
        broken("P2: key %s is on the disk more than once in room %lld", text_at(statement, 0),
               sqlite3_column_int64(statement, 1));
    (void)sqlite3_finalize(statement);
}

static void check_room(sqlite3 *database, int64_t id, struct book *book)
{
    sqlite3_stmt *statement =
        prepare(database, "SELECT seq, kind, is_deleted, is_on, at_ms, user, key, text, target, reply_to FROM events "
                          "WHERE room = ?1 ORDER BY seq");
    uint64_t newest = 0;

    (void)sqlite3_bind_int64(statement, 1, id);
    while (sqlite3_step(statement) == SQLITE_ROW) {
        check(newest < ROWS_MAX);
        struct told told = {
            .seq = (uint64_t)sqlite3_column_int64(statement, 0),
            .kind = (enum kind)sqlite3_column_int(statement, 1),
            .is_deleted = sqlite3_column_int(statement, 2) != 0,
            .is_on = sqlite3_column_int(statement, 3) != 0,
            .at_ms = sqlite3_column_int64(statement, 4),
            .user = text_at(statement, 5),
            .key = text_at(statement, 6),
            .text = text_at(statement, 7),
            .target = (uint64_t)sqlite3_column_int64(statement, 8),
            .reply_to = (uint64_t)sqlite3_column_int64(statement, 9),
        };
        check_event(book, ++newest, &told);
    }
    (void)sqlite3_finalize(statement);
    if (newest < book->newest)
        broken("P1: the disk has %llu events of %s, and event %llu was shown or acknowledged",
               (unsigned long long)newest, room_name(book->room), (unsigned long long)book->newest);
}

static void check_rooms(sqlite3 *database)
{
    bool is_there[ROOM_COUNT] = {false};
    sqlite3_stmt *statement = prepare(database, "SELECT id, name, epoch FROM rooms");

    while (sqlite3_step(statement) == SQLITE_ROW) {
        int room = room_of_name(text_at(statement, 1));
        if (room < 0 || is_there[room])
            broken("the disk has a room %s, which is none of ours or there twice", text_at(statement, 1));
        is_there[room] = true;
        struct book *book = ledger_newest(room);
        if (!book || book->newest == 0)
            continue;
        if (strcmp(book->epoch, text_at(statement, 2)) != 0)
            broken("P1: room %s had events in epoch %s, and the disk says epoch %s", room_name(room), book->epoch,
                   text_at(statement, 2));
        check_room(database, sqlite3_column_int64(statement, 0), book);
    }
    (void)sqlite3_finalize(statement);
    for (int room = 0; room < ROOM_COUNT; room++) {
        const struct book *book = ledger_newest(room);
        if (book && book->newest > 0 && !room_is_ephemeral(room) && !is_there[room])
            broken("P1: room %s had %llu events, and is not on the disk", room_name(room),
                   (unsigned long long)book->newest);
    }
}

static void examine(sqlite3 *database)
{
    sqlite3_stmt *statement = prepare(database, "SELECT count(*) FROM sqlite_schema WHERE name = 'events'");
    bool is_made = sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_int(statement, 0) > 0;

    (void)sqlite3_finalize(statement);
    if (is_made) {
        check_integrity(database);
        check_rooms(database);
        check_deletions(database);
        check_keys(database);
        return;
    }
    for (int room = 0; room < ROOM_COUNT; room++) {
        if (ledger_newest(room) && ledger_newest(room)->newest > 0 && !room_is_ephemeral(room))
            broken("P1: the database is empty, and room %s had events", room_name(room));
    }
}

/* To look at it changes it, so it is done on the one copy, and the other goes on. */
void post_mortem(void)
{
    sqlite3 *database = NULL;

    if (!disk_find("natter.db"))
        return;
    disk_crash(false);
    if (sqlite3_open_v2("natter.db", &database, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK)
        broken("P1: the database cannot be opened");
    examine(database);
    check(sqlite3_close(database) == SQLITE_OK);
    disk_revive();
}
