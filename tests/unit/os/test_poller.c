/* SPDX-License-Identifier: Apache-2.0 */
#include "os/poller.h"

#include <sys/socket.h>

#include "os/thread.h"
#include "os_test.h"

static int owner_a;
static int owner_b;

static int poll_soon(struct os_poller *poller, struct os_event *events)
{
    return os_poll(poller, events, PATIENCE_MS);
}

static void nothing_to_do_is_no_event(void **state)
{
    (void)state;
    struct os_poller poller;
    struct os_event events[OS_EVENTS_MAX];
    assert_int_equal(os_poller_init(&poller), RESULT_OK);
    assert_int_equal(os_poll(&poller, events, 0), 0);
    assert_int_equal(os_poll(&poller, events, 1), 0);
    os_poller_done(&poller);
    os_poller_done(&poller);
}

static void an_edge_is_told_once_and_a_level_until_it_is_gone(void **state)
{
    (void)state;
    struct os_poller poller;
    struct os_event events[OS_EVENTS_MAX];
    struct os_wakeup wakeup;
    struct test_pair pair = connect_pair();
    assert_int_equal(os_poller_init(&poller), RESULT_OK);
    assert_int_equal(os_wakeup_init(&wakeup), RESULT_OK);
    assert_int_equal(os_poller_add(&poller, pair.server, OS_READ, &owner_a), RESULT_OK);
    assert_int_equal(os_poller_add(&poller, pair.server, OS_READ, &owner_a), RESULT_EXISTS);
    size_t size;
    assert_int_equal(os_write(pair.client, "x", 1, &size), RESULT_OK);
    assert_int_equal(poll_soon(&poller, events), 1);
    assert_ptr_equal(events[0].owner, &owner_a);
    assert_true(events[0].is_readable);
    assert_false(events[0].is_finished);
    assert_int_equal(os_poll(&poller, events, 0), 0);

    assert_int_equal(os_poller_add(&poller, wakeup.descriptor, OS_READ | OS_LEVEL, &owner_b), RESULT_OK);
    os_wakeup_signal(&wakeup);
    os_wakeup_signal(&wakeup);
    assert_int_equal(poll_soon(&poller, events), 1);
    assert_int_equal(poll_soon(&poller, events), 1);
    assert_ptr_equal(events[0].owner, &owner_b);
    os_wakeup_clear(&wakeup);
    os_wakeup_clear(&wakeup);
    assert_int_equal(os_poll(&poller, events, 0), 0);
    os_wakeup_done(&wakeup);
    os_poller_done(&poller);
    close_pair(&pair);
}

static void a_socket_is_writable_at_first_and_again_after_it_was_full(void **state)
{
    (void)state;
    struct os_poller poller;
    struct os_event events[OS_EVENTS_MAX];
    struct test_pair pair = connect_pair();
    static uint8_t bytes[65536];
    size_t size;
    assert_int_equal(os_poller_init(&poller), RESULT_OK);
    assert_int_equal(os_poller_add(&poller, pair.server, OS_READ | OS_WRITE, &owner_a), RESULT_OK);
    assert_int_equal(poll_soon(&poller, events), 1);
    assert_true(events[0].is_writable);
    assert_false(events[0].is_readable);
    enum result result;
    do {
        result = os_write(pair.server, bytes, sizeof(bytes), &size);
    } while (result == RESULT_OK);
    assert_int_equal(result, RESULT_AGAIN);
    (void)os_poll(&poller, events, 0); /* an edge that is older than the filling may wait */
    do {
        wait_readable(pair.client);
        while (os_read(pair.client, bytes, sizeof(bytes), &size) == RESULT_OK)
            ;
    } while (os_poll(&poller, events, 0) == 0);
    assert_true(events[0].is_writable);
    os_poller_done(&poller);
    close_pair(&pair);
}

static void the_end_of_a_peer_is_told(void **state)
{
    (void)state;
    struct os_poller poller;
    struct os_event events[OS_EVENTS_MAX];
    struct test_pair pair = connect_pair();
    assert_int_equal(os_poller_init(&poller), RESULT_OK);
    assert_int_equal(os_poller_add(&poller, pair.server, OS_READ, &owner_a), RESULT_OK);
    os_socket_finish_writing(pair.client);
    assert_int_equal(poll_soon(&poller, events), 1);
    assert_true(events[0].is_readable);
    assert_true(events[0].is_finished);
    os_poller_remove(&poller, pair.server);
    os_poller_remove(&poller, pair.server);
    os_socket_close(pair.client);
    assert_int_equal(os_poll(&poller, events, 0), 0);
    os_poller_done(&poller);
    os_socket_close(pair.server);
}

static void signal_wakeup(void *context)
{
    os_wakeup_signal(context);
}

static void a_wakeup_ends_the_wait_of_another_thread(void **state)
{
    (void)state;
    struct os_wakeup wakeup;
    struct os_thread thread;
    assert_int_equal(os_wakeup_init(&wakeup), RESULT_OK);
    assert_int_equal(os_thread_start(&thread, "signals", signal_wakeup, &wakeup), RESULT_OK);
    os_wakeup_wait(&wakeup, -1);
    os_thread_join(&thread);
    os_wakeup_wait(&wakeup, 0); /* it was cleared: an endless wait would not return here */
    os_wakeup_wait(&wakeup, 1);
    os_wakeup_done(&wakeup);
    os_wakeup_done(&wakeup);
}

static void a_struct_of_zeroes_owns_no_descriptor(void **state)
{
    (void)state;
    struct os_poller poller = {0};
    struct os_wakeup wakeup = {0};
    os_poller_done(&poller);
    os_wakeup_done(&wakeup);
    assert_int_equal(poller.descriptor, -1);
    assert_int_equal(wakeup.descriptor, -1);
}

int test_poller(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_to_do_is_no_event),
        cmocka_unit_test(an_edge_is_told_once_and_a_level_until_it_is_gone),
        cmocka_unit_test(a_socket_is_writable_at_first_and_again_after_it_was_full),
        cmocka_unit_test(the_end_of_a_peer_is_told),
        cmocka_unit_test(a_wakeup_ends_the_wait_of_another_thread),
        cmocka_unit_test(a_struct_of_zeroes_owns_no_descriptor),
    };
    return cmocka_run_group_tests_name("poller", tests, NULL, NULL);
}
