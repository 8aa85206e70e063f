/* SPDX-License-Identifier: Apache-2.0 */
/* What backup.c, backup_files.c and restore.c share. Nobody outside store/ includes this. */
#pragma once

#include "store/backup.h"
#include "store/sqlite.h"

enum { BACKUP_PART_BYTES = 1 << 20, BACKUP_DEPTH_MAX = 8 };

/* "folder/name"; false: too long. */
bool backup_path(char out[BACKUP_PATH_BYTES], const char *folder, const char *name);
/* One diag line, and the result. */
enum result backup_fault(const char *file, const char *why, const char *repair, enum result result);
enum result backup_sql_fault(sqlite3 *database, const char *file, int code);
void backup_progress(const struct verify_options *watch, const char *what, uint64_t done, uint64_t total);

/* backup_files.c: the files of the folder beside the database, into the table and out of it. */
enum result backup_files_put(sqlite3 *database, const char *folder, uint64_t *out_count) MUST_USE;
enum result backup_files_take(sqlite3 *database, const char *folder, uint64_t *out_count,
                              bool *out_has_secret) MUST_USE;
/* Of the files in a data folder: what a backup has no use for, and a restore leaves where it is. */
bool backup_is_passing(const char *name);
