/* SPDX-License-Identifier: Apache-2.0 */
#include "net/census.h"

#include <string.h>

#include "world.h"

enum { ROOM = 3 };

static void start(struct world *world)
{
    world_init(world);
    world->options.ended_max = 4;
    world->options.connections_max = 1000;
    world_start(world);
}

static void subscribe(struct world *world, uint64_t seq_next)
{
    uint64_t before = counter_get(&world->shard->counters.subscriptions);

    shard_post_subscribe(world->shard, world->last_handle, ROOM, seq_next, NULL, false);
    world_until(world, counter_get(&world->shard->counters.subscriptions) == before + 1);
}

static void a_connections_life_is_seen(void **state)
{
    struct world world;
    struct client client;
    struct conn_sight sight;
    char payload[64];

    (void)state;
    start(&world);
    client_upgrade(&client, &world, "User-Agent: tester/1\r\n");
    subscribe(&world, 7);
    world.echoes = false;
    client_frame(&client, 0x81, "hello", 5);
    world_until(&world, world.messages == 1);
    shard_post_chunk(world.shard, ROOM, chunk_of_text("seven", 7));
    shard_post_chunk(world.shard, ROOM, chunk_of_text("eight", 8));
    client_take_frame(&client, payload, sizeof payload, NULL);
    client_take_frame(&client, payload, sizeof payload, NULL);
    conn_note_resume(world.last);
    assert_true(census_find(world.shard, world.last_handle, &sight));
    assert_string_equal(sight.agent, "tester/1");
    assert_int_equal(sight.state, CONN_OPEN);
    assert_true(sight.upgraded_ms >= sight.accepted_ms && sight.joined_ms >= sight.upgraded_ms);
    assert_true(sight.resumed_ms > 0);
    assert_int_equal(sight.lapped_ms, 0);
    assert_int_equal(sight.messages_in, 1);
    assert_int_equal(sight.messages_out, 2 + 1); /* the answer to the upgrade is one as well */
    assert_int_equal(sight.room_count, 1);
    assert_int_equal(sight.rooms[0], ROOM);
    assert_int_equal(sight.joins + sight.resumes, 2);
    assert_true(sight.has_link && sight.link.received_bytes > 0);
    assert_true(sight.ping_ms == LIFE_NOT_YET);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_false(census_find(world.shard, world.last_handle, &sight));
    world_done(&world);
}

/* Events that were delivered stay counted when the room is left; those before the subscription were never its own. */
static void deliveries_are_counted_through_joining_and_leaving(void **state)
{
    struct world world;
    struct client client;
    struct conn_sight sight;
    char payload[64];

    (void)state;
    start(&world);
    client_upgrade(&client, &world, "");
    for (int round = 0; round < 3; round++) {
        subscribe(&world, 1000);
        shard_post_chunk(world.shard, ROOM, chunk_of_text("an event", 1000));
        client_take_frame(&client, payload, sizeof payload, NULL);
        shard_post_unsubscribe(world.shard, world.last_handle, ROOM);
        world_until(&world, counter_get(&world.shard->counters.subscriptions) == 0);
    }
    assert_true(census_find(world.shard, world.last_handle, &sight));
    assert_int_equal(sight.messages_out, 3 + 1);
    assert_int_equal(sight.joins, 3);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void every_connection_is_seen_once_in_slices(void **state)
{
    enum { CLIENTS = 150 };
    static struct conn_sight sights[CENSUS_SLICE];
    static struct client clients[CLIENTS];
    struct world world;
    uint32_t position = 0;
    size_t count = 0;
    int slices = 0;

    (void)state;
    start(&world);
    for (int i = 0; i < CLIENTS; i++)
        client_upgrade(&clients[i], &world, "");
    do {
        size_t seen = census_take(world.shard, &position, sights);
        assert_true(seen <= CENSUS_SLICE);
        count += seen;
        slices++;
    } while (position > 0);
    assert_int_equal(count, CLIENTS);
    assert_true(slices > 1);
    for (int i = 0; i < CLIENTS; i++)
        client_close(&clients[i]);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void who_is_removed_is_told_why(void **state)
{
    struct world world;
    struct client client;
    char payload[64];

    (void)state;
    start(&world);
    client_upgrade(&client, &world, "");
    assert_false(census_remove(world.shard, world.last_handle + 1, END_REMOVED, VIEW("x"), VIEW("x")));
    assert_true(census_remove(world.shard, world.last_handle, END_REMOVED, VIEW("a frame"), VIEW("too loud")));
    assert_false(census_remove(world.shard, world.last_handle, END_REMOVED, VIEW("x"), VIEW("x")));
    client_take_frame(&client, payload, sizeof payload, NULL);
    assert_string_equal(payload, "a frame");
    assert_int_equal(client_take_close(&client), 4003);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void an_end_is_remembered_with_both_codes(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    start(&world);
    client_upgrade(&client, &world, "User-Agent: tester/2\r\n");
    client_frame(&client, 0x88, "\x0f\xa0", 2); /* 4000 */
    assert_int_equal(client_take_close(&client), 4000);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    const struct ended *ended = census_ended(world.shard);
    assert_int_equal(ended_count(ended), 1);
    const struct ended_record *record = ended_at(ended, 0);
    assert_int_equal(record->handle, world.last_handle);
    assert_int_equal(record->reason, END_PEER_CLOSED);
    assert_int_equal(record->code_received, 4000);
    assert_string_equal(record->agent, "tester/2");
    world_done(&world);
}

/* A plain request that was served is of no interest; one that was refused is. */
static void ends_of_plain_requests_are_not_remembered(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    start(&world);
    client_connect(&client, &world);
    client_say(&client, "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    world_until(&world, client_has(&client, "HTTP/1.1 "));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(ended_count(census_ended(world.shard)), 0);
    client_connect(&client, &world);
    client_say(&client, "nonsense\r\n\r\n");
    world_until(&world, client_has(&client, "HTTP/1.1 400"));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(ended_at(census_ended(world.shard), 0)->reason, END_HTTP_REFUSED);
    world_done(&world);
}

static void a_pong_tells_how_long_the_way_to_the_client_is(void **state)
{
    struct world world;
    struct client client;
    struct conn_sight sight;
    char payload[64];

    (void)state;
    start(&world);
    client_upgrade(&client, &world, "");
    conn_ws_ping(world.last);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x89);
    client_frame(&client, 0x8a, "", 0);
    world_until(&world, counter_get(&world.shard->counters.control_frames_in) == 1);
    assert_true(census_find(world.shard, world.last_handle, &sight));
    assert_true(sight.ping_ms != LIFE_NOT_YET);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void a_feed_is_seen_and_a_missing_one_is_nothing(void **state)
{
    struct world world;
    struct client client;
    struct feed_sight sight;

    (void)state;
    start(&world);
    client_upgrade(&client, &world, "");
    subscribe(&world, 1);
    census_feed(world.shard, ROOM, &sight);
    assert_int_equal(sight.subscribers, 1);
    assert_int_equal(sight.lag_events + sight.behind, 0);
    census_feed(world.shard, ROOM + 1000, &sight);
    assert_int_equal(sight.subscribers, 0);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

int test_census(void);
int test_census(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connections_life_is_seen),
        cmocka_unit_test(deliveries_are_counted_through_joining_and_leaving),
        cmocka_unit_test(every_connection_is_seen_once_in_slices),
        cmocka_unit_test(who_is_removed_is_told_why),
        cmocka_unit_test(an_end_is_remembered_with_both_codes),
        cmocka_unit_test(ends_of_plain_requests_are_not_remembered),
        cmocka_unit_test(a_pong_tells_how_long_the_way_to_the_client_is),
        cmocka_unit_test(a_feed_is_seen_and_a_missing_one_is_nothing),
    };
    return cmocka_run_group_tests_name("census", tests, NULL, NULL);
}
