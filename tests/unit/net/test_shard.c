/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

#include "os/clock.h"

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

enum { SHARED_CLIENTS = 12, SHARED_CHUNKS = 300, SHARED_BYTES = 6000 };

/* Whole frames that have come; what is left of the last one stays. */
static int count_frames(struct client *client)
{
    size_t at = 0;
    int count = 0;

    client_pump(client);
    while (client->in.size - at >= 10) {
        uint64_t size = ws_server_frame_size(client->in.at + at);
        uint8_t first = client->in.at[at];
        assert_true(first == 0x81 || first == 0xc1);
        assert_true(size <= SHARED_BYTES + 10);
        if (client->in.size - at < size)
            break;
        at += size;
        count++;
    }
    memmove(client->in.at, client->in.at + at, client->in.size - at);
    client->in.size -= at;
    return count;
}

/* Two shards have the same chunks, and compressing subscribers whose sockets take a part of a frame at a time.
 * Whichever shard comes second finds the chunk being compressed, and sends it plain: then it must go on with it plain.
 */
static void a_chunk_is_not_swapped_under_a_half_sent_frame(void **state)
{
    struct world worlds[2];
    struct client clients[2][SHARED_CLIENTS];
    int seen[2][SHARED_CLIENTS] = {{0}};
    static char text[SHARED_BYTES + 1];
    uint64_t seed = 7;

    (void)state;
    for (size_t i = 0; i < SHARED_BYTES; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        text[i] = (char)('a' + (seed >> 33) % 26); /* takes its time to compress */
    }
    for (int w = 0; w < 2; w++) {
        world_init(&worlds[w]);
        worlds[w].options.mailbox_letters = 4096;
        worlds[w].options.feed_bytes_max = 64 * 1024 * 1024;
        worlds[w].options.send_buffer_bytes = 4096;
        world_start(&worlds[w]);
        for (int i = 0; i < SHARED_CLIENTS; i++) {
            client_upgrade(&clients[w][i], &worlds[w], "Sec-WebSocket-Extensions: permessage-deflate\r\n");
            shard_post_subscribe(worlds[w].shard, worlds[w].last_handle, 1, 1, NULL, false);
        }
        world_turn(&worlds[w]);
        assert_int_equal(shard_start(worlds[w].shard), RESULT_OK);
    }
    for (uint64_t seq = 1; seq <= SHARED_CHUNKS; seq++) {
        struct chunk *chunk = chunk_of_text(text, seq);
        shard_post_chunk(worlds[0].shard, 1, chunk_ref(chunk));
        shard_post_chunk(worlds[1].shard, 1, chunk);
    }
    int missing = 2 * SHARED_CLIENTS * SHARED_CHUNKS;
    uint64_t end_ms = os_clock_monotonic_ms() + 60000;
    while (missing > 0 && os_clock_monotonic_ms() < end_ms) {
        for (int i = 0; i < 2 * SHARED_CLIENTS; i++) {
            int count = count_frames(&clients[i & 1][i >> 1]);
            seen[i & 1][i >> 1] += count;
            missing -= count;
        }
        os_thread_yield();
    }
    assert_int_equal(missing, 0);
    for (int w = 0; w < 2; w++) {
        for (int i = 0; i < SHARED_CLIENTS; i++) {
            assert_int_equal(seen[w][i], SHARED_CHUNKS);
            client_close(&clients[w][i]);
        }
        shard_post_stop(worlds[w].shard);
        shard_join(worlds[w].shard);
        world_done(&worlds[w]);
    }
}

static void turns_are_counted_by_their_time(void **state)
{
    struct world world;

    (void)state;
    world_init(&world);
    world_start(&world);
    for (int i = 0; i < 10; i++)
        world_turn(&world);
    assert_int_equal(counter_get(&world.shard->counters.turns.count), 10);
    assert_int_equal(counter_get(&world.shard->counters.turns.ns.count), 10);
    world_done(&world);
}

static void expect_slow(const struct world *world, enum shard_phase phase, uint64_t count)
{
    const struct turns *turns = &world->shard->counters.turns;
    struct turn turn;

    assert_int_equal(counter_get(&turns->slow[phase]), count);
    assert_true(turn_kept_read(&turns->newest, &turn));
    assert_int_equal(turn_longest_phase(&turn), phase);
    assert_int_equal(turn.phase_ns[phase], world->callback_takes_ns);
}

/* The shard's clock stands still, but while a notice runs, which takes 30 ms then: the slow turn is known by the phase
 * that called it, and by what it worked on. */
static void a_slow_turn_is_counted_by_its_cause(void **state)
{
    static char text[8000];
    struct world world;
    struct client client;
    struct turn turn;

    (void)state;
    memset(text, 'x', sizeof text - 1);
    world_init(&world);
    world.options.slow_turn_ms = 10;
    world.options.feed_bytes_max = 4096;
    world_start(&world);
    client_upgrade(&client, &world, "");
    shard_post_subscribe(world.shard, world.last_handle, 1, 1, NULL, false);
    world_turn(&world);
    world.shard->clock_ns = world_clock_ns;
    world.callback_takes_ns = 30 * 1000 * 1000;

    client_frame(&client, 0x81, "slow", 4);
    world_until(&world, world.messages == 1);
    expect_slow(&world, PHASE_READ, 1);
    assert_true(turn_kept_read(&world.shard->counters.turns.newest, &turn));
    assert_int_equal(turn.work[WORK_MESSAGES], 1);
    assert_int_equal(turn.work[WORK_CONNECTIONS], 1);

    for (uint64_t seq = 1; world.lapped == 0; seq++) { /* until the socket takes no more and the feed is full */
        shard_post_chunk(world.shard, 1, chunk_of_text(text, seq));
        world_turn(&world);
        client_pump(&client);
        if (seq % 3 == 0)
            for (int i = 0; i < 60; i++)
                shard_post_chunk(world.shard, 1, chunk_of_text(text, ++seq));
    }
    world_until(&world, counter_get(&world.shard->counters.turns.slow[PHASE_FLUSH]) > 0);
    expect_slow(&world, PHASE_FLUSH, 1);

    world.turned_is_slow = true;
    world_turn(&world);
    expect_slow(&world, PHASE_TURNED, 1);
    world.turned_is_slow = false;

    shard_post_drain(world.shard, END_SHUTDOWN);
    world_turn(&world);
    expect_slow(&world, PHASE_MAIL, 1);
    assert_int_equal(turns_slow_count(&world.shard->counters.turns), 4);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
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
        cmocka_unit_test(a_chunk_is_not_swapped_under_a_half_sent_frame),
        cmocka_unit_test(turns_are_counted_by_their_time),
        cmocka_unit_test(a_slow_turn_is_counted_by_its_cause),
    };

    return cmocka_run_group_tests_name("shard", tests, NULL, NULL);
}
