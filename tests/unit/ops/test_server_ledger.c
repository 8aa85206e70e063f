/* SPDX-License-Identifier: Apache-2.0 */
/* Loops with threads of their own, and numbers that are made wrong one at a time. */
#include "ops/server_ledger.h"

#include <string.h>

#include "net/shard_inside.h"
#include "ops_test.h"
#include "os/thread.h"

static void start(struct parts *parts)
{
    parts_init(parts);
    assert_int_equal(store_start(parts->store), RESULT_OK);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        assert_int_equal(shard_start(parts->shards[i]), RESULT_OK);
}

static void stop(struct parts *parts)
{
    store_stop(parts->store);
    for (size_t i = 0; i < PARTS_SHARDS; i++) {
        shard_post_stop(parts->shards[i]);
        shard_join(parts->shards[i]);
    }
    parts_done(parts);
}

static struct shard_counters *counters_of(const struct parts *parts, size_t shard)
{
    return (struct shard_counters *)(uintptr_t)shard_counters(parts->shards[shard]);
}

/* Signals are held as while a shard reads, which is when the operator's listener asks. */
static void a_quiet_server_is_balanced_and_exact(void **state)
{
    struct parts parts;
    struct server_ledger ledger;

    (void)state;
    start(&parts);
    while (!atomic_load(&parts.shards[0]->mailbox.is_sleeping) || !atomic_load(&parts.shards[1]->mailbox.is_sleeping))
        os_thread_yield();
    mailboxes_hold_signals();
    parts.sources.ports[parts.sources.port_count++] = 1; /* nobody has it */
    assert_int_equal(server_ledger_take(&parts.sources, &ledger), RESULT_OK);
    assert_true(server_ledger_is_balanced(&ledger));
    assert_true(ledger.is_exact);
    assert_int_equal(ledger.accepted + ledger.live + ledger.sockets, 0);
    mailboxes_release_signals();
    stop(&parts);
}

/* 3 accepted, of which 2 ended, one each on another shard than it was accepted: the sum is right, the loops are not. */
static void a_connection_that_is_counted_nowhere_is_seen(void **state)
{
    struct parts parts;
    struct server_ledger ledger;

    (void)state;
    parts_init(&parts);
    parts.sources.ports[parts.sources.port_count++] = 1;
    counter_set(&counters_of(&parts, 0)->accepted, 1);
    counter_set(&counters_of(&parts, 1)->ended[END_SLOW], 1);
    assert_int_equal(store_start(parts.store), RESULT_OK);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        assert_int_equal(shard_start(parts.shards[i]), RESULT_OK);
    assert_int_equal(server_ledger_take(&parts.sources, &ledger), RESULT_OK);
    assert_int_equal(ledger.accepted, ledger.live + ledger.ended);
    assert_false(ledger.has_balanced_shards);
    assert_true(ledger.has_balanced_sockets);
    assert_false(server_ledger_is_balanced(&ledger));
    stop(&parts);
}

/* A socket with a port of the server that no loop knows: as after a close that was forgotten. */
static void a_descriptor_that_nobody_owns_is_seen(void **state)
{
    struct parts parts;
    struct server_ledger ledger;
    struct os_address wanted, bound;
    int listener, leaked;

    (void)state;
    start(&parts);
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &wanted), RESULT_OK);
    assert_int_equal(os_listen(&wanted, 8, false, &listener, &bound), RESULT_OK);
    parts.sources.ports[parts.sources.port_count++] = bound.port;
    assert_int_equal(server_ledger_take(&parts.sources, &ledger), RESULT_OK);
    assert_true(server_ledger_is_balanced(&ledger)); /* a listener is no connection */
    int client;
    assert_int_equal(os_connect(&bound, &client), RESULT_OK);
    enum result result;
    struct os_address peer;
    while ((result = os_accept(listener, &leaked, &peer)) == RESULT_AGAIN)
        os_thread_yield();
    assert_int_equal(result, RESULT_OK);
    assert_int_equal(server_ledger_take(&parts.sources, &ledger), RESULT_OK);
    assert_int_equal(ledger.sockets, 1);
    assert_int_equal(ledger.sockets_most, 0);
    assert_false(ledger.has_balanced_sockets);
    assert_true(ledger.has_balanced_shards);
    os_socket_close(leaked);
    assert_int_equal(server_ledger_take(&parts.sources, &ledger), RESULT_OK);
    assert_true(server_ledger_is_balanced(&ledger));
    os_socket_close(client);
    os_socket_close(listener);
    stop(&parts);
}

static void an_event_without_an_answer_is_seen(void **state)
{
    struct parts parts;
    struct server_ledger ledger;
    struct builder text;

    (void)state;
    parts_init(&parts);
    parts.sources.ports[parts.sources.port_count++] = 1;
    counter_set(&((struct store_counters *)(uintptr_t)store_counters(parts.store))->appended, 2);
    counter_set(&((struct hub_counters *)(uintptr_t)chat_hub_counters(parts.chat))->acks, 1);
    assert_int_equal(store_start(parts.store), RESULT_OK);
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        assert_int_equal(shard_start(parts.shards[i]), RESULT_OK);
    assert_int_equal(server_ledger_take(&parts.sources, &ledger), RESULT_OK);
    assert_false(ledger.has_balanced_events);
    builder_init(&text, 65536);
    server_ledger_write(&ledger, &text);
    builder_add_byte(&text, 0);
    assert_non_null(strstr((const char *)text.at, "\"is_balanced\":false"));
    assert_non_null(strstr((const char *)text.at, "\"appended\":{\"value\":2,\"promise\":\"P1\",\"meaning\":\""));
    assert_non_null(strstr((const char *)text.at, "\"promise\":\"P1\",\"holds\":false}"));
    assert_non_null(strstr((const char *)text.at, "\"ended_by_reason\":{\"http_done\":0,"));
    builder_done(&text);
    stop(&parts);
}

/* The asker gives up, and the loop that answers late has something to answer to. */
static void a_loop_that_does_not_answer_is_not_waited_for_for_ever(void **state)
{
    struct parts parts;
    struct server_ledger ledger;

    (void)state;
    parts_init(&parts); /* no thread runs */
    assert_int_equal(server_ledger_take(&parts.sources, &ledger), RESULT_FAILED);
    while (store_turn(parts.store)) {
    }
    for (size_t i = 0; i < PARTS_SHARDS; i++)
        (void)shard_turn(parts.shards[i], 0); /* true: it goes on */
    parts_done(&parts);
}

int test_server_ledger(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_server_is_balanced_and_exact),
        cmocka_unit_test(a_connection_that_is_counted_nowhere_is_seen),
        cmocka_unit_test(a_descriptor_that_nobody_owns_is_seen),
        cmocka_unit_test(an_event_without_an_answer_is_seen),
        cmocka_unit_test(a_loop_that_does_not_answer_is_not_waited_for_for_ever),
    };
    return cmocka_run_group_tests_name("server_ledger", tests, NULL, NULL);
}
