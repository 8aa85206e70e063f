/* SPDX-License-Identifier: Apache-2.0 */
#include "base/result.h"

#include "base_test.h"

static void each_result_has_words_of_its_own(void **state)
{
    (void)state;
    for (int a = RESULT_OK; a <= RESULT_FAILED; a++) {
        assert_true(strlen(result_text((enum result)a)) > 0);
        assert_string_not_equal(result_text((enum result)a), result_text((enum result)(RESULT_FAILED + 1)));
        for (int b = RESULT_OK; b < a; b++)
            assert_string_not_equal(result_text((enum result)a), result_text((enum result)b));
    }
}

int test_result(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_result_has_words_of_its_own),
    };
    return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
