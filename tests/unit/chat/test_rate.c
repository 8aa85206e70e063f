/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/rate.h"

#include "chat_test.h"

static const uint64_t start_ms = 1000000;

static void a_burst_is_had_at_once_and_no_more(void **state)
{
    struct rate_rule rule = rate_rule_of(5, 20);
    struct rate_bucket bucket = {0};
    uint64_t retry_after_ms = 0;

    (void)state;
    for (int i = 0; i < 20; i++)
        assert_true(rate_take(&bucket, &rule, start_ms, &retry_after_ms));
    assert_int_equal(retry_after_ms, 0);
    assert_false(rate_take(&bucket, &rule, start_ms, &retry_after_ms));
    assert_int_equal(retry_after_ms, 200);
}

static void who_waits_as_told_is_served_and_not_a_moment_earlier(void **state)
{
    static const struct {
        double per_second;
        uint32_t burst;
    } cases[] = {{5, 20}, {3, 1}, {0.5, 1}, {0.1, 3}, {0.001, 1}, {1000, 1}, {7.3, 2}, {100000, 5}};

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct rate_rule rule = rate_rule_of(cases[i].per_second, cases[i].burst);
        struct rate_bucket bucket = {0};
        uint64_t now_ms = start_ms, retry_after_ms = 0;
        for (uint32_t taken = 0; taken < cases[i].burst; taken++)
            assert_true(rate_take(&bucket, &rule, now_ms, &retry_after_ms));
        for (int round = 0; round < 20; round++) {
            if (rate_take(&bucket, &rule, now_ms, &retry_after_ms))
                continue; /* a rule of many a millisecond */
            assert_true(retry_after_ms >= 1);
            uint64_t again_ms;
            if (retry_after_ms > 1)
                assert_false(rate_take(&bucket, &rule, now_ms + retry_after_ms - 1, &again_ms));
            assert_true(rate_take(&bucket, &rule, now_ms + retry_after_ms, &again_ms));
            now_ms += retry_after_ms;
        }
    }
}

/* A refill is never rounded: asking every millisecond costs nobody a token. */
static void impatience_does_not_slow_a_refill(void **state)
{
    static const double rates[] = {0.5, 1.5, 7.3, 333.3};

    (void)state;
    for (size_t i = 0; i < COUNT(rates); i++) {
        struct rate_rule rule = rate_rule_of(rates[i], 2);
        struct rate_bucket bucket = {0};
        uint64_t retry_after_ms, taken = 0;
        for (uint64_t now_ms = start_ms; now_ms <= start_ms + 60000; now_ms++)
            taken += rate_take(&bucket, &rule, now_ms, &retry_after_ms);
        assert_int_equal(taken, 2 + rule.milli_per_second * 60000 / 1000000);
    }
}

static void a_bucket_is_full_again_after_a_while_and_never_fuller(void **state)
{
    static const uint64_t pauses_ms[] = {4000, 60000, 86400000, UINT64_MAX / 2};
    struct rate_rule rule = rate_rule_of(5, 20);
    uint64_t retry_after_ms;

    (void)state;
    for (size_t i = 0; i < COUNT(pauses_ms); i++) {
        struct rate_bucket bucket = {0};
        int taken = 0;
        while (rate_take(&bucket, &rule, start_ms, &retry_after_ms))
            taken++;
        assert_int_equal(taken, 20);
        while (rate_take(&bucket, &rule, start_ms + pauses_ms[i], &retry_after_ms))
            taken++;
        assert_int_equal(taken, 40);
    }
}

static void a_clock_that_goes_back_gives_nothing_and_takes_nothing(void **state)
{
    struct rate_rule rule = rate_rule_of(1, 2);
    struct rate_bucket bucket = {0};
    uint64_t retry_after_ms;

    (void)state;
    assert_true(rate_take(&bucket, &rule, start_ms, &retry_after_ms));
    assert_true(rate_take(&bucket, &rule, start_ms - 5000, &retry_after_ms));
    assert_false(rate_take(&bucket, &rule, 0, &retry_after_ms));
    assert_false(rate_take(&bucket, &rule, start_ms + 999, &retry_after_ms));
    assert_true(rate_take(&bucket, &rule, start_ms + 1000, &retry_after_ms));
}

static void a_rule_that_gives_nothing_refuses_without_end(void **state)
{
    struct rate_rule never = rate_rule_of(0, 1), nothing = rate_rule_of(10, 0);
    struct rate_bucket bucket = {0};
    uint64_t retry_after_ms = 0;

    (void)state;
    assert_true(rate_take(&bucket, &never, start_ms, &retry_after_ms));
    for (int day = 0; day < 3; day++) {
        assert_false(rate_take(&bucket, &never, start_ms + (uint64_t)day * 86400000, &retry_after_ms));
        assert_int_equal(retry_after_ms, 60000);
    }
    bucket = (struct rate_bucket){0};
    assert_false(rate_take(&bucket, &nothing, start_ms, &retry_after_ms));
    assert_int_equal(retry_after_ms, 60000);
}

static void large_numbers_do_not_wrap(void **state)
{
    struct rate_rule rule = rate_rule_of(1e12, UINT32_MAX);
    struct rate_bucket bucket = {0};
    uint64_t retry_after_ms;

    (void)state;
    for (uint64_t now_ms = 1; now_ms > 0; now_ms <<= 1)
        assert_true(rate_take(&bucket, &rule, now_ms, &retry_after_ms));
}

static void address_of(uint8_t out[16], int family, uint32_t network, uint32_t host)
{
    memset(out, 0, 16);
    if (family == 4) {
        out[10] = out[11] = 0xff;
        memcpy(out + 12, &network, 4);
        return;
    }
    out[0] = 0x20;
    out[1] = 0x01;
    memcpy(out + 4, &network, 4);
    memcpy(out + 12, &host, 4);
}

static void an_address_is_counted_by_its_network(void **state)
{
    uint8_t a[16], b[16], key_a[8], key_b[8];

    (void)state;
    address_of(a, 6, 1, 1);
    address_of(b, 6, 1, 2);
    rate_address_key(a, key_a);
    rate_address_key(b, key_b);
    assert_memory_equal(key_a, key_b, 8); /* one /64 is one */
    address_of(b, 6, 2, 1);
    rate_address_key(b, key_b);
    assert_memory_not_equal(key_a, key_b, 8);
    address_of(a, 4, 1, 0);
    address_of(b, 4, 2, 0);
    rate_address_key(a, key_a);
    rate_address_key(b, key_b);
    assert_memory_not_equal(key_a, key_b, 8);
}

static void each_address_has_a_budget_of_its_own(void **state)
{
    struct rate_rule rule = rate_rule_of(1, 3);
    struct rate_table table;
    uint8_t address[16];
    uint64_t retry_after_ms = 0;

    (void)state;
    rate_table_init(&table, &rule, 65536);
    for (int round = 0; round < 5; round++) {
        for (uint32_t network = 0; network < 200; network++) {
            address_of(address, 4 + 2 * (network & 1), network, (uint32_t)round);
            assert_int_equal(rate_table_take(&table, address, start_ms, &retry_after_ms), round < 3);
        }
    }
    assert_int_equal(retry_after_ms, 1000);
    rate_table_done(&table);
    rate_table_done(&table);
}

/* With a table of eight places: whoever has used nothing lately makes room, and the busy are remembered. */
static void those_who_were_quiet_are_forgotten_first(void **state)
{
    struct rate_rule rule = rate_rule_of(1, 10);
    struct rate_table table;
    uint8_t address[16];
    uint64_t retry_after_ms;

    (void)state;
    rate_table_init(&table, &rule, 8);
    for (uint32_t busy = 0; busy < 7; busy++) {
        address_of(address, 4, busy, 0);
        for (int i = 0; i < 10; i++)
            assert_true(rate_table_take(&table, address, start_ms, &retry_after_ms));
    }
    for (uint32_t passer_by = 100; passer_by < 10100; passer_by++) {
        address_of(address, 4, passer_by, 0);
        assert_true(rate_table_take(&table, address, start_ms, &retry_after_ms));
    }
    for (uint32_t busy = 0; busy < 7; busy++) {
        address_of(address, 4, busy, 0);
        assert_false(rate_table_take(&table, address, start_ms, &retry_after_ms));
    }
    rate_table_done(&table);
}

/* Addresses without number: the table stays what it is, and nobody who behaves is refused. */
static void a_flood_of_addresses_fills_no_memory(void **state)
{
    struct rate_rule rule = rate_rule_of(1, 2);
    struct rate_table table;
    uint8_t address[16];
    uint64_t retry_after_ms;

    (void)state;
    rate_table_init(&table, &rule, 1000);
    assert_int_equal(table.set_count, 64);
    for (uint32_t network = 0; network < 200000; network++) {
        address_of(address, 6, network, 0);
        assert_true(rate_table_take(&table, address, start_ms, &retry_after_ms));
    }
    rate_table_done(&table);
    rate_table_init(&table, &rule, 0);
    assert_int_equal(table.set_count, 1);
    assert_true(rate_table_take(&table, address, start_ms, &retry_after_ms));
    rate_table_done(&table);
}

int test_rate(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_burst_is_had_at_once_and_no_more),
        cmocka_unit_test(who_waits_as_told_is_served_and_not_a_moment_earlier),
        cmocka_unit_test(impatience_does_not_slow_a_refill),
        cmocka_unit_test(a_bucket_is_full_again_after_a_while_and_never_fuller),
        cmocka_unit_test(a_clock_that_goes_back_gives_nothing_and_takes_nothing),
        cmocka_unit_test(a_rule_that_gives_nothing_refuses_without_end),
        cmocka_unit_test(large_numbers_do_not_wrap),
        cmocka_unit_test(an_address_is_counted_by_its_network),
        cmocka_unit_test(each_address_has_a_budget_of_its_own),
        cmocka_unit_test(those_who_were_quiet_are_forgotten_first),
        cmocka_unit_test(a_flood_of_addresses_fills_no_memory),
    };

    return cmocka_run_group_tests_name("rate", tests, NULL, NULL);
}
