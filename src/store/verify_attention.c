/* SPDX-License-Identifier: Apache-2.0 */
/* The table of what waits for whom, against the log. The other direction, that every mention has its row, goes with the
 * walk through the log (verify_log.c). */
#include "store/verify_inside.h"

/* A direct room is nobody's but its members'. */
void verify_directs(struct verify *verify)
{
    sqlite3_stmt *statement = verify_prepare(
        verify, "SELECT name, '' FROM rooms WHERE (members <> '') <> (substr(fold, 1, 1) = '@') "
                "OR length(members) % 26 <> 0 UNION ALL SELECT r.name, j.user FROM joined j JOIN rooms r "
                "ON r.id = j.room WHERE r.members <> '' AND instr(r.members, j.user) = 0");
    while (statement != NULL && verify_row(verify, statement)) {
        struct view user = sqlite_column_view(statement, 1);
        if (user.size == 0)
            verify_fault(verify, sqlite_column_view(statement, 0), 0, "its name and its members do not fit");
        else
            verify_fault(verify, sqlite_column_view(statement, 0), 0, "user %.*s belongs to it and is no member",
                         (int)user.size, (const char *)user.at);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}

void verify_mentions(struct verify *verify)
{
    sqlite3_stmt *statement = verify_prepare(
        verify, "SELECT coalesce(r.name, ''), m.user, m.seq FROM mentions m LEFT JOIN rooms r ON r.id = m.room "
                "LEFT JOIN events e ON e.room = m.room AND e.seq = m.seq WHERE e.id IS NULL OR e.kind <> 1 "
                "OR e.is_deleted <> 0 OR e.user = m.user OR instr(e.mentions, m.user) = 0");
    while (statement != NULL && verify_row(verify, statement)) {
        struct view user = sqlite_column_view(statement, 1);
        verify_fault(verify, sqlite_column_view(statement, 0), (uint64_t)sqlite3_column_int64(statement, 2),
                     "it is said to wait for user %.*s, whom it does not name", (int)user.size, (const char *)user.at);
    }
    (void)sqlite3_finalize(statement); /* repeats the code of the step */
}
