/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdlib.h>

static void cursors_begin_at_the_end(void **state)
{
    struct feed *feed = feed_new(7, 10000);
    struct conn one = {0}, two = {0};

    (void)state;
    assert_true(feed_give(feed, chunk_of_text("before", 1)));
    assert_int_equal(feed_subscribe(feed, &one, 2), 0);
    assert_int_equal(feed_subscribe(feed, &two, 2), 1);
    assert_int_equal(feed->cursors[0].position, feed->tail);
    assert_int_equal(feed->cursors[1].seq_next, 2);
    feed_check(feed);
    assert_ptr_equal(feed_unsubscribe(feed, 0), &two);
    assert_null(feed_unsubscribe(feed, 0));
    feed_free(feed);
}

static void a_feed_never_holds_more_than_its_bytes(void **state)
{
    struct feed *feed = feed_new(1, 1000);

    (void)state;
    for (uint64_t seq = 1; seq <= 500; seq++) {
        assert_true(feed_give(feed, chunk_of_text("a text of some forty bytes, more or less", seq)));
        feed_check(feed);
        assert_true(feed->bytes <= 1000);
    }
    assert_int_equal(feed->tail, 500);
    assert_true(feed->head > 470);
    assert_int_equal(feed->seq_last, 500);
    feed_free(feed);
}

static void one_chunk_is_kept_however_large_it_is(void **state)
{
    struct feed *feed = feed_new(1, 10);

    (void)state;
    assert_true(feed_give(feed, chunk_of_text("much longer than ten bytes", 1)));
    assert_int_equal(feed->tail - feed->head, 1);
    feed_free(feed);
}

static void losing_a_chunk_laps_everybody(void **state)
{
    struct feed *feed = feed_new(1, 1000);
    struct conn conn = {0};

    (void)state;
    assert_int_equal(feed_subscribe(feed, &conn, 1), 0);
    assert_true(feed_give(feed, chunk_of_text("one", 1)));
    feed_lose(feed, 5);
    assert_true(feed->cursors[0].position < feed->head);
    assert_int_equal(feed->seq_last, 5);
    (void)feed_unsubscribe(feed, 0);
    feed_free(feed);
}

/* The round goes over a ring of cursors: with a newcomer in it, it is one longer. */
static void a_newcomer_takes_nobodys_place_in_the_round(void **state)
{
    struct feed *feed = feed_new(1, 1000);
    struct conn conns[4] = {0};

    (void)state;
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(feed_subscribe(feed, &conns[i], 1), i);
    assert_true(feed_give(feed, chunk_of_text("one", 1)));
    feed->flush_left = feed->cursor_count;
    feed->flush_next = 1;
    assert_int_equal(feed_subscribe(feed, &conns[3], 2), 3);
    assert_int_equal(feed->flush_left, 4);
    feed_check(feed);
    while (feed->cursor_count > 0)
        (void)feed_unsubscribe(feed, 0);
    feed_free(feed);
}

/* The first two of four have had their turn, whoever leaves: the others still have theirs. */
static void a_leaver_takes_nobodys_turn_in_the_round(void **state)
{
    (void)state;
    for (uint32_t leaver = 0; leaver < 4; leaver++) {
        struct feed *feed = feed_new(1, 1000);
        struct conn conns[4] = {0};
        bool is_served[4] = {true, true, false, false};

        for (uint32_t i = 0; i < 4; i++)
            assert_int_equal(feed_subscribe(feed, &conns[i], 1), i);
        assert_true(feed_give(feed, chunk_of_text("one", 1)));
        feed->flush_left = 2;
        feed->flush_next = 2;
        (void)feed_unsubscribe(feed, leaver);
        is_served[leaver] = true;
        feed_check(feed);
        for (uint32_t turn = 0; turn < feed->flush_left; turn++)
            is_served[feed->cursors[(feed->flush_next + turn) % feed->cursor_count].conn - conns] = true;
        for (uint32_t i = 0; i < 4; i++)
            assert_true(is_served[i]);
        while (feed->cursor_count > 0)
            (void)feed_unsubscribe(feed, 0);
        feed_free(feed);
    }
}

static void the_ring_keeps_its_order_when_it_grows(void **state)
{
    struct feed *feed = feed_new(1, 1000000);

    (void)state;
    for (uint64_t seq = 1; seq <= 100; seq++)
        assert_true(feed_give(feed, chunk_of_text("x", seq)));
    for (uint64_t position = feed->head; position < feed->tail; position++)
        assert_int_equal(feed_chunk(feed, position)->seq_first, position + 1);
    feed_check(feed);
    feed_free(feed);
}

int test_feed(void);
int test_feed(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cursors_begin_at_the_end),
        cmocka_unit_test(a_feed_never_holds_more_than_its_bytes),
        cmocka_unit_test(one_chunk_is_kept_however_large_it_is),
        cmocka_unit_test(losing_a_chunk_laps_everybody),
        cmocka_unit_test(a_newcomer_takes_nobodys_place_in_the_round),
        cmocka_unit_test(a_leaver_takes_nobodys_turn_in_the_round),
        cmocka_unit_test(the_ring_keeps_its_order_when_it_grows),
    };

    return cmocka_run_group_tests_name("feed", tests, NULL, NULL);
}
