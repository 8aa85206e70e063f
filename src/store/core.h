/* SPDX-License-Identifier: Apache-2.0 */
/* The store's own state, shared by its files (writer, rooms, append, recover, reader) and by nobody else. Owner: the
 * store's thread, but for what says otherwise. */
#pragma once

#include <pthread.h>

#include "base/builder.h"
#include "base/table.h"
#include "os/thread.h"
#include "store/engine.h"
#include "store/recent.h"

enum {
    STORE_ROOMS_OPEN_MAX =
        1 << 22, /* the caller's limit on live rooms is far below; this only keeps the table finite */
    STORE_SCRATCH_BYTES_MAX = 16 << 20, /* one event as JSON; the protocol's largest is some hundred KB */
    STORE_ACTIVITY_STEP_MS = 60000,     /* the activity mark of a room is rewritten at most once in that time */
    STORE_PROBE_MS = 1000,              /* while unhealthy and idle: how often writing is tried */
    STORE_USERS_STAGED_MAX =
        4096, /* users of one batch, and of failed ones that wait to be written; then RESULT_FULL */
    STORE_ROOMS_LISTED_MAX = 10000, /* store_rooms never gathers more */
};

/* An open room, with what its users need not see. */
struct room {
    struct store_room shown;   /* first */
    struct list_link unstored; /* in store->rooms_unstored while its row waits for the commit */
    size_t staged_count;       /* new events of the batch at work, duplicates not counted */
    size_t staged_deletes;
    int64_t at_ms_committed;
    int64_t active_ms; /* the activity mark as written */
    uint8_t bytes[];   /* name and fold */
};

struct reader_pool {
    struct store *store;
    pthread_mutex_t lock;
    pthread_cond_t has_work;
    struct store_job *first;
    struct store_job *last;
    size_t waiting;
    bool is_stopping;
    bool is_pausing; /* what waits is still done, then the threads end */
    bool has_lock;   /* lock and condition are there, since the first start */
    size_t thread_count;
    struct os_thread *threads;
};

struct store {
    struct store_options options;
    struct store_events events;
    struct engine *engine;
    int lock_descriptor; /* -1: none */
    struct mailbox mailbox;
    struct os_thread thread;
    bool has_threads; /* since store_start, for ever: decides where jobs run */
    _Atomic bool is_stopping;
    _Atomic bool is_healthy;

    struct table rooms; /* fold → struct room */
    struct recent_total recent_total;
    struct builder scratch;
    struct builder identity;

    /* The batch at work. */
    struct list_link staged_ephemeral; /* store_room.link */
    struct list_link staged_durable;
    struct list_link rooms_unstored;
    struct builder
        users; /* struct store_user, one after the other: put and not yet committed; kept when a batch fails */
    size_t users_unwritten; /* how many of them are of failed batches and must be put again */
    bool is_in_transaction;
    bool is_reporting;    /* a committed or refused notice runs: nothing may be staged */
    size_t changes;       /* rows that the transaction writes */
    size_t events_staged; /* of them, events */
    enum result failure;  /* RESULT_OK, or why the whole batch will be refused */

    struct retain {
        int64_t room_id; /* looked at last in the round at work; 0: none */
        uint64_t due_ms; /* monotonic; UINT64_MAX: never */
        struct builder fold;
        int64_t staged_id; /* of the room whose events go with the batch at work; 0: none do */
        uint64_t staged_first, staged_count, staged_gone;
    } retain;

    uint64_t turned_due_ms; /* monotonic; UINT64_MAX: never */
    uint64_t maintain_due_ms;
    uint64_t probe_due_ms;

    struct reader_pool pool;
    uint64_t work[TURNS_WORK_MAX]; /* of the batch at work */
    struct store_counters counters;
};

static inline struct room *room_of(struct store_room *room)
{
    return (struct room *)(void *)room;
}

/* What a room is from its beginning. */
struct birth {
    struct view name, fold, members;
    bool is_ephemeral;
};

/* rooms.c. An open room with nothing in it, in no table yet. NULL: no memory. */
struct room *room_new(struct store *store, const struct birth *birth);
void room_free(struct room *room);
/* For the table from folds to open rooms. */
bool log_has_fold(const void *value, struct view key);

/* append.c. Begins the batch's transaction if that has not happened. RESULT_OK, or why nothing durable can be done in
 * this batch. */
enum result batch_begin(struct store *store) MUST_USE;
/* Keeps the first failure: the batch will be refused as a whole. Returns it. */
enum result batch_fail(struct store *store, enum result result);
/* Makes sure that the room's row exists in the transaction. */
enum result room_store(struct store *store, struct room *room) MUST_USE;

/* writer.c. The room's staged entries have happened: memory takes them, the notice tells them. */
void room_report_committed(struct store *store, struct room *room);
/* The first of `rooms` (linked by store_room.link), unlinked; NULL if there is none. */
struct room *staged_room_take(struct list_link *rooms);

/* append.c. Puts a record into the batch at work. */
void room_stage(struct store *store, struct room *room, struct record *record);

/* recover.c. Opens the engine again and compares open rooms with it; true if it can be used. */
bool store_recover(struct store *store);
/* Tells once that writing fails, and once that it works again. */
void store_set_healthy(struct store *store, bool is_healthy);

/* retain.c. When it is due: takes old events out of a room, with the batch that begins. */
void retain_if_due(struct store *store, uint64_t now_ms);
/* How the batch ended: memory follows. After its notices. */
void retain_settle(struct store *store, bool is_committed);
/* The log of an open room begins at `first` now, and before it so many messages were. */
void retain_forget(struct store *store, struct room *room, uint64_t first, uint64_t messages_gone);

/* reader.c */
enum result pool_start(struct store *store) MUST_USE;
void pool_stop(struct store *store);
/* Does all jobs that wait, then ends the threads; pool_start() goes on. Nobody posts jobs meanwhile. */
void pool_pause(struct store *store);
