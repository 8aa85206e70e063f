/* SPDX-License-Identifier: Apache-2.0 */
#include "load/client_handshake.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* The key and its answer that RFC 6455 section 1.3 gives as the example. */
static struct handshake example(void)
{
    return (struct handshake){.host = VIEW("localhost:80"),
                              .path = VIEW("/ws"),
                              .protocol = "natter.v1",
                              .offers_compression = true,
                              .key = "dGhlIHNhbXBsZSBub25jZQ=="};
}

static const char right[] = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nConnection: Upgrade\r\n"
                            "SEC-WebSocket-Accept:  s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n"
                            "Sec-WebSocket-Protocol: natter.v1\r\n\r\n\x81\x00";

static enum decode read_text(const struct handshake *handshake, const char *text, size_t size,
                             struct handshake_answer *answer, char problem[512])
{
    struct builder words;
    builder_init(&words, 512);
    enum decode decoded = handshake_read(handshake, view_of(text, size), answer, &words);
    (void)snprintf(problem, 512, "%.*s", (int)words.size, words.size > 0 ? (const char *)words.at : "");
    builder_done(&words);
    return decoded;
}

static void a_right_answer_is_taken_at_every_cut(void **state)
{
    struct handshake handshake = example();
    struct handshake_answer answer;
    char problem[512];
    size_t head_size = sizeof(right) - 1 - 2;
    (void)state;
    for (size_t cut = 0; cut < head_size; cut++)
        assert_int_equal(read_text(&handshake, right, cut, &answer, problem), DECODE_NEED_MORE);
    assert_int_equal(read_text(&handshake, right, sizeof(right) - 1, &answer, problem), DECODE_DONE);
    assert_int_equal(answer.size, head_size);
    assert_false(answer.is_compression_agreed);
}

static void keys_differ_and_are_16_bytes(void **state)
{
    char one[HANDSHAKE_KEY_SIZE + 1];
    char two[HANDSHAKE_KEY_SIZE + 1];
    (void)state;
    handshake_key(0x123456789abcdef0U, one);
    handshake_key(0x123456789abcdef1U, two);
    assert_int_equal(strlen(one), HANDSHAKE_KEY_SIZE);
    assert_string_equal(one + HANDSHAKE_KEY_SIZE - 3, "Q==");
    assert_string_not_equal(one, two);
}

static void our_request_is_an_upgrade(void **state)
{
    struct handshake handshake = example();
    struct builder request;
    (void)state;
    handshake_key(1, handshake.key);
    builder_init(&request, 4096);
    handshake_request(&handshake, &request);
    static const char start[] = "GET /ws HTTP/1.1\r\nHost: localhost:80\r\n";
    assert_memory_equal(request.at, start, sizeof(start) - 1);
    assert_non_null(memmem(request.at, request.size, "\r\nSec-WebSocket-Protocol: natter.v1\r\n", 37));
    assert_non_null(memmem(request.at, request.size, "server_no_context_takeover", 26));
    assert_memory_equal(request.at + request.size - 4, "\r\n\r\n", 4);
    builder_done(&request);
}

static void other_answers_are_explained(void **state)
{
    static const struct {
        const char *text;
        const char *words;
    } rows[] = {
        {"SSH-2.0-OpenSSH\r\n", "no HTTP server"},
        {"HTTP/1.1 429 Too Many Requests\r\n\r\nslow down\n", "429 Too Many Requests\" (slow down): its limit"},
        {"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n", "--limits off"},
        {"HTTP/1.1 403 Forbidden\r\n\r\n", "refuses clients"},
        {"HTTP/1.0 404 Not Found\r\n\r\n\x1b[31m", "?[31m"},
        {"HTTP/1.1 200 OK\r\n\r\n", "no WebSocket server"},
        {"HTTP/1.1 1xx\r\n\r\n", "no HTTP server"},
        {"HTTP/1.1\r\n\r\n", "no HTTP server"},
        {"HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: AAAA\r\n\r\n", "Accept is wrong"},
        {"HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n", "does not speak natter.v1"},
        {"HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
         "Sec-WebSocket-Protocol: natter.v1\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
         "not offered so"},
    };
    struct handshake handshake = example();
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct handshake_answer answer;
        char problem[512];
        assert_int_equal(read_text(&handshake, rows[index].text, strlen(rows[index].text), &answer, problem),
                         DECODE_BAD);
        if (strstr(problem, rows[index].words) == NULL)
            fail_msg("row %zu: \"%s\" lacks \"%s\"", index, problem, rows[index].words);
    }
}

static void compression_is_agreed_as_it_was_offered(void **state)
{
    static const char agreed[] = "HTTP/1.1 101 Yes\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
                                 "Sec-WebSocket-Protocol: natter.v1\r\nSec-WebSocket-Extensions: permessage-deflate; "
                                 "server_no_context_takeover; client_no_context_takeover\r\n\r\n";
    struct handshake handshake = example();
    struct handshake_answer answer;
    char problem[512];
    (void)state;
    assert_int_equal(read_text(&handshake, agreed, sizeof(agreed) - 1, &answer, problem), DECODE_DONE);
    assert_true(answer.is_compression_agreed);
    handshake.offers_compression = false;
    assert_int_equal(read_text(&handshake, agreed, sizeof(agreed) - 1, &answer, problem), DECODE_BAD);
}

int test_client_handshake(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_answer_is_taken_at_every_cut),
        cmocka_unit_test(keys_differ_and_are_16_bytes),
        cmocka_unit_test(our_request_is_an_upgrade),
        cmocka_unit_test(other_answers_are_explained),
        cmocka_unit_test(compression_is_agreed_as_it_was_offered),
    };
    return cmocka_run_group_tests_name("client_handshake", tests, NULL, NULL);
}
