/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/operator.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ops_test.h"
#include "os/file.h"

static enum operator_verdict judge(const char *fields, const char *peer, const char *token, bool is_unix)
{
    const struct http_limits limits = {4096, 1024, HTTP_FIELDS_MAX};
    const struct operator_rule rule = {.token = token, .is_unix = is_unix};
    struct os_address address = {.port = 0};
    struct http_request request;
    struct http_fault fault;
    const char *why = NULL;
    char head[1024];

    (void)snprintf(head, sizeof head, "GET /api/v1/overview HTTP/1.1\r\n%s\r\n", fields);
    if (http_request_decode(view_of_string(head), &limits, &request, &fault) != DECODE_DONE)
        fail_msg("%s: %s", fields, fault.text);
    assert_int_equal(os_address_parse(view_of_string(peer), &address), RESULT_OK);
    enum operator_verdict verdict = operator_judge(&rule, &request, &address, &why);
    assert_true(verdict == OPERATOR_YES || (why && strlen(why) > 20));
    return verdict;
}

#define HERE "Host: localhost:9180\r\n"
#define WORD "a-word-of-sixteen"

static void who_may_and_who_may_not(void **state)
{
    static const struct {
        const char *fields, *peer;
        enum operator_verdict verdict;
    } cases[] = {
        {HERE, "127.0.0.1:5", OPERATOR_YES},
        {"Host: 127.0.0.1\r\n", "127.0.0.1:5", OPERATOR_YES},
        {"Host: [::1]:9180\r\n", "[::1]:5", OPERATOR_YES},
        {HERE, "192.0.2.1:5", OPERATOR_STRANGER},
        {"Host: chat.example.org\r\n", "127.0.0.1:5", OPERATOR_STRANGER}, /* a name made to mean this machine */
        {"Host: 192.0.2.7\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "X-Forwarded-For: 192.0.2.1\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "X-Forwarded-For: 127.0.0.1\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "x-forwarded-proto: https\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "Forwarded: for=127.0.0.1\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "Via: 1.1 proxy\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "X-Real-IP: 127.0.0.1\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "Origin: https://evil.example\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "Sec-Fetch-Site: cross-site\r\n", "127.0.0.1:5", OPERATOR_STRANGER},
        {HERE "Sec-Fetch-Site: none\r\n", "127.0.0.1:5", OPERATOR_YES},
        {HERE "Authorization: Bearer " WORD "\r\n", "192.0.2.1:5", OPERATOR_YES},
        {HERE "Authorization: bearer " WORD "\r\nX-Forwarded-For: 192.0.2.1\r\n", "127.0.0.1:5", OPERATOR_YES},
        {HERE "Authorization: Bearer " WORD "x\r\n", "192.0.2.1:5", OPERATOR_WRONG_TOKEN},
        {HERE "Authorization: Bearer a-word\r\n", "127.0.0.1:5", OPERATOR_WRONG_TOKEN}, /* also from here */
        {HERE "Authorization: Basic " WORD "\r\n", "192.0.2.1:5", OPERATOR_WRONG_TOKEN},
        {HERE "Authorization: Bearer \r\n", "192.0.2.1:5", OPERATOR_WRONG_TOKEN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (judge(cases[i].fields, cases[i].peer, WORD, false) != cases[i].verdict)
            fail_msg("%s from %s", cases[i].fields, cases[i].peer);
    }
}

static void without_a_word_none_is_right(void **state)
{
    (void)state;
    assert_int_equal(judge(HERE "Authorization: Bearer x\r\n", "127.0.0.1:5", "", false), OPERATOR_WRONG_TOKEN);
    assert_int_equal(judge(HERE "Authorization: Bearer \r\n", "127.0.0.1:5", NULL, false), OPERATOR_WRONG_TOKEN);
}

static void a_unix_socket_lets_in_who_may_open_it_but_no_proxy(void **state)
{
    (void)state;
    assert_int_equal(judge("Host: natter\r\n", "[::]:0", WORD, true), OPERATOR_YES);
    assert_int_equal(judge("Host: natter\r\nX-Forwarded-For: 192.0.2.1\r\n", "[::]:0", WORD, true), OPERATOR_STRANGER);
}

static enum result load(const char *text, mode_t mode, char out[OPERATOR_TOKEN_BYTES_MAX + 1])
{
    char path[] = "/tmp/natter-operator-XXXXXX";
    int descriptor = mkstemp(path);

    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, text, strlen(text)), strlen(text));
    assert_int_equal(fchmod(descriptor, mode), 0);
    (void)close(descriptor);
    enum result result = operator_token_load(path, out);
    (void)unlink(path);
    return result;
}

static void the_word_comes_from_a_private_file(void **state)
{
    char token[OPERATOR_TOKEN_BYTES_MAX + 1];
    char long_text[OPERATOR_TOKEN_BYTES_MAX + 10];

    (void)state;
    assert_int_equal(load(WORD "\n", 0600, token), RESULT_OK);
    assert_string_equal(token, WORD);
    assert_int_equal(load(WORD, 0644, token), RESULT_REFUSED);
    assert_string_equal(token, "");
    assert_int_equal(load("short\n", 0600, token), RESULT_INVALID);
    assert_int_equal(load("a word with blanks in it\n", 0600, token), RESULT_INVALID);
    memset(long_text, 'a', sizeof long_text);
    long_text[sizeof long_text - 1] = 0;
    assert_int_equal(load(long_text, 0600, token), RESULT_INVALID);
    assert_int_equal(operator_token_load("/nowhere/at/all", token), RESULT_NOT_FOUND);
}

int test_operator(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_may_and_who_may_not),
        cmocka_unit_test(without_a_word_none_is_right),
        cmocka_unit_test(a_unix_socket_lets_in_who_may_open_it_but_no_proxy),
        cmocka_unit_test(the_word_comes_from_a_private_file),
    };
    return cmocka_run_group_tests_name("ops/operator", tests, NULL, NULL);
}
