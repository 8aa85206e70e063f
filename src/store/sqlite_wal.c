/* SPDX-License-Identifier: Apache-2.0 */
/* What a log of changes may hide after a crash. When an fsync fails, the kernel reports it once and takes the pages for
 * clean: they can still be read, by a process that starts later as well, but no further fsync writes them. A checkpoint
 * would then copy a transaction into the database that is not in the log on the disk, and a power cut before the log's
 * truncation is on the disk brings back the shorter log, whose older pages go over the newer ones. */
#include "store/sqlite.h"

enum { COPY_BYTES = 4096 };

/* Writes every byte of the file where it is, so that the next fsync has to put it on the disk. */
static int write_again(sqlite3_file *file)
{
    const sqlite3_io_methods *calls = file->pMethods;
    sqlite3_int64 size = 0;
    int code = calls->xFileSize(file, &size);
    for (sqlite3_int64 offset = 0; code == SQLITE_OK && offset < size; offset += COPY_BYTES) {
        uint8_t bytes[COPY_BYTES];
        int count = size - offset < COPY_BYTES ? (int)(size - offset) : COPY_BYTES;
        code = calls->xRead(file, bytes, count, offset);
        if (code == SQLITE_OK)
            code = calls->xWrite(file, bytes, count, offset);
    }
    return code;
}

int sqlite_wal_renew(sqlite3 *database)
{
    /* Any read opens the log, if there is one. */
    int code = sqlite3_exec(database, "PRAGMA schema_version", NULL, NULL, NULL);
    sqlite3_file *file = NULL;
    if (code == SQLITE_OK)
        code = sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &file);
    if (code != SQLITE_OK || file == NULL || file->pMethods == NULL)
        return code;
    return write_again(file);
}
