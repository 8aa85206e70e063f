/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/passed.h"

#include <string.h>

#include "base/diag.h"
#include "serve_test.h"

#define LISTEN "--listen\n127.0.0.1:8080,:8443 tls,unix:/run/natter/socket\n--tls-certificates\nchain.pem key.pem"
enum { SOCKETS_MAX = 4 };

static char told[1024];

static void keep_line(void *context, const char *line)
{
    (void)context;
    (void)snprintf(told, sizeof told, "%s", line);
}

static int set_up(void **state)
{
    (void)state;
    diag_set_sink(keep_line, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    diag_set_sink(NULL, NULL);
    return 0;
}

static struct os_passed tcp(const char *name, const char *address)
{
    struct os_passed socket = {.descriptor = 3, .kind = OS_PASSED_TCP};

    (void)snprintf(socket.name, sizeof socket.name, "%s", name);
    assert_int_equal(os_address_parse(view_of_string(address), &socket.address), RESULT_OK);
    return socket;
}

static struct os_passed local(const char *name, const char *path)
{
    struct os_passed socket = {.descriptor = 3, .kind = OS_PASSED_UNIX};

    (void)snprintf(socket.name, sizeof socket.name, "%s", name);
    (void)snprintf(socket.path, sizeof socket.path, "%s", path);
    return socket;
}

/* Matches the sockets with three places, and tells by place which socket each has ("1-0" : the first place has the
 * second socket, the third the first), and with "m" and its number the operator's; or the log's line. */
static const char *match(const char *flags, const struct os_passed *sockets, size_t count)
{
    static char text[64];
    struct passed passed = {.count = count};
    struct attempt attempt;

    attempt_read(&attempt, flags, NULL);
    assert_int_equal(attempt.outcome, CONFIG_READY);
    if (count > 0)
        memcpy(passed.sockets, sockets, count * sizeof *sockets);
    told[0] = text[0] = 0;
    enum result result = passed_match(&passed, &attempt.config);
    for (size_t i = 0; i < attempt.config.listen_count; i++)
        text[i] = passed.listen[i] ? (char)('0' + (passed.listen[i] - passed.sockets)) : '-';
    size_t size = attempt.config.listen_count;
    text[size] = passed.metrics ? 'm' : 0;
    text[size + 1] = passed.metrics ? (char)('0' + (passed.metrics - passed.sockets)) : 0;
    text[size + 2] = 0;
    attempt_done(&attempt);
    assert_int_equal(result, told[0] ? RESULT_INVALID : RESULT_OK);
    return result == RESULT_OK ? text : told;
}

static void sockets_find_their_places(void **state)
{
    static const char path[] = "/run/natter/socket";

    (void)state;
    assert_string_equal(match(LISTEN, NULL, 0), "---");
    /* in order, whatever their addresses are */
    assert_string_equal(match(LISTEN, (struct os_passed[]){tcp("natter.socket", "10.0.0.1:80")}, 1), "0--");
    assert_string_equal(match(LISTEN, (struct os_passed[]){tcp("a", ":80"), tcp("a", ":443"), local("a", path)}, 3),
                        "012");
    /* by address or path before the order */
    assert_string_equal(match(LISTEN, (struct os_passed[]){tcp("a", ":80"), tcp("a", "127.0.0.1:8080")}, 2), "10-");
    assert_string_equal(match(LISTEN, (struct os_passed[]){local("a", path)}, 1), "--0");
    /* by name before either */
    assert_string_equal(match(LISTEN, (struct os_passed[]){tcp("listen-2", "127.0.0.1:8080")}, 1), "-0-");
    assert_string_equal(match(LISTEN, (struct os_passed[]){tcp("a", ":1"), tcp("listen-1", ":2")}, 2), "10-");
    assert_string_equal(match(LISTEN, (struct os_passed[]){tcp("metrics", ":9180"), tcp("a", ":80")}, 2), "1--m0");
    assert_string_equal(match(LISTEN, (struct os_passed[]){local("metrics", "/run/metrics")}, 1), "---m0");
}

static void what_cannot_serve_is_told(void **state)
{
    struct os_passed deaf = tcp("deaf", ":80"), pipe = tcp("pipe", ":80");

    (void)state;
    deaf.kind = OS_PASSED_NOT_LISTENING;
    pipe.kind = OS_PASSED_OTHER;
    assert_has(match(LISTEN, &deaf, 1), "does not listen");
    assert_has(match(LISTEN, &pipe, 1), "no stream socket");
    assert_has(told, "name=pipe");
    assert_has(match(LISTEN, (struct os_passed[]){tcp("listen-4", ":80")}, 1), "no such place");
    assert_has(match(LISTEN, (struct os_passed[]){tcp("listen-0", ":80")}, 1), "no such place");
    assert_has(match(LISTEN, (struct os_passed[]){tcp("listen-", ":80")}, 1), "no such place");
    assert_has(match(LISTEN, (struct os_passed[]){tcp("listen-1", ":80"), tcp("listen-1", ":81")}, 2),
               "serves that place already");
    assert_has(match(LISTEN, (struct os_passed[]){tcp("listen-3", ":80")}, 1), "it is none");
    assert_has(match(LISTEN, (struct os_passed[]){local("a", "/run/other")}, 1), "it is a unix socket");
    assert_has(match("--listen\n:8080", (struct os_passed[]){tcp("a", ":80"), tcp("a", ":81")}, 2), "no place left");
    assert_has(match(LISTEN, (struct os_passed[]){tcp("metrics", ":1"), tcp("metrics", ":2")}, 2), "one only");
    assert_has(match(LISTEN "\n--metrics-listen\noff", (struct os_passed[]){tcp("metrics", ":1")}, 1), "is off");
}

int test_passed(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sockets_find_their_places),
        cmocka_unit_test(what_cannot_serve_is_told),
    };

    return cmocka_run_group_tests_name("passed", tests, set_up, tear_down);
}
