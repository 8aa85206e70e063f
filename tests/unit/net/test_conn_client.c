/* SPDX-License-Identifier: Apache-2.0 */
/* Who is behind a connection. The test's clients come from 127.0.0.1, which is a trusted proxy or is not. */
#include "world.h"

#include <stdio.h>

int test_conn_client(void);

#define V2_TLS                                                                                     \
    "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x14\xc0\x00\x02\x01\x0a\x00\x00\x01\x12\x67\x00\x50\x20\x00" \
    "\x05\x01\0\0\0\0"

static struct trust trust_of(const char *text)
{
    struct trust trust = {.count = 0};

    if (text[0])
        assert_int_equal(trust_add(&trust, view_of_string(text)), RESULT_OK);
    return trust;
}

struct meeting {
    struct world world;
    struct client client;
    struct trust trust;
};

static void begin(struct meeting *meeting, const char *trusted)
{
    meeting->trust = trust_of(trusted);
    world_init(&meeting->world);
    meeting->world.options.trust = &meeting->trust;
}

static struct conn *only_conn(struct world *world)
{
    for (uint32_t i = 0; i < world->shard->registry_used; i++) {
        if (world->shard->registry[i].conn)
            return world->shard->registry[i].conn;
    }
    fail_msg("there is no connection");
    return NULL;
}

static void end(struct meeting *meeting)
{
    client_close(&meeting->client);
    world_until(&meeting->world, shard_live_count(meeting->world.shard) == 0);
    world_done(&meeting->world);
}

static void ask(struct meeting *meeting, const char *fields)
{
    struct builder request;
    uint64_t before = counter_get(&meeting->world.shard->counters.requests);

    builder_init(&request, 8192);
    builder_format(&request, "GET / HTTP/1.1\r\nHost: own.example\r\n%s\r\n", fields);
    client_send(&meeting->client, request.at, request.size);
    builder_done(&request);
    world_until(&meeting->world, counter_get(&meeting->world.shard->counters.requests) == before + 1);
    world_until(&meeting->world, only_conn(&meeting->world)->state == CONN_REQUEST);
}

static void assert_address(struct meeting *meeting, const char *wanted)
{
    char text[64];

    assert_string_equal(os_address_format(conn_address(only_conn(&meeting->world)), false, text), wanted);
}

static void a_proxy_tells_who_asks_and_anybody_else_does_not(void **state)
{
    static const struct {
        const char *trusted, *fields, *address;
        enum http_scheme scheme;
        enum conn_behind behind;
    } cases[] = {
        {"", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n", "127.0.0.1", SCHEME_UNKNOWN, CONN_DIRECT},
        {"10.0.0.1", "X-Forwarded-For: 192.0.2.1\r\n", "127.0.0.1", SCHEME_UNKNOWN, CONN_DIRECT},
        {"127.0.0.1", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n", "192.0.2.1", SCHEME_HTTPS,
         CONN_BEHIND_FIELDS},
        {"127.0.0.1", "X-Forwarded-For: 198.51.100.1, 192.0.2.1, 127.0.0.1\r\nX-Forwarded-Proto: http\r\n", "192.0.2.1",
         SCHEME_HTTP, CONN_BEHIND_FIELDS},
        {"127.0.0.1", "Forwarded: for=192.0.2.1;proto=https\r\n", "127.0.0.1", SCHEME_UNKNOWN,
         CONN_BEHIND_SILENT_PROXY},
        {"127.0.0.1", "", "127.0.0.1", SCHEME_UNKNOWN, CONN_BEHIND_SILENT_PROXY},
        {"127.0.0.1", "X-Forwarded-For: unknown\r\n", "127.0.0.1", SCHEME_UNKNOWN, CONN_BEHIND_SILENT_PROXY},
        {"0.0.0.0/0", "X-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1", SCHEME_UNKNOWN, CONN_BEHIND_FIELDS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct meeting meeting;
        begin(&meeting, cases[i].trusted);
        world_start(&meeting.world);
        client_connect(&meeting.client, &meeting.world);
        ask(&meeting, cases[i].fields);
        assert_address(&meeting, cases[i].address);
        assert_int_equal(conn_scheme(only_conn(&meeting.world)), cases[i].scheme);
        assert_int_equal(conn_behind(only_conn(&meeting.world)), cases[i].behind);
        end(&meeting);
    }
}

/* A proxy keeps its connections and sends other clients' requests over them. */
static void each_request_has_its_own_client(void **state)
{
    struct meeting meeting;

    (void)state;
    begin(&meeting, "127.0.0.1");
    world_start(&meeting.world);
    client_connect(&meeting.client, &meeting.world);
    ask(&meeting, "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-Proto: https\r\n");
    assert_address(&meeting, "192.0.2.1");
    ask(&meeting, "X-Forwarded-For: 192.0.2.2\r\n");
    assert_address(&meeting, "192.0.2.2");
    assert_int_equal(conn_scheme(only_conn(&meeting.world)), SCHEME_UNKNOWN);
    ask(&meeting, "");
    assert_address(&meeting, "127.0.0.1");
    ask(&meeting, "X-Forwarded-For: 192.0.2.1\r\n");
    assert_address(&meeting, "192.0.2.1");
    assert_int_equal(counter_get(&meeting.world.shard->counters.forwarded), 3);
    assert_int_equal(counter_get(&meeting.world.shard->counters.forwarded_missing), 1);
    end(&meeting);
}

/* The limit per address counts clients, not the one proxy that all of them come through. */
static void the_limit_is_the_clients_not_the_proxys(void **state)
{
    struct meeting meeting;
    struct client clients[6];

    (void)state;
    begin(&meeting, "127.0.0.1");
    meeting.world.options.connections_per_address_max = 2;
    world_start(&meeting.world);
    for (int i = 0; i < 5; i++) {
        char fields[64];
        (void)snprintf(fields, sizeof fields, "X-Forwarded-For: 192.0.2.%d\r\n", i / 2);
        client_upgrade(&clients[i], &meeting.world, fields);
    }
    client_connect(&clients[5], &meeting.world);
    client_say(&clients[5], "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n");
    world_until(&meeting.world, client_has(&clients[5], "HTTP/1.1 429"));
    for (int i = 0; i < 6; i++)
        client_close(&clients[i]);
    world_until(&meeting.world, shard_live_count(meeting.world.shard) == 0);
    assert_int_equal(world_ended(&meeting.world, END_OVER_LIMIT), 1);
    for (int i = 0; i < ADMISSION_CELLS; i++) {
        assert_int_equal(meeting.world.admission->rows[0][i], 0);
        assert_int_equal(meeting.world.admission->rows[1][i], 0);
    }
    world_done(&meeting.world);
}

static void a_header_of_the_proxy_comes_before_everything(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *address;
        enum http_scheme scheme;
    } cases[] = {
        {"PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n", 0, "192.0.2.1", SCHEME_UNKNOWN},
        {"PROXY TCP6 2001:db8::1 2001:db8::2 4711 80\r\n", 0, "2001:db8::1", SCHEME_UNKNOWN},
        {"PROXY UNKNOWN\r\n", 0, "127.0.0.1", SCHEME_UNKNOWN},
        {V2_TLS, sizeof V2_TLS - 1, "192.0.2.1", SCHEME_HTTPS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t size = cases[i].size > 0 ? cases[i].size : strlen(cases[i].bytes);
        for (size_t cut = 0; cut <= size; cut++) {
            struct meeting meeting;
            begin(&meeting, "127.0.0.1");
            meeting.world.how.has_proxy_header = true;
            world_start(&meeting.world);
            client_connect(&meeting.client, &meeting.world);
            assert_int_equal(only_conn(&meeting.world)->state, CONN_PROXY);
            client_send(&meeting.client, cases[i].bytes, cut);
            world_turn(&meeting.world);
            client_send(&meeting.client, cases[i].bytes + cut, size - cut);
            world_until(&meeting.world, only_conn(&meeting.world)->state == CONN_REQUEST);
            ask(&meeting, "X-Forwarded-For: 203.0.113.9\r\n");
            /* The client's own fields are nobody's word; those of a proxy that speaks for itself are. */
            bool speaks_for_itself = strcmp(cases[i].address, "127.0.0.1") == 0;
            assert_address(&meeting, speaks_for_itself ? "203.0.113.9" : cases[i].address);
            assert_int_equal(conn_behind(only_conn(&meeting.world)),
                             speaks_for_itself ? CONN_BEHIND_FIELDS : CONN_BEHIND_HEADER);
            assert_int_equal(conn_scheme(only_conn(&meeting.world)), cases[i].scheme);
            end(&meeting);
        }
    }
}

static void without_a_right_header_it_ends_for_that_reason(void **state)
{
    static const struct {
        const char *trusted, *bytes;
        bool finishes; /* the peer sends FIN */
        enum end_reason reason;
    } cases[] = {
        {"127.0.0.1", "GET / HTTP/1.1\r\nHost: h\r\n\r\n", false, END_PROXY_HEADER},
        {"127.0.0.1", "PROXY TCP4 nonsense\r\n", false, END_PROXY_HEADER},
        {"127.0.0.1", "PROXY TCP4", true, END_PROXY_HEADER},
        {"127.0.0.1", "", true, END_HTTP_DONE},
        {"10.0.0.1", "PROXY TCP4 192.0.2.1 10.0.0.1 4711 80\r\n", false, END_PROXY_HEADER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct meeting meeting;
        begin(&meeting, cases[i].trusted);
        meeting.world.how.has_proxy_header = true;
        world_start(&meeting.world);
        client_connect(&meeting.client, &meeting.world);
        client_say(&meeting.client, cases[i].bytes);
        if (cases[i].finishes)
            os_socket_finish_writing(meeting.client.descriptor);
        world_until(&meeting.world, world_ended(&meeting.world, cases[i].reason) == 1);
        assert_int_equal(counter_get(&meeting.world.shard->counters.requests), 0);
        end(&meeting);
    }
}

static void a_header_that_does_not_come_is_not_waited_for(void **state)
{
    struct meeting meeting;

    (void)state;
    begin(&meeting, "127.0.0.1");
    meeting.world.how.has_proxy_header = true;
    meeting.world.options.request_ms = 20;
    world_start(&meeting.world);
    client_connect(&meeting.client, &meeting.world);
    client_say(&meeting.client, "PROXY ");
    world_until(&meeting.world, world_ended(&meeting.world, END_PROXY_HEADER) == 1);
    end(&meeting);
}

static void the_host_is_the_one_that_the_client_asked_for(void **state)
{
    struct meeting meeting;

    (void)state;
    begin(&meeting, "127.0.0.1");
    world_start(&meeting.world);
    client_connect(&meeting.client, &meeting.world);
    client_say(&meeting.client, "GET / HTTP/1.1\r\nHost: inner:8080\r\nX-Forwarded-Host: outer.example\r\n\r\n");
    world_until(&meeting.world, client_has(&meeting.client, "host=outer.example"));
    client_say(&meeting.client, "GET / HTTP/1.1\r\nHost: inner:8080\r\n\r\n");
    world_until(&meeting.world, client_has(&meeting.client, "host=inner:8080"));
    end(&meeting);
}

static void behind_an_https_address_a_silent_proxy_counts_as_secure(void **state)
{
    struct meeting meeting;

    (void)state;
    begin(&meeting, "127.0.0.1");
    meeting.world.options.is_public_secure = true;
    world_start(&meeting.world);
    client_connect(&meeting.client, &meeting.world);
    ask(&meeting, "");
    assert_int_equal(conn_scheme(only_conn(&meeting.world)), SCHEME_HTTPS);
    ask(&meeting, "X-Forwarded-Proto: http\r\n");
    assert_int_equal(conn_scheme(only_conn(&meeting.world)), SCHEME_HTTP);
    end(&meeting);
}

int test_conn_client(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proxy_tells_who_asks_and_anybody_else_does_not),
        cmocka_unit_test(each_request_has_its_own_client),
        cmocka_unit_test(the_limit_is_the_clients_not_the_proxys),
        cmocka_unit_test(a_header_of_the_proxy_comes_before_everything),
        cmocka_unit_test(without_a_right_header_it_ends_for_that_reason),
        cmocka_unit_test(a_header_that_does_not_come_is_not_waited_for),
        cmocka_unit_test(the_host_is_the_one_that_the_client_asked_for),
        cmocka_unit_test(behind_an_https_address_a_silent_proxy_counts_as_secure),
    };

    return cmocka_run_group_tests_name("conn_client", tests, NULL, NULL);
}
