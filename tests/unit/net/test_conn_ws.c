/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdlib.h>
#include <string.h>

static void messages_of_every_length_form_come_back(void **state)
{
    static const size_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 100000};
    struct world world;
    struct client client;
    char *text = malloc(100001), *back = malloc(100001);

    (void)state;
    memset(text, 'x', 100000);
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        size_t size = 0;
        client_frame(&client, 0x81, text, sizes[i]);
        assert_int_equal(client_take_frame(&client, back, 100001, &size), 0x81);
        assert_int_equal(size, sizes[i]);
    }
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
    free(text);
    free(back);
}

static void fragments_make_one_message_with_pings_between(void **state)
{
    struct world world;
    struct client client;
    char payload[200];

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    client_frame(&client, 0x01, "Hel", 3);
    client_frame(&client, 0x89, "now", 3);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x8a);
    assert_string_equal(payload, "now");
    client_frame(&client, 0x00, "", 0);
    client_frame(&client, 0x80, "lo", 2);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, NULL), 0x81);
    assert_string_equal(payload, "Hello");
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void faults_get_their_close_code(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t size;
        int code;
        enum end_reason reason;
    } cases[] = {
        {"unmasked", "\x81\x02hi", 4, 1002, END_PROTOCOL_ERROR},
        {"reserved opcode", "\x83\x80\0\0\0\0", 6, 1002, END_PROTOCOL_ERROR},
        {"reserved bit", "\xa1\x80\0\0\0\0", 6, 1002, END_PROTOCOL_ERROR},
        {"continuation of nothing", "\x80\x80\0\0\0\0", 6, 1002, END_PROTOCOL_ERROR},
        {"fragmented ping", "\x09\x80\0\0\0\0", 6, 1002, END_PROTOCOL_ERROR},
        {"ping of 126 bytes", "\x89\xfe\x00\x7e\0\0\0\0", 8, 1002, END_PROTOCOL_ERROR},
        {"bad utf-8", "\x81\x82\0\0\0\0\xc0\xaf", 8, 1007, END_NOT_UTF8},
        {"announced too big", "\x81\xff\0\0\0\0\x7f\xff\xff\xff\0\0\0\0", 14, 1009, END_TOO_BIG},
        {"close code 1005", "\x88\x82\0\0\0\0\x03\xed", 8, 1002, END_PROTOCOL_ERROR},
        {"close of one byte", "\x88\x81\0\0\0\0\x03", 7, 1002, END_PROTOCOL_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        struct client client;

        world_init(&world);
        world_start(&world);
        client_upgrade(&client, &world, "");
        client_send(&client, cases[i].bytes, cases[i].size);
        assert_int_equal(client_take_close(&client), cases[i].code);
        world_until(&world, (client_pump(&client), client.is_at_end));
        client_close(&client);
        world_until(&world, world_ended(&world, cases[i].reason) == 1);
        assert_int_equal(world.ended, 1);
        world_done(&world);
    }
}

static void bad_utf8_is_known_before_the_message_ends(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    client_frame(&client, 0x01, "fine \xed", 6);
    client_frame(&client, 0x00, "\xa0", 1); /* a surrogate, cut in two; no final fragment follows */
    assert_int_equal(client_take_close(&client), 1007);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void a_close_handshake_ends_with_our_fin(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    client_frame(&client, 0x88,
                 "\x03\xe8"
                 "bye",
                 5);
    assert_int_equal(client_take_close(&client), 1000);
    world_until(&world, (client_pump(&client), client.is_at_end));
    client_close(&client);
    world_until(&world, world_ended(&world, END_PEER_CLOSED) == 1);
    world_done(&world);
}

/* Pings of all sizes that come in one read: a pong that has not left yet may be the newer ping's (section 5.5.3), and
 * then has its payload and its length. */
static void the_newest_ping_is_answered_with_its_own_payload(void **state)
{
    static const char *const payloads[] = {"first of them", "second", "third, longer", "4th", "", "last"};
    struct world world;
    struct client client;
    struct builder pings;
    char payload[200];
    size_t size = 0;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "");
    builder_init(&pings, 1024);
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++)
        frame_add(&pings, 0x89, payloads[i], strlen(payloads[i]));
    client_send(&client, pings.at, pings.size);
    builder_done(&pings);
    for (size_t i = 0; i == 0 || strcmp(payload, "last") != 0; i++) {
        assert_int_equal(client_take_frame(&client, payload, sizeof payload, &size), 0x8a);
        bool is_one_of_them = false;
        for (; i < sizeof payloads / sizeof *payloads && !is_one_of_them; i++)
            is_one_of_them = size == strlen(payloads[i]) && strcmp(payload, payloads[i]) == 0;
        assert_true(is_one_of_them);
        i--;
    }
    client_frame(&client, 0x81, "still in step", 13);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, &size), 0x81);
    assert_int_equal(size, 13);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void a_ping_flood_gets_1008(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world.options.control_frames_per_second_max = 20;
    world_start(&world);
    client_upgrade(&client, &world, "");
    for (int i = 0; i < 200; i++)
        client_frame(&client, 0x89, "x", 1);
    assert_int_equal(client_take_close(&client), 1008);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(world_ended(&world, END_POLICY), 1);
    world_done(&world);
}

static void messages_are_compressed_both_ways_where_agreed(void **state)
{
    struct world world;
    struct client client;
    struct deflater *deflater = deflater_new(15, 6);
    struct inflater *inflater = inflater_new();
    struct builder small, back;
    char text[3000], payload[4096];
    size_t size = 0;

    (void)state;
    memset(text, 'z', sizeof text);
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    builder_init(&small, 4096);
    builder_init(&back, 4096);
    assert_true(deflater_run(deflater, view_of(text, sizeof text), &small));
    client_frame(&client, 0xc1, small.at, small.size);
    assert_int_equal(client_take_frame(&client, payload, sizeof payload, &size), 0xc1);
    assert_int_equal(inflater_run(inflater, view_of(payload, size), true, &back), INFLATE_OK);
    assert_int_equal(back.size, sizeof text);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
    builder_done(&small);
    builder_done(&back);
    inflater_free(inflater);
    deflater_free(deflater);
}

static void a_compressed_bomb_gets_1009(void **state)
{
    struct world world;
    struct client client;
    struct deflater *deflater = deflater_new(15, 9);
    struct builder bomb;
    char *zeros = calloc(1, 10000000);

    (void)state;
    world_init(&world);
    world_start(&world);
    client_upgrade(&client, &world, "Sec-WebSocket-Extensions: permessage-deflate\r\n");
    builder_init(&bomb, 1000000);
    assert_true(deflater_run(deflater, view_of(zeros, 10000000), &bomb));
    assert_true(bomb.size < 20000);
    client_frame(&client, 0xc2, bomb.at, bomb.size);
    assert_int_equal(client_take_close(&client), 1009);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
    builder_done(&bomb);
    deflater_free(deflater);
    free(zeros);
}

static void a_conversation_is_the_same_at_every_cut(void **state)
{
    static const uint8_t bytes[] = {0x01, 0x83, 0,   0,    0,    0,   'o',  'n',  'e', 0x89, 0x81, 0,    0,
                                    0,    0,    'p', 0x80, 0x81, 0,   0,    0,    0,   '!',  0x81, 0x83, 0,
                                    0,    0,    0,   't',  'w',  'o', 0x81, 0x80, 0,   0,    0,    0};

    (void)state;
    for (size_t cut = 0; cut <= sizeof bytes; cut++) {
        struct world world;
        struct client client;

        world_init(&world);
        world_start(&world);
        client_upgrade(&client, &world, "");
        client_send(&client, bytes, cut);
        world_turn(&world);
        client_send(&client, bytes + cut, sizeof bytes - cut);
        world_until(&world, world.messages == 3);
        assert_int_equal(world.texts.size, 4 + 1 + 3 + 1 + 1);
        assert_memory_equal(world.texts.at, "one!\ntwo\n\n", world.texts.size);
        client_close(&client);
        world_until(&world, shard_live_count(world.shard) == 0);
        world_done(&world);
    }
}

int test_conn_ws(void);
int test_conn_ws(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_every_length_form_come_back),
        cmocka_unit_test(fragments_make_one_message_with_pings_between),
        cmocka_unit_test(faults_get_their_close_code),
        cmocka_unit_test(bad_utf8_is_known_before_the_message_ends),
        cmocka_unit_test(a_close_handshake_ends_with_our_fin),
        cmocka_unit_test(the_newest_ping_is_answered_with_its_own_payload),
        cmocka_unit_test(a_ping_flood_gets_1008),
        cmocka_unit_test(messages_are_compressed_both_ways_where_agreed),
        cmocka_unit_test(a_compressed_bomb_gets_1009),
        cmocka_unit_test(a_conversation_is_the_same_at_every_cut),
    };

    return cmocka_run_group_tests_name("conn_ws", tests, NULL, NULL);
}
