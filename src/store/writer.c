/* SPDX-License-Identifier: Apache-2.0 */
/* The store's thread: takes the letters that have come as one batch, lets each be visited, commits once, reports room
 * by room.
 *
 *     letters ─▶ visit ─▶ ephemeral rooms reported ─▶ commit ─▶ durable rooms reported
 *        ▲                                                                  │
 *      sleep ◀───────────────── maintenance ◀────────── turned ◀───────────┘
 */
#include "store/core.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/trace.h"
#include "os/clock.h"
#include "os/file.h"
#include "store/backup.h"

enum { NS_PER_MS = 1000 * 1000 };

const char *store_phase_label(enum store_phase phase)
{
    static const char *const labels[STORE_PHASE_COUNT] = {
#define X(symbol, label) [STORE_PHASE_##symbol] = label,
        STORE_PHASES(X)
#undef X
    };
    return labels[phase];
}

const char *store_work_label(enum store_work work)
{
    static const char *const labels[STORE_WORK_COUNT] = {
#define X(symbol, label) [STORE_WORK_##symbol] = label,
        STORE_WORKS(X)
#undef X
    };
    return labels[work];
}

/* ---- life ---- */

static enum result take_lock(struct store *store)
{
    const char *folder = store->options.folder;
    int pid = 0;
    switch (os_folder_make(folder)) {
    case RESULT_OK: break;
    case RESULT_REFUSED:
        diag(DIAG_ERROR, "store.refused", "folder", folder, "why", "the data folder cannot be made: permission denied",
             "do", "choose another with --data, or make it and give it to this user", NULL);
        return RESULT_REFUSED;
    default:
        diag(DIAG_ERROR, "store.refused", "folder", folder, "why", "the data folder cannot be made", "do",
             "check that the path is right and no file is in its place, or choose another with --data", NULL);
        return RESULT_FAILED;
    }
    switch (os_lock_take(folder, &store->lock_descriptor, &pid)) {
    case RESULT_OK: return RESULT_OK;
    case RESULT_EXISTS:
        diag(DIAG_ERROR, "store.refused", "folder", folder, "why",
             diag_format("another server uses this data folder (process %s)", pid > 0 ? diag_number(pid) : "unknown"),
             "do", "stop that one first, or give this one a folder of its own with --data", NULL);
        return RESULT_EXISTS;
    case RESULT_REFUSED:
        diag(DIAG_ERROR, "store.refused", "folder", folder, "why",
             "the data folder cannot be written: permission denied or read-only", "do",
             "give this user the right to write it, or choose another with --data", NULL);
        return RESULT_REFUSED;
    default:
        diag(DIAG_ERROR, "store.refused", "folder", folder, "why", "the lock in the data folder cannot be taken", "do",
             "check that its file system works and supports locks, or choose another with --data", NULL);
        return RESULT_FAILED;
    }
}

static void release_lock(struct store *store)
{
    if (store->lock_descriptor >= 0)
        os_lock_release(store->lock_descriptor);
}

/* A restore was cut off while it moved files: starting would make a new database beside the old one. */
static enum result refuse_half_restored(const struct store *store)
{
    char path[4096];
    int size = snprintf(path, sizeof path, "%s/" RESTORE_READY_NAME, store->options.folder);
    if (size < 0 || (size_t)size >= sizeof path || !os_file_exists(path))
        return RESULT_OK;
    diag(DIAG_ERROR, "store.refused", "folder", store->options.folder, "why",
         "a restore into this data folder was cut off half-way", "do",
         "restore once more: natter restore FILE --force moves what is there aside", NULL);
    return RESULT_INVALID;
}

static enum result open_engine(struct store *store)
{
    if (store->options.folder == NULL)
        return memory_engine_new(&store->counters, &store->engine);
    if (store->options.taken != NULL)
        store->lock_descriptor = store->options.taken->lock_descriptor;
    enum result result = store->lock_descriptor >= 0 ? RESULT_OK : take_lock(store);
    if (result == RESULT_OK)
        result = refuse_half_restored(store);
    if (result != RESULT_OK)
        return result;
    return sqlite_engine_new(&store->options, &store->counters, &store->engine);
}

static void init_fields(struct store *store, const struct store_options *options, const struct store_events *events)
{
    store->options = *options;
    store->events = *events;
    store->lock_descriptor = -1;
    list_init(&store->staged_ephemeral);
    list_init(&store->staged_durable);
    list_init(&store->rooms_unstored);
    store->turned_due_ms = UINT64_MAX;
    store->maintain_due_ms = UINT64_MAX;
    store->probe_due_ms = UINT64_MAX;
    atomic_store(&store->is_healthy, true);
    table_init(&store->rooms, STORE_ROOMS_OPEN_MAX, log_has_fold);
    recent_total_init(&store->recent_total, options->recent_total_max);
    builder_init(&store->scratch, STORE_SCRATCH_BYTES_MAX);
    builder_init(&store->identity, STORE_SCRATCH_BYTES_MAX);
    builder_init(&store->retain.fold, STORE_SCRATCH_BYTES_MAX);
    store->retain.due_ms = options->retention_interval_ms > 0 ? 0 : UINT64_MAX;
    builder_init(&store->users, STORE_USERS_STAGED_MAX * sizeof(struct store_user));
    histogram_init(&store->counters.commit_ns);
    histogram_init(&store->counters.commit_events);
    turns_init(&store->counters.batch_turns, (uint64_t)options->slow_batch_ms * NS_PER_MS);
}

enum result store_open(const struct store_options *options, const struct store_events *events, struct store **out_store)
{
    struct store *store = aligned_alloc(_Alignof(struct store), sizeof *store);
    if (store == NULL)
        return RESULT_FAILED;
    memset(store, 0, sizeof *store);
    init_fields(store, options, events);
    enum result result = mailbox_init(&store->mailbox, options->queue_letters);
    if (result != RESULT_OK) {
        result = RESULT_FAILED;
        goto out_fields;
    }
    result = open_engine(store);
    if (result != RESULT_OK)
        goto out_mailbox;
    *out_store = store;
    return RESULT_OK;

out_mailbox:
    release_lock(store);
    mailbox_done(&store->mailbox);
out_fields:
    table_done(&store->rooms);
    free(store);
    return result == RESULT_NO_MEMORY ? RESULT_FAILED : result;
}

void store_free(struct store *store)
{
    if (store == NULL)
        return;
    check(!store->thread.is_running);
    for (size_t position = 0;;) {
        struct room *room = table_next(&store->rooms, &position);
        if (room == NULL)
            break;
        check(list_is_empty(&room->shown.staged));
    }
    while (store->rooms.count > 0) {
        size_t position = 0;
        struct room *room = table_next(&store->rooms, &position);
        store_room_close(store, &room->shown);
    }
    store->engine->calls->free(store->engine);
    release_lock(store);
    mailbox_done(&store->mailbox);
    table_done(&store->rooms);
    builder_done(&store->scratch);
    builder_done(&store->identity);
    builder_done(&store->users);
    builder_done(&store->retain.fold);
    free(store);
}

/* ---- one batch ---- */

static void enter_phase(struct store *store, enum store_phase phase)
{
    turns_enter(&store->counters.batch_turns, phase);
}

static void leave_phase(struct store *store, enum store_phase phase)
{
    turns_leave(&store->counters.batch_turns, phase, os_clock_monotonic_ns());
}

static size_t visit_letters(struct store *store)
{
    size_t count = 0;
    struct letter letter;
    while (count < store->options.batch_letters_max && mailbox_take(&store->mailbox, &letter)) {
        store->events.visit(store->events.context, &letter);
        count++;
    }
    counter_add(&store->counters.letters, count);
    return count;
}

/* The notice has been given: new records stay in memory with their room, the rest ends. Texts go in a second pass,
 * since that may end records. */
static void settle_entries(struct store *store, struct room *room, struct list_link *entries)
{
    struct store_recent *recent = room->shown.recent;
    uint64_t first = room->shown.seq_committed + 1 - room->staged_count;
    bool has_deletes = room->staged_deletes > 0;
    room->staged_count = 0;
    room->staged_deletes = 0;
    list_each(entries, link, following) {
        list_remove(link);
        if (record_of_link(link)->entry.is_duplicate)
            record_free(record_of_link(link));
    }
    for (uint64_t seq = first; has_deletes && seq <= room->shown.seq_committed; seq++) {
        const struct record *record = recent_get(recent, seq);
        if (record != NULL && record->entry.event.kind == EVENT_DELETED)
            recent_forget_text(recent, record->entry.event.target, room->shown.name, &store->scratch);
    }
    recent_trim(recent);
    counter_set(&store->counters.recent_bytes, store->recent_total.bytes);
}

void room_report_committed(struct store *store, struct room *room)
{
    struct store_room *shown = &room->shown;
    list_each(&shown->staged, link, following) {
        struct record *record = record_of_link(link);
        if (record->entry.is_duplicate) {
            counter_add(&store->counters.duplicates, 1);
        } else {
            recent_add(shown->recent, record);
            counter_add(&store->counters.appended, 1);
        }
    }
    shown->seq_committed = shown->seq_staged;
    shown->messages_committed = shown->messages_staged;
    room->at_ms_committed = shown->at_ms_last;
    struct list_link entries;
    list_init(&entries);
    list_add_first(&shown->staged, &entries);
    list_remove(&shown->staged);
    store->is_reporting = true;
    store->events.committed(store->events.context, shown, &entries);
    store->is_reporting = false;
    settle_entries(store, room, &entries);
}

static void report_refused(struct store *store, struct room *room, enum result why)
{
    struct store_room *shown = &room->shown;
    shown->seq_staged = shown->seq_committed;
    shown->messages_staged = shown->messages_committed;
    shown->at_ms_last = room->at_ms_committed;
    room->staged_count = 0;
    room->staged_deletes = 0;
    room->active_ms = 0; /* as if never written: the mark is set anew with the next event */
    struct list_link entries;
    list_init(&entries);
    list_add_first(&shown->staged, &entries);
    list_remove(&shown->staged);
    store->is_reporting = true;
    store->events.refused(store->events.context, shown, &entries, why);
    store->is_reporting = false;
    list_each(&entries, link, following) {
        counter_add(&store->counters.refused, 1);
        list_remove(link);
        record_free(record_of_link(link));
    }
}

struct room *staged_room_take(struct list_link *rooms)
{
    if (list_is_empty(rooms))
        return NULL;
    struct list_link *link = rooms->next;
    list_remove(link);
    return room_of(list_entry(link, struct store_room, link));
}

/* Ends the transaction. RESULT_OK: all of it is durable; else nothing of it is. */
static enum result end_transaction(struct store *store)
{
    const struct engine_calls *calls = store->engine->calls;
    enum result result = store->failure;
    if (store->is_in_transaction && result == RESULT_OK) {
        uint64_t begun_ns = os_clock_monotonic_ns();
        result = calls->commit(store->engine);
        if (result == RESULT_OK && store->changes > 0) {
            uint64_t commit_ns = os_clock_monotonic_ns() - begun_ns;
            TRACE_2(commit, store->events_staged, commit_ns);
            histogram_add(&store->counters.commit_ns, commit_ns);
            histogram_add(&store->counters.commit_events, store->events_staged);
            counter_add(&store->counters.commits, 1);
        }
    }
    if (result != RESULT_OK) {
        if (store->is_in_transaction)
            calls->rollback(store->engine);
        counter_add(&store->counters.commits_failed, 1);
    }
    if (result != RESULT_OK || store->changes > 0)
        store_set_healthy(store, result == RESULT_OK);
    if (result == RESULT_OK)
        builder_clear(&store->users);
    store->users_unwritten = store->users.size / sizeof(struct store_user);
    store->is_in_transaction = false;
    store->failure = RESULT_OK;
    store->changes = 0;
    store->events_staged = 0;
    return result;
}

/* Rooms whose row was part of the batch: it is there now, or it may have gone with the batch. */
static void settle_rooms(struct store *store, bool is_committed)
{
    list_each(&store->rooms_unstored, link, following) {
        struct room *room = list_entry(link, struct room, unstored);
        list_remove(link);
        if (is_committed) {
            room->shown.is_stored = true;
            continue;
        }
        struct engine_room found;
        bool is_there = store->engine->is_trusted
                        && store->engine->calls->room_find(store->engine, room->shown.fold, &found) == RESULT_OK;
        room->shown.is_stored = is_there;
        room->shown.id = is_there ? found.id : 0;
    }
}

static void commit_batch(struct store *store)
{
    for (struct room *room; (room = staged_room_take(&store->staged_ephemeral)) != NULL;)
        room_report_committed(store, room);
    if (!store->is_in_transaction && store->failure == RESULT_OK)
        return;
    store->work[STORE_WORK_EVENTS] = store->events_staged;
    mailboxes_release_signals(); /* what is answered already does not wait for the disk */
    enter_phase(store, STORE_PHASE_COMMIT);
    enum result result = end_transaction(store);
    leave_phase(store, STORE_PHASE_COMMIT);
    mailboxes_hold_signals();
    enter_phase(store, STORE_PHASE_REPORT);
    settle_rooms(store, result == RESULT_OK);
    if (result != RESULT_OK && result != RESULT_FULL)
        result = RESULT_FAILED;
    for (struct room *room; (room = staged_room_take(&store->staged_durable)) != NULL;) {
        store->work[STORE_WORK_ROOMS]++;
        if (result == RESULT_OK)
            room_report_committed(store, room);
        else
            report_refused(store, room, result);
    }
    retain_settle(store, result == RESULT_OK);
    leave_phase(store, STORE_PHASE_REPORT);
}

static bool has_staged(const struct store *store)
{
    return store->is_in_transaction || store->failure != RESULT_OK || !list_is_empty(&store->staged_ephemeral);
}

/* While writing fails and no batch comes that would show it: tries by itself, so that health returns without traffic.
 */
static void probe_if_due(struct store *store, uint64_t now_ms)
{
    if (now_ms < store->probe_due_ms)
        return;
    store->probe_due_ms = now_ms + STORE_PROBE_MS;
    if (!store->engine->is_trusted && !store_recover(store))
        return;
    if (batch_begin(store) != RESULT_OK)
        return;
    enum result result = store->engine->calls->probe(store->engine);
    if (result != RESULT_OK)
        (void)batch_fail(store, result); /* the batch's end reports it */
    store->changes++;
}

static void set_turned_due(struct store *store, int wait_ms)
{
    store->turned_due_ms = wait_ms < 0 ? UINT64_MAX : os_clock_monotonic_ms() + (uint64_t)wait_ms;
}

static void begin_batch(struct store *store, uint64_t now_ns)
{
    memset(store->work, 0, sizeof store->work);
    store->work[STORE_WORK_READS] = counter_get(&store->counters.reads);
    turns_begin(&store->counters.batch_turns, now_ns);
    enter_phase(store, STORE_PHASE_RECOVER);
}

static void end_batch(struct store *store, size_t letters)
{
    if (!turns_end(&store->counters.batch_turns))
        return;
    store->work[STORE_WORK_LETTERS] = letters;
    store->work[STORE_WORK_READS] = counter_get(&store->counters.reads) - store->work[STORE_WORK_READS];
    turns_keep(&store->counters.batch_turns, store->work);
}

static size_t visit_phase(struct store *store)
{
    enter_phase(store, STORE_PHASE_VISIT);
    size_t letters = visit_letters(store);
    if (letters > 0)
        leave_phase(store, STORE_PHASE_VISIT);
    return letters;
}

static void turned_phase(struct store *store)
{
    enter_phase(store, STORE_PHASE_TURNED);
    set_turned_due(store, store->events.turned(store->events.context));
    leave_phase(store, STORE_PHASE_TURNED);
}

static void maintain_phase(struct store *store, uint64_t now_ms)
{
    enter_phase(store, STORE_PHASE_MAINTAIN);
    store->maintain_due_ms = store->engine->calls->maintain(store->engine, now_ms);
    leave_phase(store, STORE_PHASE_MAINTAIN);
}

bool store_turn(struct store *store)
{
    uint64_t now_ns = os_clock_monotonic_ns();
    uint64_t now_ms = now_ns / NS_PER_MS;
    begin_batch(store, now_ns);
    if (!store->engine->is_trusted && mailbox_count(&store->mailbox) > 0) {
        (void)store_recover(store); /* if it fails, so will what this batch wants of it, one by one */
        leave_phase(store, STORE_PHASE_RECOVER);
    }
    probe_if_due(store, now_ms);
    retain_if_due(store, now_ms);
    mailboxes_hold_signals();
    size_t letters = visit_phase(store);
    bool is_due = now_ms >= store->turned_due_ms;
    bool has_work = letters > 0 || is_due || has_staged(store);
    if (has_work) {
        counter_add(&store->counters.batches, 1);
        commit_batch(store);
        turned_phase(store);
    }
    mailboxes_release_signals();
    if (has_work || now_ms >= store->maintain_due_ms)
        maintain_phase(store, now_ms);
    if (has_work)
        end_batch(store, letters);
    else
        turns_cancel(&store->counters.batch_turns);
    return has_work;
}

/* ---- the thread ---- */

static int wait_ms(const struct store *store)
{
    uint64_t due_ms = store->turned_due_ms;
    if (store->maintain_due_ms < due_ms)
        due_ms = store->maintain_due_ms;
    if (store->probe_due_ms < due_ms)
        due_ms = store->probe_due_ms;
    if (store->retain.due_ms < due_ms)
        due_ms = store->retain.due_ms;
    if (due_ms == UINT64_MAX)
        return -1;
    uint64_t now_ms = os_clock_monotonic_ms();
    if (due_ms <= now_ms)
        return 0;
    return due_ms - now_ms > INT32_MAX ? INT32_MAX : (int)(due_ms - now_ms);
}

static void run(void *context)
{
    struct store *store = context;
    for (;;) {
        bool is_stopping = atomic_load(&store->is_stopping); /* before the last look into the mailbox */
        if (store_turn(store))
            continue;
        if (is_stopping)
            return;
        if (!mailbox_sleeps(&store->mailbox))
            continue;
        if (!atomic_load(&store->is_stopping))
            os_wakeup_wait(&store->mailbox.wakeup, wait_ms(store));
        mailbox_wakes(&store->mailbox);
    }
}

enum result store_start(struct store *store)
{
    enum result result = store->engine->calls->start(store->engine);
    if (result != RESULT_OK)
        return result;
    result = pool_start(store);
    if (result != RESULT_OK)
        goto out_engine;
    store->has_threads = true; /* before the thread: it decides where jobs run */
    result = os_thread_start(&store->thread, "store", run, store);
    if (result != RESULT_OK)
        goto out_pool;
    return RESULT_OK;

out_pool:
    store->has_threads = false;
    pool_stop(store);
out_engine:
    store->engine->calls->stop(store->engine);
    return result;
}

void store_stop(struct store *store)
{
    if (!store->has_threads)
        return;
    atomic_store(&store->is_stopping, true);
    os_wakeup_signal(&store->mailbox.wakeup);
    os_thread_join(&store->thread);
    pool_stop(store);
    store->engine->calls->stop(store->engine);
}

void store_pause(struct store *store)
{
    check(store->has_threads);
    atomic_store(&store->is_stopping, true);
    os_wakeup_signal(&store->mailbox.wakeup);
    os_thread_join(&store->thread);
    pool_pause(store);
    store->engine->calls->stop(store->engine);
    atomic_store(&store->is_stopping, false);
}

int store_lock_descriptor(const struct store *store)
{
    return store->lock_descriptor;
}

void store_sign_lock(const struct store *store)
{
    if (store->lock_descriptor >= 0)
        os_lock_sign(store->lock_descriptor);
}

bool store_take_left(struct store *store, struct letter *out_letter)
{
    check(!store->thread.is_running);
    return mailbox_take(&store->mailbox, out_letter);
}

enum result store_post(struct store *store, const struct letter *letter)
{
    return mailbox_post(&store->mailbox, letter);
}

/* ---- what others may know ---- */

const struct store_counters *store_counters(const struct store *store)
{
    return &store->counters;
}

size_t store_queue_count(const struct store *store)
{
    return mailbox_count(&store->mailbox);
}

bool store_is_healthy(const struct store *store)
{
    return atomic_load(&store->is_healthy);
}
