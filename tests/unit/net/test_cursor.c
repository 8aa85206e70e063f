/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 3 };

static void subscribe(struct world *world, uint64_t seq_next, bool is_held)
{
    shard_post_subscribe(world->shard, world->last_handle, ROOM, seq_next, NULL, is_held);
    uint64_t before = counter_get(&world->shard->counters.subscriptions);
    world_until(world, counter_get(&world->shard->counters.subscriptions) == before + 1);
}

static void everybody_gets_every_event_once_in_order(void **state)
{
    enum { CLIENTS = 40, EVENTS = 50 };
    struct world world;
    struct client clients[CLIENTS];
    char payload[200], expected[32];

    (void)state;
    world_init(&world);
    world_start(&world);
    for (int i = 0; i < CLIENTS; i++) {
        client_upgrade(&clients[i], &world, "");
        subscribe(&world, 1, false);
    }
    for (uint64_t seq = 1; seq <= EVENTS; seq++) {
        (void)snprintf(expected, sizeof expected, "event %llu", (unsigned long long)seq);
        shard_post_chunk(world.shard, ROOM, chunk_of_text(expected, seq));
        if (seq % 7 == 0)
            world_turn(&world);
    }
    for (int i = 0; i < CLIENTS; i++) {
        for (int seq = 1; seq <= EVENTS; seq++) {
            (void)snprintf(expected, sizeof expected, "event %d", seq);
            assert_int_equal(client_take_frame(&clients[i], payload, sizeof payload, NULL), 0x81);
            assert_string_equal(payload, expected);
        }
    }
    assert_int_equal(counter_get(&world.shard->counters.deliveries), CLIENTS * EVENTS);
    assert_true(counter_get(&world.shard->counters.writes) < CLIENTS * EVENTS / 2);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(counter_get(&world.shard->counters.feeds), 0);
    world_done(&world);
}

/* From the second room on a connection's places stand in memory of their own, which grows and goes again. */
static void a_connection_follows_many_rooms_and_leaves_them(void **state)
{
    enum { ROOMS = 20 };
    struct world world;
    struct client client;
    char payload[200], expected[32];

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    for (uint32_t room = 0; room < ROOMS; room++) {
        shard_post_subscribe(world.shard, world.last_handle, room, 1, NULL, false);
        shard_post_subscribe(world.shard, world.last_handle, room, 1, NULL, false); /* a second time changes nothing */
    }
    world_until(&world, counter_get(&world.shard->counters.subscriptions) == ROOMS);
    for (uint32_t room = 0; room < ROOMS; room++) {
        (void)snprintf(expected, sizeof expected, "room %u", room);
        shard_post_chunk(world.shard, room, chunk_of_text(expected, 1));
        assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
        assert_string_equal(payload, expected);
    }
    for (uint32_t room = 0; room + 1 < ROOMS; room++) {
        shard_post_unsubscribe(world.shard, world.last_handle, room * 7 % ROOMS);
        shard_post_chunk(world.shard, room * 7 % ROOMS, chunk_of_text("nobody is here", 2));
    }
    uint32_t left = (ROOMS - 1) * 7 % ROOMS;
    shard_post_chunk(world.shard, left, chunk_of_text("the last room", 2));
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
    assert_string_equal(payload, "the last room");
    assert_int_equal(counter_get(&world.shard->counters.subscriptions), 1);
    assert_int_equal(counter_get(&world.shard->counters.feeds), 1);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void a_held_subscription_waits_for_its_replay(void **state)
{
    struct world world;
    struct client client;
    char payload[200];

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    subscribe(&world, 5, true);
    shard_post_chunk(world.shard, ROOM, chunk_of_text("five", 5));
    for (int i = 0; i < 10; i++)
        world_turn(&world);
    assert_false(client_has(&client, "five"));
    shard_post_release(world.shard, world.last_handle, ROOM, reply_new(WS_TEXT, VIEW("one to four")));
    client_take_frame(&client, payload, sizeof payload, NULL);
    assert_string_equal(payload, "one to four");
    client_take_frame(&client, payload, sizeof payload, NULL);
    assert_string_equal(payload, "five");
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

/* The first client reads nothing until the feed has gone on without it; what it then reads must be whole frames,
 * rising, with one hole that a gap announced. */
static void a_slow_reader_is_lapped_at_a_frames_end_and_told(void **state)
{
    enum { EVENTS = 4000, SIZE = 1000 };
    struct world world;
    struct client slow, quick;
    char *text = malloc(SIZE + 1), *payload = malloc(SIZE + 100);
    int quick_seen = 0;
    unsigned long long from = 0, to = 0;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&slow, &world, "");
    subscribe(&world, 1, false);
    client_upgrade(&quick, &world, "");
    subscribe(&world, 1, false);
    for (int seq = 1; seq <= EVENTS; seq++) {
        memset(text, '.', SIZE);
        text[SIZE] = 0;
        text[snprintf(text, SIZE, "%06d", seq)] = ' ';
        shard_post_chunk(world.shard, ROOM, chunk_of_text(text, (uint64_t)seq));
        client_take_frame(&quick, payload, SIZE + 100, NULL);
        assert_int_equal(strtol(payload, NULL, 10), seq);
        quick_seen++;
    }
    assert_int_equal(quick_seen, EVENTS);
    uint64_t expected = 1;
    while (expected <= EVENTS) {
        uint8_t first = client_take_frame(&slow, payload, SIZE + 100, NULL);
        assert_int_equal(first, 0x81);
        if (sscanf(payload, "gap 3 %llu-%llu", &from, &to) == 2) {
            assert_int_equal(from, expected);
            assert_true(to >= from);
            expected = to + 1;
        } else {
            assert_int_equal(strtol(payload, NULL, 10), expected);
            expected++;
        }
    }
    assert_true(world.lapped >= 1);
    assert_true(to > from);
    client_close(&slow);
    client_close(&quick);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
    free(text);
    free(payload);
}

/* Without the gap it would miss events and not know; half of one is no JSON. So its connection ends. */
static void who_cannot_be_told_of_a_gap_is_ended(void **state)
{
    enum { EVENTS = 4000, SIZE = 1000 };
    struct world world;
    struct client slow;
    char text[SIZE + 1];

    (void)state;
    world_init(&world);
    world.lapped_has_no_memory = true;
    world_start(&world);
    client_upgrade(&slow, &world, "");
    subscribe(&world, 1, false);
    memset(text, '.', SIZE);
    text[SIZE] = 0;
    for (int seq = 1; seq <= EVENTS; seq++) {
        shard_post_chunk(world.shard, ROOM, chunk_of_text(text, (uint64_t)seq));
        world_turn(&world);
    }
    for (int i = 0; i < 20000 && shard_live_count(world.shard) > 0; i++) {
        client_pump(&slow);
        world_turn(&world);
    }
    assert_int_equal(world.lapped, 1);
    assert_int_equal(world_ended(&world, END_NO_MEMORY), 1);
    assert_false(client_has(&slow, "gap"));
    client_close(&slow);
    world_done(&world);
}

/* The kernel's buffers grow while one looks: more is said whenever the socket takes more, so that bytes wait always. */
static void say_while_it_flows(struct world *world, const char *text, uint64_t *seq)
{
    if (world->ended == 0 && !world->last->is_blocked)
        shard_post_chunk(world->shard, ROOM, chunk_of_text(text, ++*seq));
}

static void a_reader_that_never_reads_ends_by_the_write_deadline(void **state)
{
    struct world world;
    struct client client;
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    world_init(&world);
    world.options.write_ms = 100;
    world_start(&world);
    client_upgrade(&client, &world, "");
    subscribe(&world, 1, false);
    uint64_t seq = 0;
    world_until(&world, (say_while_it_flows(&world, text, &seq), world_ended(&world, END_SLOW) == 1));
    assert_int_equal(world.ended, 1);
    client_close(&client);
    world_done(&world);
}

static void a_slow_reader_is_closed_at_once_where_so_configured(void **state)
{
    struct world world;
    struct client client;
    char text[2000];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = 0;
    world_init(&world);
    world.options.slow_policy = NET_SLOW_CLOSE;
    world_start(&world);
    client_upgrade(&client, &world, "");
    subscribe(&world, 1, false);
    for (uint64_t seq = 1; seq < 4000; seq++) {
        shard_post_chunk(world.shard, ROOM, chunk_of_text(text, seq));
        world_turn(&world);
    }
    assert_int_equal(client_take_close(&client), 4108);
    client_close(&client);
    world_until(&world, world_ended(&world, END_SLOW) == 1);
    world_done(&world);
}

static void compressing_subscribers_share_one_compression(void **state)
{
    struct world world;
    struct client plain, one, two;
    char text[2000], payload[4096];
    size_t size = 0;

    (void)state;
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = 0;
    world_init(&world);
    world_start(&world);
    client_upgrade(&plain, &world, "");
    subscribe(&world, 1, false);
    client_upgrade(&one, &world, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    subscribe(&world, 1, false);
    client_upgrade(&two, &world, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    subscribe(&world, 1, false);
    shard_post_chunk(world.shard, ROOM, chunk_of_text(text, 1));
    assert_int_equal(client_take_frame(&plain, payload, sizeof payload, &size), 0x81);
    assert_int_equal(size, sizeof text - 1);
    assert_int_equal(client_take_frame(&one, payload, sizeof payload, &size), 0xc1);
    assert_true(size < 100);
    assert_int_equal(client_take_frame(&two, payload, sizeof payload, &size), 0xc1);
    client_close(&plain);
    client_close(&one);
    client_close(&two);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void leaving_subscribers_do_not_disturb_a_flush(void **state)
{
    enum { CLIENTS = 60 };
    struct world world;
    struct client clients[CLIENTS];
    char payload[200];

    (void)state;
    world_init(&world);
    world.options.flush_slice = 3;
    world_start(&world);
    for (int i = 0; i < CLIENTS; i++) {
        client_upgrade(&clients[i], &world, "");
        subscribe(&world, 1, false);
    }
    shard_post_chunk(world.shard, ROOM, chunk_of_text("first", 1));
    world_turn(&world);
    for (int i = 0; i < CLIENTS; i += 2)
        client_close(&clients[i]);
    shard_post_chunk(world.shard, ROOM, chunk_of_text("second", 2));
    for (int i = 1; i < CLIENTS; i += 2) {
        client_take_frame(&clients[i], payload, sizeof payload, NULL);
        assert_string_equal(payload, "first");
        client_take_frame(&clients[i], payload, sizeof payload, NULL);
        assert_string_equal(payload, "second");
    }
    for (int i = 1; i < CLIENTS; i += 2)
        client_close(&clients[i]);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

/* A slice of one would take 64 turns. */
static void a_room_is_served_in_32_slices_at_most(void **state)
{
    enum { CLIENTS = 64 };
    struct world world;
    struct client clients[CLIENTS];
    char payload[200];

    (void)state;
    world_init(&world);
    world.options.flush_slice = 1;
    world_start(&world);
    for (int i = 0; i < CLIENTS; i++) {
        client_upgrade(&clients[i], &world, "");
        subscribe(&world, 1, false);
    }
    shard_post_chunk(world.shard, ROOM, chunk_of_text("to all", 1));
    struct counter *deliveries = &world.shard->counters.deliveries;
    for (uint64_t served = 2; served <= CLIENTS; served += 2) {
        world_until(&world, counter_get(deliveries) > served - 2);
        assert_int_equal(counter_get(deliveries), served);
    }
    for (int i = 0; i < CLIENTS; i++) {
        client_take_frame(&clients[i], payload, sizeof payload, NULL);
        assert_string_equal(payload, "to all");
        client_close(&clients[i]);
    }
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

int test_cursor(void);
int test_cursor(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_every_event_once_in_order),
        cmocka_unit_test(a_connection_follows_many_rooms_and_leaves_them),
        cmocka_unit_test(a_held_subscription_waits_for_its_replay),
        cmocka_unit_test(a_slow_reader_is_lapped_at_a_frames_end_and_told),
        cmocka_unit_test(who_cannot_be_told_of_a_gap_is_ended),
        cmocka_unit_test(a_reader_that_never_reads_ends_by_the_write_deadline),
        cmocka_unit_test(a_slow_reader_is_closed_at_once_where_so_configured),
        cmocka_unit_test(compressing_subscribers_share_one_compression),
        cmocka_unit_test(leaving_subscribers_do_not_disturb_a_flush),
        cmocka_unit_test(a_room_is_served_in_32_slices_at_most),
    };

    return cmocka_run_group_tests_name("cursor", tests, NULL, NULL);
}
