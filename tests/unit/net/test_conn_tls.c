/* SPDX-License-Identifier: Apache-2.0 */
/* Connections that begin with a handshake. */
#include <string.h>

#include "tls_client.h"
#include "world.h"

int test_conn_tls(void);

static const char *const names[] = {"a.example"};

struct scene {
    struct world world;
    struct tls_folder folder;
    struct tls *tls;
    struct tls_tickets tickets;
};

static void begin(struct scene *scene)
{
    *scene = (struct scene){.tls = NULL};
    world_init(&scene->world);
    tls_folder_init(&scene->folder);
    tls_folder_make(&scene->folder, names[0]);
    scene->tls = tls_folder_load(&scene->folder, names, 1);
    tls_tickets_rotate(&scene->tickets);
    scene->world.how.is_tls = true;
    scene->world.options.tls = scene->tls;
    scene->world.options.tickets = &scene->tickets;
    scene->world.options.tls_handshake_ms = 60000;
    scene->world.options.tls_slice_ms = 2;
}

static void end(struct scene *scene)
{
    world_until(&scene->world, shard_live_count(scene->world.shard) == 0);
    world_done(&scene->world);
    tls_unref(scene->tls);
    tls_folder_done(&scene->folder);
}

static bool shakes(struct client *client, struct tls_client *tls)
{
    bool is_done = tls_client_shake(tls);

    tls_client_pump(tls, client->descriptor, 4096);
    return is_done;
}

/* What came through TLS is in `client->in`, as if it were plain. */
static bool tls_has(struct client *client, struct tls_client *tls, const char *text)
{
    char bytes[4096];
    int size;

    tls_client_pump(tls, client->descriptor, 4096);
    while ((size = SSL_read(tls->ssl, bytes, sizeof bytes)) > 0)
        builder_add(&client->in, bytes, (size_t)size);
    return client->in.size > 0 && memmem(client->in.at, client->in.size, text, strlen(text)) != NULL;
}

static void a_websocket_over_tls_is_one_like_any_other(void **state)
{
    static const char upgrade[] = "GET /ws HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    static const char hello[] = "\x81\x85\0\0\0\0hello", close[] = "\x88\x82\0\0\0\0\x03\xe8";
    struct scene scene;
    struct client client;
    struct tls_client tls;

    (void)state;
    begin(&scene);
    world_start(&scene.world);
    client_connect(&client, &scene.world);
    tls_client_init(&tls);
    world_until(&scene.world, shakes(&client, &tls));
    assert_int_equal(SSL_write(tls.ssl, upgrade, sizeof upgrade - 1), sizeof upgrade - 1);
    world_until(&scene.world, tls_has(&client, &tls, "HTTP/1.1 101"));
    assert_int_equal(conn_scheme(scene.world.last), SCHEME_HTTPS);
    assert_int_equal(SSL_write(tls.ssl, hello, sizeof hello - 1), sizeof hello - 1);
    world_until(&scene.world, tls_has(&client, &tls, "\x81\x05hello"));
    assert_int_equal(SSL_write(tls.ssl, close, sizeof close - 1), sizeof close - 1);
    world_until(&scene.world, tls_has(&client, &tls, "\x88\x02\x03\xe8"));
    world_until(&scene.world, (tls_has(&client, &tls, "none"), SSL_get_shutdown(tls.ssl) & SSL_RECEIVED_SHUTDOWN));
    tls_client_done(&tls);
    client_close(&client);
    world_until(&scene.world, world_ended(&scene.world, END_PEER_CLOSED) == 1);
    assert_int_equal(counter_get(&scene.world.shard->counters.tls_handshakes), 1);
    end(&scene);
}

static void each_way_to_fail_has_its_reason(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        bool finishes;
        enum end_reason reason;
        const char *answer;
    } cases[] = {
        {"\x16\x03\x01\x00\x05nonsense", 13, false, END_TLS_BROKEN, "\x15\x03"}, /* an alert */
        {"\x16\x03", 2, true, END_TLS_BROKEN, ""},
        {"", 0, true, END_HTTP_DONE, ""},
        {"GET /x HTTP/1.1\r\nHost: h:8443\r\n\r\n", 33, false, END_PLAIN_HTTP, "Location: https://h:8443/x\r\n"},
        {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n", 47, false, END_PLAIN_HTTP, "Speak TLS here"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct scene scene;
        struct client client;
        begin(&scene);
        world_start(&scene.world);
        client_connect(&client, &scene.world);
        client_send(&client, cases[i].bytes, cases[i].size);
        if (cases[i].finishes)
            os_socket_finish_writing(client.descriptor);
        if (cases[i].answer[0])
            world_until(&scene.world, client_has(&client, cases[i].answer));
        client_close(&client);
        world_until(&scene.world, world_ended(&scene.world, cases[i].reason) == 1);
        end(&scene);
    }
}

static void a_handshake_that_does_not_come_is_not_waited_for(void **state)
{
    struct scene scene;
    struct client client, slow;

    (void)state;
    begin(&scene);
    scene.world.options.tls_handshake_ms = 20;
    world_start(&scene.world);
    client_connect(&client, &scene.world);
    client_connect(&slow, &scene.world);
    client_send(&slow, "\x16\x03\x01", 3);
    world_until(&scene.world, world_ended(&scene.world, END_TLS_TIMEOUT) == 2);
    client_close(&client);
    client_close(&slow);
    end(&scene);
}

/* Twenty come at once and a turn has time for few; an open connection is served between them. */
static void a_storm_of_handshakes_is_spread_over_turns(void **state)
{
    enum { STORM = 20 };
    static struct client clients[STORM];
    static struct tls_client tls[STORM];
    struct scene scene;
    uint64_t done = 0, most = 0;

    (void)state;
    begin(&scene);
    scene.world.options.tls_slice_ms = 0; /* one at a time */
    world_start(&scene.world);
    for (int i = 0; i < STORM; i++) {
        client_connect(&clients[i], &scene.world);
        tls_client_init(&tls[i]);
    }
    for (int i = 0; i < STORM; i++)
        (void)shakes(&clients[i], &tls[i]);
    while (counter_get(&scene.world.shard->counters.tls_handshakes) < STORM) {
        world_turn(&scene.world);
        uint64_t now = counter_get(&scene.world.shard->counters.tls_handshakes);
        most = now - done > most ? now - done : most;
        done = now;
        for (int i = 0; i < STORM; i++)
            (void)shakes(&clients[i], &tls[i]);
    }
    assert_int_equal(most, 1);
    assert_true(counter_get(&scene.world.shard->counters.tls_put_off) > 0);
    for (int i = 0; i < STORM; i++) {
        tls_client_done(&tls[i]);
        client_close(&clients[i]);
    }
    end(&scene);
}

static void new_certificates_are_for_those_who_come(void **state)
{
    struct scene scene;
    struct client client;
    struct tls_client tls;

    (void)state;
    begin(&scene);
    world_start(&scene.world);
    client_connect(&client, &scene.world);
    tls_client_init(&tls);
    world_until(&scene.world, shakes(&client, &tls));
    tls_folder_make(&scene.folder, names[0]);
    shard_post_tls(scene.world.shard, tls_folder_load(&scene.folder, names, 1));
    assert_int_equal(shard_post_tickets(scene.world.shard, &scene.tickets), RESULT_OK);
    assert_int_equal(SSL_write(tls.ssl, "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27), 27);
    world_until(&scene.world, tls_has(&client, &tls, "200 OK"));
    assert_ptr_not_equal(scene.world.shard->tls.tls, scene.tls);
    tls_client_done(&tls);
    client_close(&client);
    end(&scene);
}

int test_conn_tls(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_websocket_over_tls_is_one_like_any_other),
        cmocka_unit_test(each_way_to_fail_has_its_reason),
        cmocka_unit_test(a_handshake_that_does_not_come_is_not_waited_for),
        cmocka_unit_test(a_storm_of_handshakes_is_spread_over_turns),
        cmocka_unit_test(new_certificates_are_for_those_who_come),
    };

    return cmocka_run_group_tests_name("conn_tls", tests, NULL, NULL);
}
