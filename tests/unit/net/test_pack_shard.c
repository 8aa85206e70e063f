/* SPDX-License-Identifier: Apache-2.0 */
/* Two shards in one process stand for two processes; what the first one packs, the second one goes on with. */
#include "net/census.h"
#include "net/pack_shard.h"

#include <stdlib.h>
#include <string.h>

#include "net/pack_conn.h"
#include "os/poller.h"
#include "world.h"

struct packed {
    struct builder bytes;
    struct packed_descriptors descriptors;
    struct packed_counts counts;
};

static void rest_and_pack(struct world *world, struct packed *packed)
{
    *packed = (struct packed){.counts = {0}};
    builder_init(&packed->bytes, 64 * 1024 * 1024);
    shard_rest(world->shard);
    shard_post_halt(world->shard);
    while (shard_turn(world->shard, 0)) {
    }
    assert_int_equal(shard_pack(world->shard, &packed->bytes, &packed->descriptors, &packed->counts), RESULT_OK);
}

static void packed_done(struct packed *packed)
{
    builder_done(&packed->bytes);
    packed_descriptors_done(&packed->descriptors);
}

/* The second shard has copies of the descriptors, as another process would. */
static enum result unpack_copy(struct world *to, struct view bytes, const struct packed *packed, size_t *out_used)
{
    struct unpack in = unpack_of(bytes);
    int *copies = calloc(packed->descriptors.count + 1, sizeof *copies);

    assert_non_null(copies);
    for (size_t i = 0; i < packed->descriptors.count; i++)
        assert_int_equal(os_listener_share(packed->descriptors.at[i], &copies[i]), RESULT_OK);
    enum result result = shard_unpack(to->shard, &in, copies, packed->descriptors.count, out_used);
    if (result == RESULT_OK && !unpack_is_done(&in))
        result = RESULT_INVALID;
    for (size_t i = *out_used; i < packed->descriptors.count; i++)
        os_socket_close(copies[i]);
    free(copies);
    return result;
}

/* Packs the first, goes on in the second, and the first forgets. */
static void pass_on(struct world *from, struct world *to, struct packed *packed)
{
    size_t used = 0;

    rest_and_pack(from, packed);
    assert_int_equal(unpack_copy(to, builder_view(&packed->bytes), packed, &used), RESULT_OK);
    assert_int_equal(used, packed->descriptors.count);
    shard_check(to->shard);
    shard_forget_packed(from->shard);
    world_turn(from);
    assert_int_equal(world_ended(from, END_HANDED_OVER), packed->counts.passed);
}

static void two_worlds(struct world *from, struct world *to)
{
    world_init(from);
    world_start(from);
    world_init(to);
    world_start(to);
}

static void worlds_done(struct world *from, struct world *to, struct packed *packed)
{
    world_until(to, shard_live_count(to->shard) == 0);
    world_done(from);
    world_done(to);
    packed_done(packed);
}

static void a_conversation_goes_on(void **state)
{
    struct world from, to;
    struct client client;
    struct packed packed;
    char text[100];

    (void)state;
    two_worlds(&from, &to);
    client_upgrade(&client, &from, "");
    uint64_t handle = from.last_handle;
    shard_post_subscribe(from.shard, handle, 7, 1, NULL, false);
    shard_post_chunk(from.shard, 7, chunk_of_text("first", 1));
    client_take_frame(&client, text, sizeof text, NULL);
    assert_string_equal(text, "first");
    pass_on(&from, &to, &packed);
    client.world = &to;
    assert_non_null(shard_find(to.shard, handle)); /* it is known by the same name */
    shard_post_chunk(to.shard, 7, chunk_of_text("second", 2));
    client_take_frame(&client, text, sizeof text, NULL);
    assert_string_equal(text, "second");
    client_frame(&client, 0x81, "echo", 4);
    client_take_frame(&client, text, sizeof text, NULL);
    assert_string_equal(text, "echo");
    assert_int_equal(counter_get(&to.shard->counters.taken_over), 1);
    client_close(&client);
    worlds_done(&from, &to, &packed);
}

/* Whoever looks at it sees one life, and not a second one that begins with the hand-over. */
static void its_life_goes_along(void **state)
{
    struct world from, to;
    struct client client;
    struct packed packed;
    struct conn_sight before, after;
    char text[100];

    (void)state;
    two_worlds(&from, &to);
    client_upgrade(&client, &from, "User-Agent: somebody/1.0\r\n");
    uint64_t handle = from.last_handle;
    shard_post_subscribe(from.shard, handle, 7, 5, NULL, false);
    for (uint64_t seq = 5; seq < 8; seq++) {
        shard_post_chunk(from.shard, 7, chunk_of_text("event", seq));
        client_take_frame(&client, text, sizeof text, NULL);
    }
    client_frame(&client, 0x81, "echo", 4);
    client_take_frame(&client, text, sizeof text, NULL);
    assert_true(census_find(from.shard, handle, &before));
    pass_on(&from, &to, &packed);
    client.world = &to;
    assert_true(census_find(to.shard, handle, &after));
    assert_int_equal(after.accepted_ms, before.accepted_ms);
    assert_int_equal(after.upgraded_ms, before.upgraded_ms);
    assert_int_equal(after.joined_ms, before.joined_ms);
    assert_int_equal(after.joins, 1);
    assert_int_equal(after.messages_in, before.messages_in);
    assert_int_equal(after.messages_out, before.messages_out);
    assert_string_equal(after.agent, "somebody/1.0");
    shard_post_chunk(to.shard, 7, chunk_of_text("event", 8));
    client_take_frame(&client, text, sizeof text, NULL);
    assert_true(census_find(to.shard, handle, &after));
    assert_int_equal(after.messages_out, before.messages_out + 1);
    client_close(&client);
    worlds_done(&from, &to, &packed);
}

static void who_comes_next_gets_a_handle_that_nobody_had(void **state)
{
    struct world from, to;
    struct client gone, stays, fresh;
    struct packed packed;

    (void)state;
    two_worlds(&from, &to);
    client_upgrade(&gone, &from, "");
    uint64_t old = from.last_handle;
    client_upgrade(&stays, &from, "");
    uint64_t kept = from.last_handle;
    client_close(&gone);
    world_until(&from, shard_live_count(from.shard) == 1);
    pass_on(&from, &to, &packed);
    client_upgrade(&fresh, &to, "");
    assert_true(to.last_handle != old && to.last_handle != kept);
    client_close(&fresh);
    client_close(&stays);
    worlds_done(&from, &to, &packed);
}

/* A reader that took nothing: frames wait in the feed, one of them is cut, and the rest of it is in the outbox. */
static void a_slow_reader_misses_nothing_and_sees_nothing_twice(void **state)
{
    enum { CHUNKS = 12, TEXT_BYTES = 8000 };
    struct world from, to;
    struct client client;
    struct packed packed;
    static char text[TEXT_BYTES + 1], taken[TEXT_BYTES + 100];

    (void)state;
    two_worlds(&from, &to);
    from.options.feed_bytes_max = 1024 * 1024;
    client_upgrade(&client, &from, "");
    shard_post_subscribe(from.shard, from.last_handle, 7, 1, NULL, false);
    const struct conn *conn = from.last;
    uint64_t seq = 0;
    while (!conn->is_blocked || seq < CHUNKS) {
        memset(text, 'a' + (int)(seq % 26), TEXT_BYTES);
        shard_post_chunk(from.shard, 7, chunk_of_text(text, ++seq));
        world_turn(&from);
    }
    assert_int_equal(counter_get(&from.shard->counters.lapped), 0);
    pass_on(&from, &to, &packed);
    client.world = &to;
    for (uint64_t i = 0; i < seq; i++) {
        client_take_frame(&client, taken, sizeof taken, NULL);
        memset(text, 'a' + (int)(i % 26), TEXT_BYTES);
        assert_string_equal(taken, text);
    }
    client_close(&client);
    worlds_done(&from, &to, &packed);
}

static void a_reader_that_was_lapped_is_told_of_the_same_gap(void **state)
{
    struct world from, to;
    struct client client;
    struct packed packed;
    static char text[30001];

    (void)state;
    two_worlds(&from, &to);
    client_upgrade(&client, &from, "");
    shard_post_subscribe(from.shard, from.last_handle, 7, 1, NULL, false);
    const struct conn *conn = from.last;
    memset(text, 'x', sizeof text - 1);
    uint64_t seq = 0;
    for (int more = 0; more < 6; more += conn->is_blocked) {
        shard_post_chunk(from.shard, 7, chunk_of_text(text, ++seq));
        world_turn(&from);
    }
    const struct feed *feed = from.shard->feeds[7];
    assert_true(feed->cursors[0].position < feed->head);
    uint64_t first = feed->cursors[0].seq_next;
    pass_on(&from, &to, &packed);
    client.world = &to;
    client_pump(&client);
    world_until(&to, (client_pump(&client), to.lapped == 1));
    assert_int_equal(to.gap_from, first);
    assert_int_equal(to.gap_to, seq);
    client_close(&client);
    worlds_done(&from, &to, &packed);
}

/* What was said in part here is said to its end there, wherever it was cut. */
static void what_is_half_said_is_understood(void **state)
{
    static const char request[] = "GET /half HTTP/1.1\r\nHost: localhost\r\n\r\n";
    struct world from, to;
    struct client client, asker;
    struct packed packed;
    char text[100];

    (void)state;
    for (size_t cut = 1; cut < 12; cut++) {
        /* "one " and "two" in two frames, masked with nothing, then a ping in between */
        static const uint8_t frames[] = {0x01, 0x84, 0, 0, 0, 0, 'o', 'n', 'e', ' ',
                                         0x80, 0x83, 0, 0, 0, 0, 't', 'w', 'o'};
        two_worlds(&from, &to);
        client_upgrade(&client, &from, "");
        client_connect(&asker, &from);
        client_send(&client, frames, cut);
        client_send(&asker, request, cut);
        uint64_t bytes_in = counter_get(&from.shard->counters.bytes_in);
        for (int i = 0; i < 10; i++)
            world_turn(&from);
        assert_true(counter_get(&from.shard->counters.bytes_in) >= bytes_in);
        pass_on(&from, &to, &packed);
        client.world = asker.world = &to;
        client_send(&client, frames + cut, sizeof frames - cut);
        client_take_frame(&client, text, sizeof text, NULL);
        assert_string_equal(text, "one two");
        client_send(&asker, request + cut, sizeof request - 1 - cut);
        world_until(&to, client_has(&asker, "GET /half"));
        client_close(&client);
        client_close(&asker);
        worlds_done(&from, &to, &packed);
    }
}

/* Where the inflater stands within a message only it knows. */
static void a_compressed_message_in_its_middle_is_bidden_farewell(void **state)
{
    static const uint8_t begin[] = {0xC1, 0x86, 0, 0, 0, 0, 0xCA, 0x48};
    struct world from, to;
    struct client client;
    struct packed packed;
    char text[100];

    (void)state;
    two_worlds(&from, &to);
    client_upgrade(&client, &from, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    client_send(&client, begin, sizeof begin);
    world_until(&from, from.last->input && from.last->input->is_in_payload);
    pass_on(&from, &to, &packed);
    assert_int_equal(packed.counts.farewell, 1);
    client.world = &to;
    client_take_frame(&client, text, sizeof text, NULL);
    assert_string_equal(text, "goodbye");
    assert_int_equal(client_take_close(&client), 1012);
    client_close(&client);
    worlds_done(&from, &to, &packed);
}

static void a_shard_that_is_woken_goes_on_itself(void **state)
{
    struct world world;
    struct client client, other;
    struct packed packed;
    char text[100];

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    rest_and_pack(&world, &packed);
    shard_wake(world.shard);
    client_frame(&client, 0x81, "still here", 10);
    client_take_frame(&client, text, sizeof text, NULL);
    assert_string_equal(text, "still here");
    client_upgrade(&other, &world, ""); /* and whoever comes is let in */
    client_close(&client);
    client_close(&other);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
    packed_done(&packed);
}

/* Somebody in a feed, behind, with something to say: every kind of part is there. */
static void pack_some(struct world *from, struct client clients[2], struct packed *packed)
{
    static const uint8_t half[] = {0x01, 0x84, 0, 0, 0, 0, 'o', 'n', 'e', ' ', 0x80};
    static char text[30001];

    world_init(from);
    world_start(from);
    client_upgrade(&clients[0], from, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    client_upgrade(&clients[1], from, "");
    shard_post_subscribe(from->shard, from->last_handle, 7, 1, NULL, false);
    memset(text, 'x', sizeof text - 1);
    const struct conn *conn = from->last;
    for (uint64_t seq = 1; !conn->is_blocked; seq++) {
        shard_post_chunk(from->shard, 7, chunk_of_text(text, seq));
        world_turn(from);
    }
    client_send(&clients[0], half, sizeof half);
    for (int i = 0; i < 10; i++)
        world_turn(from);
    rest_and_pack(from, packed);
}

static void try(struct view bytes, const struct packed *packed, bool may_be_fine)
{
    struct world to;
    size_t used = 0;

    world_init(&to);
    world_start(&to);
    enum result result = unpack_copy(&to, bytes, packed, &used);
    if (result == RESULT_OK)
        assert_true(may_be_fine);
    shard_post_end_all(to.shard);
    for (int i = 0; i < 3; i++)
        world_turn(&to);
    assert_int_equal(shard_live_count(to.shard), 0);
    world_done(&to);
}

static void what_is_cut_is_refused_and_what_is_garbled_does_no_harm(void **state)
{
    enum { GARBLED = 600, STEP = 7, HEAD = 400 };
    struct world from;
    struct client clients[2];
    struct packed packed;

    (void)state;
    pack_some(&from, clients, &packed);
    size_t size = packed.bytes.size;
    for (size_t cut = 0; cut < size; cut += cut < HEAD ? 1 : size / 50)
        try(view_of(packed.bytes.at, cut), &packed, false);
    uint32_t drawn = 1;
    for (int i = 0; i < GARBLED; i++) {
        drawn = drawn * 1664525u + 1013904223u;
        size_t at = i < HEAD ? (size_t)i : (drawn >> 8) % size;
        uint8_t before = packed.bytes.at[at];
        packed.bytes.at[at] ^= (uint8_t)(1u << (drawn & STEP));
        try(builder_view(&packed.bytes), &packed, true);
        packed.bytes.at[at] = before;
    }
    try(builder_view(&packed.bytes), &packed, true);
    shard_wake(from.shard);
    client_close(&clients[0]);
    client_close(&clients[1]);
    world_until(&from, shard_live_count(from.shard) == 0);
    world_done(&from);
    packed_done(&packed);
}

static void what_was_learned_of_silence_goes_along(void **state)
{
    static struct silence here, there;
    uint8_t address[IP_BYTES] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2, [15] = 1};
    struct silence_key key = silence_key_of_proxy(address);
    struct silence_ages ages = {{30000, 30000}};
    struct builder bytes;

    (void)state;
    here = there = (struct silence){.heartbeat_ms = 60000, .floor_ms = 1000, .forget_ms = 3600000};
    for (int i = 0; i < SILENCE_PROOFS; i++)
        (void)silence_cut(&here, &key, 100000, &ages); /* what it learned is asked for below */
    uint32_t interval_ms = silence_interval(&here, &key, 100000, false);
    assert_true(interval_ms < 30000);
    builder_init(&bytes, 100000);
    silence_pack(&here, &bytes);
    struct unpack in = unpack_of(builder_view(&bytes));
    assert_true(silence_unpack(&there, &in));
    assert_true(unpack_is_done(&in));
    assert_int_equal(silence_interval(&there, &key, 100000, false), interval_ms);
    for (size_t cut = 0; cut < bytes.size; cut++) {
        in = unpack_of(view_of(bytes.at, cut));
        there = (struct silence){.forget_ms = 1};
        assert_false(silence_unpack(&there, &in));
    }
    builder_done(&bytes);
}

int test_pack_shard(void);
int test_pack_shard(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_conversation_goes_on),
        cmocka_unit_test(its_life_goes_along),
        cmocka_unit_test(who_comes_next_gets_a_handle_that_nobody_had),
        cmocka_unit_test(a_slow_reader_misses_nothing_and_sees_nothing_twice),
        cmocka_unit_test(a_reader_that_was_lapped_is_told_of_the_same_gap),
        cmocka_unit_test(what_is_half_said_is_understood),
        cmocka_unit_test(a_compressed_message_in_its_middle_is_bidden_farewell),
        cmocka_unit_test(a_shard_that_is_woken_goes_on_itself),
        cmocka_unit_test(what_is_cut_is_refused_and_what_is_garbled_does_no_harm),
        cmocka_unit_test(what_was_learned_of_silence_goes_along),
    };

    return cmocka_run_group_tests_name("pack_shard", tests, NULL, NULL);
}
