/* SPDX-License-Identifier: Apache-2.0 */
/* The files of a data folder beside the database, in a table: (path, part) → bytes. A path is relative, and comes from
 * a file that somebody may have made by hand: on the way out it is not trusted. */
#include "store/backup_inside.h"

#include <stdio.h>

#include "os/file.h"
#include "os/tree.h"

enum { PATH_INSIDE_MAX = 512 };

struct walk {
    sqlite3 *database;
    sqlite3_stmt *put;
    const char *folder;
    const char *inside; /* the folder at work, below `folder`; empty at the top */
    struct builder *part;
    uint64_t *count;
    int depth;
    int code; /* SQLite's */
    enum result result;
};

static bool ends_with(const char *name, const char *end)
{
    size_t size = strlen(name), end_size = strlen(end);
    return size >= end_size && strcmp(name + size - end_size, end) == 0;
}

bool backup_is_passing(const char *name)
{
    return strcmp(name, "lock") == 0 || strcmp(name, "lost+found") == 0 || strcmp(name, RESTORE_NEW_NAME) == 0
           || strcmp(name, RESTORE_READY_NAME) == 0
           || strncmp(name, RESTORE_ASIDE_NAME, strlen(RESTORE_ASIDE_NAME)) == 0;
}

static bool is_kept(const struct walk *walk, const char *name)
{
    if (ends_with(name, ".new"))
        return false; /* somebody is just writing it */
    return walk->depth > 0
           || (!backup_is_passing(name) && strncmp(name, SQLITE_DATABASE_NAME, sizeof SQLITE_DATABASE_NAME - 1) != 0);
}

static enum result put_part(struct walk *walk, const char *inside, int64_t part)
{
    (void)sqlite3_bind_text(walk->put, 1, inside, -1, SQLITE_STATIC); /* see sqlite_bind_view: cannot fail */
    (void)sqlite3_bind_int64(walk->put, 2, part);
    (void)sqlite3_bind_blob64(walk->put, 3, walk->part->at != NULL ? (const void *)walk->part->at : "",
                              walk->part->size, SQLITE_STATIC);
    int code = sqlite3_step(walk->put);
    (void)sqlite3_reset(walk->put); /* repeats the code of the step */
    if (code == SQLITE_DONE)
        return RESULT_OK;
    walk->code = code;
    return RESULT_FAILED;
}

/* In parts, so that memory stays small. A file that goes away meanwhile is left out. */
static enum result put_file(struct walk *walk, const char *inside)
{
    char path[BACKUP_PATH_BYTES];
    enum result result = backup_path(path, walk->folder, inside) ? RESULT_OK : RESULT_FAILED;
    for (int64_t part = 0; result == RESULT_OK; part++) {
        builder_clear(walk->part);
        result = os_file_read_part(path, (uint64_t)part * BACKUP_PART_BYTES, BACKUP_PART_BYTES, walk->part);
        if (result == RESULT_OK && part == 0 && view_starts_with(builder_view(walk->part), VIEW("SQLite format 3")))
            return RESULT_OK; /* a backup that somebody keeps in the data folder: they would grow into each other */
        if (result == RESULT_OK && (part == 0 || walk->part->size > 0))
            result = put_part(walk, inside, part);
        if (result == RESULT_OK && walk->part->size < BACKUP_PART_BYTES) {
            ++*walk->count;
            return RESULT_OK;
        }
    }
    if (result == RESULT_NOT_FOUND)
        return RESULT_OK;
    if (walk->code != SQLITE_OK)
        return backup_sql_fault(walk->database, path, walk->code);
    return backup_fault(path, "the file cannot be read", "run this as the user that runs the server", RESULT_REFUSED);
}

static bool put_entry(void *context, const char *name, enum os_kind kind);

static enum result put_folder(struct walk *walk)
{
    char path[BACKUP_PATH_BYTES];
    if (!backup_path(path, walk->folder, walk->inside))
        return RESULT_FAILED;
    enum result result = os_folder_each(path, put_entry, walk);
    if (result == RESULT_OK || result == RESULT_NOT_FOUND)
        return walk->result;
    return backup_fault(path, "the folder cannot be read", "run this as the user that runs the server", result);
}

static bool put_entry(void *context, const char *name, enum os_kind kind)
{
    struct walk *walk = context;
    char inside[PATH_INSIDE_MAX];
    int size = snprintf(inside, sizeof inside, "%s%s%s", walk->inside, walk->depth > 0 ? "/" : "", name);
    if (!is_kept(walk, name) || (kind != OS_KIND_FILE && kind != OS_KIND_FOLDER))
        return true;
    if (size < 0 || (size_t)size >= sizeof inside || walk->depth >= BACKUP_DEPTH_MAX) {
        walk->result = backup_fault(name, "its path in the data folder is too long or too deep",
                                    "move it out of the data folder", RESULT_FAILED);
    } else if (kind == OS_KIND_FILE) {
        walk->result = put_file(walk, inside);
    } else {
        struct walk inner = *walk;
        inner.inside = inside;
        inner.depth++;
        walk->result = put_folder(&inner);
    }
    return walk->result == RESULT_OK;
}

enum result backup_files_put(sqlite3 *database, const char *folder, uint64_t *out_count)
{
    struct builder part;
    struct walk walk = {.database = database, .folder = folder, .inside = "", .part = &part, .count = out_count};
    *out_count = 0;
    int code = sqlite3_prepare_v2(database, "INSERT INTO backup_files (path, part, bytes) VALUES (?1, ?2, ?3)", -1,
                                  &walk.put, NULL);
    if (code != SQLITE_OK)
        return backup_sql_fault(database, folder, code);
    builder_init(&part, BACKUP_PART_BYTES);
    enum result result = put_folder(&walk);
    builder_done(&part);
    (void)sqlite3_finalize(walk.put); /* repeats the code of the step */
    return result;
}

/* ---- out of the table ---- */

/* Below the folder, and nothing that would climb out of it or come to lie in the place of what is ours. */
static bool is_safe(const char *inside)
{
    if (inside[0] == '\0' || inside[0] == '/' || strlen(inside) >= PATH_INSIDE_MAX)
        return false;
    for (const char *at = inside; *at != '\0';) {
        const char *slash = strchr(at, '/');
        size_t size = slash != NULL ? (size_t)(slash - at) : strlen(at);
        if (size == 0 || (size == 1 && at[0] == '.') || (size == 2 && at[0] == '.' && at[1] == '.'))
            return false;
        at += size + (slash != NULL ? 1 : 0);
    }
    return !backup_is_passing(inside) && strncmp(inside, SQLITE_DATABASE_NAME, sizeof SQLITE_DATABASE_NAME - 1) != 0;
}

static enum result take_part(const char *folder, const char *inside, struct view bytes)
{
    char path[BACKUP_PATH_BYTES], above[BACKUP_PATH_BYTES];
    if (!is_safe(inside) || !backup_path(path, folder, inside))
        return backup_fault(folder, "the backup names a file that does not belong into a data folder",
                            "take another backup", RESULT_INVALID);
    memcpy(above, path, sizeof above);
    *strrchr(above, '/') = '\0';
    enum result result = os_folder_make(above);
    if (result == RESULT_OK)
        result = os_file_append(path, bytes);
    if (result == RESULT_OK)
        result = os_path_sync(path);
    if (result == RESULT_OK)
        return RESULT_OK;
    return backup_fault(path, "the file cannot be written", "check the disk and the room on it", result);
}

enum result backup_files_take(sqlite3 *database, const char *folder, uint64_t *out_count, bool *out_has_secret)
{
    sqlite3_stmt *rows = NULL;
    enum result result = RESULT_OK;
    *out_count = 0;
    *out_has_secret = false;
    int code =
        sqlite3_prepare_v2(database, "SELECT path, part, bytes FROM backup_files ORDER BY path, part", -1, &rows, NULL);
    if (code != SQLITE_OK)
        return RESULT_OK; /* a plain copy of the database: there are none in it */
    while (result == RESULT_OK && (code = sqlite3_step(rows)) == SQLITE_ROW) {
        const char *inside = (const char *)sqlite3_column_text(rows, 0);
        const void *at = sqlite3_column_blob(rows, 2);
        result = take_part(folder, inside != NULL ? inside : "", view_of(at, (size_t)sqlite3_column_bytes(rows, 2)));
        *out_count += sqlite3_column_int64(rows, 1) == 0;
        *out_has_secret |= inside != NULL && strcmp(inside, "secret") == 0;
    }
    (void)sqlite3_finalize(rows); /* repeats the code of the step */
    if (result == RESULT_OK && code != SQLITE_DONE)
        return backup_sql_fault(database, folder, code);
    return result;
}
