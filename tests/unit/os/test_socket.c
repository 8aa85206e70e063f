/* SPDX-License-Identifier: Apache-2.0 */
#include "os/socket.h"

#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "os/thread.h"
#include "os_test.h"

static void addresses_are_parsed_and_written(void **state)
{
    static const struct {
        const char *text;
        const char *formatted;
        bool is_loopback;
    } cases[] = {
        {"127.0.0.1:8080", "127.0.0.1:8080", true},
        {"127.9.9.9:1", "127.9.9.9:1", true},
        {"192.0.2.7:65535", "192.0.2.7:65535", false},
        {"0.0.0.0:0", "0.0.0.0:0", false},
        {"[::1]:8080", "[::1]:8080", true},
        {"[::]:80", "[::]:80", false},
        {"[2001:DB8::1]:80", "[2001:db8::1]:80", false},
        {"[::ffff:127.0.0.1]:80", "127.0.0.1:80", true},
        {":8080", "[::]:8080", false},
        {"*:8080", "[::]:8080", false},
        {"localhost:8080", "127.0.0.1:8080", true},
        {"LocalHost:8080", "127.0.0.1:8080", true},
    };
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct os_address address;
        char text[64];
        assert_int_equal(os_address_parse(view_of_string(cases[index].text), &address), RESULT_OK);
        assert_string_equal(os_address_format(&address, true, text), cases[index].formatted);
        assert_int_equal(os_address_is_loopback(&address), cases[index].is_loopback);
    }
    struct os_address address;
    char text[64];
    assert_int_equal(os_address_parse(VIEW("[::1]:80"), &address), RESULT_OK);
    assert_string_equal(os_address_format(&address, false, text), "::1");
    memset(address.bytes, 0xff, sizeof(address.bytes));
    address.port = 65535;
    assert_string_equal(os_address_format(&address, true, text), "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff]:65535");
}

static void what_is_no_address_is_refused(void **state)
{
    static const char *const cases[] = {
        "",
        "8080",
        "127.0.0.1",
        "127.0.0.1:",
        "127.0.0.1:65536",
        "127.0.0.1:-1",
        "127.0.0.1:80x",
        "127.0.0.1:000080",
        "127.0.0.1.5:80",
        "127.1:80",
        "256.0.0.1:80",
        "::1:80",
        "[::1:80",
        "::1]:80",
        "[]:80",
        "[127.0.0.1]:80",
        "[::1%lo]:80",
        "[::1]",
        "example.org:80",
        "[:80",
        " 127.0.0.1:80",
        "[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc]:80",
    };
    (void)state;
    for (size_t index = 0; index < COUNT(cases); index++) {
        struct os_address address = {.port = 4711};
        assert_int_equal(os_address_parse(view_of_string(cases[index]), &address), RESULT_INVALID);
        assert_int_equal(address.port, 4711);
    }
    struct os_address address;
    assert_int_equal(os_address_parse(VIEW("127.0.0.1\0:80"), &address), RESULT_INVALID);
}

static void a_connection_carries_bytes_both_ways(void **state)
{
    (void)state;
    struct test_pair pair = connect_pair();
    uint8_t bytes[16];
    size_t size = 0;
    char text[64];
    assert_string_equal(os_address_format(&pair.peer, false, text), "127.0.0.1");
    assert_true(pair.peer.port > 0);
    assert_true(fcntl(pair.server, F_GETFL) & O_NONBLOCK);
    assert_true(fcntl(pair.server, F_GETFD) & FD_CLOEXEC);
    assert_int_equal(os_read(pair.server, bytes, sizeof(bytes), &size), RESULT_AGAIN);
    os_socket_tune(pair.server, 65536, 16384);
    assert_int_equal(os_write(pair.client, "abc", 3, &size), RESULT_OK);
    assert_int_equal(size, 3);
    wait_readable(pair.server);
    assert_int_equal(os_read(pair.server, bytes, sizeof(bytes), &size), RESULT_OK);
    assert_int_equal(size, 3);
    assert_memory_equal(bytes, "abc", 3);
    const struct iovec parts[] = {{.iov_base = (char[]){'d', 'e'}, .iov_len = 2},
                                  {.iov_base = (char[]){'f'}, .iov_len = 1}};
    assert_int_equal(os_writev(pair.server, parts, COUNT(parts), &size), RESULT_OK);
    assert_int_equal(size, 3);
    wait_readable(pair.client);
    assert_int_equal(os_read(pair.client, bytes, sizeof(bytes), &size), RESULT_OK);
    assert_memory_equal(bytes, "def", 3);
    close_pair(&pair);
}

static int option_of(int descriptor, int level, int name)
{
    int value = 0;
    socklen_t size = sizeof(value);
    assert_int_equal(getsockopt(descriptor, level, name, &value, &size), 0);
    return value;
}

static void what_a_listener_is_tuned_to_its_connections_inherit(void **state)
{
    (void)state;
    struct os_address any = {0};
    struct os_address bound;
    int listener = -1;
    int client = -1;
    int server = -1;
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &any), RESULT_OK);
    assert_int_equal(os_listen(&any, 8, false, &listener, &bound), RESULT_OK);
    os_socket_tune(listener, 20000, 4000);
    assert_int_equal(os_connect(&bound, &client), RESULT_OK);
    wait_readable(listener);
    assert_int_equal(os_accept(listener, &server, &any), RESULT_OK);
    assert_int_equal(option_of(server, IPPROTO_TCP, TCP_NODELAY), 1);
    assert_int_equal(option_of(server, IPPROTO_TCP, TCP_NOTSENT_LOWAT), 4000);
    assert_int_equal(option_of(server, SOL_SOCKET, SO_SNDBUF), 2 * 20000); /* the kernel doubles what is asked for */
    os_socket_close(server);
    os_socket_close(client);
    os_socket_close(listener);
}

static void more_parts_than_the_kernel_takes_are_taken_in_part(void **state)
{
    (void)state;
    struct test_pair pair = connect_pair();
    static struct iovec parts[IOV_MAX + 100];
    char byte = 'x';
    for (size_t index = 0; index < COUNT(parts); index++)
        parts[index] = (struct iovec){.iov_base = &byte, .iov_len = 1};
    size_t size = 0;
    assert_int_equal(os_writev(pair.server, parts, COUNT(parts), &size), RESULT_OK);
    assert_int_equal(size, IOV_MAX);
    close_pair(&pair);
}

static void a_finished_peer_is_read_to_its_end(void **state)
{
    (void)state;
    struct test_pair pair = connect_pair();
    uint8_t bytes[16];
    size_t size = 0;
    assert_int_equal(os_write(pair.client, "z", 1, &size), RESULT_OK);
    os_socket_finish_writing(pair.client);
    wait_readable(pair.server);
    assert_int_equal(os_read(pair.server, bytes, sizeof(bytes), &size), RESULT_OK);
    wait_readable(pair.server);
    assert_int_equal(os_read(pair.server, bytes, sizeof(bytes), &size), RESULT_CLOSED);
    assert_int_equal(os_write(pair.server, "still", 5, &size), RESULT_OK);
    wait_readable(pair.client);
    assert_int_equal(os_read(pair.client, bytes, sizeof(bytes), &size), RESULT_OK);
    assert_int_equal(size, 5);
    close_pair(&pair);
}

static void a_reset_is_no_orderly_end_and_raises_no_signal(void **state)
{
    (void)state;
    struct test_pair pair = connect_pair();
    uint8_t bytes[16];
    size_t size = 0;
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    assert_int_equal(setsockopt(pair.client, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    os_socket_close(pair.client);
    wait_readable(pair.server);
    assert_int_equal(os_read(pair.server, bytes, sizeof(bytes), &size), RESULT_FAILED);
    assert_int_equal(os_write(pair.server, "x", 1, &size), RESULT_CLOSED);
    const struct iovec part = {.iov_base = bytes, .iov_len = 1};
    assert_int_equal(os_writev(pair.server, &part, 1, &size), RESULT_CLOSED);
    os_socket_close(pair.server);
}

static void a_full_socket_says_so_and_what_it_holds(void **state)
{
    (void)state;
    struct test_pair pair = connect_pair();
    static uint8_t bytes[65536];
    size_t size;
    assert_int_equal(os_socket_unsent_bytes(pair.server), 0);
    os_socket_tune(pair.server, 16384, 0);
    enum result result;
    do {
        result = os_write(pair.server, bytes, sizeof(bytes), &size);
    } while (result == RESULT_OK);
    assert_int_equal(result, RESULT_AGAIN);
    assert_true(os_socket_unsent_bytes(pair.server) > 0);
    assert_int_equal(os_socket_unsent_bytes(-1), 0);
    struct os_link link;
    assert_true(os_socket_link(pair.client, &link));
    assert_true(link.received_bytes > 0);
    assert_false(os_socket_link(-1, &link));
    assert_string_equal(os_error_name(os_error_last()), "EBADF");
    assert_string_equal(os_error_name(0), "");
    close_pair(&pair);
}

static void what_nobody_reads_takes_memory(void **state)
{
    (void)state;
    struct test_pair pair = connect_pair();
    static uint8_t bytes[20000];
    size_t size;
    size_t before = os_socket_memory_bytes(pair.client) + os_socket_memory_bytes(pair.server);
    assert_int_equal(os_write(pair.server, bytes, sizeof bytes, &size), RESULT_OK);
    size_t after = os_socket_memory_bytes(pair.client) + os_socket_memory_bytes(pair.server);
    assert_true(after >= before + size);
    assert_int_equal(os_socket_memory_bytes(-1), 0);
    close_pair(&pair);
}

static void a_port_in_use_is_told(void **state)
{
    (void)state;
    struct os_address bound;
    struct os_address unused = {.port = 4711};
    int listener;
    int second = -2;
    listen_on_loopback(&listener, &bound);
    assert_true(bound.port > 0);
    assert_int_equal(os_listen(&bound, 16, false, &second, &unused), RESULT_EXISTS);
    assert_int_equal(os_listen(&bound, 16, true, &second, &unused), RESULT_EXISTS);
    assert_int_equal(second, -2);
    assert_int_equal(unused.port, 4711);
    os_socket_close(listener);
}

static void shared_listeners_have_one_port_and_others_are_kept_out(void **state)
{
    (void)state;
    struct os_address address;
    struct os_address bound;
    struct os_address bound_second;
    int first;
    int second;
    int third;
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &address), RESULT_OK);
    assert_int_equal(os_listen(&address, 16, true, &first, &bound), RESULT_OK);
    assert_int_equal(os_listen(&bound, 16, true, &second, &bound_second), RESULT_OK);
    assert_int_equal(bound.port, bound_second.port);
    assert_int_equal(os_listen(&bound, 16, false, &third, &bound_second), RESULT_EXISTS);
    os_socket_close(first);
    os_socket_close(second);
}

/* With IPv6 on this machine or without: clients of IPv4 always come through. */
static void all_addresses_take_ipv4_and_keep_it_mapped(void **state)
{
    (void)state;
    struct os_address address;
    struct os_address bound;
    struct os_address peer;
    int listener;
    int client;
    int server;
    char text[64];
    assert_int_equal(os_address_parse(VIEW(":0"), &address), RESULT_OK);
    assert_int_equal(os_listen(&address, 16, false, &listener, &bound), RESULT_OK);
    assert_int_equal(os_accept(listener, &server, &peer), RESULT_AGAIN);
    assert_int_equal(os_address_parse(VIEW("localhost:1"), &address), RESULT_OK);
    address.port = bound.port;
    assert_int_equal(os_connect(&address, &client), RESULT_OK);
    wait_readable(listener);
    assert_int_equal(os_accept(listener, &server, &peer), RESULT_OK);
    assert_string_equal(os_address_format(&peer, false, text), "127.0.0.1");
    assert_true(os_address_is_loopback(&peer));
    os_socket_close(client);
    os_socket_close(server);
    os_socket_close(listener);
}

static void a_refused_connection_is_told(void **state)
{
    (void)state;
    struct os_address bound;
    int listener;
    int client;
    listen_on_loopback(&listener, &bound);
    os_socket_close(listener);
    enum result result = os_connect(&bound, &client);
    if (result == RESULT_OK) {
        wait_writable(client);
        assert_int_not_equal(os_socket_error(client), 0);
        os_socket_close(client);
    } else {
        assert_int_equal(result, RESULT_REFUSED);
    }
}

/* The limit of descriptors is lowered to what is open, and raised again. */
static void want_of_descriptors_pauses_accepting(void **state)
{
    (void)state;
    struct os_address bound;
    struct os_address peer;
    struct rlimit limit;
    int listener;
    int client;
    int server;
    listen_on_loopback(&listener, &bound);
    assert_int_equal(os_connect(&bound, &client), RESULT_OK);
    wait_readable(listener);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    int next = dup(listener);
    assert_true(next >= 0);
    os_socket_close(next);
    const struct rlimit lowered = {.rlim_cur = (rlim_t)next, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    enum result accepted = os_accept(listener, &server, &peer);
    int unused;
    enum result connected = os_connect(&bound, &unused);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
    assert_int_equal(accepted, RESULT_FULL);
    assert_int_equal(connected, RESULT_FULL);
    assert_int_equal(os_accept(listener, &server, &peer), RESULT_OK);
    os_socket_close(server);
    os_socket_close(client);
    os_socket_close(listener);
}

static void a_unix_socket_carries_bytes_and_peeking_leaves_them(void **state)
{
    char folder[] = "/tmp/natter-socket-XXXXXX", path[64], text[16], longer[200];
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    struct os_address peer;
    int listener, other, server;
    size_t size;
    (void)state;
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    assert_int_equal(os_listen_unix(path, 8, &listener), RESULT_OK);
    assert_int_equal(os_listen_unix(path, 8, &other), RESULT_EXISTS);
    assert_int_equal(os_accept(listener, &server, &peer), RESULT_OK); /* it looked whether somebody listens */
    os_socket_close(server);
    size_t before = os_connection_count(NULL, 0);
    int client = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    assert_int_equal(connect(client, (const struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(os_accept(listener, &server, &peer), RESULT_OK);
    assert_int_equal(os_connection_count(NULL, 0), before + 1);
    assert_int_equal(os_write(client, "hello", 5, &size), RESULT_OK);
    assert_int_equal(os_peek(server, text, sizeof text, &size), RESULT_OK);
    assert_int_equal(size, 5);
    assert_int_equal(os_read(server, text, sizeof text, &size), RESULT_OK);
    assert_memory_equal(text, "hello", 5);
    assert_int_equal(os_peek(server, text, sizeof text, &size), RESULT_AGAIN);
    os_socket_close(client);
    assert_int_equal(os_peek(server, text, sizeof text, &size), RESULT_CLOSED);
    os_socket_close(server);
    os_socket_close(listener);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
    assert_int_equal(os_listen_unix(path, 8, &listener), RESULT_NOT_FOUND);
    memset(longer, 'x', sizeof longer - 1);
    longer[0] = '/';
    longer[sizeof longer - 1] = 0;
    assert_int_equal(os_listen_unix(longer, 8, &listener), RESULT_INVALID);
}

int test_socket(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_parsed_and_written),
        cmocka_unit_test(what_is_no_address_is_refused),
        cmocka_unit_test(a_connection_carries_bytes_both_ways),
        cmocka_unit_test(what_a_listener_is_tuned_to_its_connections_inherit),
        cmocka_unit_test(more_parts_than_the_kernel_takes_are_taken_in_part),
        cmocka_unit_test(a_finished_peer_is_read_to_its_end),
        cmocka_unit_test(a_reset_is_no_orderly_end_and_raises_no_signal),
        cmocka_unit_test(a_full_socket_says_so_and_what_it_holds),
        cmocka_unit_test(what_nobody_reads_takes_memory),
        cmocka_unit_test(a_port_in_use_is_told),
        cmocka_unit_test(shared_listeners_have_one_port_and_others_are_kept_out),
        cmocka_unit_test(all_addresses_take_ipv4_and_keep_it_mapped),
        cmocka_unit_test(a_refused_connection_is_told),
        cmocka_unit_test(want_of_descriptors_pauses_accepting),
        cmocka_unit_test(a_unix_socket_carries_bytes_and_peeking_leaves_them),
    };
    return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
