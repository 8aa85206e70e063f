/* SPDX-License-Identifier: Apache-2.0 */
/* The chat's end: what others posted when the store had ended already. */
#include "stage.h"

struct counted_call {
    struct hub_call call; /* first */
    int *runs;
};

static void count(struct hub_call *called)
{
    struct counted_call *own = (struct counted_call *)called;

    ++*own->runs;
}

static void post(struct stage *stage, enum hub_letter kind, void *object)
{
    const struct letter letter = {.kind = kind, .object = object};

    assert_int_equal(store_post(stage->store, &letter), RESULT_OK);
}

/* A connection that is in the room, one that the hub never heard of, a command, and as many calls as there is place
 * for; so the departure of a last one finds the queue full, and waits with its door. Nothing of it may be kept: the
 * pools of users, members and sessions abort if something is left. */
static void what_comes_after_the_stores_end_is_given_back(void **state)
{
    static struct counted_call calls[1000];
    struct stage stage;
    int runs = 0, posted = 0;

    (void)state;
    stage_start(&stage, (struct chat_rate_option){5, 10});
    struct room *room = stage_room(&stage, "lobby");
    struct session *inside = stage_session(&stage, stage_user(&stage, 1, "Ada"));
    struct session *unheard = session_new(stage.door);
    struct session *last = stage_session(&stage, stage_user(&stage, 2, "Bea"));
    struct request *request = calloc(1, sizeof *request);
    assert_non_null(request);
    assert_non_null(member_enter(stage.chat, inside, room));
    assert_non_null(member_enter(stage.chat, last, room));
    unheard->arrival = calloc(1, sizeof *unheard->arrival);
    assert_non_null(unheard->arrival);
    request->session = inside;
    request->shard = stage.shard;

    post(&stage, HUB_ARRIVE, unheard);
    post(&stage, HUB_COMMAND, request);
    post(&stage, HUB_DEPART, inside);
    post(&stage, HUB_DEPART, unheard);
    for (; posted < (int)COUNT(calls); posted++) {
        calls[posted] = (struct counted_call){.call = {.run = count}, .runs = &runs};
        if (chat_post_call(stage.chat, &calls[posted].call) != RESULT_OK)
            break;
    }
    assert_in_range(posted, 1, COUNT(calls) - 1);
    last->departing_next = stage.door->departing;
    stage.door->departing = last;
    stage_done(&stage);
    assert_int_equal(runs, posted);
}

int test_chat(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_comes_after_the_stores_end_is_given_back),
    };
    return cmocka_run_group_tests_name("chat/chat", tests, NULL, NULL);
}
