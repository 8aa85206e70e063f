/* SPDX-License-Identifier: Apache-2.0 */
/* What the page is told. That requests leave their evidence here is seen with a real server:
 * tests/e2e/notices.test.mjs. */
#include "http/public_notices.h"

#include <string.h>

#include "http_test.h"

static const struct notices_options options = {
    .window_ms = 600000, .evidence_min = 4, .socket_ms = 15000, .one_address_min = 20, .is_on_page = true};

static struct notices *notices;
static char answer[4096];

static int begin(void **state)
{
    (void)state;
    notices = notices_new(&options, 3600000);
    return notices ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    notices_free(notices);
    return 0;
}

static void ask(const struct public_asker *asker)
{
    struct builder text;

    builder_init(&text, sizeof answer);
    public_notices_write(notices, asker, &text);
    builder_add_byte(&text, 0);
    assert_true(builder_ok(&text));
    memcpy(answer, text.at, text.size);
    builder_done(&text);
}

static void leave(const uint8_t peer[IP_BYTES], const char *line)
{
    const struct http_limits limits = {4096, 2048, HTTP_FIELDS_MAX};
    struct sighting sighting = {.handshake = WS_HANDSHAKE_NOT_ASKED};
    struct http_request request;
    struct http_fault fault;
    char text[1024];

    (void)snprintf(text, sizeof text, "%s\r\nHost: localhost\r\nSec-WebSocket-Key: x\r\n\r\n", line);
    assert_int_equal(http_request_decode(view_of_string(text), &limits, &request, &fault), DECODE_DONE);
    sighting.request = &request;
    memcpy(sighting.peer, peer, IP_BYTES);
    evidence_see(&notices->evidence, &sighting);
}

static void who_only_asks_leaves_no_evidence(void **state)
{
    (void)state;
    ask(&(struct public_asker){.is_plea = false});
    assert_string_equal(answer, "{\"notices\":[]}\n");
    assert_int_equal(evidence_sum(&notices->evidence.pleas), 0);
}

static void who_gets_no_socket_is_told_what_is_known_of_the_way(void **state)
{
    struct public_asker asker = {.is_plea = true, .plea.now_ms = 1000};

    (void)state;
    assert_true(ip_parse(VIEW("10.0.0.2"), asker.peer));
    assert_true(ip_parse(VIEW("192.0.2.1"), asker.plea.client));
    ask(&asker);
    assert_non_null(strstr(answer, "\"yours\":{\"notice\":\"sockets_missing\""));
    assert_int_equal(evidence_sum(&notices->evidence.pleas), 1);
    leave(asker.peer, "GET /ws HTTP/1.1");
    ask(&asker);
    assert_non_null(strstr(answer, "\"yours\":{\"notice\":\"upgrade_dropped\""));
    asker.plea.is_misorigin = true;
    ask(&asker);
    assert_non_null(strstr(answer, "\"yours\":{\"notice\":\"origin_refused\""));
    assert_non_null(strstr(answer, "\"help\":\"help/what-natter-noticed.html#origin_refused\""));
    assert_null(strstr(answer, "10.0.0.2"));
    assert_null(strstr(answer, "192.0.2.1"));
}

static void another_way_is_not_ones_own(void **state)
{
    struct public_asker asker = {.is_plea = true, .plea.now_ms = 1000};
    uint8_t other[IP_BYTES];

    (void)state;
    assert_true(ip_parse(VIEW("10.0.0.2"), asker.peer));
    assert_true(ip_parse(VIEW("10.0.0.3"), other));
    leave(other, "GET /ws HTTP/1.0");
    ask(&asker);
    assert_non_null(strstr(answer, "\"yours\":{\"notice\":\"sockets_missing\""));
}

static void what_is_up_is_told_to_everybody_unless_that_is_switched_off(void **state)
{
    struct notices_view view = {.now_ms = 1000, .wall_ms = 1700000000000};
    uint8_t peer[IP_BYTES];

    (void)state;
    assert_true(ip_parse(VIEW("10.0.0.2"), peer));
    for (int i = 0; i < 4; i++)
        leave(peer, "GET /ws HTTP/1.1");
    notices_look(notices, &view);
    ask(&(struct public_asker){.is_plea = false});
    assert_non_null(strstr(answer, "{\"notices\":[{\"notice\":\"upgrade_dropped\""));
    notices->options.is_on_page = false;
    ask(&(struct public_asker){.is_plea = true, .plea.now_ms = 1000});
    assert_string_equal(answer, "{\"notices\":[]}\n");
    assert_int_equal(evidence_sum(&notices->evidence.pleas), 1); /* heard all the same */
}

int test_public_notices(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(who_only_asks_leaves_no_evidence, begin, end),
        cmocka_unit_test_setup_teardown(who_gets_no_socket_is_told_what_is_known_of_the_way, begin, end),
        cmocka_unit_test_setup_teardown(another_way_is_not_ones_own, begin, end),
        cmocka_unit_test_setup_teardown(what_is_up_is_told_to_everybody_unless_that_is_switched_off, begin, end),
    };

    return cmocka_run_group_tests_name("public_notices", tests, NULL, NULL);
}
