/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/ws_handshake.h"

#include "wire_test.h"

int test_ws_handshake(void);

#define START      "GET /ws HTTP/1.1\r\nHost: chat.example\r\n"
#define UPGRADE    "Upgrade: websocket\r\n"
#define CONNECTION "Connection: Upgrade\r\n"
#define VERSION    "Sec-WebSocket-Version: 13\r\n"
#define KEY        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ALL        START UPGRADE CONNECTION VERSION KEY

struct upgrade_case {
    const char *name;
    const char *head;
    enum ws_handshake handshake;
    int status;
    const char *named; /* what the fault's text must name */
};

#define RIGHT     WS_HANDSHAKE_RIGHT, 0, ""
#define NOT_ASKED WS_HANDSHAKE_NOT_ASKED, 426, "Upgrade: websocket"

static const struct upgrade_case cases[] = {
    {"the least", ALL "\r\n", RIGHT},
    {"words in other cases", START "upgrade: WebSocket\r\nconnection: UPGRADE\r\n" VERSION KEY "\r\n", RIGHT},
    {"Firefox's list", START UPGRADE "Connection: keep-alive, Upgrade\r\n" VERSION KEY "\r\n", RIGHT},
    {"upgrades in a list", START "Upgrade: h2c, websocket\r\n" CONNECTION VERSION KEY "\r\n", RIGHT},
    {"tokens over two fields", START UPGRADE "Connection: keep-alive\r\n" CONNECTION VERSION KEY "\r\n", RIGHT},
    {"a length of 0", ALL "Content-Length: 0\r\n\r\n", RIGHT},
    {"a list of protocols", ALL "Sec-WebSocket-Protocol: natter.v1, other\r\n\r\n", RIGHT},

    {"a plain GET", START "\r\n", NOT_ASKED},
    {"a plain POST", "POST /ws HTTP/1.1\r\nHost: a\r\n\r\n", NOT_ASKED},
    {"another upgrade", START "Upgrade: h2c\r\n" CONNECTION "\r\n", NOT_ASKED},
    {"another upgrade that looks like it", START "Upgrade: websockets\r\n" CONNECTION "\r\n", NOT_ASKED},

    {"POST", "POST /ws HTTP/1.1\r\nHost: a\r\n" UPGRADE CONNECTION VERSION KEY "\r\n", WS_HANDSHAKE_BAD, 400, "GET"},
    {"get", "get /ws HTTP/1.1\r\nHost: a\r\n" UPGRADE CONNECTION VERSION KEY "\r\n", WS_HANDSHAKE_BAD, 400, "GET"},
    {"HTTP/1.0", "GET /ws HTTP/1.0\r\nHost: a\r\n" UPGRADE CONNECTION VERSION KEY "\r\n", WS_HANDSHAKE_BAD, 400,
     "HTTP/1.1"},
    {"no Connection", START UPGRADE VERSION KEY "\r\n", WS_HANDSHAKE_BAD, 400, "Connection"},
    {"a proxy's Connection", START UPGRADE "Connection: close\r\n" VERSION KEY "\r\n", WS_HANDSHAKE_BAD, 400,
     "Connection"},
    {"no version", START UPGRADE CONNECTION KEY "\r\n", WS_HANDSHAKE_BAD, 400, "Sec-WebSocket-Version"},
    {"two versions", ALL VERSION "\r\n", WS_HANDSHAKE_BAD, 400, "Sec-WebSocket-Version"},
    {"version 8", START UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 8\r\n\r\n", WS_HANDSHAKE_BAD, 426,
     "Sec-WebSocket-Version"},
    {"version 013", START UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 013\r\n\r\n", WS_HANDSHAKE_BAD, 426,
     "Sec-WebSocket-Version"},
    {"version 13, 8", START UPGRADE CONNECTION KEY "Sec-WebSocket-Version: 13, 8\r\n\r\n", WS_HANDSHAKE_BAD, 426,
     "Sec-WebSocket-Version"},
    {"an old version without key", START UPGRADE CONNECTION "Sec-WebSocket-Version: 0\r\n\r\n", WS_HANDSHAKE_BAD, 426,
     "Sec-WebSocket-Version"},
    {"no key", START UPGRADE CONNECTION VERSION "\r\n", WS_HANDSHAKE_BAD, 400, "Sec-WebSocket-Key"},
    {"two keys", ALL KEY "\r\n", WS_HANDSHAKE_BAD, 400, "Sec-WebSocket-Key"},
    {"a length", ALL "Content-Length: 1\r\n\r\n", WS_HANDSHAKE_BAD, 400, "Content-Length"},
    {"a chunked body", ALL "Transfer-Encoding: chunked\r\n\r\n", WS_HANDSHAKE_BAD, 400, "body"},
    {"protocols that are no tokens", ALL "Sec-WebSocket-Protocol: a b\r\n\r\n", WS_HANDSHAKE_BAD, 400,
     "Sec-WebSocket-Protocol"},
    {"a later list that is none", ALL "Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: (\r\n\r\n",
     WS_HANDSHAKE_BAD, 400, "Sec-WebSocket-Protocol"},
    {"extensions that are no list", ALL "Sec-WebSocket-Extensions: permessage-deflate;\r\n\r\n", WS_HANDSHAKE_BAD, 400,
     "Sec-WebSocket-Extensions"},
    {"a later list of extensions that is none",
     ALL "Sec-WebSocket-Extensions: permessage-deflate\r\nSec-WebSocket-Extensions: a b\r\n\r\n", WS_HANDSHAKE_BAD, 400,
     "Sec-WebSocket-Extensions"},
};

static void decode(const char *head, struct http_request *request)
{
    const struct http_limits limits = {4096, 1024, HTTP_FIELDS_MAX};
    struct http_fault fault = {0};

    if (http_request_decode(view_of_string(head), &limits, request, &fault) != DECODE_DONE)
        fail_msg("%s: %s", head, fault.text);
}

static void upgrades_are_right_or_told_what_is_wrong(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct http_request request;
        struct http_fault fault = {0};
        struct ws_offer offer;

        decode(cases[index].head, &request);
        enum ws_handshake handshake = ws_handshake_read(&request, &offer, &fault);
        if (handshake != cases[index].handshake || fault.status != cases[index].status)
            fail_msg("%s: %d %d", cases[index].name, (int)handshake, fault.status);
        if (handshake != WS_HANDSHAKE_RIGHT && !strstr(fault.text, cases[index].named))
            fail_msg("%s: %s", cases[index].name, fault.text);
        if (handshake == WS_HANDSHAKE_RIGHT)
            assert_views_equal(offer.key, VIEW("dGhlIHNhbXBsZSBub25jZQ=="));
    }
}

static void a_key_is_sixteen_bytes_in_base64(void **state)
{
    static const char *const wrong[] = {
        "",
        "=",
        "dGhlIHNhbXBsZSBub25jZQ",
        "dGhlIHNhbXBsZSBub25jZQ=",
        "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZQAA",
        "dGhlIHNhbXBsZSBub25jZR==",
        "dGhlIHNhbXBsZSBub25j====",
        "dGhlIHNhbXBsZSBub25jZGF=",
        "dGhlIHNhbXBsZSBub25jZQ-=",
        "dGhlIHNhbXBsZSBub25j*Q==",
        "dGhlIHNhbXBs SBub25jZQ==",
        "_GhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25\x80ZQ==",
        "dGhlIHNhbXBsZSBub25\xAFZQ==",
        "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==",
        "dGhlIHNhbXBsZSBub25jZQ==, a",
        "========================",
    };
    char head[512];

    (void)state;
    for (size_t index = 0; index < COUNT(wrong); index++) {
        struct http_request request;
        struct http_fault fault;
        struct ws_offer offer;

        (void)snprintf(head, sizeof(head), "%s%s",
                       START UPGRADE CONNECTION VERSION "Sec-WebSocket-Key: ", wrong[index]);
        (void)snprintf(head + strlen(head), sizeof(head) - strlen(head), "\r\n\r\n");
        decode(head, &request);
        if (ws_handshake_read(&request, &offer, &fault) != WS_HANDSHAKE_BAD || fault.status != 400)
            fail_msg("%s", wrong[index]);
    }
}

static void offers_are_read_beside_the_upgrade(void **state)
{
    struct http_request request;
    struct http_fault fault;
    struct ws_offer offer;

    (void)state;
    decode(ALL "\r\n", &request);
    assert_int_equal(ws_handshake_read(&request, &offer, &fault), WS_HANDSHAKE_RIGHT);
    assert_int_equal(offer.protocols.size, 0);
    assert_false(offer.has_deflate);
    decode(ALL "Sec-WebSocket-Protocol: chat, natter.v1\r\nSec-WebSocket-Extensions: x-other\r\n"
               "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=11\r\n"
               "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
           &request);
    assert_int_equal(ws_handshake_read(&request, &offer, &fault), WS_HANDSHAKE_RIGHT);
    assert_views_equal(offer.protocols, VIEW("chat, natter.v1"));
    assert_true(offer.has_deflate);
    assert_int_equal(offer.deflate.client_window_bits, 11);
}

static void protocols_are_looked_up_in_all_fields_and_by_case(void **state)
{
    struct http_request request;

    (void)state;
    decode(ALL "Sec-WebSocket-Protocol: chat,natter.v2 , Natter.v1\r\nsec-websocket-protocol: ,,natter.v1\r\n\r\n",
           &request);
    assert_true(ws_protocol_is_offered(&request, "natter.v1"));
    assert_true(ws_protocol_is_offered(&request, "chat"));
    assert_true(ws_protocol_is_offered(&request, "natter.v2"));
    assert_false(ws_protocol_is_offered(&request, "natter.V1"));
    assert_false(ws_protocol_is_offered(&request, "natter"));
    assert_false(ws_protocol_is_offered(&request, "chat,natter.v2"));
    decode(ALL "\r\n", &request);
    assert_false(ws_protocol_is_offered(&request, "natter.v1"));
}

static void the_standards_key_is_accepted_as_it_says(void **state)
{
    char accept[29];

    (void)state;
    assert_true(ws_accept_value(VIEW("dGhlIHNhbXBsZSBub25jZQ=="), accept)); /* RFC 6455 section 1.3 */
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

static void answers_say_what_was_agreed_on(void **state)
{
    const struct deflate_terms terms = {.server_window_bits = 12, .server_window_bits_asked = true};
    const struct ws_answer least = {.key = VIEW("dGhlIHNhbXBsZSBub25jZQ==")};
    const struct ws_answer most = {
        .key = VIEW("dGhlIHNhbXBsZSBub25jZQ=="),
        .protocol = "natter.v1",
        .deflate = &terms,
        .extra = VIEW("Set-Cookie: a=b\r\nX-More: c\r\n"),
    };
    struct builder out;

    (void)state;
    builder_init(&out, 1024);
    ws_handshake_answer(&least, &out);
    assert_views_equal(builder_view(&out), VIEW("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                                "Connection: Upgrade\r\n"
                                                "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"));
    builder_clear(&out);
    ws_handshake_answer(&most, &out);
    assert_views_equal(
        builder_view(&out),
        VIEW("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: natter.v1\r\n"
             "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
             "client_no_context_takeover; server_max_window_bits=12\r\n"
             "Set-Cookie: a=b\r\nX-More: c\r\n\r\n"));
    assert_true(builder_ok(&out));
    builder_done(&out);
}

int test_ws_handshake(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upgrades_are_right_or_told_what_is_wrong),
        cmocka_unit_test(a_key_is_sixteen_bytes_in_base64),
        cmocka_unit_test(offers_are_read_beside_the_upgrade),
        cmocka_unit_test(protocols_are_looked_up_in_all_fields_and_by_case),
        cmocka_unit_test(the_standards_key_is_accepted_as_it_says),
        cmocka_unit_test(answers_say_what_was_agreed_on),
    };
    return cmocka_run_group_tests_name("ws_handshake", tests, NULL, NULL);
}
