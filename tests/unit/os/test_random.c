/* SPDX-License-Identifier: Apache-2.0 */
#include "os/random.h"

#include "os_test.h"

static void bytes_are_filled_and_differ_each_time(void **state)
{
    (void)state;
    uint8_t first[64] = {0};
    uint8_t second[64] = {0};
    os_random_bytes(first, 32);
    os_random_bytes(second, 32);
    assert_memory_not_equal(first, second, 32);
    for (size_t index = 32; index < sizeof(first); index++)
        assert_int_equal(first[index], 0);
    os_random_bytes(NULL, 0);
    assert_true(os_random_u64() != os_random_u64());
}

/* Through many refills, in all sizes: no draw is like another one, and none is empty. */
static void small_draws_never_repeat(void **state)
{
    enum { DRAWS = 4000, SIZE = 16, ODD = 7 };
    static uint8_t drawn[DRAWS][SIZE];
    (void)state;
    for (int index = 0; index < DRAWS; index++) {
        uint8_t odd[ODD];
        os_random_bytes(drawn[index], SIZE);
        os_random_bytes(odd, sizeof(odd)); /* so that no reserve is used up evenly */
    }
    for (int index = 0; index < DRAWS; index++) {
        for (int other = index + 1; other < DRAWS; other++)
            assert_memory_not_equal(drawn[index], drawn[other], SIZE);
    }
}

static void numbers_stay_below_their_bound_and_reach_all(void **state)
{
    (void)state;
    int seen[10] = {0};
    for (int index = 0; index < 10000; index++)
        seen[os_random_below(COUNT(seen))]++;
    for (size_t index = 0; index < COUNT(seen); index++)
        assert_in_range(seen[index], 500, 1500); /* 1000 expected; 500 is 16 deviations away */
    assert_int_equal(os_random_below(1), 0);
    for (int index = 0; index < 100; index++) {
        assert_true(os_random_below(((uint64_t)1 << 63) + 1) <= (uint64_t)1 << 63);
        assert_true(os_random_below(UINT64_MAX) < UINT64_MAX);
    }
}

int test_random(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_filled_and_differ_each_time),
        cmocka_unit_test(small_draws_never_repeat),
        cmocka_unit_test(numbers_stay_below_their_bound_and_reach_all),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
