/* SPDX-License-Identifier: Apache-2.0 */
#include "load/worker.h"

#include "load/client.h"
#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { THREADS = 3, CONNECTIONS = 2 * 50 };

static const struct load_options options = {
    .rooms = 2,
    .subscribers = 48,
    .publishers = 2,
    .threads = THREADS,
    .text_size = 48,
    .stalled_milli = 250,
    .compressed_milli = 100,
    .room_prefix = "~bench",
    .until = "echo",
    .window = 1,
};

static void connections_are_dealt_once_each_with_publishers_first(void **state)
{
    struct load_shared shared = {.options = &options, .run_id = 9, .target_count = 2};
    struct worker workers[THREADS];
    unsigned seen[CONNECTIONS] = {0};
    uint64_t publishers = 0;
    uint64_t stalled = 0;
    uint64_t compressed = 0;
    (void)state;
    for (uint64_t index = 0; index < THREADS; index++) {
        assert_int_equal(worker_init(&workers[index], &shared, index), RESULT_OK);
        for (uint64_t place = 0; place < workers[index].client_count; place++) {
            const struct client *client = &workers[index].clients[place];
            seen[client->number]++;
            assert_int_equal(client->room, client->number % 2);
            assert_int_equal(client->publisher != NULL, client->number < 4);
            assert_int_equal(client->publisher != NULL, place < workers[index].publisher_count);
            assert_false(client->is_stalled && client->publisher != NULL);
            publishers += client->publisher != NULL;
            stalled += client->is_stalled;
            compressed += client->offers_compression;
        }
    }
    for (size_t number = 0; number < CONNECTIONS; number++)
        assert_int_equal(seen[number], 1);
    assert_int_equal(publishers, 4);
    assert_int_equal(stalled, 24);
    assert_int_equal(compressed, 10);
    for (uint64_t index = 0; index < THREADS; index++)
        worker_done(&workers[index]);
}

static void the_first_failure_is_the_one_that_is_told(void **state)
{
    struct load_shared shared = {.options = &options, .run_id = 9, .target_count = 2};
    struct worker worker;
    (void)state;
    assert_int_equal(worker_init(&worker, &shared, 0), RESULT_OK);
    worker_fail(&worker, "the %s", "first");
    worker_fail(&worker, "the second");
    assert_int_equal(worker_status(&worker), WORKER_FAILED);
    assert_string_equal(worker.failure, "the first");
    worker_done(&worker);
}

static void a_seed_repeats_what_is_drawn(void **state)
{
    struct load_shared shared = {.options = &options, .run_id = 9, .target_count = 2};
    struct worker one;
    struct worker two;
    (void)state;
    assert_int_equal(worker_init(&one, &shared, 0), RESULT_OK);
    assert_int_equal(worker_init(&two, &shared, 0), RESULT_OK);
    uint64_t drawn = worker_random(&one);
    assert_int_equal(drawn, worker_random(&two));
    assert_int_not_equal(drawn, worker_random(&one));
    worker_done(&one);
    worker_done(&two);
}

int test_worker(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_are_dealt_once_each_with_publishers_first),
        cmocka_unit_test(the_first_failure_is_the_one_that_is_told),
        cmocka_unit_test(a_seed_repeats_what_is_drawn),
    };
    return cmocka_run_group_tests_name("worker", tests, NULL, NULL);
}
