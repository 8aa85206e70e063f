/* SPDX-License-Identifier: Apache-2.0 */
#include "load/publisher.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

enum { MS = 1000000 };

static struct publisher publisher;
static struct ledger ledger;

static void begin(const struct publisher_plan *plan)
{
    ledger = (struct ledger){0};
    assert_int_equal(publisher_init(&publisher, plan), RESULT_OK);
}

static uint64_t send_all(uint64_t now_ns, uint64_t *out_first_at_ns)
{
    uint32_t number;
    uint64_t at_ns;
    uint64_t count = 0;
    while (publisher_next(&publisher, now_ns, &number, &at_ns))
        if (count++ == 0 && out_first_at_ns != NULL)
            *out_first_at_ns = at_ns;
    return count;
}

static void a_window_is_filled_and_filled_again(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.window = 3, .has_acks = true});
    assert_int_equal(send_all(100, NULL), 3);
    assert_int_equal(send_all(100, NULL), 0);
    assert_int_equal(publisher_ack(&publisher, 1, 11, 0, &ledger), 100);
    assert_int_equal(send_all(200, NULL), 0); /* its own copy is still to come */
    publisher_echo(&publisher, 1, 11, &ledger);
    assert_int_equal(send_all(200, NULL), 1);
    publisher_echo(&publisher, 2, 12, &ledger); /* the copy may come before the ack */
    assert_int_equal(publisher_ack(&publisher, 2, 12, 12, &ledger), 100);
    assert_int_equal(publisher_in_flight(&publisher), 2);
    publisher_stop(&publisher);
    assert_int_equal(send_all(300, NULL), 0);
    assert_true(ledger_is_clean(&ledger));
    publisher_done(&publisher);
}

static void acks_alone_end_a_flight_where_that_is_the_plan(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.window = 1, .has_acks = true, .until = PUBLISHER_UNTIL_ACK});
    for (uint32_t number = 1; number <= 100; number++) {
        assert_int_equal(send_all(1, NULL), 1);
        (void)publisher_ack(&publisher, number, number, 0, &ledger);
    }
    for (uint32_t number = 1; number <= 100; number++) /* most are forgotten by now; that is no fault */
        publisher_echo(&publisher, number, number, &ledger);
    assert_true(ledger_is_clean(&ledger));
    publisher_done(&publisher);
}

static void all_readers_are_waited_for(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.window = 2, .readers = 3, .until = PUBLISHER_UNTIL_ALL});
    assert_int_equal(send_all(1, NULL), 2);
    publisher_echo(&publisher, 1, 0, &ledger);
    publisher_echo(&publisher, 2, 0, &ledger);
    assert_false(publisher_receipt(&publisher, 1));
    assert_false(publisher_receipt(&publisher, 1));
    assert_false(publisher_receipt(&publisher, 9));
    assert_int_equal(send_all(1, NULL), 0);
    assert_true(publisher_receipt(&publisher, 1));
    assert_int_equal(send_all(1, NULL), 1);
    publisher_forgive_receipts(&publisher);
    assert_int_equal(send_all(1, NULL), 1); /* message 2, whose own copy has come */
    publisher_done(&publisher);
}

static void own_copies_are_all_that_a_plain_broadcaster_answers(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.window = 2});
    assert_int_equal(send_all(1, NULL), 2);
    publisher_echo(&publisher, 1, 0, &ledger);
    assert_int_equal(send_all(1, NULL), 1);
    assert_true(ledger_is_clean(&ledger));
    publisher_done(&publisher);
}

static void contradictions_are_counted(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.window = 8, .has_acks = true});
    assert_int_equal(send_all(1, NULL), 8);
    publisher_echo(&publisher, 1, 5, &ledger);
    (void)publisher_ack(&publisher, 1, 6, 5, &ledger); /* delivered as 5, acknowledged as 6 */
    assert_int_equal(ledger.mismatched, 1);
    (void)publisher_ack(&publisher, 1, 6, 5, &ledger); /* a second ack */
    assert_int_equal(ledger.mismatched, 2);
    (void)publisher_ack(&publisher, 99, 7, 5, &ledger); /* an ack for what was never sent */
    assert_int_equal(ledger.mismatched, 3);
    (void)publisher_ack(&publisher, 2, 7, 9, &ledger); /* 7 has passed by, and was not this message */
    assert_int_equal(ledger.mismatched, 4);
    assert_int_equal(ledger.doubled, 0);
    publisher_echo(&publisher, 1, 5, &ledger);
    assert_int_equal(ledger.doubled, 1);
    publisher_done(&publisher);
}

static void a_gap_forgives_own_copies(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.window = 3, .has_acks = true});
    assert_int_equal(send_all(1, NULL), 3);
    (void)publisher_ack(&publisher, 1, 1, 0, &ledger);
    publisher_skip(&publisher, 2);                     /* 1 and 2 are skipped */
    (void)publisher_ack(&publisher, 2, 2, 2, &ledger); /* the ack comes after the gap */
    assert_int_equal(publisher_in_flight(&publisher), 1);
    assert_true(ledger_is_clean(&ledger));
    publisher_done(&publisher);
}

static void a_fixed_rate_knows_its_times_beforehand(void **state)
{
    uint64_t at_ns = 0;
    (void)state;
    begin(&(struct publisher_plan){.rate_milli = 100000, .count = 2, .index = 1, .start_ns = 1000 * (uint64_t)MS});
    assert_int_equal(publisher_turn_ns(&publisher, 1), 1010 * (uint64_t)MS);
    assert_int_equal(publisher_turn_ns(&publisher, 2), 1030 * (uint64_t)MS);
    assert_int_equal(send_all(1009 * (uint64_t)MS, NULL), 0);
    /* The generator was held up: what is overdue is sent at once, and counts from when it was due. */
    assert_int_equal(send_all(1050 * (uint64_t)MS, &at_ns), 3);
    assert_int_equal(at_ns, 1010 * (uint64_t)MS);
    publisher_done(&publisher);
}

static void times_do_not_drift_in_a_long_run(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.rate_milli = 3, .count = 1, .start_ns = 7});
    assert_int_equal(publisher_turn_ns(&publisher, 1), 7);
    assert_int_equal(publisher_turn_ns(&publisher, 3000001), 7 + 1000000000ULL * 1000000000ULL);
    publisher_done(&publisher);
    begin(&(struct publisher_plan){.rate_milli = 1000000000, .count = 1, .start_ns = 0});
    assert_int_equal(publisher_turn_ns(&publisher, 2), 1000);
    assert_int_equal(publisher_turn_ns(&publisher, 4000000001U), 4000000000000U);
    publisher_done(&publisher);
}

static void a_silent_server_bounds_what_is_in_flight(void **state)
{
    (void)state;
    begin(&(struct publisher_plan){.rate_milli = 1000000, .count = 1, .has_acks = true});
    assert_int_equal(send_all(3600ULL * 1000 * MS, NULL), 65536);
    for (uint32_t number = 1; number <= 65536; number++) {
        (void)publisher_ack(&publisher, number, number, 0, &ledger);
        publisher_echo(&publisher, number, number, &ledger);
    }
    assert_int_equal(publisher_in_flight(&publisher), 0);
    assert_true(ledger_is_clean(&ledger));
    publisher_done(&publisher);
}

static void a_refused_message_is_sent_again_in_time(void **state)
{
    uint32_t number = 0;
    uint64_t at_ns = 0;
    (void)state;
    begin(&(struct publisher_plan){.window = 3, .has_acks = true});
    assert_int_equal(send_all(10, NULL), 3);
    publisher_refused(&publisher, 2, 500);
    publisher_refused(&publisher, 3, 400);
    assert_false(publisher_next(&publisher, 399, &number, &at_ns));
    assert_true(publisher_next(&publisher, 400, &number, &at_ns));
    assert_int_equal(number, 3);
    assert_int_equal(at_ns, 10);
    assert_false(publisher_next(&publisher, 450, &number, &at_ns));
    publisher_stop(&publisher); /* what was begun is finished nevertheless */
    assert_true(publisher_next(&publisher, 501, &number, &at_ns));
    assert_int_equal(number, 2);
    assert_false(publisher_next(&publisher, 9999, &number, &at_ns));
    publisher_done(&publisher);
}

int test_publisher(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_is_filled_and_filled_again),
        cmocka_unit_test(acks_alone_end_a_flight_where_that_is_the_plan),
        cmocka_unit_test(all_readers_are_waited_for),
        cmocka_unit_test(own_copies_are_all_that_a_plain_broadcaster_answers),
        cmocka_unit_test(contradictions_are_counted),
        cmocka_unit_test(a_gap_forgives_own_copies),
        cmocka_unit_test(a_fixed_rate_knows_its_times_beforehand),
        cmocka_unit_test(times_do_not_drift_in_a_long_run),
        cmocka_unit_test(a_silent_server_bounds_what_is_in_flight),
        cmocka_unit_test(a_refused_message_is_sent_again_in_time),
    };
    return cmocka_run_group_tests_name("publisher", tests, NULL, NULL);
}
