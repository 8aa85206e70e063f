/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/last.h"

#include "wire/command.h"
#include "wire_test.h"

int test_last(void);

static void what_is_told_is_read(void **state)
{
    const char *const text =
        "{\"connection\":\"0-1c\",\"code\":1006,\"reason\":\"gone\",\"ago\":5300,\"saw\":[\"offline\","
        "\"probe\",\"a word of tomorrow\"],\"more\":1}";
    json_t *value = json_loads(text, 0, NULL);
    const char *why = "";
    struct last last;

    (void)state;
    assert_non_null(value);
    assert_true(last_read(value, &last, &why));
    assert_true(view_equal(last.connection, VIEW("0-1c")) && view_equal(last.reason, VIEW("gone")));
    assert_int_equal(last.code, 1006);
    assert_int_equal(last.ago_ms, 5300);
    assert_int_equal(last.saw, 1u << LAST_OFFLINE | 1u << LAST_PROBE);
    json_decref(value);
}

static void what_is_not_of_the_form_is_refused_in_words(void **state)
{
    static const char *const cases[] = {
        "[]",
        "{\"ago\":1}",
        "{\"code\":1006}",
        "{\"code\":5000,\"ago\":1}",
        "{\"code\":-1,\"ago\":1}",
        "{\"code\":1.5,\"ago\":1}",
        "{\"code\":1006,\"ago\":-1}",
        "{\"code\":1006,\"ago\":1,\"connection\":7}",
        "{\"code\":1006,\"ago\":1,\"connection\":\"01234567890123456789012345678901234567890\"}",
        "{\"code\":1006,\"ago\":1,\"saw\":\"offline\"}",
        "{\"code\":1006,\"ago\":1,\"saw\":[1]}",
        "{\"code\":1006,\"ago\":1,\"saw\":[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\","
        "\"a\",\"a\",\"a\",\"a\",\"a\"]}",
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *value = json_loads(cases[i], 0, NULL);
        const char *why = "";
        struct last last;
        assert_non_null(value);
        if (last_read(value, &last, &why))
            fail_msg("taken: %s", cases[i]);
        assert_true(strlen(why) > 10);
        json_decref(value);
    }
}

static void login_and_ping_carry_it_and_others_pass_it_over(void **state)
{
    static const struct {
        const char *json;
        bool is_taken, has_last;
    } cases[] = {
        {"{\"type\":\"ping\",\"last\":{\"code\":1006,\"ago\":1}}", true, true},
        {"{\"type\":\"login\",\"token\":\"t\",\"last\":{\"code\":1006,\"ago\":1}}", true, true},
        {"{\"type\":\"rooms\",\"last\":{\"code\":1006,\"ago\":1}}", true, false},
        {"{\"type\":\"ping\",\"last\":\"1006\"}", false, false},
    };
    const struct command_limits limits = {1000};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct command command;
        struct command_fault fault;
        struct view json = view_of_string(cases[i].json);
        assert_false(command_decode_flat(json, &limits, &command));
        assert_int_equal(command_decode(json, &limits, &command, &fault), cases[i].is_taken);
        assert_int_equal(command.last != NULL && cases[i].is_taken, cases[i].has_last);
        if (cases[i].is_taken)
            command_done(&command);
        else
            assert_int_equal(fault.code, ERROR_BAD_REQUEST);
    }
}

int test_last(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_told_is_read),
        cmocka_unit_test(what_is_not_of_the_form_is_refused_in_words),
        cmocka_unit_test(login_and_ping_carry_it_and_others_pass_it_over),
    };
    return cmocka_run_group_tests_name("last", tests, NULL, NULL);
}
