/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

static void requests_are_answered_one_after_the_other(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n");
    world_until(&world, client_has(&client, "GET /two"));
    assert_true(client_has(&client, "GET /one"));
    assert_true(client_has(&client, "Connection: keep-alive"));
    client_say(&client, "GET /three HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    world_until(&world, client_has(&client, "Connection: close"));
    world_until(&world, (client_pump(&client), client.is_at_end));
    client_close(&client);
    world_until(&world, world_ended(&world, END_HTTP_DONE) == 1);
    assert_int_equal(counter_get(&world.shard->counters.requests), 3);
    world_done(&world);
}

static void a_request_is_understood_at_every_cut(void **state)
{
    static const char request[] = "POST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nbody";

    (void)state;
    for (size_t cut = 1; cut < sizeof request - 1; cut++) {
        struct world world;
        struct client client;

        world_init(&world);
        world_start(&world);
        client_connect(&client, &world);
        client_send(&client, request, cut);
        world_turn(&world);
        client_send(&client, request + cut, sizeof request - 1 - cut);
        world_until(&world, client_has(&client, "POST /p body"));
        client_close(&client);
        world_until(&world, shard_live_count(world.shard) == 0);
        world_done(&world);
    }
}

static void bodies_come_in_chunks_too(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n");
    world_until(&world, client_has(&client, "100 Continue"));
    client_say(&client, "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    world_until(&world, client_has(&client, "POST / abcde"));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void bad_requests_get_a_status_and_no_second_chance(void **state)
{
    static const struct {
        const char *name, *bytes, *answer;
    } cases[] = {
        {"garbage", "\x16\x03\x01\x02garbage\r\n\r\n", "HTTP/1.1 400"},
        {"both lengths", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
         "HTTP/1.1 400"},
        {"body too large", "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n", "HTTP/1.1 413"},
        {"no host", "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400"},
        {"version 2", "GET / HTTP/2.0\r\nHost: x\r\n\r\n", "HTTP/1.1 505"},
        {"bad chunk", "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "HTTP/1.1 400"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world world;
        struct client client;

        world_init(&world);
        world_start(&world);
        client_connect(&client, &world);
        client_say(&client, cases[i].bytes);
        client_say(&client, "GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n");
        world_until(&world, client_has(&client, cases[i].answer));
        world_until(&world, (client_pump(&client), client.is_at_end));
        assert_false(client_has(&client, "smuggled"));
        client_close(&client);
        world_until(&world, world_ended(&world, END_HTTP_REFUSED) == 1);
        world_done(&world);
    }
}

static void a_head_over_the_limit_is_refused_before_it_ends(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "GET / HTTP/1.1\r\nHost: x\r\n");
    for (int i = 0; i < 200 && !client_has(&client, "HTTP/1.1 431"); i++)
        client_say(&client, "X-Long: 0123456789012345678901234567890123456789\r\n");
    world_until(&world, client_has(&client, "HTTP/1.1 431"));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void head_gets_no_body(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "HEAD /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    world_until(&world, (client_pump(&client), client.is_at_end));
    assert_true(client_has(&client, "Content-Length: 15\r\n"));
    assert_false(client_has(&client, "HEAD /x"));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

/* Asks on and on, and reads nothing; the kernel's buffers are large, so it goes on until the server waits. */
static void ask_while_it_flows(struct client *client, size_t *sent)
{
    static const char request[] =
        "GET /an-answer-repeats-this-target-so-that-it-is-longer-than-the-question HTTP/1.1\r\n"
        "Host: x\r\n\r\n";
    enum { REQUEST_BYTES = sizeof request - 1 };
    size_t size = 0;

    for (int i = 0; i < 50; i++) {
        size_t at = *sent % REQUEST_BYTES;
        if (os_write(client->descriptor, request + at, REQUEST_BYTES - at, &size) == RESULT_OK)
            *sent += size;
    }
}

static void a_client_that_reads_no_answer_ends_by_the_write_deadline(void **state)
{
    struct world world;
    struct client client;
    size_t sent = 0;

    (void)state;
    world_init(&world);
    world.options.write_ms = 50;
    world_start(&world);
    client_connect(&client, &world);
    world_until(&world, (ask_while_it_flows(&client, &sent), world_ended(&world, END_SLOW) == 1));
    assert_int_equal(shard_live_count(world.shard), 0);
    client_close(&client);
    world_done(&world);
}

static void a_refused_upgrade_names_the_reason(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    world.upgrade_status = 403;
    client_connect(&client, &world);
    client_say(&client, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n");
    world_until(&world, client_has(&client, "refused by the test"));
    assert_true(client_has(&client, "HTTP/1.1 403"));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(world.opened + world.ended, 0);
    world_done(&world);
}

static void a_faulty_upgrade_may_be_explained_by_others(void **state)
{
    static const char *const cases[][2] = {{"X-Explain: yes\r\n", "explained by the test"},
                                           {"", "The Connection field lacks Upgrade"}};
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    for (size_t i = 0; i < 2; i++) {
        client_connect(&client, &world);
        client_say(&client, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n");
        client_say(&client, cases[i][0]);
        client_say(&client, "\r\n");
        world_until(&world, client_has(&client, cases[i][1]));
        assert_true(client_has(&client, "HTTP/1.1 400"));
        client_close(&client);
    }
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

/* RFC 6455 section 4.4 and RFC 9110 section 15.5.22: 426 names the version and the protocol, Connection names Upgrade.
 */
static void another_version_is_told_to_upgrade(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n");
    world_until(&world, client_has(&client, "13."));
    assert_true(client_has(&client, "HTTP/1.1 426"));
    assert_true(client_has(&client, "\r\nSec-WebSocket-Version: 13\r\n"));
    assert_true(client_has(&client, "\r\nUpgrade: websocket\r\n"));
    assert_true(client_has(&client, "\r\nConnection: Upgrade\r\n"));
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

static void connections_over_the_limit_are_told_503(void **state)
{
    struct world world;
    struct client clients[3];

    (void)state;
    world_init(&world);
    world.options.connections_max = 2;
    world_start(&world);
    for (int i = 0; i < 3; i++)
        client_connect(&clients[i], &world);
    client_say(&clients[2], "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    world_until(&world, client_has(&clients[2], "HTTP/1.1 503"));
    assert_true(client_has(&clients[2], "Retry-After:"));
    for (int i = 0; i < 3; i++)
        client_close(&clients[i]);
    world_until(&world, shard_live_count(world.shard) == 0);
    assert_int_equal(world_ended(&world, END_OVER_LIMIT), 1);
    world_done(&world);
}

static void every_request_is_shown_before_it_is_answered(void **state)
{
    struct world world;
    struct client client;

    (void)state;
    world_init(&world);
    world_start(&world);
    client_connect(&client, &world);
    client_say(&client, "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\n\r\n");
    world_until(&world, client_has(&client, "GET /two"));
    client_say(&client, "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n");
    world_until(&world, client_has(&client, "HTTP/1.1 400"));
    client_close(&client);
    client_upgrade(&client, &world, "");
    assert_int_equal(world.arrived[WS_HANDSHAKE_NOT_ASKED], 2);
    assert_int_equal(world.arrived[WS_HANDSHAKE_BAD], 1);
    assert_int_equal(world.arrived[WS_HANDSHAKE_RIGHT], 1);
    client_close(&client);
    world_until(&world, shard_live_count(world.shard) == 0);
    world_done(&world);
}

int test_conn_http(void);
int test_conn_http(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(requests_are_answered_one_after_the_other),
        cmocka_unit_test(a_request_is_understood_at_every_cut),
        cmocka_unit_test(bodies_come_in_chunks_too),
        cmocka_unit_test(bad_requests_get_a_status_and_no_second_chance),
        cmocka_unit_test(a_head_over_the_limit_is_refused_before_it_ends),
        cmocka_unit_test(head_gets_no_body),
        cmocka_unit_test(a_client_that_reads_no_answer_ends_by_the_write_deadline),
        cmocka_unit_test(a_refused_upgrade_names_the_reason),
        cmocka_unit_test(a_faulty_upgrade_may_be_explained_by_others),
        cmocka_unit_test(another_version_is_told_to_upgrade),
        cmocka_unit_test(connections_over_the_limit_are_told_503),
        cmocka_unit_test(every_request_is_shown_before_it_is_answered),
    };

    return cmocka_run_group_tests_name("conn_http", tests, NULL, NULL);
}
