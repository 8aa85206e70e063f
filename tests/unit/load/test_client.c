/* SPDX-License-Identifier: Apache-2.0 */
/* One connection over a real socket, whose other end is this test: it decides what comes in which pieces. */
#include "load/client.h"

#include "load_test.h"
#include "os/socket.h"
#include "wire/ws_handshake.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct load_options options;
static struct load_shared shared;
static struct worker worker;
static struct client *client;
static int listener;
static int peer;

/* What the client has to say goes to `said` until it holds `size_min` bytes. */
static struct builder said;

static void turn(void)
{
    struct os_event events[OS_EVENTS_MAX];
    int count = os_poll(&worker.poller, events, 10);
    for (int index = 0; index < count; index++)
        if (events[index].owner == client && client->state != CLIENT_ENDED)
            client_event(&worker, client, &events[index]);
}

static void hear(size_t size_min)
{
    for (int tries = 0; said.size < size_min && tries < 1000; tries++) {
        size_t size;
        turn();
        uint8_t *room = builder_reserve(&said, 4096);
        if (os_read(peer, room, 4096, &size) == RESULT_OK)
            builder_wrote(&said, size);
    }
    assert_true(said.size >= size_min);
}

static void tell(struct view bytes)
{
    size_t size;
    assert_int_equal(os_write(peer, bytes.at, bytes.size, &size), RESULT_OK);
    assert_int_equal(size, bytes.size);
}

/* Waits for what the bytes have done. */
static void turn_until(enum client_state state)
{
    for (int tries = 0; client->state != state && tries < 1000; tries++)
        turn();
    assert_int_equal(client->state, state);
}

static void begin(bool is_raw)
{
    struct os_address any;
    struct os_address from;
    options = (struct load_options){
        .rooms = 1, .subscribers = 1, .threads = 1, .text_size = 48, .is_raw = is_raw, .handshakes = 1};
    options.until = "echo";
    options.room_prefix = "~bench";
    options.host = VIEW("localhost:1");
    options.path = VIEW("/ws");
    shared = (struct load_shared){.options = &options, .run_id = 5, .target_count = 1};
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &any), RESULT_OK);
    assert_int_equal(os_listen(&any, 8, false, &listener, &options.address), RESULT_OK);
    assert_int_equal(worker_init(&worker, &shared, 0), RESULT_OK);
    builder_init(&said, 1 << 20);
    client = &worker.clients[0];
    worker.opening = 1;
    worker.measured_to_ns = UINT64_MAX;
    client_open(&worker, client);
    while (os_accept(listener, &peer, &from) == RESULT_AGAIN)
        turn();
}

static void end(void)
{
    builder_done(&said);
    os_socket_close(peer);
    os_socket_close(listener);
    worker_done(&worker);
}

static void add_frame(struct builder *out, enum ws_opcode opcode, bool is_final, struct view payload)
{
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    builder_add(out, header, ws_header_encode(header, opcode, is_final, false, payload.size));
    builder_add_view(out, payload);
}

static void add_upgrade(struct builder *out)
{
    hear(140); /* less than the whole request, which comes in one piece */
    const uint8_t *key = memmem(said.at, said.size, "Sec-WebSocket-Key: ", 19);
    assert_non_null(key);
    ws_handshake_answer(
        &(struct ws_answer){.key = view_of(key + 19, 24), .protocol = options.is_raw ? NULL : "natter.v1"}, out);
}

static void add_events(struct builder *out)
{
    static const char hello[] = "{\"type\":\"message\",\"seq\":9,\"text\":\"hello\"}";
    add_frame(out, WS_TEXT, true, VIEW("{\"type\":\"message\",\"seq\":8,\"text\":\"hello\"}"));
    add_frame(out, WS_TEXT, false, view_of(hello, 10));
    add_frame(out, WS_PING, true, VIEW("x"));
    add_frame(out, WS_CONTINUATION, false, VIEW(""));
    add_frame(out, WS_CONTINUATION, true, view_of(hello + 10, sizeof(hello) - 11));
    add_frame(out, WS_PONG, true, VIEW(""));
    add_frame(out, WS_TEXT, true, VIEW("{\"type\":\"message\",\"seq\":10,\"text\":\"hello\"}"));
}

/* From the answer to the upgrade to the last event, in two pieces, for every place of the cut; the join goes out in
 * between, and nobody waits for it. */
static void the_bytes_may_be_cut_anywhere(void **state)
{
    size_t whole_size = 1;
    (void)state;
    for (size_t cut = 0; cut <= whole_size; cut++) {
        struct builder script;
        begin(false);
        builder_init(&script, 65536);
        add_upgrade(&script);
        add_frame(&script, WS_TEXT, true, VIEW("{\"type\":\"welcome\"}"));
        add_frame(&script, WS_TEXT, true, VIEW("{\"type\":\"joined\",\"seq\":7}"));
        add_events(&script);
        whole_size = script.size;
        if (cut > 0)
            tell(view_of(script.at, cut));
        turn();
        if (cut < script.size)
            tell(view_of(script.at + cut, script.size - cut));
        for (int tries = 0; worker.ledger.received < 3 && tries < 1000; tries++)
            turn();
        assert_int_equal(worker.ledger.received, 3);
        assert_true(ledger_is_clean(&worker.ledger));
        assert_int_equal(client->state, CLIENT_READY);
        builder_done(&script);
        end();
    }
}

static void a_ping_is_answered_and_a_close_too(void **state)
{
    struct builder script;
    (void)state;
    begin(true);
    builder_init(&script, 65536);
    add_upgrade(&script);
    tell(builder_view(&script));
    turn_until(CLIENT_READY);
    worker.phase = LOAD_RUN;
    builder_clear(&script);
    builder_clear(&said);
    add_frame(&script, WS_PING, true, VIEW("abc"));
    tell(builder_view(&script));
    hear(9);
    assert_int_equal(said.at[0], 0x8a);
    assert_int_equal(said.at[1], 0x83);
    ws_unmask(said.at + 6, 3, said.at + 2, 0);
    assert_memory_equal(said.at + 6, "abc", 3);
    builder_clear(&script);
    add_frame(&script, WS_CLOSE, true, VIEW("\x10\x0ctoo slow"));
    tell(builder_view(&script));
    turn_until(CLIENT_ENDED);
    assert_int_equal(counter_get(&worker.ended), 1);
    assert_non_null(strstr(worker.end_text, "4108 too slow"));
    builder_done(&script);
    end();
}

static void what_no_server_may_send_ends_it(void **state)
{
    static const struct {
        struct view bytes;
        const char *words;
    } rows[] = {
        {{(const uint8_t *)"\x83\x00", 2}, "no right frame"},
        {{(const uint8_t *)"\x81\x80....", 6}, "no right frame"},
    };
    (void)state;
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++) {
        struct builder script;
        begin(true);
        builder_init(&script, 65536);
        add_upgrade(&script);
        builder_add_view(&script, rows[index].bytes);
        tell(builder_view(&script));
        turn_until(CLIENT_ENDED);
        assert_int_equal(worker_status(&worker), WORKER_FAILED);
        assert_non_null(strstr(worker.failure, rows[index].words));
        builder_done(&script);
        end();
    }
}

static void an_end_without_a_close_frame_is_told(void **state)
{
    (void)state;
    begin(false);
    hear(1);
    os_socket_finish_writing(peer);
    turn_until(CLIENT_ENDED);
    assert_non_null(strstr(worker.failure, "during the upgrade: the server ended it without a close frame"));
    end();
}

static void one_that_stalls_reads_no_further_and_notices_its_end_later(void **state)
{
    struct builder script;
    (void)state;
    begin(true);
    client->is_stalled = true;
    builder_init(&script, 65536);
    add_upgrade(&script);
    tell(builder_view(&script));
    turn_until(CLIENT_READY);
    builder_clear(&script);
    add_frame(&script, WS_TEXT, true, VIEW("unread"));
    tell(builder_view(&script));
    for (int tries = 0; tries < 3; tries++)
        turn();
    assert_int_equal(client->received, 0);
    assert_false(client_is_cut(&worker, client));
    os_socket_finish_writing(peer);
    for (int tries = 0; tries < 1000 && !client_is_cut(&worker, client); tries++)
        turn();
    assert_true(client_is_cut(&worker, client));
    builder_done(&script);
    end();
}

int test_client(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_bytes_may_be_cut_anywhere),
        cmocka_unit_test(a_ping_is_answered_and_a_close_too),
        cmocka_unit_test(what_no_server_may_send_ends_it),
        cmocka_unit_test(an_end_without_a_close_frame_is_told),
        cmocka_unit_test(one_that_stalls_reads_no_further_and_notices_its_end_later),
    };
    return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
