/* SPDX-License-Identifier: Apache-2.0 */
/* Old events go: of each room those beyond its limits. The store's thread goes round the rooms, a few at a time, and
 * takes at most one slice of one room out with a commit, which senders' messages share; then it pauses. So a room of a
 * million events that are all too old shrinks slice by slice, and no commit gets longer than by one slice.
 *
 *     interval ─▶ rooms, a few ─▶ one slice with this batch ─▶ pause ─▶ … ─▶ no room is left ─▶ interval
 */
#include "store/core.h"

#include "os/clock.h"

enum { ROOMS_LOOKED_MAX = 32, COUNTED_SLICES = 4 };

static bool has_limits(const struct store_limits *limits)
{
    return limits->age_ms > 0 || limits->events_max > 0 || limits->bytes_max > 0;
}

static bool is_too_large(const struct engine_kept *kept, const struct store_limits *limits)
{
    return limits->bytes_max > 0 && kept->bytes > limits->bytes_max && kept->counted >= kept->first;
}

/* What must go of it now. False: nothing. */
static bool make_cut(const struct engine_kept *kept, const struct store_limits *limits, struct engine_cut *out_cut)
{
    int64_t now_ms = os_clock_wall_ms();
    uint64_t count = kept->newest + 1 - kept->first;
    check(kept->newest + 1 >= kept->first);
    *out_cut = (struct engine_cut){0};
    if (limits->age_ms > 0 && (uint64_t)now_ms > limits->age_ms)
        out_cut->before_ms = now_ms - (int64_t)limits->age_ms;
    if (limits->events_max > 0 && count > limits->events_max)
        out_cut->through = kept->newest - limits->events_max;
    if (is_too_large(kept, limits))
        out_cut->bytes_max = limits->bytes_max;
    if (count == 0)
        return false;
    return kept->oldest_ms < out_cut->before_ms || out_cut->through >= kept->first || out_cut->bytes_max > 0;
}

/* Failures end the batch, which reports them; it is tried again in the next round. */
static enum result take_out(struct store *store, struct engine_kept *kept, const struct engine_cut *cut)
{
    size_t removed = 0;
    builder_clear(&store->retain.fold);
    builder_add_view(&store->retain.fold, kept->fold);
    enum result result = builder_ok(&store->retain.fold) ? batch_begin(store) : RESULT_NO_MEMORY;
    if (result != RESULT_OK)
        return result;
    result =
        store->engine->calls->kept_remove(store->engine, kept, cut, store->options.retention_slice_events, &removed);
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes += removed;
    store->retain.staged_id = kept->id;
    store->retain.staged_first = kept->first;
    store->retain.staged_count = removed;
    store->retain.staged_gone = kept->gone;
    return RESULT_OK;
}

static enum result count_on(struct store *store, struct engine_kept *kept)
{
    enum result result = batch_begin(store);
    if (result != RESULT_OK)
        return result;
    result =
        store->engine->calls->kept_count(store->engine, kept, store->options.retention_slice_events * COUNTED_SLICES);
    if (result != RESULT_OK)
        return batch_fail(store, result);
    store->changes++;
    return RESULT_OK;
}

/* True: something was done with this batch, and the room is looked at once more after the pause. */
static bool work_on(struct store *store, struct engine_kept *kept, enum result *out_result)
{
    const struct store_limits *limits = kept->has_own ? &kept->limits : &store->options.retention;
    struct engine_cut cut;
    if (make_cut(kept, limits, &cut)) {
        *out_result = take_out(store, kept, &cut);
        return true;
    }
    if (limits->bytes_max > 0 && kept->counted < kept->newest) {
        *out_result = count_on(store, kept);
        return true;
    }
    return false;
}

/* RESULT_NOT_FOUND: the round is over. RESULT_AGAIN: something was done. */
static enum result go_on(struct store *store)
{
    struct retain *retain = &store->retain;
    bool is_own_only = !has_limits(&store->options.retention);
    for (int looked = 0; looked < ROOMS_LOOKED_MAX; looked++) {
        struct engine_kept kept;
        enum result result = store->engine->calls->kept_next(store->engine, retain->room_id, is_own_only, &kept);
        if (result != RESULT_OK)
            return result;
        if (work_on(store, &kept, &result))
            return result == RESULT_OK ? RESULT_AGAIN : result;
        retain->room_id = kept.id;
    }
    return RESULT_AGAIN;
}

void retain_if_due(struct store *store, uint64_t now_ms)
{
    struct retain *retain = &store->retain;
    if (now_ms < retain->due_ms)
        return;
    enum result result = RESULT_FAILED;
    bool has_what_goes = store->engine->calls->kept_next != NULL;
    if (has_what_goes && store->engine->is_trusted && store->failure == RESULT_OK && atomic_load(&store->is_healthy))
        result = go_on(store);
    if (result == RESULT_AGAIN) {
        retain->due_ms = now_ms + store->options.retention_pause_ms;
        return;
    }
    if (result == RESULT_NOT_FOUND)
        counter_add(&store->counters.expiries, 1);
    retain->room_id = 0;
    retain->due_ms = now_ms + store->options.retention_interval_ms;
}

void retain_forget(struct store *store, struct room *room, uint64_t first, uint64_t messages_gone)
{
    check(first > room->shown.seq_first);
    room->shown.seq_first = first;
    room->shown.messages_gone = messages_gone;
    recent_drop_through(room->shown.recent, first - 1);
    counter_set(&store->counters.recent_bytes, store->recent_total.bytes);
}

void retain_settle(struct store *store, bool is_committed)
{
    struct retain *retain = &store->retain;
    if (retain->staged_id == 0)
        return;
    check(!store->is_in_transaction && retain->staged_first > 0);
    struct room *room = table_get(&store->rooms, builder_view(&retain->fold));
    if (is_committed && room != NULL && room->shown.id == retain->staged_id && retain->staged_count > 0)
        retain_forget(store, room, retain->staged_first, retain->staged_gone);
    if (is_committed)
        counter_add(&store->counters.expired, retain->staged_count);
    retain->staged_id = 0;
    retain->staged_count = 0;
}
