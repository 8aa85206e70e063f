/* SPDX-License-Identifier: Apache-2.0 */
#include <pthread.h>

#include "stage.h"

enum { SESSIONS = 1000 };

static void a_session_knows_its_shard_without_a_pointer_to_it(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct session *session = session_new(stage.door);
    assert_non_null(session);
    assert_ptr_equal(session_shard(session), stage.shard);
    session_free(stage.door, session);
    assert_int_equal(stage.door->sessions.used, 0);
    stage_done(&stage);
}

static void a_session_that_never_arrived_takes_its_arrival_with_it(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct session *session = session_new(stage.door);
    session->arrival = malloc(sizeof *session->arrival); /* the leak checker sees it otherwise */
    assert_non_null(session->arrival);
    session_free(stage.door, session);
    assert_int_equal(stage.door->sessions.used, 0);
    stage_done(&stage);
}

struct returning {
    struct stage *stage;
    struct session *sessions[SESSIONS];
};

static void *return_all(void *context)
{
    struct returning *returning = context;

    for (size_t i = 0; i < SESSIONS; i++)
        session_return(returning->stage->chat, returning->sessions[i]);
    return NULL;
}

/* The hub gives back while the shard takes back: each is given to the pool exactly once. */
static void what_the_hub_gives_back_is_free_again_once_each(void **state)
{
    static struct returning returning;
    struct stage stage;
    pthread_t hub;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    returning.stage = &stage;
    for (size_t i = 0; i < SESSIONS; i++) {
        returning.sessions[i] = session_new(stage.door);
        assert_non_null(returning.sessions[i]);
    }
    assert_int_equal(stage.door->sessions.used, SESSIONS);
    assert_int_equal(pthread_create(&hub, NULL, return_all, &returning), 0);
    while (stage.door->sessions.used > SESSIONS / 2)
        sessions_take_back(stage.door);
    assert_int_equal(pthread_join(hub, NULL), 0);
    sessions_take_back(stage.door);
    assert_int_equal(stage.door->sessions.used, 0);
    assert_null(atomic_load(&stage.door->returned));
    sessions_take_back(stage.door);
    assert_int_equal(stage.door->sessions.used, 0);
    stage_done(&stage);
}

int test_door_session(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_knows_its_shard_without_a_pointer_to_it),
        cmocka_unit_test(a_session_that_never_arrived_takes_its_arrival_with_it),
        cmocka_unit_test(what_the_hub_gives_back_is_free_again_once_each),
    };
    return cmocka_run_group_tests_name("chat/door_session", tests, NULL, NULL);
}
