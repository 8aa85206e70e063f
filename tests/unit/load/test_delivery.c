/* SPDX-License-Identifier: Apache-2.0 */
/* Messages given to a worker that has no threads and no sockets: its connections are ready by decree. */
#include "load/delivery.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

enum { RUN_ID = 0xabc };

static struct load_options options;
static struct load_shared shared;
static struct worker worker;

static void begin(bool is_raw)
{
    options = (struct load_options){.rooms = 1,
                                    .subscribers = 5,
                                    .publishers = 1,
                                    .threads = 1,
                                    .text_size = 48,
                                    .window = 4,
                                    .until = "echo",
                                    .room_prefix = "~bench",
                                    .is_raw = is_raw};
    shared = (struct load_shared){.options = &options, .run_id = RUN_ID, .target_count = 1, .filler = VIEW("fill---")};
    assert_int_equal(worker_init(&worker, &shared, 0), RESULT_OK);
    worker.phase = LOAD_RUN;
    worker.measured_to_ns = UINT64_MAX;
    worker.now_ns = 5000;
    for (uint64_t index = 0; index < worker.client_count; index++)
        worker.clients[index].state = CLIENT_READY;
    struct publisher_plan plan = {.window = 4, .has_acks = !is_raw};
    assert_int_equal(publisher_init(worker.clients[0].publisher, &plan), RESULT_OK);
    uint32_t number;
    uint64_t at_ns;
    while (publisher_next(worker.clients[0].publisher, 1000, &number, &at_ns))
        continue;
}

static void end(void)
{
    worker_done(&worker);
}

static const char *marker_text(uint32_t run, uint32_t number)
{
    static char text[64];
    uint8_t bytes[MARKER_SIZE];
    marker_write(&(struct marker){.run = run, .number = number, .at_ns = 1000}, bytes);
    (void)snprintf(text, sizeof(text), "%.*sfill---", MARKER_SIZE, (const char *)bytes);
    return text;
}

static void give(uint64_t client, const char *frame)
{
    delivery_take(&worker, &worker.clients[client], view_of_string(frame), false);
}

static void give_message(uint64_t client, uint64_t seq, uint32_t number)
{
    char frame[256];
    (void)snprintf(frame, sizeof(frame), "{\"type\":\"message\",\"seq\":%llu,\"text\":\"%s\"}", (unsigned long long)seq,
                   marker_text(RUN_ID, number));
    give(client, frame);
}

static void give_ack(uint32_t number, uint64_t seq)
{
    char frame[256];
    uint8_t key[MARKER_KEY_SIZE];
    marker_key_write(&(struct marker){.run = RUN_ID, .number = number}, key);
    (void)snprintf(frame, sizeof(frame), "{\"type\":\"ack\",\"key\":\"%.*s\",\"seq\":%llu}", MARKER_KEY_SIZE,
                   (const char *)key, (unsigned long long)seq);
    give(0, frame);
}

static void everybody_gets_everything_once(void **state)
{
    (void)state;
    begin(false);
    for (uint32_t number = 1; number <= 4; number++)
        for (uint64_t client = 0; client < worker.client_count; client++)
            give_message(client, number, number);
    for (uint32_t number = 1; number <= 4; number++)
        give_ack(number, number);
    assert_true(ledger_is_clean(&worker.ledger));
    assert_int_equal(worker.ledger.received, 24);
    assert_int_equal(counter_get(&worker.delivered), 24);
    assert_int_equal(counter_get(&worker.delays.count), 24);
    assert_int_equal(counter_get(&worker.ack_delays.count), 4);
    assert_int_equal(counter_get(&worker.delays.max), 4000);
    assert_int_equal(publisher_in_flight(worker.clients[0].publisher), 0);
    assert_int_equal(counter_get(&worker.reached[0]), 4);
    end();
}

/* What the first subscriber's copy was must not be believed of another one's that differs. */
static void a_copy_that_differs_is_read_for_itself(void **state)
{
    (void)state;
    begin(false);
    give_message(1, 1, 1);
    give_message(2, 2, 1);
    assert_int_equal(worker.ledger.lost, 1);
    assert_int_equal(worker.ledger.received, 2);
    end();
}

static void only_the_measured_time_counts_for_delays(void **state)
{
    (void)state;
    begin(false);
    worker.measured_from_ns = 1001;
    give_message(1, 1, 1);
    worker.measured_from_ns = 1000;
    worker.measured_to_ns = 1000;
    give_message(2, 1, 1);
    assert_int_equal(counter_get(&worker.delays.count), 0);
    assert_int_equal(worker.ledger.received, 2);
    end();
}

static void messages_of_others_keep_their_numbers(void **state)
{
    (void)state;
    begin(false);
    give(1, "{\"type\":\"message\",\"seq\":1,\"text\":\"hello\"}");
    give(1, "{\"type\":\"reaction\",\"seq\":2,\"emoji\":\"x\",\"on\":true}");
    give(1, "{\"type\":\"presence\",\"count\":3}");
    give_message(1, 3, 1);
    assert_true(ledger_is_clean(&worker.ledger));
    assert_int_equal(worker.ledger.foreign, 2);
    assert_int_equal(worker.ledger.received, 3);
    end();
}

static void a_raw_stream_is_counted_by_publisher(void **state)
{
    char two[128];
    char first[64];
    (void)state;
    begin(true);
    give(1, marker_text(RUN_ID, 1));
    give(1, marker_text(RUN_ID + 1, 9)); /* another program's */
    give(1, marker_text(RUN_ID, 3));
    assert_int_equal(worker.ledger.lost, 1);
    assert_int_equal(worker.ledger.foreign, 1);
    (void)snprintf(first, sizeof(first), "%s", marker_text(RUN_ID, 1));
    (void)snprintf(two, sizeof(two), "%s\n%s", first, marker_text(RUN_ID, 2));
    give(0, two);
    assert_int_equal(worker.ledger.received, 4);
    assert_int_equal(worker.ledger.lost, 1);
    assert_int_equal(publisher_in_flight(worker.clients[0].publisher), 2);
    end();
}

static void what_is_no_answer_to_us_is_a_fault(void **state)
{
    (void)state;
    begin(false);
    give(0, "{\"type\":\"ack\",\"key\":\"mine\",\"seq\":1}");
    give(1, "{\"type\":\"ack\",\"key\":\"0000abc0000000000000000\",\"seq\":1}");
    assert_int_equal(worker.ledger.mismatched, 2);
    give(1, "{\"type\":\"error\",\"code\":\"forbidden\",\"message\":\"no\"}");
    assert_int_equal(worker_status(&worker), WORKER_FAILED);
    assert_non_null(strstr(worker.failure, "forbidden: no"));
    end();
}

static void nonsense_changes_nothing(void **state)
{
    static const char *const rows[] = {"", "{", "nonsense", "{\"type\":\"\"}", "{\"seq\":1}", "[]", "{\"type\":7}"};
    (void)state;
    begin(false);
    for (size_t index = 0; index < sizeof(rows) / sizeof(rows[0]); index++)
        give(1, rows[index]);
    assert_int_equal(worker.ledger.received, 0);
    assert_int_equal(worker_status(&worker), WORKER_OPENING);
    end();
}

int test_delivery(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_gets_everything_once),
        cmocka_unit_test(a_copy_that_differs_is_read_for_itself),
        cmocka_unit_test(only_the_measured_time_counts_for_delays),
        cmocka_unit_test(messages_of_others_keep_their_numbers),
        cmocka_unit_test(a_raw_stream_is_counted_by_publisher),
        cmocka_unit_test(what_is_no_answer_to_us_is_a_fault),
        cmocka_unit_test(nonsense_changes_nothing),
    };
    return cmocka_run_group_tests_name("delivery", tests, NULL, NULL);
}
