/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

#include "os/clock.h"

static void a_peer_that_just_goes_is_counted_once(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(world.ended, 1);
    assert_int_equal(world_ended(&world, END_PEER_GONE) + world_ended(&world, END_PEER_RESET), 1);
    world_done(&world);
}

static void a_silent_peer_is_pinged_then_closed_with_4109(void **state)
{
    struct world world;
    struct client client;
    char payload[200];

    (void)state;
    world_init(&world);
    world.options.heartbeat_ms = 50;
    world_start(&world);
    client_upgrade(&client, &world, "");
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x89);
    assert_int_equal(client_take_close(&client), 4109);
    assert_int_equal(world.ended, 1);
    client_close(&client);
    world_until(&world, world_ended(&world, END_HEARTBEAT) == 1);
    world_done(&world);
}

static void a_pong_keeps_the_connection(void **state)
{
    struct world world;
    struct client client;
    char payload[200];

    (void)state;
    world_init(&world);
    world.options.heartbeat_ms = 200;
    world_start(&world);
    client_upgrade(&client, &world, "");
    for (int i = 0; i < 4; i++) {
        assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x89);
        client_frame(&client, 0x8a, "", 0);
    }
    client_frame(&client, 0x81, "hello", 5);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
    assert_string_equal(payload, "hello");
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

/* A connection aside: a pulse instead of a heartbeat, and nothing of it reaches the others. */
static void a_connection_aside_has_a_pulse_and_its_own_notices(void **state)
{
    struct world world;
    struct client client;
    char payload[200];

    (void)state;
    world_init(&world);
    world.options.heartbeat_ms = 10;
    world_start(&world);
    client_upgrade(&client, &world, "X-Aside: yes\r\n");
    for (int i = 0; i < 3; i++) {
        assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
        assert_string_equal(payload, "pulse");
    }
    client_frame(&client, 0x81, "hello", 5);
    do
        assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
    while (strcmp(payload, "pulse") == 0);
    assert_string_equal(payload, "aside");
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(world.opened + world.ended + world.messages, 0);
    assert_int_equal(world.ended_aside, 1);
    world_done(&world);
}

/* A process that was stopped, or a machine that slept: nobody could be heard, and nobody had been asked. */
static void a_silence_that_was_our_own_is_asked_about_first(void **state)
{
    struct world world;
    struct client client;
    char payload[200];

    (void)state;
    world_init(&world);
    world.options.heartbeat_ms = 100;
    world_start(&world);
    client_upgrade(&client, &world, "");
    uint64_t end_ms = os_clock_monotonic_ms() + 3 * world.options.heartbeat_ms;
    while (os_clock_monotonic_ms() < end_ms)
        continue; /* the shard does not turn */
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x89);
    client_frame(&client, 0x8a, "", 0);
    client_frame(&client, 0x81, "hello", 5);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
    assert_int_equal(world_ended(&world, END_HEARTBEAT), 0);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

/* A home's router that started anew, say: sixteen that nobody answers any more prove no more than four do, since all
 * were pinged after the same silence. */
static void a_crowd_that_is_lost_at_once_halves_its_heartbeat_once(void **state)
{
    enum { CROWD = 16 };
    struct client crowd[CROWD];
    struct world world;
    uint32_t shortest_ms;

    (void)state;
    world_init(&world);
    world.options.heartbeat_ms = 400;
    world.options.heartbeat_floor_ms = 50;
    world.options.heartbeat_forget_ms = 3600000;
    world.options.close_ms = 20;
    world_start(&world);
    for (int i = 0; i < CROWD; i++)
        client_upgrade(&crowd[i], &world, "");
    world_until(&world, world_ended(&world, END_HEARTBEAT) == CROWD);
    assert_int_equal(silence_learned_count(&world.shard->silence, &shortest_ms), 1);
    assert_true(shortest_ms >= 200);
    for (int i = 0; i < CROWD; i++)
        client_close(&crowd[i]);
    world_done(&world);
}

static void a_request_that_trickles_in_is_answered_408(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world.options.request_ms = 60;
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "GET / HTTP/1.1\r\nHost: x\r\n");
    world_until(&world, client_has(&client, "HTTP/1.1 408"));
    client_close(&client);
    world_until(&world, world_ended(&world, END_REQUEST_TIMEOUT) == 1);
    world_done(&world);
}

static void a_kept_connection_that_asks_nothing_ends(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world.options.keep_alive_ms = 60;
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    world_until(&world, client_has(&client, "HTTP/1.1 200"));
    world_until(&world, world_ended(&world, END_HTTP_IDLE) == 1);
    client_close(&client);
    world_done(&world);
}

static void our_close_that_is_not_answered_ends_by_deadline(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world.options.close_ms = 60;
    world_start(&world);
    client_upgrade(&client, &world, "");
    conn_close(world.last, END_NORMAL, VIEW("enough"));
    assert_int_equal(client_take_close(&client), 1000);
    world_until(&world, world_ended(&world, END_CLOSE_TIMEOUT) == 1);
    client_close(&client);
    world_done(&world);
}

static void commands_wait_while_answers_are_pending(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world.options.answers_pending_max = 2;
    world_start(&world);
    client_upgrade(&client, &world, "");
    conn_expect_answer(world.last);
    conn_expect_answer(world.last);
    client_frame(&client, 0x81, "later", 5);
    for (int i = 0; i < 20; i++)
        world_turn(&world);
    assert_int_equal(world.messages, 0);
    shard_post_settled(world.shard, world.last_handle);
    world_until(&world, world.messages == 1);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void draining_says_goodbye_and_1001(void **state)
{
    struct world world;
    struct client client, idle;
    char payload[200];

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    client_connect(&idle, &world);
    shard_post_drain(world.shard, END_SHUTDOWN);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
    assert_string_equal(payload, "goodbye");
    assert_int_equal(client_take_close(&client), 1001);
    client_frame(&client, 0x88, "\x03\xe9", 2);
    client_pump(&client);
    world_until(&world, (client_pump(&client), client.is_at_end));
    client_close(&client);
    world_until(&world, (client_pump(&idle), idle.is_at_end));
    client_close(&idle);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(world_ended(&world, END_SHUTDOWN), 2);
    world_done(&world);
}

/* It was accepted a moment before the end began, and its request is on the way: an end without an answer would look to
 * it as a server that has crashed. */
static void a_request_on_the_way_is_answered_while_draining(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_connect(&client, &world);
    world_until(&world, shard_live_count(world.shard) == 1);
    shard_post_drain(world.shard, END_SHUTDOWN);
    world_turn(&world);
    client_say(&client, "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    world_until(&world, client_has(&client, "HTTP/1.1 503"));
    world_until(&world, (client_pump(&client), client.is_at_end));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

int test_conn(void);
int test_conn(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_that_just_goes_is_counted_once),
        cmocka_unit_test(a_silent_peer_is_pinged_then_closed_with_4109),
        cmocka_unit_test(a_pong_keeps_the_connection),
        cmocka_unit_test(a_connection_aside_has_a_pulse_and_its_own_notices),
        cmocka_unit_test(a_silence_that_was_our_own_is_asked_about_first),
        cmocka_unit_test(a_crowd_that_is_lost_at_once_halves_its_heartbeat_once),
        cmocka_unit_test(a_request_that_trickles_in_is_answered_408),
        cmocka_unit_test(a_kept_connection_that_asks_nothing_ends),
        cmocka_unit_test(our_close_that_is_not_answered_ends_by_deadline),
        cmocka_unit_test(commands_wait_while_answers_are_pending),
        cmocka_unit_test(draining_says_goodbye_and_1001),
        cmocka_unit_test(a_request_on_the_way_is_answered_while_draining),
    };

    return cmocka_run_group_tests_name("conn", tests, NULL, NULL);
}
