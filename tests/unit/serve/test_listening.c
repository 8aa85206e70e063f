/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listening.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "serve_test.h"

static void drop_line(void *context, const char *line)
{
    (void)context;
    (void)line;
}

static char folder[] = "/tmp/natter-listening-XXXXXX";
static char path[64];

static int set_up(void **state)
{
    (void)state;
    diag_set_sink(drop_line, NULL);
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/socket", folder);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    diag_set_sink(NULL, NULL);
    (void)unlink(path);
    return rmdir(folder);
}

static void read_places(struct attempt *attempt)
{
    char flags[128];

    (void)snprintf(flags, sizeof flags, "--listen\n127.0.0.1:0,unix:%s", path);
    attempt_read(attempt, flags, NULL);
    assert_int_equal(attempt->outcome, CONFIG_READY);
}

static void every_shard_has_listeners_at_the_same_places(void **state)
{
    struct shard_listener first[NET_LISTEN_MAX], second[NET_LISTEN_MAX];
    struct listening listening;
    struct attempt attempt;
    struct stat status;

    (void)state;
    read_places(&attempt);
    assert_int_equal(listening_open(&listening, &attempt.config, NULL), RESULT_OK);
    assert_int_equal(listening_share(&listening, first), RESULT_OK);
    assert_int_equal(listening_share(&listening, second), RESULT_OK);
    listening_begun(&listening);
    assert_true(listening.addresses[0].port > 0);
    assert_string_equal(second[1].how.path, path);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0660);
    for (int i = 0; i < 2; i++) {
        os_socket_close(first[i].descriptor);
        os_socket_close(second[i].descriptor);
    }
    listening_done(&listening);
    assert_int_not_equal(access(path, F_OK), 0);
    attempt_done(&attempt);
}

static void a_place_that_is_taken_is_left_alone(void **state)
{
    struct listening one, two;
    struct attempt attempt;

    (void)state;
    read_places(&attempt);
    assert_int_equal(listening_open(&one, &attempt.config, NULL), RESULT_OK);
    assert_int_equal(listening_open(&two, &attempt.config, NULL), RESULT_EXISTS);
    listening_done(&two);
    assert_int_equal(access(path, F_OK), 0);
    listening_done(&one);
    attempt_done(&attempt);
}

/* As a crash leaves it: the file is there, and nobody listens. */
static void a_socket_file_that_was_left_over_is_replaced(void **state)
{
    struct listening listening;
    struct attempt attempt;
    int descriptor;

    (void)state;
    assert_int_equal(os_listen_unix(path, 1, &descriptor), RESULT_OK);
    os_socket_close(descriptor);
    assert_int_equal(access(path, F_OK), 0);
    read_places(&attempt);
    assert_int_equal(listening_open(&listening, &attempt.config, NULL), RESULT_OK);
    listening_done(&listening);
    attempt_done(&attempt);
}

/* It has the address of the socket and not its own; the path stays, since it is who passed it that takes it away. */
static void a_passed_socket_serves_its_place(void **state)
{
    struct passed passed = {.count = 2};
    struct shard_listener first[NET_LISTEN_MAX], second[NET_LISTEN_MAX];
    struct os_address wanted, bound;
    struct listening listening;
    struct attempt attempt;

    (void)state;
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &wanted), RESULT_OK);
    assert_int_equal(os_listen(&wanted, 1, false, &passed.sockets[0].descriptor, &bound), RESULT_OK);
    passed.sockets[0].address = bound;
    assert_int_equal(os_listen_unix(path, 1, &passed.sockets[1].descriptor), RESULT_OK);
    passed.sockets[1].kind = OS_PASSED_UNIX;
    (void)snprintf(passed.sockets[1].path, sizeof passed.sockets[1].path, "%s", path);
    read_places(&attempt);
    passed.listen[0] = &passed.sockets[0];
    passed.listen[1] = &passed.sockets[1];
    assert_int_equal(listening_open(&listening, &attempt.config, &passed), RESULT_OK);
    assert_int_equal(listening.addresses[0].port, bound.port);
    assert_int_equal(listening_share(&listening, first), RESULT_OK);
    assert_int_equal(listening_share(&listening, second), RESULT_OK);
    listening_begun(&listening);
    assert_int_equal(os_socket_name(second[0].descriptor, &wanted), RESULT_OK);
    assert_int_equal(wanted.port, bound.port);
    for (int i = 0; i < 2; i++) {
        os_socket_close(first[i].descriptor);
        os_socket_close(second[i].descriptor);
    }
    listening_done(&listening);
    assert_int_equal(access(path, F_OK), 0);
    attempt_done(&attempt);
    os_socket_close(passed.sockets[0].descriptor);
    os_socket_close(passed.sockets[1].descriptor);
    assert_int_equal(unlink(path), 0);
}

int test_listening(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_shard_has_listeners_at_the_same_places),
        cmocka_unit_test(a_place_that_is_taken_is_left_alone),
        cmocka_unit_test(a_socket_file_that_was_left_over_is_replaced),
        cmocka_unit_test(a_passed_socket_serves_its_place),
    };

    return cmocka_run_group_tests_name("listening", tests, set_up, tear_down);
}
