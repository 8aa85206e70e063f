/* SPDX-License-Identifier: Apache-2.0 */
/* A backup back into a data folder.
 *
 *     FILE ──▶ restore.new/natter.db, secret … ──proved──▶ restore.ready/ ──▶ the folder
 *                                                          what was there ──▶ before-restore-TIME/
 *
 * Up to the second name nothing of the folder has changed. From then on it is neither the old one nor the new one until
 * all is moved; where that is cut off the name stays, and no server starts on it (see RESTORE_READY_NAME). */
#include <stdio.h>

#include "base/diag.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "os/tree.h"
#include "store/backup_inside.h"

enum { TIME_TEXT_BYTES = 25 };

struct restore {
    const struct restore_options *options;
    int lock;
    char fresh[BACKUP_PATH_BYTES], ready[BACKUP_PATH_BYTES];
    char database[BACKUP_PATH_BYTES]; /* in `fresh` */
    bool is_empty;
    enum result moved; /* while entries are moved */
    const char *from, *to;
    struct restore_summary summary;
};

/* ---- the folder ---- */

static enum result take_lock(struct restore *restore)
{
    const char *folder = restore->options->folder;
    int pid = 0;
    if (os_folder_make(folder) != RESULT_OK)
        return backup_fault(folder, "the data folder cannot be made", "check its path and the rights on it",
                            RESULT_REFUSED);
    switch (os_lock_take(folder, &restore->lock, &pid)) {
    case RESULT_OK: return RESULT_OK;
    case RESULT_EXISTS:
        return backup_fault(
            folder, diag_format("a server uses this data folder (process %s)", pid > 0 ? diag_number(pid) : "unknown"),
            "stop it first, or restore into another folder with --data", RESULT_EXISTS);
    default:
        return backup_fault(folder, "the data folder cannot be written: permission denied or read-only",
                            "give this user the right to write it, or choose another with --data", RESULT_REFUSED);
    }
}

static bool note_entry(void *context, const char *name, enum os_kind kind)
{
    struct restore *restore = context;
    (void)kind;
    if (!backup_is_passing(name))
        restore->is_empty = false;
    return true;
}

static enum result look_at_folder(struct restore *restore)
{
    const char *folder = restore->options->folder;
    restore->is_empty = true;
    if (os_folder_each(folder, note_entry, restore) != RESULT_OK)
        return backup_fault(folder, "the data folder cannot be read", "check the rights on it", RESULT_REFUSED);
    if (restore->is_empty || restore->options->may_replace)
        return RESULT_OK;
    return backup_fault(folder, "the data folder is not empty",
                        "restore into another with --data, or say --force: what is in it is moved aside, not deleted",
                        RESULT_EXISTS);
}

static enum result begin(struct restore *restore)
{
    const char *folder = restore->options->folder;
    if (!backup_path(restore->fresh, folder, RESTORE_NEW_NAME)
        || !backup_path(restore->ready, folder, RESTORE_READY_NAME)
        || !backup_path(restore->database, restore->fresh, SQLITE_DATABASE_NAME))
        return backup_fault(folder, "the path is too long", "choose a shorter one with --data", RESULT_FAILED);
    enum result result = os_tree_remove(restore->fresh); /* what a restore that was cut off left */
    if (result == RESULT_OK)
        result = os_tree_remove(restore->ready);
    if (result == RESULT_OK)
        result = os_folder_make(restore->fresh);
    if (result != RESULT_OK)
        return backup_fault(restore->fresh, "the folder cannot be made", "check the rights and the disk", result);
    return RESULT_OK;
}

/* ---- the new files ---- */

static enum result copy_database(struct restore *restore)
{
    const char *path = restore->options->path;
    uint64_t size = 0;
    backup_progress(&restore->options->watch, "copying", 0, 1);
    enum result result = os_file_size(path, &size);
    if (result == RESULT_OK && os_disk_free_bytes(restore->fresh) < size)
        return backup_fault(restore->fresh, "the disk has no room for the backup", "make room on it", RESULT_FULL);
    if (result == RESULT_OK)
        result = os_file_copy(path, restore->database);
    switch (result) {
    case RESULT_OK: return RESULT_OK;
    case RESULT_NOT_FOUND:
        return backup_fault(path, "there is no such file", "name a file that natter backup made", RESULT_NOT_FOUND);
    case RESULT_FULL: return backup_fault(restore->fresh, "the disk is full", "make room on it", RESULT_FULL);
    default:
        return backup_fault(path, "the backup cannot be copied", "check the rights on it, and the disk", RESULT_FAILED);
    }
}

/* A new life of every log: nobody may go on from a place that this log has not reached, or reached with other events.
 */
static int draw_epochs(sqlite3 *database)
{
    sqlite3_stmt *rooms = NULL, *draw = NULL;
    int code = sqlite3_prepare_v2(database, "SELECT id FROM rooms", -1, &rooms, NULL);
    if (code == SQLITE_OK)
        code =
            sqlite3_prepare_v2(database, "UPDATE rooms SET epoch = printf('%016x', ?1) WHERE id = ?2", -1, &draw, NULL);
    while (code == SQLITE_OK && (code = sqlite3_step(rooms)) == SQLITE_ROW) {
        (void)sqlite3_bind_int64(draw, 1, (sqlite3_int64)os_random_u64()); /* see sqlite_bind_view: cannot fail */
        (void)sqlite3_bind_int64(draw, 2, sqlite3_column_int64(rooms, 0));
        code = sqlite3_step(draw);
        (void)sqlite3_reset(draw); /* repeats the code of the step */
        code = code == SQLITE_DONE ? SQLITE_OK : code;
    }
    (void)sqlite3_finalize(rooms); /* these repeat the code of the step */
    (void)sqlite3_finalize(draw);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static enum result change(struct restore *restore, sqlite3 *database)
{
    uint8_t unused[SQLITE_HASH_KEY_BYTES] = {0}; /* a backup has its own */
    int version = 0;
    enum result result = sqlite_schema_look(database, restore->options->path, &version);
    if (result == RESULT_OK)
        result = sqlite_schema_ready(database, restore->database, unused);
    if (result == RESULT_OK)
        result = backup_files_take(database, restore->fresh, &restore->summary.files, &restore->summary.has_secret);
    if (result != RESULT_OK)
        return result;
    int code = sqlite3_exec(database, "PRAGMA secure_delete = ON; BEGIN", NULL, NULL, NULL);
    if (code == SQLITE_OK && !restore->options->keeps_epochs)
        code = draw_epochs(database);
    if (code == SQLITE_OK)
        code = sqlite3_exec(database, "DROP TABLE IF EXISTS backup; DROP TABLE IF EXISTS backup_files; COMMIT", NULL,
                            NULL, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_wal_checkpoint_v2(database, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL);
    return code == SQLITE_OK ? RESULT_OK : backup_sql_fault(database, restore->database, code);
}

static enum result make_ready(struct restore *restore)
{
    struct sqlite_handle handle;
    int code = SQLITE_OK;
    if (sqlite_handle_open(&handle, restore->database, SQLITE_OPEN_READWRITE, SQLITE_WRITER_CACHE_KIB, &code)
        != RESULT_OK)
        return sqlite_report_unusable(restore->options->path, code);
    enum result result = change(restore, handle.database);
    sqlite_handle_close(&handle);
    return result;
}

/* The reading made a log of changes with nothing in it. */
static void remove_beside(const struct restore *restore)
{
    static const char *const names[] = {SQLITE_DATABASE_NAME "-wal", SQLITE_DATABASE_NAME "-shm"};
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        char path[BACKUP_PATH_BYTES];
        if (backup_path(path, restore->fresh, names[index]))
            os_file_remove(path);
    }
}

static enum result prove(struct restore *restore)
{
    struct verify_summary seen = {0};
    enum result result = verify_run(restore->fresh, &restore->options->watch, &seen);
    restore->summary.rooms = seen.rooms;
    restore->summary.events = seen.events;
    restore->summary.faults = seen.faults;
    remove_beside(restore);
    return result == RESULT_OK && seen.faults > 0 ? RESULT_INVALID : result;
}

/* ---- moving ---- */

static bool move_entry(void *context, const char *name, enum os_kind kind)
{
    struct restore *restore = context;
    char from[BACKUP_PATH_BYTES], to[BACKUP_PATH_BYTES];
    (void)kind;
    if (backup_is_passing(name))
        return true;
    restore->moved = backup_path(from, restore->from, name) && backup_path(to, restore->to, name)
                         ? os_path_rename(from, to, false)
                         : RESULT_FAILED;
    return restore->moved == RESULT_OK;
}

static enum result move_all(struct restore *restore, const char *from, const char *to)
{
    check(restore->lock >= 0);
    restore->from = from;
    restore->to = to;
    restore->moved = RESULT_OK;
    enum result result = os_folder_each(from, move_entry, restore);
    if (result == RESULT_OK)
        result = restore->moved;
    if (result == RESULT_OK)
        return RESULT_OK;
    return backup_fault(from, "not all of its files could be moved; no server starts on the data folder as it is",
                        "check the rights and the disk, then restore once more with --force", result);
}

static enum result move_aside(struct restore *restore)
{
    char name[64] = RESTORE_ASIDE_NAME, text[TIME_TEXT_BYTES];
    os_clock_format_utc(os_clock_wall_ms(), text);
    size_t size = strlen(name);
    for (const char *at = text; *at != '\0' && *at != '.' && size + 1 < sizeof name; at++)
        if (*at >= '0' && *at <= '9')
            name[size++] = *at;
    name[size] = '\0';
    if (!backup_path(restore->summary.aside, restore->options->folder, name))
        return RESULT_FAILED;
    enum result result = os_folder_make(restore->summary.aside);
    if (result != RESULT_OK)
        return backup_fault(restore->summary.aside, "the folder cannot be made", "check the rights and the disk",
                            result);
    return move_all(restore, restore->options->folder, restore->summary.aside);
}

static enum result move_in(struct restore *restore)
{
    enum result result = os_path_sync(restore->database) == RESULT_OK ? os_path_sync(restore->fresh) : RESULT_FAILED;
    if (result == RESULT_OK)
        result = os_path_rename(restore->fresh, restore->ready, false);
    if (result != RESULT_OK)
        return backup_fault(restore->fresh, "the new files cannot be made durable", "check the disk", RESULT_FAILED);
    if (!restore->is_empty)
        result = move_aside(restore);
    if (result == RESULT_OK)
        result = move_all(restore, restore->ready, restore->options->folder);
    if (result == RESULT_OK)
        result = os_tree_remove(restore->ready);
    return result;
}

enum result restore_run(const struct restore_options *options, struct restore_summary *out_summary)
{
    static enum result (*const steps[])(struct restore * restore) = {begin, copy_database, make_ready, prove};
    struct restore restore = {.options = options, .lock = -1};
    if (os_path_kind(options->path) != OS_KIND_FILE)
        return backup_fault(options->path, "there is no such file", "name a file that natter backup made",
                            RESULT_NOT_FOUND);
    enum result result = take_lock(&restore);
    if (result != RESULT_OK)
        return result;
    result = look_at_folder(&restore);
    if (result != RESULT_OK)
        goto out_lock;
    for (size_t index = 0; index < sizeof steps / sizeof *steps && result == RESULT_OK; index++)
        result = steps[index](&restore);
    if (result == RESULT_OK)
        result = move_in(&restore);
    else if (os_tree_remove(restore.fresh) != RESULT_OK)
        diag(DIAG_WARNING, "store.left", "folder", restore.fresh, "do", "remove it", NULL);
    *out_summary = restore.summary;

out_lock:
    os_lock_release(restore.lock);
    return result;
}
