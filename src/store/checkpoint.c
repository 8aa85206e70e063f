/* SPDX-License-Identifier: Apache-2.0 */
/* Keeps SQLite's log of changes bounded without making a commit wait; see the drawing in sqlite.h. */
#include "store/sqlite.h"

#include "base/diag.h"
#include "os/clock.h"

enum {
    FRAMES_LEFT_MAX = 128,  /* half a megabyte: what the writer copies back itself, about as long as one commit */
    ROUNDS_MAX = 6,         /* after so many rounds of the thread the writer finishes, whatever is left */
    PURGE_PAUSE_MS = 10000, /* a removed text leaves the log of changes after that time */
    RETRY_MS = 500,         /* a reader was in the way */
    STRICT_BUSY_MS = 100,   /* how long the writer waits for readers to leave once they were in the way */
    FAR_TOO_LARGE = 4,      /* times wal_bytes_max: the thread cannot keep up, the writer finishes whatever is left */
    GROWTH_SHARE = 4,       /* a log that could not be cut is tried again when it has grown by that part of itself */
};

static bool is_too_large(const struct sqlite_engine *engine, uint64_t times)
{
    return counter_get(&engine->engine.counters->wal_bytes) > engine->wal_bytes_max * times;
}

/* ---- the thread ---- */

static void copy_back(struct sqlite_engine *engine, struct sqlite_handle *handle, unsigned *generation)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    int code = SQLITE_OK;
    int copied = 0;
    unsigned now = atomic_load(&engine->generation);
    if (handle->database != NULL && *generation != now)
        sqlite_handle_close(handle);
    *generation = now;
    if (handle->database != NULL
        || sqlite_handle_open(handle, engine->path, SQLITE_OPEN_READWRITE, SQLITE_READER_CACHE_KIB, &code) == RESULT_OK)
        code = sqlite3_wal_checkpoint_v2(handle->database, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, &copied);
    if (code != SQLITE_OK) {
        sqlite_handle_close(handle);
        copied = 0;
    }
    atomic_store(&checkpoint->frames_copied, copied);
    atomic_store(&checkpoint->state, CHECKPOINT_COPIED);
}

static void run(void *context)
{
    struct sqlite_engine *engine = context;
    struct checkpoint *checkpoint = &engine->checkpoint;
    struct sqlite_handle handle = {0};
    unsigned generation = 0;
    while (!atomic_load(&checkpoint->is_stopping)) {
        if (atomic_load(&checkpoint->state) == CHECKPOINT_WANTED)
            copy_back(engine, &handle, &generation);
        os_wakeup_wait(&checkpoint->wakeup, -1);
    }
    sqlite_handle_close(&handle);
}

enum result checkpoint_start(struct sqlite_engine *engine)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    atomic_store(&checkpoint->is_stopping, false);
    atomic_store(&checkpoint->state, CHECKPOINT_IDLE); /* what a thread before us had begun is asked for anew */
    enum result result = os_wakeup_init(&checkpoint->wakeup);
    if (result != RESULT_OK)
        return result;
    result = os_thread_start(&checkpoint->thread, "checkpoint", run, engine);
    if (result != RESULT_OK) {
        os_wakeup_done(&checkpoint->wakeup);
        return result;
    }
    checkpoint->has_thread = true;
    return RESULT_OK;
}

void checkpoint_stop(struct sqlite_engine *engine)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    if (!checkpoint->has_thread)
        return;
    atomic_store(&checkpoint->is_stopping, true);
    os_wakeup_signal(&checkpoint->wakeup);
    os_thread_join(&checkpoint->thread);
    os_wakeup_done(&checkpoint->wakeup);
    checkpoint->has_thread = false;
}

/* ---- the writer ---- */

void checkpoint_purge_wanted(struct sqlite_engine *engine)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    if (checkpoint->is_purge_due)
        return;
    checkpoint->is_purge_due = true;
    checkpoint->purge_due_ms = os_clock_monotonic_ms() + PURGE_PAUSE_MS;
}

static void want(struct sqlite_engine *engine)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    if (!checkpoint->has_thread) {
        atomic_store(&checkpoint->state, CHECKPOINT_COPIED);
        checkpoint->rounds = ROUNDS_MAX;
        return;
    }
    checkpoint->rounds++;
    atomic_store(&checkpoint->state, CHECKPOINT_WANTED);
    os_wakeup_signal(&checkpoint->wakeup);
}

/* The rest, on the writer's own connection. It can be cut short by a reader, never fail a commit. */
static void finish(struct sqlite_engine *engine, uint64_t now_ms)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    sqlite3 *database = engine->writer.database;
    bool is_purge = checkpoint->is_purge_due && now_ms >= checkpoint->purge_due_ms;
    bool was_missed = checkpoint->frames_settled > 0;
    int mode = SQLITE_CHECKPOINT_PASSIVE;
    if (is_purge)
        mode = SQLITE_CHECKPOINT_TRUNCATE;
    else if (was_missed)
        mode = SQLITE_CHECKPOINT_RESTART;
    (void)sqlite3_busy_timeout(database, was_missed ? STRICT_BUSY_MS : 0); /* only sets a field */
    int code = sqlite3_wal_checkpoint_v2(database, NULL, mode, NULL, NULL);
    (void)sqlite3_busy_timeout(database, SQLITE_BUSY_MS);
    atomic_store(&checkpoint->state, CHECKPOINT_IDLE);
    checkpoint->rounds = 0;
    checkpoint->frames_settled = engine->wal_frames;
    counter_add(&engine->engine.counters->checkpoints, 1);
    if (is_purge) {
        checkpoint->is_purge_due = code != SQLITE_OK;
        checkpoint->purge_due_ms = now_ms + RETRY_MS;
        if (code == SQLITE_OK) {
            engine->wal_frames = checkpoint->frames_settled = 0;
            counter_set(&engine->engine.counters->wal_bytes, 0);
        }
    }
    bool has_failed = code != SQLITE_OK && (code & 0xff) != SQLITE_BUSY && (code & 0xff) != SQLITE_LOCKED;
    if (has_failed && !checkpoint->has_warned)
        diag(DIAG_WARNING, "store.checkpoint_failed", "why", sqlite3_errmsg(database), "do",
             "check the disk and the room on it; until then the file natter.db-wal grows", NULL);
    checkpoint->has_warned = has_failed;
}

/* When to be called again: in time for a purge, and often while one is under way. */
static uint64_t next_due(const struct checkpoint *checkpoint, uint64_t now_ms)
{
    if (!checkpoint->is_purge_due)
        return UINT64_MAX;
    return checkpoint->purge_due_ms > now_ms ? checkpoint->purge_due_ms : now_ms + RETRY_MS;
}

/* The log begins anew with the first commit after the finish, if no reader was in the way; else it goes on, and a
 * little later it is tried again. */
static bool is_due(struct sqlite_engine *engine, uint64_t now_ms)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    if (engine->wal_frames < checkpoint->frames_settled)
        checkpoint->frames_settled = 0;
    if (checkpoint->is_purge_due && now_ms >= checkpoint->purge_due_ms)
        return true;
    int step = checkpoint->frames_settled / GROWTH_SHARE;
    if (checkpoint->frames_settled > 0
        && engine->wal_frames <= checkpoint->frames_settled + (step > FRAMES_LEFT_MAX ? step : FRAMES_LEFT_MAX))
        return false;
    return is_too_large(engine, 1);
}

uint64_t checkpoint_maintain(struct sqlite_engine *engine, uint64_t now_ms)
{
    struct checkpoint *checkpoint = &engine->checkpoint;
    if (engine->writer.database == NULL || !engine->engine.is_trusted)
        return UINT64_MAX;
    int state = atomic_load(&checkpoint->state);
    if (state == CHECKPOINT_IDLE && is_due(engine, now_ms)) {
        want(engine);
        state = atomic_load(&checkpoint->state);
    }
    if (state == CHECKPOINT_COPIED) {
        int left = engine->wal_frames - atomic_load(&checkpoint->frames_copied);
        if (left <= FRAMES_LEFT_MAX || checkpoint->rounds >= ROUNDS_MAX || is_too_large(engine, FAR_TOO_LARGE))
            finish(engine, now_ms);
        else
            want(engine);
    }
    return next_due(checkpoint, now_ms);
}
