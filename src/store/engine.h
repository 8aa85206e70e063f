/* SPDX-License-Identifier: Apache-2.0 */
/* What the store asks of a database, as one table of calls: SQLite and plain memory answer it. Not here: seq,
 * duplicates, batches, notices; those are the writer's and the same for every engine.
 *
 * All calls but the reader's are for the store's thread. Reading calls see what the open transaction has written.
 * Common results: RESULT_OK; RESULT_FULL: the disk is full; RESULT_NO_MEMORY; RESULT_FAILED: engine->failure says how.
 * After a failed writing call the transaction can only be rolled back. */
#pragma once

#include <stdatomic.h>

#include "store/attention.h"

struct engine;
struct engine_reader;

struct engine_room {
    int64_t id;
    struct view name;    /* as first written; valid until the next call on the engine */
    struct view members; /* as the name */
    char epoch[17];
    uint64_t messages; /* how many events were messages */
    uint64_t gone;     /* of them, those before `first` */
    uint64_t first;    /* the oldest event's that the log still has; seq + 1 if there is none */
    uint64_t seq;      /* the newest event's that there was; 0 if there was none */
    int64_t at_ms;     /* the newest event's, or when the room was made */
    int64_t active_ms; /* the activity mark, at most that */
};

/* A room as retention sees it. */
struct engine_kept {
    int64_t id;
    struct view fold; /* valid until the next call on the engine */
    uint64_t first, newest;
    int64_t oldest_ms; /* the time of its first event; 0 if there is none */
    bool has_own;      /* limits of its own */
    struct store_limits limits;
    uint64_t gone;           /* messages before `first`, once some were removed by a call */
    uint64_t counted, bytes; /* the events first … counted take so much */
};

/* Which of a room's oldest events go: those of an earlier time, those up to a seq, and those beyond a size. */
struct engine_cut {
    int64_t before_ms;  /* 0: no matter */
    uint64_t through;   /* 0: no matter */
    uint64_t bytes_max; /* 0: no matter */
};

typedef bool engine_each_event(void *context, const struct event *event);
typedef void engine_each_mine(void *context, const struct store_mine_row *row);
typedef void engine_each_room(void *context, const struct store_room_row *row);

struct engine_calls {
    void (*free)(struct engine *engine);
    /* The database anew, after a failure. RESULT_OK, RESULT_FAILED. */
    enum result (*reopen)(struct engine *engine);
    /* From store_start to store_stop: what needs a thread of its own. */
    enum result (*start)(struct engine *engine);
    void (*stop)(struct engine *engine);
    /* Between batches. Returns when it wants to be called again at the latest, by the monotonic clock; UINT64_MAX: no
     * need. */
    uint64_t (*maintain)(struct engine *engine, uint64_t now_ms);

    enum result (*begin)(struct engine *engine);
    enum result (*commit)(struct engine *engine);
    void (*rollback)(struct engine *engine);
    /* Writes something that means nothing: shows whether writing works. */
    enum result (*probe)(struct engine *engine);

    enum result (*room_find)(struct engine *engine, struct view fold,
                             struct engine_room *out_room); /* also RESULT_NOT_FOUND */
    enum result (*room_make)(struct engine *engine, const struct store_room *room, int64_t at_ms, int64_t *out_id);
    /* A mark for the order of rooms by activity, coarse: it is moved at most once a minute. */
    enum result (*room_mark)(struct engine *engine, int64_t room_id, int64_t at_ms);
    enum result (*rooms)(struct engine *engine, size_t max, engine_each_room *each, void *context);

    /* `identity` as record_identity() makes it. RESULT_NOT_FOUND: the key is new. Counts its reads itself: most keys
     * are found new in memory. */
    enum result (*key_find)(struct engine *engine, int64_t room_id, const struct event *event, struct view identity,
                            uint64_t *out_seq, int64_t *out_at_ms);
    enum result (*event_put)(struct engine *engine, int64_t room_id, const struct event *event, struct view identity);
    enum result (*event_get)(struct engine *engine, int64_t room_id, uint64_t seq, struct event *out_event);
    enum result (*text_remove)(struct engine *engine, int64_t room_id, uint64_t target);
    enum result (*events)(struct engine *engine, int64_t room_id, uint64_t from, uint64_t to, bool is_falling,
                          engine_each_event *each, void *context);

    enum result (*user_get)(struct engine *engine, struct view id, struct store_user *out_user);
    enum result (*user_put)(struct engine *engine, const struct store_user *user);
    enum result (*read_get)(struct engine *engine, int64_t room_id, struct view user_id, uint64_t *out_seq);
    enum result (*read_put)(struct engine *engine, int64_t room_id, struct view user_id, uint64_t seq);

    /* See attention.h. joined_get: RESULT_NOT_FOUND: the user does not belong to the room. */
    enum result (*joined_get)(struct engine *engine, int64_t room_id, struct view user_id, uint64_t *out_since);
    enum result (*joined_count)(struct engine *engine, struct view user_id, size_t max, size_t *out_count);
    enum result (*joined_put)(struct engine *engine, int64_t room_id, struct view user_id, uint64_t since);
    enum result (*joined_remove)(struct engine *engine, int64_t room_id, struct view user_id);
    /* Of messages after < seq <= to, at most STORE_MENTIONS_COUNTED_MAX. */
    enum result (*mentions_count)(struct engine *engine, int64_t room_id, struct view user_id, uint64_t after,
                                  uint64_t to, uint64_t *out_count);
    /* Also RESULT_NOT_FOUND. */
    enum result (*user_named)(struct engine *engine, int64_t room_id, struct view fold, char out_id[33]);
    /* These three are NULL where nothing is kept for long, and nothing has to go. The room with the next id, of those
     * with limits of their own, or of all. RESULT_NOT_FOUND: there is none. */
    enum result (*kept_next)(struct engine *engine, int64_t after_id, bool is_own_only, struct engine_kept *out_kept);
    /* Goes on counting its size, by so many events; written down with the transaction at work. */
    enum result (*kept_count)(struct engine *engine, struct engine_kept *kept, size_t events_max);
    /* Removes its oldest events, at most so many, with all that leads to them, in the transaction at work. */
    enum result (*kept_remove)(struct engine *engine, struct engine_kept *kept, const struct engine_cut *cut,
                               size_t events_max, size_t *out_removed);

    /* For one reader thread. NULL: the database cannot be read now. The reader sees one state of the committed log
     * between begin and end. */
    struct engine_reader *(*reader_new)(struct engine *engine);
    void (*reader_free)(struct engine_reader *reader);
    /* RESULT_FAILED: free it and make a new one. */
    enum result (*reader_begin)(struct engine_reader *reader);
    enum result (*reader_events)(struct engine_reader *reader, int64_t room_id, uint64_t from, uint64_t to,
                                 bool is_falling, engine_each_event *each, void *context);
    enum result (*reader_user)(struct engine_reader *reader, struct view id, struct store_user *out_user);
    enum result (*reader_mine)(struct engine_reader *reader, struct view user_id, size_t max, engine_each_mine *each,
                               void *context);
    void (*reader_end)(struct engine_reader *reader);
};

struct engine {
    const struct engine_calls *calls;
    struct store_counters *counters;
    bool is_trusted;   /* false: an error after which it must be opened again */
    char failure[200]; /* the newest failure in words, for diag */
};

/* Opens, makes or migrates the database in options->folder. Prints its own diag line on failure; results as store_open.
 */
enum result sqlite_engine_new(const struct store_options *options, struct store_counters *counters,
                              struct engine **out_engine) MUST_USE;
/* RESULT_OK, RESULT_NO_MEMORY. */
enum result memory_engine_new(struct store_counters *counters, struct engine **out_engine) MUST_USE;

/* Counters that more than one thread adds to. */
static inline void engine_count(struct counter *counter)
{
    (void)atomic_fetch_add_explicit(&counter->value, 1, memory_order_relaxed);
}
