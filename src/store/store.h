/* SPDX-License-Identifier: Apache-2.0 */
/* The rooms' logs: one thread that orders and commits, a few that read, and the newest events in memory. Not here: who
 * may do what, frames, connections.
 *
 *     any thread ── store_post(letter) ──▶ mailbox ──▶ the store's thread:
 *                                            events->visit(letter)  for each letter of the batch; may call store_append
 * … events->committed(…)   for ephemeral rooms, at once one commit             for everything durable of the batch
 * (group commit) events->committed(…)   or ->refused(…), room by room, in order events->turned()       once per batch
 *
 * Promises: P1 (nobody is told of an event before its commit) and P2 (seq 1, 2, 3 … per room; a key makes one event).
 *
 * All calls that take a `struct store *` are for the store's thread (from within a notice) unless they say otherwise.
 */
#pragma once

#include <assert.h>

#include "base/list.h"
#include "base/result.h"
#include "base/turns.h"
#include "os/mailbox.h"
#include "wire/event.h"

enum store_durability {
    STORE_DURABLE_POWER,   /* synchronous=FULL: survives a power cut */
    STORE_DURABLE_PROCESS, /* synchronous=NORMAL: survives any crash of the process */
};

/* What a room's log may be at most; 0: without limit. */
struct store_limits {
    uint64_t age_ms;   /* older events go */
    size_t events_max; /* beyond it the oldest go */
    size_t bytes_max;  /* beyond it the oldest go; counted as docs/howto/retention.md says */
};

enum { STORE_RETENTION_EVENTS_MAX = 1024 }; /* of one slice */

struct store_options {
    const char *folder; /* the data folder; NULL: everything in memory only, for tests */
    enum store_durability durability;
    size_t queue_letters;     /* capacity of the mailbox */
    size_t batch_letters_max; /* letters of one batch, at most */
    size_t recent_events_max; /* per live room, kept in memory */
    size_t recent_bytes_max;  /* per live room */
    size_t recent_total_max;  /* bytes, of all rooms together */
    size_t reader_threads;
    size_t reader_jobs_max;         /* waiting jobs; more are refused with RESULT_FULL */
    uint64_t wal_bytes_max;         /* beyond it a checkpoint is due */
    uint32_t slow_batch_ms;         /* longer batches are counted as slow; 0: none is */
    struct store_limits retention;  /* of rooms without limits of their own */
    uint32_t retention_interval_ms; /* between two looks at all rooms; 0: nothing ever goes */
    uint32_t retention_pause_ms;    /* between two slices */
    size_t retention_slice_events;  /* removed with one commit, at most STORE_RETENTION_EVENTS_MAX */
    size_t keys_recent_max;         /* the newest keys that are kept in memory; twice as many at the most */
    /* Called now and then while store_open() brings an old database up to date, for as long as that gets on. May be
     * NULL. */
    void (*opening)(void *context);
    void *opening_context;
    const struct store_taken *taken; /* the folder is taken over from a process that rests; NULL: taken alone */
};

/* A folder whose server rests: its lock is shared with us, its database is sound and committed, and nothing may be
 * written before it has gone. */
struct store_taken {
    int lock_descriptor; /* the store's from now on, if store_open() succeeds */
};

/* What a batch does, one line per phase; long ones are counted by the longest. */
#define STORE_PHASES(X)                                        \
    X(RECOVER, "recover")   /* the database is opened again */ \
    X(VISIT, "visit")       /* the chat, and statements */     \
    X(COMMIT, "commit")     /* the disk */                     \
    X(REPORT, "report")     /* chunks and acks */              \
    X(TURNED, "turned")     /* the chat's timers */            \
    X(MAINTAIN, "maintain") /* the write-ahead log */
enum store_phase {
#define X(symbol, label) STORE_PHASE_##symbol,
    STORE_PHASES(X)
#undef X
        STORE_PHASE_COUNT,
};
const char *store_phase_label(enum store_phase phase);
static_assert((int)STORE_PHASE_COUNT <= (int)TURNS_PHASES_MAX, "each phase has its place");

/* What a long batch worked on, in numbers. */
#define STORE_WORKS(X) X(LETTERS, "letters") X(EVENTS, "events") X(READS, "reads") X(ROOMS, "rooms")
enum store_work {
#define X(symbol, label) STORE_WORK_##symbol,
    STORE_WORKS(X)
#undef X
        STORE_WORK_COUNT,
};
const char *store_work_label(enum store_work work);

struct store;

/* A room whose log is open, owned by the store from store_room_open to store_room_close. Fields are for reading, on the
 * store's thread. */
struct store_room {
    int64_t id;          /* of its row; 0 for ephemeral ones */
    struct view name;    /* as first written */
    struct view fold;    /* as compared */
    struct view members; /* of a direct room, for good: ids without anything between them; empty: anybody's */
    char epoch[17];      /* 16 hex digits and NUL */
    bool is_ephemeral;
    bool is_new;            /* made by this open */
    uint64_t seq_first;     /* the oldest that the log still has; seq_committed + 1: none. 1 unless old events go */
    uint64_t seq_committed; /* the newest that anybody may be shown */
    uint64_t seq_staged;    /* the newest of the batch at work; equal to the above between batches */
    uint64_t messages_committed, messages_staged; /* how many of these events are messages */
    uint64_t messages_gone;                       /* of them, those before seq_first */
    int64_t at_ms_last;                           /* at never decreases in a room */
    struct store_recent *recent;
    void *owner;             /* the caller's, for its own use */
    struct list_link staged; /* store_entry.link of the batch at work */
    struct list_link link;   /* rooms with staged entries, in order of their first */
    bool is_stored;          /* its row is committed */
};

/* One append of a batch, from store_append to the end of the notice that reports it. */
struct store_entry {
    struct list_link link;
    struct store_room *room;
    struct event event; /* views point into this entry's own memory */
    struct view json;   /* after the commit, not for duplicates: the event as event_encode() wrote it */
    bool is_duplicate;  /* the key was known: event.seq and event.at_ms are the first one's */
    void *ticket;       /* the caller's; given back in committed or refused, exactly once */
};

/* Notices upward. All on the store's thread. */
struct store_events {
    void *context;
    /* store_append, store_room_open and the puts are for visit and turned only; the other notices may read, and close
     * rooms. */
    /* One letter, in the order of posting (per sender). The letter's object is the receiver's now. */
    void (*visit)(void *context, const struct letter *letter);
    /* The room's entries of this batch (store_entry.link in `entries`), in seq order, duplicates among them; all are
     * durable now (or the room is ephemeral). An entry whose ticket is NULL was refused in an earlier batch and turned
     * out to be durable when the database was opened again: show it, acknowledge nobody. */
    void (*committed)(void *context, struct store_room *room, struct list_link *entries);
    /* None of them happened: RESULT_FULL: the disk is full; RESULT_FAILED: it failed. seq_staged is back at
     * seq_committed. */
    void (*refused)(void *context, struct store_room *room, struct list_link *entries, enum result why);
    /* The batch is done. Returns in how many ms the owner wants to be called again at the latest even if no letter
     * comes (-1: no need). */
    int (*turned)(void *context);
};

/* Opens (and makes, or migrates) the database in the folder and takes the folder's lock, in the calling thread. On
 * failure prints one diag line that says what is wrong and what to do, and returns RESULT_REFUSED (rights, read-only),
 * RESULT_EXISTS (another server has it), RESULT_INVALID (not a natter database, newer version, damaged), RESULT_FAILED.
 */
enum result store_open(const struct store_options *options, const struct store_events *events,
                       struct store **out_store) MUST_USE;
/* Starts the thread and the readers. */
enum result store_start(struct store *store) MUST_USE;
/* Any thread but the store's: everything posted before is visited and committed, then the threads end. */
void store_stop(struct store *store);
/* Any thread but the store's, which is started: everything posted before is visited and committed, every job is done,
 * then the threads end; nothing is lost or told to anybody, and store_start() goes on where it stopped. */
void store_pause(struct store *store);
/* A second descriptor of the folder's lock for another process; -1: it has none. The store's own. */
int store_lock_descriptor(const struct store *store);
/* The folder's lock names this process from now on: after a folder was taken over, or not given away. */
void store_sign_lock(const struct store *store);
/* While the store is paused or not started: an open room for a store in another process, which has the same database.
 * Of an ephemeral one that is all that there is; of a durable one what saves that store a look. */
struct unpack;
void store_room_pack(const struct store_room *room, struct builder *out);
/* RESULT_OK: the room is open, as by store_room_open(). RESULT_INVALID: these bytes are no room, or it is open already;
 * RESULT_NO_MEMORY. */
enum result store_room_unpack(struct store *store, struct unpack *in, struct store_room **out_room) MUST_USE;

/* After store_stop, when nobody posts any longer: a letter that came too late to be visited; it is the caller's. False:
 * there is none. */
bool store_take_left(struct store *store, struct letter *out_letter);
/* After store_stop, or if it was never started. Accepts NULL. */
void store_free(struct store *store);

/* One batch, without a thread: what the thread calls; for tests and the simulator. True if there was something to do.
 */
bool store_turn(struct store *store);

/* Store's thread, between two batches: proves that all of it fits together. For tests. */
void store_check(const struct store *store);

/* Any thread. RESULT_FULL: backpressure; the object stays the sender's, who answers "busy". */
enum result store_post(struct store *store, const struct letter *letter) MUST_USE;

/* Finds or makes the room with that folded name. `may_make` false: RESULT_NOT_FOUND if it is not there. The row of a
 * new room is part of the batch at work (and is made again with a later batch if that one fails). RESULT_NO_MEMORY,
 * RESULT_FAILED. A fold that is open already must not be opened again. */
enum result store_room_open(struct store *store, struct view name, struct view fold, bool is_ephemeral, bool may_make,
                            struct store_room **out_room) MUST_USE;
/* The same for a direct room, whose name is its fold. `members` may be empty: then it is not made. */
enum result store_direct_open(struct store *store, struct view name, struct view members,
                              struct store_room **out_room) MUST_USE;
/* Forgets the room and its newest events; the log stays (an ephemeral room's ends here). Not while it has staged
 * entries. */
void store_room_close(struct store *store, struct store_room *room);

/* Stages an event: gives it the room's next seq and its time, or finds that the user's key was used in this room before
 * (then it is a duplicate, and answers with that event's seq and time once this batch is committed). Copies what the
 * views name. seq and at_ms of `event` are ignored. A staged EVENT_DELETED also takes the text out of its target and of
 * the edits of it, in the same transaction and in the newest events in memory. RESULT_OK: committed() or refused() will
 * come with `ticket`. RESULT_NO_MEMORY, RESULT_FULL, RESULT_FAILED: it will not. */
enum result store_append(struct store *store, struct store_room *room, const struct event *event,
                         void *ticket) MUST_USE;

/* Was this key used by this user in this room, staged events included? Then its event's seq and time. RESULT_NOT_FOUND,
 * RESULT_FAILED. */
enum result store_key_find(struct store *store, struct store_room *room, struct view user_id, struct view key,
                           uint64_t *out_seq, int64_t *out_at_ms) MUST_USE;

/* Reads one event, staged ones included, from memory or with one look-up. Its views are valid until the next call on
 * this store. RESULT_NOT_FOUND, RESULT_FAILED. */
enum result store_event_get(struct store *store, struct store_room *room, uint64_t seq,
                            struct event *out_event) MUST_USE;

/* Users that did something worth keeping. put is part of the batch at work. */
struct store_user {
    char id[33];    /* opaque text, NUL-terminated */
    char name[129]; /* UTF-8, NUL-terminated */
    char fold[513]; /* of the name, as mentions compare it; empty: nobody can mention them while they are away */
    int64_t joined_ms;
};
enum result store_user_get(struct store *store, struct view id, struct store_user *out_user) MUST_USE;
enum result store_user_put(struct store *store, const struct store_user *user) MUST_USE;
/* A user's read position in a room; it only ever rises. Part of the batch at work. Ephemeral rooms: RESULT_OK and
 * nothing kept. */
enum result store_read_put(struct store *store, struct store_room *room, struct view user_id, uint64_t seq) MUST_USE;
enum result store_read_get(struct store *store, struct store_room *room, struct view user_id,
                           uint64_t *out_seq) MUST_USE;

/* All durable rooms but direct ones, newest activity first, at most `max`; `each` is called for every one. For the
 * command `rooms`. */
struct store_room_row {
    struct view name;
    struct view fold;
    uint64_t seq;
    int64_t at_ms;
};
enum result store_rooms(struct store *store, size_t max, void (*each)(void *context, const struct store_room_row *row),
                        void *context) MUST_USE;

/* The newest events in memory. Appends the JSON texts, joined by commas, of the newest at most `events_max` events with
 * after < seq <= seq_committed (and within `bytes_max`), oldest first; `*out_from` is the first one's seq
 * (seq_committed + 1 if none). True if memory reaches down to after + 1, so that nothing is missing but by the two
 * limits; false: the caller needs a job for older ones. */
bool store_recent_after(const struct store_room *room, uint64_t after, size_t events_max, size_t bytes_max,
                        struct builder *out, uint64_t *out_from);
/* Appends the JSON texts, joined by commas, of the events from <= seq <= to (to <= seq_committed) within `bytes_max`:
 * where they do not all fit, the newest if `keeps_newest`, the oldest otherwise. `*out_from` to `*out_to` is what was
 * appended (from > to: nothing). True if memory reaches down to `from`. False otherwise: of a durable room nothing is
 * appended then, of an ephemeral one what there still is. */
bool store_recent_range(const struct store_room *room, uint64_t from, uint64_t to, size_t bytes_max, bool keeps_newest,
                        struct builder *out, uint64_t *out_from, uint64_t *out_to);
/* The oldest seq in memory; seq_committed + 1 if none. */
uint64_t store_recent_oldest(const struct store_room *room);
/* The key of an event in memory; empty view if it is not there. For digests of ephemeral rooms. */
struct view store_recent_key(const struct store_room *room, uint64_t seq);

/* A job for a reader thread: `run` is called there with a snapshot of the committed log, then the job is the callee's
 * to free. `snapshot` NULL: the store stops or the database cannot be read; the callee answers "internal" or nothing.
 * Any thread may post. */
struct store_snapshot;
struct store_job {
    struct store_job *next; /* the store's */
    void (*run)(struct store_job *job, struct store_snapshot *snapshot);
};
/* RESULT_OK: `run` will be called (at once, if the store was not started). RESULT_FULL: too many wait. RESULT_CLOSED:
 * the store has stopped. */
enum result store_job_post(struct store *store, struct store_job *job) MUST_USE;

/* On a reader thread, within run: events with from <= seq <= to of a room, in rising order (or falling where
 * `is_falling`), until `each` returns false. */
enum result store_snapshot_events(struct store_snapshot *snapshot, int64_t room_id, uint64_t from, uint64_t to,
                                  bool is_falling, bool (*each)(void *context, const struct event *event),
                                  void *context) MUST_USE;

/* Figures, readable by any thread. */
struct store_counters {
    struct counter letters, batches, commits, commits_failed, appended, duplicates, refused, jobs, jobs_refused,
        checkpoints, wal_bytes, expired, expiries;
    struct counter recent_bytes;    /* gauge: of the newest events in memory, all rooms together */
    struct counter reads;           /* look-ups and jobs that went to the database */
    struct histogram commit_ns;     /* time of one commit */
    struct histogram commit_events; /* events of one commit */
    struct turns batch_turns;       /* batches with work in them: how long, and what took long */
};
const struct store_counters *store_counters(const struct store *store);
size_t store_queue_count(const struct store *store);

/* Is the database usable? False after a failed commit until one succeeds again. Any thread; for /readyz. */
bool store_is_healthy(const struct store *store);
