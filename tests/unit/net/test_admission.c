/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

static struct os_address address_of(const char *text)
{
    struct os_address address;

    assert_int_equal(os_address_parse(view_of_string(text), &address), RESULT_OK);
    return address;
}

static void the_total_is_limited(void **state)
{
    struct admission *admission = admission_new(2, 0);

    (void)state;
    assert_int_equal(admission_enter(admission), ADMISSION_YES);
    assert_int_equal(admission_enter(admission), ADMISSION_YES);
    assert_int_equal(admission_enter(admission), ADMISSION_TOO_MANY);
    admission_leave(admission);
    admission_leave(admission);
    assert_int_equal(admission_enter(admission), ADMISSION_YES);
    admission_free(admission);
}

static void one_address_takes_nothing_from_another(void **state)
{
    struct admission *admission = admission_new(1000, 3);
    struct os_address one = address_of("127.0.0.1:1"), two = address_of("127.0.0.2:1");

    (void)state;
    for (int i = 0; i < 3; i++)
        assert_int_equal(admission_enter_address(admission, &one), ADMISSION_YES);
    assert_int_equal(admission_enter_address(admission, &one), ADMISSION_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(admission_enter_address(admission, &two), ADMISSION_YES);
    admission_free(admission);
}

static void a_whole_64_of_ipv6_counts_as_one_address(void **state)
{
    struct admission *admission = admission_new(1000, 2);
    struct os_address one = address_of("[2001:db8:1:2::1]:1"), neighbour = address_of("[2001:db8:1:2:ffff::9]:1");
    struct os_address other = address_of("[2001:db8:1:3::1]:1");

    (void)state;
    assert_int_equal(admission_enter_address(admission, &one), ADMISSION_YES);
    assert_int_equal(admission_enter_address(admission, &neighbour), ADMISSION_YES);
    assert_int_equal(admission_enter_address(admission, &one), ADMISSION_TOO_MANY_FROM_ADDRESS);
    assert_int_equal(admission_enter_address(admission, &other), ADMISSION_YES);
    admission_free(admission);
}

int test_admission(void);
int test_admission(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_total_is_limited),
        cmocka_unit_test(one_address_takes_nothing_from_another),
        cmocka_unit_test(a_whole_64_of_ipv6_counts_as_one_address),
    };

    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
