/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/replay.h"

#include <sodium.h>
#include <stdlib.h>

enum job_kind { JOB_JOINED, JOB_HISTORY, JOB_DIGEST };

struct job {
    struct store_job store_job;
    enum job_kind kind;
    struct shard *shard;
    uint64_t handle;
    uint32_t number; /* JOB_JOINED: the held feed */
    bool is_truncated;
    int64_t room_id;
    uint64_t seq;       /* newest when it was posted */
    uint64_t log_first; /* oldest then */
    struct page page;
    size_t bytes_max;
    uint64_t count; /* JOB_JOINED: members */
    char epoch[17];
    struct builder strings; /* room, ref, the members' texts, one after the other */
    size_t room_size, ref_size;

    /* while it runs */
    struct builder events;
    size_t *offsets; /* of each event's text in `events` */
    size_t event_count, event_capacity;
    bool is_cut;          /* there is no room or no memory for the next event */
    uint64_t first, last; /* seqs that were read */
    crypto_hash_sha256_state hash;
};

static void job_free(struct job *job)
{
    builder_done(&job->strings);
    builder_done(&job->events);
    free(job->offsets);
    free(job);
}

static struct view take_string(struct view *rest, size_t size)
{
    struct view string = view_first(*rest, size);

    *rest = view_skip(*rest, size);
    return string;
}

static bool add_event(void *context, const struct event *event)
{
    struct job *job = context;
    struct view room = view_first(builder_view(&job->strings), job->room_size);
    size_t before = job->events.size;

    job->is_cut = job->event_count == job->event_capacity;
    if (job->is_cut)
        return false;
    event_encode(&job->events, room, event);
    job->is_cut = !builder_ok(&job->events) || job->events.size > job->bytes_max;
    if (job->is_cut) {
        job->events.size = before;
        job->events.has_failed = false;
        return false;
    }
    job->offsets[job->event_count++] = before;
    if (job->event_count == 1)
        job->first = event->seq;
    job->last = event->seq;
    return true;
}

/* The texts joined by commas, oldest first. */
static void join_events(const struct job *job, struct builder *out)
{
    for (size_t i = 0; i < job->event_count; i++) {
        size_t index = job->page.keeps_newest ? job->event_count - 1 - i : i;
        size_t end = index + 1 < job->event_count ? job->offsets[index + 1] : job->events.size;
        if (i > 0)
            builder_add_byte(out, ',');
        builder_add(out, job->events.at + job->offsets[index], end - job->offsets[index]);
    }
}

/* The oldest event that there is. Events may have gone between the asking and the reading, and what was read tells. */
static uint64_t oldest(const struct job *job)
{
    uint64_t lowest = job->page.keeps_newest ? job->last : job->first;

    if (job->event_count == 0 && !job->is_cut && job->page.from <= job->page.to)
        lowest = job->page.to + 1;
    bool has_moved_on = !job->is_cut && lowest > job->page.from;
    return has_moved_on && lowest > job->log_first ? lowest : job->log_first;
}

static void encode_joined(struct job *job, struct view events, bool is_truncated, struct builder *out)
{
    struct view rest = builder_view(&job->strings);
    struct view room = take_string(&rest, job->room_size);
    struct view ref = take_string(&rest, job->ref_size);

    joined_encode(out, &(struct joined_frame){
                           .ref = ref,
                           .room = room,
                           .epoch = view_of_string(job->epoch),
                           .seq = job->seq,
                           .first = oldest(job),
                           .events = events,
                           .is_truncated = is_truncated,
                           .members = rest,
                           .count = job->count,
                       });
}

/* The range that was read: with keeps_newest it came falling. */
static bool reaches_from(const struct job *job)
{
    return job->event_count > 0 && job->last == job->page.from;
}

static void encode_history(struct job *job, struct view events, struct builder *out)
{
    struct view rest = builder_view(&job->strings);
    struct view room = take_string(&rest, job->room_size);
    struct view ref = take_string(&rest, job->ref_size);
    uint64_t first = oldest(job);
    uint64_t last = job->event_count > 0 ? job->last : job->page.to;
    bool has_more = job->page.keeps_newest ? job->event_count > 0 && job->last > first : last < job->seq;

    history_encode(
        out, &(struct history_frame){.ref = ref, .room = room, .first = first, .events = events, .has_more = has_more});
}

static void encode_failure(const struct job *job, struct builder *out)
{
    struct view rest = builder_view(&job->strings);
    struct view room = take_string(&rest, job->room_size);
    struct view ref = take_string(&rest, job->ref_size);

    error_encode(out, &(struct error_frame){
                          .ref = ref,
                          .room = room,
                          .code = ERROR_INTERNAL,
                          .message = VIEW("The log could not be read. Ask again in a moment."),
                          .retry_after_ms = 1000,
                      });
}

/* Without its replay a join did not happen: the client is told, and must come back. */
static void post_answer(struct job *job, const struct builder *text, bool is_failure)
{
    struct reply *reply = builder_ok(text) ? reply_new(WS_TEXT, builder_view(text)) : NULL;

    if (!reply || (is_failure && job->kind == JOB_JOINED))
        shard_post_close(job->shard, job->handle, END_INTERNAL, reply);
    else if (job->kind == JOB_JOINED)
        shard_post_release(job->shard, job->handle, job->number, reply);
    else
        shard_post_reply(job->shard, job->handle, reply, true);
}

static void run_events(struct job *job, struct store_snapshot *snapshot)
{
    struct builder events, text;
    enum result result = RESULT_FAILED;

    builder_init(&events, FRAME_BYTES_MAX);
    builder_init(&text, FRAME_BYTES_MAX);
    if (snapshot)
        result = store_snapshot_events(snapshot, job->room_id, job->page.from, job->page.to, job->page.keeps_newest,
                                       add_event, job);
    if (result == RESULT_OK)
        join_events(job, &events);
    /* An empty page says that there is nothing, which would be false. */
    bool is_empty_by_need = job->is_cut && job->event_count == 0;
    bool is_failure = result != RESULT_OK || !builder_ok(&events) || is_empty_by_need;
    if (is_failure)
        encode_failure(job, &text);
    else if (job->kind == JOB_JOINED)
        encode_joined(job, builder_view(&events), job->is_truncated || !reaches_from(job), &text);
    else
        encode_history(job, builder_view(&events), &text);
    post_answer(job, &text, is_failure);
    builder_done(&events);
    builder_done(&text);
}

static bool hash_event(void *context, const struct event *event)
{
    struct job *job = context;

    digest_add(&job->hash, event->seq, event->key);
    job->event_count++;
    return true;
}

static void run_digest(struct job *job, struct store_snapshot *snapshot)
{
    struct view rest = builder_view(&job->strings);
    struct view room = take_string(&rest, job->room_size);
    struct view ref = take_string(&rest, job->ref_size);
    uint8_t hash[crypto_hash_sha256_BYTES];
    enum result result = RESULT_FAILED;
    struct builder text;

    builder_init(&text, FRAME_BYTES_MAX);
    crypto_hash_sha256_init(&job->hash);
    if (snapshot)
        result = store_snapshot_events(snapshot, job->room_id, job->page.from, job->page.to, false, hash_event, job);
    crypto_hash_sha256_final(&job->hash, hash);
    bool is_whole = result == RESULT_OK && job->event_count == job->page.to - job->page.from + 1;
    if (is_whole)
        digest_encode(&text, ref, room, job->page.from, job->page.to, hash);
    else
        encode_failure(job, &text);
    post_answer(job, &text, !is_whole);
    builder_done(&text);
}

static void run(struct store_job *store_job, struct store_snapshot *snapshot)
{
    struct job *job = (struct job *)store_job;

    if (job->kind == JOB_DIGEST)
        run_digest(job, snapshot);
    else
        run_events(job, snapshot);
    job_free(job);
}

static struct job *job_new(struct chat *chat, enum job_kind kind, struct session *session, struct request *request,
                           struct room *room, const struct page *page)
{
    struct job *job = calloc(1, sizeof *job);

    if (!job)
        return NULL;
    job->store_job.run = run;
    job->kind = kind;
    job->shard = session_shard(session);
    job->handle = session->handle;
    job->number = room->number;
    job->room_id = room->log->id;
    job->seq = room->log->seq_committed;
    job->log_first = room->log->seq_first;
    job->page = *page;
    job->bytes_max = chat->options.history_bytes_max;
    job->count = room->member_count;
    memcpy(job->epoch, room->log->epoch, sizeof job->epoch);
    builder_init(&job->strings, 1024 * 1024);
    builder_init(&job->events, FRAME_BYTES_MAX);
    job->event_capacity = kind == JOB_DIGEST ? 0 : page->to - page->from + 1;
    job->offsets = calloc(job->event_capacity + 1, sizeof *job->offsets);
    builder_add_view(&job->strings, room->log->name);
    job->room_size = room->log->name.size;
    if (request) {
        builder_add_view(&job->strings, request->command.ref);
        job->ref_size = request->command.ref.size;
    }
    return job;
}

static enum result post(struct chat *chat, struct job *job, struct request *request)
{
    enum result result = builder_ok(&job->strings) && job->offsets ? store_job_post(chat->store, &job->store_job)
                                                                   : RESULT_NO_MEMORY;

    if (result != RESULT_OK)
        job_free(job);
    else if (request)
        request_free(request);
    return result;
}

enum result replay_post(struct chat *chat, struct session *session, struct request *request, struct room *room,
                        const struct replay *replay)
{
    struct page page = {.from = replay->from, .to = replay->to, .keeps_newest = true};
    struct job *job = job_new(chat, JOB_JOINED, session, request, room, &page);

    if (!job)
        return RESULT_NO_MEMORY;
    job->is_truncated = replay->is_truncated;
    builder_add_view(&job->strings, roster_of(&chat->hub, room));
    return post(chat, job, request);
}

enum result replay_history(struct chat *chat, struct request *request, struct room *room, const struct page *page)
{
    struct job *job = job_new(chat, JOB_HISTORY, request->session, request, room, page);

    return job ? post(chat, job, request) : RESULT_NO_MEMORY;
}

enum result replay_digest(struct chat *chat, struct request *request, struct room *room, uint64_t from, uint64_t to)
{
    struct page page = {.from = from, .to = to};
    struct job *job = job_new(chat, JOB_DIGEST, request->session, request, room, &page);

    return job ? post(chat, job, request) : RESULT_NO_MEMORY;
}
