/* SPDX-License-Identifier: Apache-2.0 */
#include "os_test.h"

#include <poll.h>

static void wait_for(int descriptor, short events)
{
    struct pollfd polled = {.fd = descriptor, .events = events};
    assert_int_equal(poll(&polled, 1, PATIENCE_MS), 1);
}

void wait_readable(int descriptor)
{
    wait_for(descriptor, POLLIN);
}

void wait_writable(int descriptor)
{
    wait_for(descriptor, POLLOUT);
}

void listen_on_loopback(int *out_listener, struct os_address *out_bound)
{
    struct os_address address;
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &address), RESULT_OK);
    assert_int_equal(os_listen(&address, 16, false, out_listener, out_bound), RESULT_OK);
}

struct test_pair connect_pair(void)
{
    struct test_pair pair;
    struct os_address bound;
    int listener;
    listen_on_loopback(&listener, &bound);
    assert_int_equal(os_connect(&bound, &pair.client), RESULT_OK);
    wait_readable(listener);
    assert_int_equal(os_accept(listener, &pair.server, &pair.peer), RESULT_OK);
    wait_writable(pair.client);
    assert_int_equal(os_socket_error(pair.client), 0);
    os_socket_close(listener);
    return pair;
}

void close_pair(struct test_pair *pair)
{
    os_socket_close(pair->client);
    os_socket_close(pair->server);
}
