/* SPDX-License-Identifier: Apache-2.0 */
#include "stage.h"

static size_t spender_count(const struct door *door)
{
    size_t count = 0;

    list_each(&door->spenders, link, following)
        count++;
    return count;
}

static void memory_comes_with_the_first_spending_and_stays_the_same(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct session *session = session_new(stage.door);
    assert_null(session->spender);
    struct rate_bucket *buckets = spender_buckets(stage.door, session);
    assert_non_null(buckets);
    for (int class = 0; class < RATE_CLASS_COUNT; class ++)
        assert_int_equal(buckets[class].used_micro, 0);
    assert_ptr_equal(spender_buckets(stage.door, session), buckets);
    assert_int_equal(spender_count(stage.door), 1);
    spender_free(session);
    assert_null(session->spender);
    assert_true(list_is_empty(&stage.door->spenders));
    spender_free(session); /* nothing is there any longer */
    session_free(stage.door, session);
    stage_done(&stage);
}

static void who_spent_last_comes_last(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct session *first = session_new(stage.door), *second = session_new(stage.door);
    assert_non_null(spender_buckets(stage.door, first));
    assert_non_null(spender_buckets(stage.door, second));
    assert_ptr_equal(list_entry(stage.door->spenders.next, struct spender, link)->session, first);
    assert_non_null(spender_buckets(stage.door, first));
    assert_ptr_equal(list_entry(stage.door->spenders.next, struct spender, link)->session, second);
    assert_int_equal(spender_count(stage.door), 2);
    spender_free(first);
    spender_free(second);
    session_free(stage.door, first);
    session_free(stage.door, second);
    stage_done(&stage);
}

/* The door's numbers are set by hand, so that no time must pass. */
static void rates_that_are_full_again_need_no_memory_and_others_keep_theirs(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    assert_int_equal(stage.door->refill_ms, 3000); /* 10 at 5 a second, and a second to spare */
    struct session *old = session_new(stage.door), *new = session_new(stage.door);
    assert_non_null(spender_buckets(stage.door, old));
    assert_non_null(spender_buckets(stage.door, new));
    spenders_rest(stage.door);
    assert_int_equal(spender_count(stage.door), 2);
    old->spender->spent_ms = shard_now_ms(stage.shard) - 3000;
    new->spender->spent_ms = shard_now_ms(stage.shard) - 2999;
    spenders_rest(stage.door);
    assert_null(old->spender);
    assert_non_null(new->spender);
    spender_free(new);
    session_free(stage.door, old);
    session_free(stage.door, new);
    stage_done(&stage);
}

static void a_rate_that_never_refills_is_never_forgotten(void **state)
{
    struct stage stage;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){0, 10});
    struct session *session = session_new(stage.door);
    assert_non_null(spender_buckets(stage.door, session));
    session->spender->spent_ms = 0;
    spenders_rest(stage.door);
    assert_non_null(session->spender);
    spender_free(session);
    session_free(stage.door, session);
    stage_done(&stage);
}

int test_spender(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(memory_comes_with_the_first_spending_and_stays_the_same),
        cmocka_unit_test(who_spent_last_comes_last),
        cmocka_unit_test(rates_that_are_full_again_need_no_memory_and_others_keep_theirs),
        cmocka_unit_test(a_rate_that_never_refills_is_never_forgotten),
    };
    return cmocka_run_group_tests_name("chat/spender", tests, NULL, NULL);
}
