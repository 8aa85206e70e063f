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

/* In every stretch of time no more than the burst and the rate: counted over all stretches that begin with an upgrade.
 */
static void upgrades_stay_within_their_rate_and_its_burst(void **state)
{
    enum { PER_SECOND = 100, BURST = 20, MS = 3000, TRIES_PER_MS = 3 };
    static uint64_t accepted_ms[MS];
    struct admission *admission = admission_new(1000, 0);
    size_t count = 0;
    uint64_t retry_after_ms;

    (void)state;
    admission_limit_upgrades(admission, PER_SECOND, BURST);
    for (uint64_t ms = 1; ms <= MS; ms++) {
        for (int i = 0; i < TRIES_PER_MS; i++) {
            if (admission_upgrade(admission, 1000000 + ms, &retry_after_ms))
                accepted_ms[count++] = ms;
        }
    }
    for (size_t from = 0; from < count; from++) {
        for (size_t to = from; to < count; to++) {
            uint64_t most = BURST + (accepted_ms[to] - accepted_ms[from]) * PER_SECOND / 1000 + 1;
            assert_true(to - from + 1 <= most);
        }
    }
    assert_in_range(count, BURST + MS * PER_SECOND / 1000 - 2, BURST + MS * PER_SECOND / 1000 + 1);
    admission_free(admission);
}

/* A thousand who come at once and keep to what they are told are all let in, at the first return, evenly. */
static void whoever_comes_back_when_told_is_let_in(void **state)
{
    enum { PER_SECOND = 200, BURST = 10, CLIENTS = 1000 };
    static uint64_t back_ms[CLIENTS];
    struct admission *admission = admission_new(CLIENTS, 0);
    size_t waiting = 0;

    (void)state;
    admission_limit_upgrades(admission, PER_SECOND, BURST);
    assert_int_equal(admission_wait_ms(admission, 5000), 0);
    for (int i = 0; i < CLIENTS; i++) {
        if (!admission_upgrade(admission, 5000, &back_ms[waiting]))
            waiting++;
    }
    assert_int_equal(waiting, CLIENTS - BURST);
    assert_true(admission_wait_ms(admission, 5000) >= back_ms[waiting - 1]);
    for (size_t i = 0; i < waiting; i++) {
        uint64_t again_ms = 0;
        assert_true(i == 0 || back_ms[i] >= back_ms[i - 1]); /* so they come in this order */
        assert_in_range(back_ms[i], i * 1000 / PER_SECOND, (i + 2) * 1000 / PER_SECOND + 1);
        assert_true(admission_upgrade(admission, 5000 + back_ms[i], &again_ms));
    }
    admission_free(admission);
}

static void nobody_is_sent_away_for_more_than_a_minute(void **state)
{
    struct admission *admission = admission_new(1000, 0);
    uint64_t retry_after_ms = 0;

    (void)state;
    admission_limit_upgrades(admission, 1, 1);
    assert_true(admission_upgrade(admission, 5000, &retry_after_ms));
    for (int i = 0; i < 500; i++) {
        assert_false(admission_upgrade(admission, 5000, &retry_after_ms));
        assert_in_range(retry_after_ms, 1, 60001);
    }
    admission_limit_upgrades(admission, 0, 0);
    assert_true(admission_upgrade(admission, 5000, &retry_after_ms)); /* no limit */
    admission_free(admission);
}

int test_admission(void);
int test_admission(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_total_is_limited),
        cmocka_unit_test(one_address_takes_nothing_from_another),
        cmocka_unit_test(a_whole_64_of_ipv6_counts_as_one_address),
        cmocka_unit_test(upgrades_stay_within_their_rate_and_its_burst),
        cmocka_unit_test(whoever_comes_back_when_told_is_let_in),
        cmocka_unit_test(nobody_is_sent_away_for_more_than_a_minute),
    };

    return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
