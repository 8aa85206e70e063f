/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "ops_test.h"

static const struct notices_options options = {.window_ms = 600000, .evidence_min = 4, .socket_ms = 15000};

static struct evidence *evidence;

static int begin(void **state)
{
    (void)state;
    evidence = calloc(1, sizeof *evidence);
    return evidence ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    free(evidence);
    return 0;
}

static uint32_t total(enum evidence_kind kind)
{
    return evidence_sum(&evidence->totals[kind]);
}

static uint32_t worst(enum peer_fault fault)
{
    const struct evidence_peer *peer = NULL;

    return evidence_worst(evidence, fault, options.evidence_min, &peer);
}

static void each_request_is_taken_for_what_it_is(void **state)
{
    static const struct {
        const char *line, *fields;
        enum evidence_kind kind;
    } cases[] = {
        {"GET /ws HTTP/1.1", SENT_UPGRADE, EVIDENCE_UPGRADED},
        {"GET /ws HTTP/1.1", SENT_NO_HOP, EVIDENCE_UPGRADE_DROPPED},
        {"GET /ws?room=x HTTP/1.1", SENT_NO_HOP, EVIDENCE_UPGRADE_DROPPED},
        {"GET /ws HTTP/1.0", SENT_NO_HOP, EVIDENCE_HTTP_1_0},
        {"GET /ws HTTP/1.0", SENT_UPGRADE, EVIDENCE_HTTP_1_0},
        {"GET /ws HTTP/1.1", SENT_KEY "Upgrade: websocket\r\nConnection: close\r\n", EVIDENCE_CONNECTION_DROPPED},
        /* A person with a browser, a program that asks wrongly by itself, what natter doctor tries. */
        {"GET /ws HTTP/1.1", SENT_BY_PERSON, EVIDENCE_KIND_COUNT},
        {"GET /ws HTTP/1.1", NULL, EVIDENCE_KIND_COUNT},
        {"GET /ws HTTP/1.0", NULL, EVIDENCE_KIND_COUNT},
        {"HEAD /ws HTTP/1.1", SENT_KEY, EVIDENCE_KIND_COUNT},
        {"GET /ws HTTP/1.1", "Sec-WebSocket-Key: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
         EVIDENCE_KIND_COUNT},
        {"GET /ws?doctor HTTP/1.1", SENT_NO_HOP, EVIDENCE_KIND_COUNT},
        {"GET /ws?doctor HTTP/1.1", SENT_UPGRADE, EVIDENCE_KIND_COUNT},
        {"GET /elsewhere HTTP/1.1", SENT_NO_HOP, EVIDENCE_KIND_COUNT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(evidence, 0, sizeof *evidence);
        see(evidence, &(struct seen){.line = cases[i].line, .fields = cases[i].fields});
        for (enum evidence_kind kind = EVIDENCE_HTTP_1_0; kind <= EVIDENCE_UPGRADED; kind++) {
            if (total(kind) != (kind == cases[i].kind))
                fail_msg("case %zu, kind %d: %u", i, (int)kind, total(kind));
        }
    }
}

static void a_visit_is_a_page_that_a_person_wants_to_see(void **state)
{
    static const struct {
        const char *line, *fields;
        bool is_visit;
    } cases[] = {
        {"GET / HTTP/1.1", SENT_BY_PERSON, true},
        {"GET /index.html?x HTTP/1.1", SENT_BY_PERSON, true},
        {"GET / HTTP/1.1", "Sec-Fetch-Dest: document\r\n", true},
        {"GET / HTTP/1.1", "Sec-Fetch-Dest: empty\r\n", false},
        {"GET / HTTP/1.1", SENT_BY_PERSON "Sec-Purpose: prefetch;prerender\r\n", false},
        {"GET / HTTP/1.1", "User-Agent: a crawler\r\nAccept: text/html\r\n", false},
        {"HEAD / HTTP/1.1", SENT_BY_PERSON, false},
        {"GET /licenses.txt HTTP/1.1", SENT_BY_PERSON, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(evidence, 0, sizeof *evidence);
        see(evidence, &(struct seen){.line = cases[i].line, .fields = cases[i].fields});
        if (counter_get(&evidence->visits_total) != cases[i].is_visit)
            fail_msg("case %zu", i);
    }
}

static void who_speaks_for_whom_is_told_apart(void **state)
{
    static const struct {
        struct seen seen;
        enum evidence_kind kind;
    } cases[] = {
        {{.peer = "10.0.0.2", .is_trusted = true, .is_client_told = true, .client = "192.0.2.1"}, EVIDENCE_TOLD},
        {{.peer = "10.0.0.2", .is_trusted = true}, EVIDENCE_UNTOLD},
        {{.peer = "10.0.0.2", .fields = "X-Forwarded-For: 192.0.2.1\r\n"}, EVIDENCE_NOT_BELIEVED},
        {{.peer = "192.0.2.9", .fields = "Forwarded: for=192.0.2.1\r\n"}, EVIDENCE_NOT_BELIEVED},
        {{.peer = "10.0.0.2"}, EVIDENCE_NAMELESS},
        {{.fields = "Host: chat.example.org\r\n"}, EVIDENCE_HIDDEN},
        {{.fields = "Origin: https://chat.example.org\r\n"}, EVIDENCE_HIDDEN},
        {{.fields = "Via: 1.1 somebody\r\n"}, EVIDENCE_HIDDEN},
        {{.fields = "Host: chat.example.org\r\n", .is_trusted = true}, EVIDENCE_UNTOLD},
        /* Somebody on this machine, where a proxy on it may be trusted or not. */
        {{.fields = "Host: localhost:8080\r\nOrigin: http://localhost:8080\r\n"}, EVIDENCE_NAMELESS},
        {{.fields = "Host: 127.0.0.1:8080\r\n"}, EVIDENCE_NAMELESS},
        {{.fields = "Host: [::1]:8080\r\n", .peer = "::1"}, EVIDENCE_NAMELESS},
        {{.fields = "Host: workstation:8080\r\n"}, EVIDENCE_NAMELESS},
        {{.fields = "Host: workstation.local\r\nOrigin: null\r\n"}, EVIDENCE_NAMELESS},
        {{.fields = "Host: 127.0.0.1\r\n", .is_trusted = true}, EVIDENCE_NAMELESS},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct seen seen = cases[i].seen;
        char fields[1024];
        (void)snprintf(fields, sizeof fields, SENT_UPGRADE "%s", seen.fields ? seen.fields : "");
        seen.line = "GET /ws HTTP/1.1";
        seen.fields = fields;
        memset(evidence, 0, sizeof *evidence);
        see(evidence, &seen);
        for (enum evidence_kind kind = EVIDENCE_NOT_BELIEVED; kind < EVIDENCE_KIND_COUNT; kind++) {
            if (total(kind) != (kind == cases[i].kind))
                fail_msg("case %zu, kind %d: %u", i, (int)kind, total(kind));
        }
    }
}

static void a_page_whose_socket_comes_is_not_lost(void **state)
{
    const struct seen visit = {.line = "GET / HTTP/1.1", .fields = SENT_BY_PERSON, .now_ms = 1000};
    const struct seen socket = {.line = "GET /ws HTTP/1.1", .fields = SENT_UPGRADE, .now_ms = 1500};
    const struct seen broken = {.line = "GET /ws HTTP/1.1", .fields = SENT_NO_HOP, .now_ms = 1500};

    (void)state;
    see(evidence, &visit);
    see(evidence, &socket);
    evidence_sweep(evidence, &options, 1000 + options.socket_ms);
    assert_int_equal(evidence_sum(&evidence->lost), 0);
    see(evidence, &visit);
    see(evidence, &broken); /* it has come, and something else is wrong with it */
    evidence_sweep(evidence, &options, 1000 + options.socket_ms);
    assert_int_equal(evidence_sum(&evidence->lost), 0);
    see_times(evidence, 3, &visit);
    evidence_sweep(evidence, &options, 1000 + options.socket_ms - 1);
    assert_int_equal(evidence_sum(&evidence->lost), 0);
    evidence_sweep(evidence, &options, 1000 + options.socket_ms);
    assert_int_equal(evidence_sum(&evidence->lost), 3);
    evidence_sweep(evidence, &options, 1000 + 2 * options.socket_ms);
    assert_int_equal(evidence_sum(&evidence->lost), 3);
    assert_int_equal(counter_get(&evidence->lost_total), 3);
}

static void a_client_pleads_once_in_a_while(void **state)
{
    struct plea plea = {.now_ms = 1000, .is_astray = true};

    (void)state;
    assert_true(ip_parse(VIEW("192.0.2.1"), plea.client));
    for (int i = 0; i < 10; i++)
        evidence_plead(evidence, &plea, options.socket_ms);
    assert_int_equal(evidence_sum(&evidence->pleas), 1);
    plea.now_ms += options.socket_ms;
    evidence_plead(evidence, &plea, options.socket_ms);
    plea.client[15] = 2;
    evidence_plead(evidence, &plea, options.socket_ms);
    assert_int_equal(evidence_sum(&evidence->pleas), 3);
    assert_int_equal(evidence_sum(&evidence->astray), 3);
    assert_int_equal(counter_get(&evidence->pleas_total), 12);
}

/* Both say that one page gets no socket; it is the plea that counts. */
static void a_page_that_pleads_is_not_lost_as_well(void **state)
{
    struct plea plea = {.now_ms = 2000};

    (void)state;
    assert_true(ip_parse(VIEW("127.0.0.1"), plea.client));
    see(evidence, &(struct seen){.line = "GET / HTTP/1.1", .fields = SENT_BY_PERSON, .now_ms = 1000});
    evidence_plead(evidence, &plea, options.socket_ms);
    evidence_sweep(evidence, &options, 3000 + options.socket_ms);
    assert_int_equal(evidence_sum(&evidence->lost), 0);
    assert_int_equal(evidence_sum(&evidence->pleas), 1);
}

static void evidence_counts_for_a_window_and_no_longer(void **state)
{
    const struct seen broken = {.line = "GET /ws HTTP/1.1", .fields = SENT_NO_HOP, .peer = "10.0.0.2"};

    (void)state;
    evidence_sweep(evidence, &options, 1000);
    see_times(evidence, 4, &broken);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 4);
    evidence_sweep(evidence, &options, 1000 + options.window_ms / 2);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 4);
    see(evidence, &broken);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 5);
    evidence_sweep(evidence, &options, 1000 + options.window_ms);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 0);
    evidence_sweep(evidence, &options, 1000 + 2 * options.window_ms);
    assert_int_equal(evidence->peer_count, 0);
    see_times(evidence, 4, &broken);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 4);
}

static void a_peer_that_does_well_again_is_no_longer_at_fault(void **state)
{
    const struct seen broken = {.line = "GET /ws HTTP/1.1", .fields = SENT_NO_HOP, .peer = "10.0.0.2"};
    const struct seen right = {.line = "GET /ws HTTP/1.1", .fields = SENT_UPGRADE, .peer = "10.0.0.2"};
    uint8_t peer[IP_BYTES];

    (void)state;
    assert_true(ip_parse(VIEW("10.0.0.2"), peer));
    assert_false(evidence_drops_upgrades(evidence, peer));
    see_times(evidence, 20, &broken);
    assert_true(evidence_drops_upgrades(evidence, peer));
    see_times(evidence, 3, &right);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 20);
    see(evidence, &right);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 0);
    assert_false(evidence_drops_upgrades(evidence, peer));
}

static void strangers_cannot_take_the_places_of_peers_nearby(void **state)
{
    const struct seen near = {.line = "GET /ws HTTP/1.1", .fields = SENT_NO_HOP, .peer = "10.0.0.2"};
    char address[32];

    (void)state;
    for (int i = 0; i < 2000; i++) {
        (void)snprintf(address, sizeof address, "198.51.%d.%d", 100 + i / 250, i % 250);
        see(evidence, &(struct seen){.line = "GET /ws HTTP/1.1", .fields = SENT_NO_HOP, .peer = address});
    }
    assert_int_equal(evidence->peer_count, EVIDENCE_SETS * EVIDENCE_WAYS_OF_ANYBODY);
    assert_int_equal(counter_get(&evidence->unplaced_total), 2000 - EVIDENCE_SETS * EVIDENCE_WAYS_OF_ANYBODY);
    assert_int_equal(total(EVIDENCE_UPGRADE_DROPPED), 2000);
    see_times(evidence, 4, &near);
    assert_int_equal(worst(PEER_DROPS_UPGRADES), 4);
}

int test_evidence(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_request_is_taken_for_what_it_is, begin, end),
        cmocka_unit_test_setup_teardown(a_visit_is_a_page_that_a_person_wants_to_see, begin, end),
        cmocka_unit_test_setup_teardown(who_speaks_for_whom_is_told_apart, begin, end),
        cmocka_unit_test_setup_teardown(a_page_whose_socket_comes_is_not_lost, begin, end),
        cmocka_unit_test_setup_teardown(a_client_pleads_once_in_a_while, begin, end),
        cmocka_unit_test_setup_teardown(a_page_that_pleads_is_not_lost_as_well, begin, end),
        cmocka_unit_test_setup_teardown(evidence_counts_for_a_window_and_no_longer, begin, end),
        cmocka_unit_test_setup_teardown(a_peer_that_does_well_again_is_no_longer_at_fault, begin, end),
        cmocka_unit_test_setup_teardown(strangers_cannot_take_the_places_of_peers_nearby, begin, end),
    };

    return cmocka_run_group_tests_name("evidence", tests, NULL, NULL);
}
