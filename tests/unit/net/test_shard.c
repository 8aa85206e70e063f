/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

static void a_handle_of_the_past_finds_nobody(void **state)
{
    struct world world;
    struct client one, two;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&one, &world, "");
    uint64_t old = world.last_handle;
    client_close(&one);
    world_until(&world, shard_live_count(world.shard) == 0);
    client_upgrade(&two, &world, "");
    assert_true(world.last_handle != old);
    assert_null(shard_find(world.shard, old));
    shard_post_reply(world.shard, old, reply_new(WS_TEXT, VIEW("for the dead")), true);
    shard_post_subscribe(world.shard, old, 1, 1, reply_new(WS_TEXT, VIEW("for the dead")), false);
    shard_post_release(world.shard, old, 1, reply_new(WS_TEXT, VIEW("for the dead")));
    shard_post_close(world.shard, old, END_REMOVED, reply_new(WS_TEXT, VIEW("for the dead")));
    for (int i = 0; i < 5; i++)
        world_turn(&world);
    assert_false(client_has(&two, "dead"));
    client_close(&two);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void a_removed_client_hears_why_and_gets_4003(void **state)
{
    struct world world;
    struct client client;
    char payload[200];

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    shard_post_close(world.shard, world.last_handle, END_REMOVED, reply_new(WS_TEXT, VIEW("you were removed")));
    client_take_frame(&client, payload, sizeof payload, NULL);
    assert_string_equal(payload, "you were removed");
    assert_int_equal(client_take_close(&client), 4003);
    client_close(&client);
    world_until(&world, world_ended(&world, END_REMOVED) == 1);
    world_done(&world);
}

static void an_outbox_over_its_limit_ends_the_connection(void **state)
{
    struct world world;
    struct client client;
    static char text[20000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    world_init(&world);
    world.options.outbox_bytes_max = 100000;
    world_start(&world);
    client_upgrade(&client, &world, "");
    for (int i = 0; i < 100 && world.ended == 0; i++)
        shard_post_reply(world.shard, world.last_handle, reply_new(WS_TEXT, view_of_string(text)), false);
    world_until(&world, world_ended(&world, END_SLOW) == 1);
    assert_int_equal(counter_get(&world.shard->counters.outbox_overflows), 1);
    client_close(&client);
    world_done(&world);
}

static void a_shard_with_a_thread_serves_and_stops(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    world_start(&world);
    assert_int_equal(shard_start(world.shard), RESULT_OK);
    shard_post_chunk(world.shard, 1, chunk_of_text("nobody is here", 1));
    shard_post_stop(world.shard);
    shard_join(world.shard);
    assert_int_equal(counter_get(&world.shard->counters.chunks), 1);
    world_done(&world);
}

static void turns_are_counted_by_their_time(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    world_start(&world);
    for (int i = 0; i < 10; i++)
        world_turn(&world);
    assert_int_equal(counter_get(&world.shard->counters.turns), 10);
    assert_int_equal(counter_get(&world.shard->counters.turn_ns.count), 10);
    world_done(&world);
}

int test_shard(void);
int test_shard(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_of_the_past_finds_nobody),
        cmocka_unit_test(a_removed_client_hears_why_and_gets_4003),
        cmocka_unit_test(an_outbox_over_its_limit_ends_the_connection),
        cmocka_unit_test(a_shard_with_a_thread_serves_and_stops),
        cmocka_unit_test(turns_are_counted_by_their_time),
    };

    return cmocka_run_group_tests_name("shard", tests, NULL, NULL);
}
