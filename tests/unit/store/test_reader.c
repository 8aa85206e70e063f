/* SPDX-License-Identifier: Apache-2.0 */
#include "store_test.h"

#include <stdatomic.h>

#include "os/thread.h"

struct waiting_job {
    struct store_job job;
    _Atomic bool *may_go;
    _Atomic int *begun;
    _Atomic int *done;
    bool had_snapshot;
};

static void wait_and_go(struct store_job *job, struct store_snapshot *snapshot)
{
    struct waiting_job *waiting = (struct waiting_job *)(void *)job;
    waiting->had_snapshot = snapshot != NULL;
    (void)atomic_fetch_add(waiting->begun, 1);
    while (snapshot != NULL && !atomic_load(waiting->may_go))
        os_thread_yield();
    (void)atomic_fetch_add(waiting->done, 1);
}

/* Two readers are kept busy; then the queue takes its two, and no more. At the stop those two are told that there will
 * be no answer. */
static void a_full_queue_refuses_and_a_stop_answers_every_job(void **state)
{
    (void)state;
    enum { JOBS = 4 };
    struct fixture fixture;
    _Atomic bool may_go = false;
    _Atomic int begun = 0, done = 0;
    struct waiting_job jobs[JOBS + 1];
    fixture_init(&fixture, false);
    fixture_close(&fixture);
    fixture.options.reader_jobs_max = 2;
    fixture_open(&fixture);
    assert_int_equal(store_start(fixture.store), RESULT_OK);
    for (int index = 0; index <= JOBS; index++)
        jobs[index] = (struct waiting_job){.job.run = wait_and_go, .may_go = &may_go, .begun = &begun, .done = &done};
    for (int index = 0; index < 2; index++) {
        assert_int_equal(store_job_post(fixture.store, &jobs[index].job), RESULT_OK);
        while (atomic_load(&begun) <= index)
            os_thread_yield();
    }
    for (int index = 2; index < JOBS; index++)
        assert_int_equal(store_job_post(fixture.store, &jobs[index].job), RESULT_OK);
    assert_int_equal(store_job_post(fixture.store, &jobs[JOBS].job), RESULT_FULL);
    assert_int_equal(counter_get(&store_counters(fixture.store)->jobs), JOBS);
    assert_int_equal(counter_get(&store_counters(fixture.store)->jobs_refused), 1);
    atomic_store(&may_go, true);
    store_stop(fixture.store);
    assert_int_equal(atomic_load(&done), JOBS);
    assert_int_equal(store_job_post(fixture.store, &jobs[JOBS].job), RESULT_CLOSED);
    fixture_done(&fixture);
}

static void without_threads_a_job_runs_at_once(void **state)
{
    (void)state;
    struct fixture fixture;
    _Atomic bool may_go = true;
    _Atomic int begun = 0, done = 0;
    fixture_init(&fixture, false);
    struct waiting_job job = {.job.run = wait_and_go, .may_go = &may_go, .begun = &begun, .done = &done};
    assert_int_equal(store_job_post(fixture.store, &job.job), RESULT_OK);
    assert_int_equal(atomic_load(&done), 1);
    assert_true(job.had_snapshot);
    fixture_done(&fixture);
}

int test_reader(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_queue_refuses_and_a_stop_answers_every_job),
        cmocka_unit_test(without_threads_a_job_runs_at_once),
    };
    return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
