/* SPDX-License-Identifier: Apache-2.0 */
/* Files and folders, apart from the database, which SQLite reads itself. All of these may block: never on a loop
 * thread. */
#pragma once

#include "base/builder.h"
#include "base/result.h"

/* Makes the folder and its parents, 0700. RESULT_OK if it is there already; RESULT_REFUSED; RESULT_FAILED. */
enum result os_folder_make(const char *path) MUST_USE;
bool os_file_exists(const char *path);
/* Takes a file away, if it is there and may be. */
void os_file_remove(const char *path);
/* RESULT_OK, RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_FULL (over the builder's ceiling), RESULT_FAILED. */
enum result os_file_read(const char *path, struct builder *out) MUST_USE;
/* Writes a new file 0600 whole and durably: temporary name (the path and ".new"), fsync, rename, fsync of the folder.
 * One writer at a time for a path. RESULT_OK, RESULT_EXISTS (a file of that name is left as it is), RESULT_NOT_FOUND
 * (no such folder), RESULT_REFUSED, RESULT_FAILED. */
enum result os_file_write_new(const char *path, struct view content) MUST_USE;
/* RESULT_OK, RESULT_NOT_FOUND, RESULT_REFUSED (others than the owner may read or write it), RESULT_FAILED. */
enum result os_file_check_private(const char *path) MUST_USE;
/* Takes the lock of a folder that is there (a file "lock" in it, with our pid) until os_lock_release or the process's
 * end. RESULT_OK, RESULT_EXISTS (held; *out_pid says by whom, 0 if unknown), RESULT_REFUSED, RESULT_FAILED. */
enum result os_lock_take(const char *folder, int *out_descriptor, int *out_pid) MUST_USE;
void os_lock_release(int descriptor);
/* The lock, which came from another process, names us as its holder from now on. */
void os_lock_sign(int descriptor);
/* Writes to stdout or stderr, whole, however long it takes; stops only if nobody can read it any more. */
void os_print(int descriptor, struct view text);
/* How long the disk takes to keep a small new file in that folder, which is gone again afterwards. RESULT_OK,
 * RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_FAILED. */
enum result os_file_sync_time(const char *folder, uint64_t *out_ns) MUST_USE;
/* Bytes free for us on the file system of `path`; 0 where it cannot tell. */
uint64_t os_disk_free_bytes(const char *path);
