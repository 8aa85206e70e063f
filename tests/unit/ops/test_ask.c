/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/ask.h"

#include "ops_test.h"
#include "os/clock.h"

struct question {
    struct asking asking;
    struct shard_call shard_call;
    struct hub_call hub_call;
    int answer;
};

static void answer_shard(struct shard_call *call, struct shard *shard)
{
    struct question *question = (struct question *)(void *)((uint8_t *)call - offsetof(struct question, shard_call));

    (void)shard;
    question->answer = 1;
    asking_answer(&question->asking);
}

static void answer_store(struct hub_call *call)
{
    struct question *question = (struct question *)(void *)((uint8_t *)call - offsetof(struct question, hub_call));

    question->answer = 2;
    asking_answer(&question->asking);
}

static struct question *question_new(void)
{
    struct question *question = asking_new(sizeof *question);

    assert_non_null(question);
    question->shard_call.run = answer_shard;
    question->hub_call.run = answer_store;
    return question;
}

static void loops_that_run_answer_as_often_as_they_are_asked(void **state)
{
    struct parts parts;

    (void)state;
    parts_init(&parts);
    assert_int_equal(store_start(parts.store), RESULT_OK);
    assert_int_equal(shard_start(parts.shards[0]), RESULT_OK);
    struct question *question = question_new();
    for (int i = 0; i < 100; i++) {
        question->answer = 0;
        assert_true(asking_shard(&question->asking, parts.shards[0], &question->shard_call, asking_end_ms()));
        assert_int_equal(question->answer, 1);
        assert_true(asking_store(&question->asking, parts.chat, &question->hub_call, asking_end_ms()));
        assert_int_equal(question->answer, 2);
    }
    asking_unref(&question->asking);
    store_stop(parts.store);
    shard_post_stop(parts.shards[0]);
    shard_join(parts.shards[0]);
    parts_done(&parts);
}

/* Nobody runs: who asks gives up, and the late answer still has its memory. */
static void who_gives_up_leaves_the_memory_to_the_late_answer(void **state)
{
    struct parts parts;

    (void)state;
    parts_init(&parts);
    struct question *question = question_new();
    assert_false(asking_shard(&question->asking, parts.shards[0], &question->shard_call, os_clock_monotonic_ms()));
    asking_unref(&question->asking);
    question = question_new();
    assert_false(asking_store(&question->asking, parts.chat, &question->hub_call, os_clock_monotonic_ms()));
    asking_unref(&question->asking);
    parts_done(&parts);
}

int test_ask(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_that_run_answer_as_often_as_they_are_asked),
        cmocka_unit_test(who_gives_up_leaves_the_memory_to_the_late_answer),
    };
    return cmocka_run_group_tests_name("ops/ask", tests, NULL, NULL);
}
