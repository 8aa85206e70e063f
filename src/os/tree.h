/* SPDX-License-Identifier: Apache-2.0 */
/* Files that may be large, and folders with what is in them: looked through, read and written in parts, moved, taken
 * away. For the verbs that copy a data folder. All of these block. Not here: small files at once (os/file.h). */
#pragma once

#include "base/builder.h"
#include "base/result.h"

enum os_kind { OS_KIND_NONE, OS_KIND_FILE, OS_KIND_FOLDER, OS_KIND_OTHER };

/* What is at that path; a symbolic link is followed. */
enum os_kind os_path_kind(const char *path);

/* Calls `each` for every entry of the folder, apart from . and .., in no order; it may remove or move that entry. A
 * symbolic link is of the other kind. Ends early where `each` returns false. RESULT_OK, RESULT_NOT_FOUND,
 * RESULT_REFUSED, RESULT_FAILED. */
enum result os_folder_each(const char *path, bool (*each)(void *context, const char *name, enum os_kind kind),
                           void *context) MUST_USE;
/* Removes a file, or a folder with all that is in it, at most 16 deep. RESULT_OK also if it is not there;
 * RESULT_REFUSED, RESULT_FAILED. */
enum result os_tree_remove(const char *path) MUST_USE;

/* RESULT_OK, RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_FAILED. */
enum result os_file_size(const char *path, uint64_t *out_size) MUST_USE;
/* At most `size` bytes from `offset` on; fewer only at the file's end. RESULT_OK, RESULT_NOT_FOUND, RESULT_REFUSED,
 * RESULT_NO_MEMORY, RESULT_FAILED. */
enum result os_file_read_part(const char *path, uint64_t offset, size_t size, struct builder *out) MUST_USE;
/* Adds to the end of a file, which is made 0600 if it is not there. RESULT_OK, RESULT_NOT_FOUND (no such folder),
 * RESULT_REFUSED, RESULT_FULL (the disk), RESULT_FAILED. */
enum result os_file_append(const char *path, struct view bytes) MUST_USE;
/* Copies a file to a new one, 0600. RESULT_EXISTS, and as above. */
enum result os_file_copy(const char *from, const char *to) MUST_USE;
/* What was written to the file, or to the names in a folder, survives a power cut. RESULT_OK, RESULT_FAILED. */
enum result os_path_sync(const char *path) MUST_USE;
/* Gives it another name on the same file system, durably. `may_replace` false: RESULT_EXISTS if there is something of
 * that name. RESULT_OK, RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_FAILED. */
enum result os_path_rename(const char *from, const char *to, bool may_replace) MUST_USE;
