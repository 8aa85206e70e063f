/* SPDX-License-Identifier: Apache-2.0 */
#include "os/resolve.h"

#include "os_test.h"

static void numbers_are_their_own_address(void **state)
{
    static const char *const cases[][2] = {{"127.0.0.1", "127.0.0.1:80"}, {"::1", "[::1]:80"}};
    struct os_address addresses[4];
    const char *why = NULL;
    size_t count = 0;
    char text[64];

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(os_resolve(cases[i][0], 80, addresses, 4, &count, &why), RESULT_OK);
        assert_int_equal(count, 1);
        assert_string_equal(os_address_format(&addresses[0], true, text), cases[i][1]);
    }
}

/* Names with a space are nowhere: no name service is asked for them. */
static void what_is_no_name_is_not_found(void **state)
{
    struct os_address addresses[4];
    const char *why = NULL;
    size_t count = 7;

    (void)state;
    assert_int_not_equal(os_resolve("no name", 80, addresses, 4, &count, &why), RESULT_OK);
    assert_int_equal(count, 0);
    assert_non_null(why);
}

static void a_wait_ends_when_there_is_something_or_time_is_over(void **state)
{
    struct os_address wanted, bound, peer;
    int listener, client, server;

    (void)state;
    assert_int_equal(os_address_parse(VIEW("127.0.0.1:0"), &wanted), RESULT_OK);
    assert_int_equal(os_listen(&wanted, 8, false, &listener, &bound), RESULT_OK);
    assert_false(os_socket_wait(listener, false, 1));
    assert_int_equal(os_connect(&bound, &client), RESULT_OK);
    assert_true(os_socket_wait(client, true, 10000));
    assert_true(os_socket_wait(listener, false, 10000));
    assert_int_equal(os_accept(listener, &server, &peer), RESULT_OK);
    assert_false(os_socket_wait(client, false, 1));
    os_socket_close(server);
    assert_true(os_socket_wait(client, false, 10000)); /* the end is something to read */
    os_socket_close(client);
    os_socket_close(listener);
}

int test_resolve(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_their_own_address),
        cmocka_unit_test(what_is_no_name_is_not_found),
        cmocka_unit_test(a_wait_ends_when_there_is_something_or_time_is_over),
    };

    return cmocka_run_group_tests_name("resolve", tests, NULL, NULL);
}
