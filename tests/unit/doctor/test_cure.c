/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/judge.h"

#include "doctor_test.h"

/* Of these the text alone says what to do. */
static bool needs_none(enum fault fault)
{
    return fault == FAULT_NONE || fault == FAULT_NAME_UNKNOWN || fault == FAULT_TLS_FAILED || fault == FAULT_NO_ANSWER
           || fault == FAULT_REDIRECTED || fault == FAULT_UPGRADE_REFUSED;
}

static void every_fault_has_a_cure_for_every_proxy(void **state)
{
    (void)state;
    for (int fault = 0; fault < FAULT_COUNT; fault++) {
        for (int proxy = 0; proxy < PROXY_COUNT; proxy++) {
            const char *cure = cure_for((enum fault)fault, (enum proxy)proxy);
            if (needs_none((enum fault)fault))
                assert_null(cure);
            else if (!cure || strlen(cure) < 5)
                fail_msg("there is no cure of %s for %s", fault_word((enum fault)fault),
                         proxy_label((enum proxy)proxy));
        }
    }
}

static void words_of_faults_differ(void **state)
{
    (void)state;
    for (int a = 0; a < FAULT_COUNT; a++) {
        for (int b = 0; b < a; b++)
            assert_string_not_equal(fault_word((enum fault)a), fault_word((enum fault)b));
    }
}

int test_cure(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_has_a_cure_for_every_proxy),
        cmocka_unit_test(words_of_faults_differ),
    };

    return cmocka_run_group_tests_name("cure", tests, NULL, NULL);
}
