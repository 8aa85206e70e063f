/* SPDX-License-Identifier: Apache-2.0 */
/* The readers: a few threads with a read-only handle each, and one bounded queue of jobs in front of them. A store that
 * was not started has no threads; then a job runs at once, in its poster's. */
#include "store/core.h"

#include <stdlib.h>

struct store_snapshot {
    struct engine *engine;
    struct engine_reader *reader;
    struct store_counters *counters;
    bool has_failed;
};

enum result store_snapshot_events(struct store_snapshot *snapshot, int64_t room_id, uint64_t from, uint64_t to,
                                  bool is_falling, bool (*each)(void *context, const struct event *event),
                                  void *context)
{
    engine_count(&snapshot->counters->reads);
    enum result result =
        snapshot->engine->calls->reader_events(snapshot->reader, room_id, from, to, is_falling, each, context);
    if (result != RESULT_OK)
        snapshot->has_failed = true;
    return result;
}

enum result store_snapshot_user(struct store_snapshot *snapshot, struct view id, struct store_user *out_user)
{
    enum result result = snapshot->engine->calls->reader_user(snapshot->reader, id, out_user);
    if (result != RESULT_OK && result != RESULT_NOT_FOUND)
        snapshot->has_failed = true;
    return result;
}

enum result store_snapshot_mine(struct store_snapshot *snapshot, struct view user_id, size_t max,
                                void (*each)(void *context, const struct store_mine_row *row), void *context)
{
    engine_count(&snapshot->counters->reads);
    enum result result = snapshot->engine->calls->reader_mine(snapshot->reader, user_id, max, each, context);
    if (result != RESULT_OK)
        snapshot->has_failed = true;
    return result;
}

/* A handle that failed is not used again: the next job makes a new one. */
static void run_job(struct store *store, struct engine_reader **reader, struct store_job *job)
{
    const struct engine_calls *calls = store->engine->calls;
    if (*reader == NULL)
        *reader = calls->reader_new(store->engine);
    if (*reader != NULL && calls->reader_begin(*reader) != RESULT_OK) {
        calls->reader_free(*reader);
        *reader = calls->reader_new(store->engine);
        if (*reader != NULL && calls->reader_begin(*reader) != RESULT_OK) {
            calls->reader_free(*reader);
            *reader = NULL;
        }
    }
    if (*reader == NULL) {
        job->run(job, NULL);
        return;
    }
    struct store_snapshot snapshot = {.engine = store->engine, .reader = *reader, .counters = &store->counters};
    job->run(job, &snapshot);
    calls->reader_end(*reader);
    if (snapshot.has_failed) {
        calls->reader_free(*reader);
        *reader = NULL;
    }
}

/* Waits for a job; NULL when the pool stops. */
static struct store_job *take_job(struct reader_pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock); /* cannot fail: an ordinary lock, never held twice */
    while (pool->first == NULL && !pool->is_stopping && !pool->is_pausing)
        (void)pthread_cond_wait(&pool->has_work, &pool->lock);
    struct store_job *job = pool->is_stopping ? NULL : pool->first;
    if (job != NULL) {
        pool->first = job->next;
        pool->waiting--;
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return job;
}

static void run_reader(void *context)
{
    struct store *store = context;
    struct engine_reader *reader = NULL;
    for (struct store_job *job; (job = take_job(&store->pool)) != NULL;)
        run_job(store, &reader, job);
    if (reader != NULL)
        store->engine->calls->reader_free(reader);
}

enum result pool_start(struct store *store)
{
    struct reader_pool *pool = &store->pool;
    size_t wanted = store->options.reader_threads > 0 ? store->options.reader_threads : 1;
    pool->threads = calloc(wanted, sizeof *pool->threads);
    if (pool->threads == NULL)
        return RESULT_NO_MEMORY;
    if (!pool->has_lock) {
        (void)pthread_mutex_init(&pool->lock, NULL); /* with default attributes these two only fail on other systems */
        (void)pthread_cond_init(&pool->has_work, NULL);
        pool->has_lock = true;
    }
    for (pool->thread_count = 0; pool->thread_count < wanted; pool->thread_count++) {
        enum result result = os_thread_start(&pool->threads[pool->thread_count], "reader", run_reader, store);
        if (result != RESULT_OK) {
            pool_stop(store);
            return result;
        }
    }
    return RESULT_OK;
}

static void join_threads(struct reader_pool *pool)
{
    for (size_t index = 0; index < pool->thread_count; index++)
        os_thread_join(&pool->threads[index]);
    free(pool->threads);
    pool->threads = NULL;
    pool->thread_count = 0;
}

void pool_pause(struct store *store)
{
    struct reader_pool *pool = &store->pool;
    (void)pthread_mutex_lock(&pool->lock);
    pool->is_pausing = true;
    (void)pthread_cond_broadcast(&pool->has_work);
    (void)pthread_mutex_unlock(&pool->lock);
    join_threads(pool);
    check(pool->first == NULL);
    pool->is_pausing = false;
}

/* Jobs that still wait are told that there will be no answer. */
void pool_stop(struct store *store)
{
    struct reader_pool *pool = &store->pool;
    (void)pthread_mutex_lock(&pool->lock);
    pool->is_stopping = true;
    struct store_job *job = pool->first;
    pool->first = NULL;
    pool->waiting = 0;
    (void)pthread_cond_broadcast(&pool->has_work);
    (void)pthread_mutex_unlock(&pool->lock);
    join_threads(pool);
    while (job != NULL) {
        struct store_job *next = job->next;
        job->run(job, NULL);
        job = next;
    }
}

static enum result post_to_pool(struct store *store, struct store_job *job)
{
    struct reader_pool *pool = &store->pool;
    enum result result = RESULT_OK;
    job->next = NULL;
    (void)pthread_mutex_lock(&pool->lock);
    if (pool->is_stopping) {
        result = RESULT_CLOSED;
    } else if (pool->waiting >= store->options.reader_jobs_max) {
        result = RESULT_FULL;
    } else {
        if (pool->first == NULL)
            pool->first = job;
        else
            pool->last->next = job;
        pool->last = job;
        pool->waiting++;
        (void)pthread_cond_signal(&pool->has_work);
    }
    (void)pthread_mutex_unlock(&pool->lock);
    return result;
}

enum result store_job_post(struct store *store, struct store_job *job)
{
    enum result result = RESULT_OK;
    if (store->has_threads) {
        result = post_to_pool(store, job);
    } else {
        struct engine_reader *reader = NULL;
        run_job(store, &reader, job);
        if (reader != NULL)
            store->engine->calls->reader_free(reader);
    }
    engine_count(result == RESULT_OK ? &store->counters.jobs : &store->counters.jobs_refused);
    return result;
}
