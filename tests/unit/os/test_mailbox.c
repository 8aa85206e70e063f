/* SPDX-License-Identifier: Apache-2.0 */
#include "os/mailbox.h"

#include "os/clock.h"
#include "os/thread.h"
#include "os_test.h"

enum { SENDERS = 4, LETTERS = 20000, PING_PONGS = 20000 };

static void letters_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct letter letter;
    int object;
    assert_int_equal(mailbox_init(&mailbox, 3), RESULT_OK); /* rounded up to 4 */
    assert_false(mailbox_take(&mailbox, &letter));
    for (uint64_t round = 0; round < 10; round++) {
        for (uint32_t number = 0; number < 4; number++) {
            const struct letter sent = {.kind = 1, .number = number, .handle = round, .object = &object, .sequence = 9};
            assert_int_equal(mailbox_post(&mailbox, &sent), RESULT_OK);
        }
        assert_int_equal(mailbox_post(&mailbox, &(struct letter){.kind = 2}), RESULT_FULL);
        assert_int_equal(mailbox_count(&mailbox), 4);
        for (uint32_t number = 0; number < 4; number++) {
            assert_true(mailbox_take(&mailbox, &letter));
            assert_int_equal(letter.kind, 1);
            assert_int_equal(letter.number, number);
            assert_int_equal(letter.handle, round);
            assert_ptr_equal(letter.object, &object);
            assert_int_equal(letter.sequence, 9);
        }
        assert_false(mailbox_take(&mailbox, &letter));
        assert_int_equal(mailbox_count(&mailbox), 0);
    }
    mailbox_done(&mailbox);
}

static bool is_signalled(const struct mailbox *mailbox)
{
    struct os_poller poller;
    struct os_event events[OS_EVENTS_MAX];
    assert_int_equal(os_poller_init(&poller), RESULT_OK);
    assert_int_equal(os_poller_add(&poller, mailbox->wakeup.descriptor, OS_READ | OS_LEVEL, NULL), RESULT_OK);
    int count = os_poll(&poller, events, 0);
    os_poller_done(&poller);
    return count == 1;
}

static void only_a_sleeper_is_signalled(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct letter letter = {.kind = 1};
    assert_int_equal(mailbox_init(&mailbox, 8), RESULT_OK);
    assert_int_equal(mailbox_post(&mailbox, &letter), RESULT_OK);
    assert_false(is_signalled(&mailbox));
    assert_false(mailbox_sleeps(&mailbox)); /* there is a letter */
    assert_true(mailbox_take(&mailbox, &letter));
    assert_true(mailbox_sleeps(&mailbox));
    assert_false(is_signalled(&mailbox));
    assert_int_equal(mailbox_post(&mailbox, &letter), RESULT_OK);
    assert_true(is_signalled(&mailbox));
    mailbox_wakes(&mailbox);
    assert_false(is_signalled(&mailbox));
    assert_int_equal(mailbox_post(&mailbox, &letter), RESULT_OK);
    assert_false(is_signalled(&mailbox));
    mailbox_wakes(&mailbox);
    assert_int_equal(mailbox_count(&mailbox), 2);
    mailbox_done(&mailbox);
    mailbox_done(&mailbox);
}

static void a_mailbox_of_zeroes_is_done_quietly(void **state)
{
    (void)state;
    struct mailbox mailbox;
    memset(&mailbox, 0, sizeof(mailbox));
    mailbox_done(&mailbox);
}

struct sender {
    struct mailbox *mailbox;
    struct os_thread thread;
    uint32_t number;
    bool waits;
};

static void send_all(void *context)
{
    struct sender *sender = context;
    for (uint64_t sequence = 0; sequence < LETTERS; sequence++) {
        const struct letter letter = {.kind = 7, .number = sender->number, .handle = ~sequence, .sequence = sequence};
        if (sender->waits) {
            mailbox_post_waiting(sender->mailbox, &letter);
            continue;
        }
        while (mailbox_post(sender->mailbox, &letter) != RESULT_OK)
            os_thread_yield();
    }
}

/* Takes letters until all have come; each sender's must come in its order. Sleeps whenever it can, and a lost wake-up
 * would make it sleep out its patience. */
static void receive_all(struct mailbox *mailbox)
{
    uint64_t expected[SENDERS] = {0};
    struct letter letter;
    for (size_t left = (size_t)SENDERS * LETTERS; left > 0;) {
        if (mailbox_take(mailbox, &letter)) {
            assert_int_equal(letter.kind, 7);
            assert_true(letter.number < SENDERS);
            assert_int_equal(letter.sequence, expected[letter.number]);
            assert_true(letter.handle == ~letter.sequence);
            expected[letter.number]++;
            left--;
            continue;
        }
        if (mailbox_sleeps(mailbox)) {
            uint64_t before_ms = os_clock_monotonic_ms();
            os_wakeup_wait(&mailbox->wakeup, PATIENCE_MS);
            assert_true(os_clock_monotonic_ms() - before_ms < PATIENCE_MS);
        }
        mailbox_wakes(mailbox);
    }
    assert_false(mailbox_take(mailbox, &letter));
    assert_int_equal(mailbox_count(mailbox), 0);
}

static void run_senders(size_t capacity)
{
    struct mailbox mailbox;
    struct sender senders[SENDERS];
    assert_int_equal(mailbox_init(&mailbox, capacity), RESULT_OK);
    for (uint32_t number = 0; number < SENDERS; number++) {
        struct sender *sender = &senders[number];
        *sender = (struct sender){.mailbox = &mailbox, .number = number, .waits = number % 2 == 0};
        assert_int_equal(os_thread_start(&sender->thread, "sender", send_all, sender), RESULT_OK);
    }
    receive_all(&mailbox);
    for (size_t number = 0; number < SENDERS; number++)
        os_thread_join(&senders[number].thread);
    mailbox_done(&mailbox);
}

static void many_senders_keep_their_order_and_wake_the_receiver(void **state)
{
    (void)state;
    run_senders(2);
    run_senders(16);
    run_senders(4096);
}

struct echo {
    struct mailbox there;
    struct mailbox back;
};

/* Looks `looks` times before it sleeps, so that sleeping meets posting at all distances. */
static void receive_one(struct mailbox *mailbox, unsigned looks, struct letter *out_letter)
{
    for (unsigned look = 0; look < looks; look++) {
        if (mailbox_take(mailbox, out_letter))
            return;
    }
    while (!mailbox_take(mailbox, out_letter)) {
        if (mailbox_sleeps(mailbox))
            os_wakeup_wait(&mailbox->wakeup, -1);
        mailbox_wakes(mailbox);
    }
}

static void send_back(void *context)
{
    struct echo *echo = context;
    for (unsigned index = 0; index < PING_PONGS; index++) {
        struct letter letter;
        receive_one(&echo->there, index % 61, &letter);
        mailbox_post_waiting(&echo->back, &letter);
    }
}

/* One letter at a time between two threads, which fall asleep while the other works: that moment is hit again and
 * again, and one lost wake-up would stop both for ever. */
static void two_threads_that_wake_each_other_never_stop(void **state)
{
    (void)state;
    struct echo echo;
    struct os_thread thread;
    assert_int_equal(mailbox_init(&echo.there, 2), RESULT_OK);
    assert_int_equal(mailbox_init(&echo.back, 2), RESULT_OK);
    assert_int_equal(os_thread_start(&thread, "echo", send_back, &echo), RESULT_OK);
    for (unsigned number = 0; number < PING_PONGS; number++) {
        struct letter letter = {.number = number};
        mailbox_post_waiting(&echo.there, &letter);
        receive_one(&echo.back, number % 67, &letter);
        assert_int_equal(letter.number, number);
    }
    os_thread_join(&thread);
    mailbox_done(&echo.there);
    mailbox_done(&echo.back);
}

static void held_signals_come_when_they_are_released(void **state)
{
    (void)state;
    struct mailbox mailbox;
    struct letter letter = {.kind = 1};
    assert_int_equal(mailbox_init(&mailbox, 8), RESULT_OK);
    assert_true(mailbox_sleeps(&mailbox));
    mailboxes_hold_signals();
    assert_int_equal(mailbox_post(&mailbox, &letter), RESULT_OK);
    assert_int_equal(mailbox_post(&mailbox, &letter), RESULT_OK);
    assert_false(is_signalled(&mailbox));
    mailboxes_send_signals();
    assert_true(is_signalled(&mailbox));
    mailbox_wakes(&mailbox);
    assert_true(mailbox_take(&mailbox, &letter) && mailbox_take(&mailbox, &letter));
    assert_true(mailbox_sleeps(&mailbox));
    assert_int_equal(mailbox_post(&mailbox, &letter), RESULT_OK);
    assert_int_equal(mailbox_post(&mailbox, &letter), RESULT_OK);
    assert_false(is_signalled(&mailbox));
    mailboxes_release_signals();
    assert_true(is_signalled(&mailbox));
    mailbox_wakes(&mailbox);
    assert_int_equal(mailbox_count(&mailbox), 2);
    mailbox_done(&mailbox);
}

static void more_receivers_than_signals_can_be_held_for_are_woken_all(void **state)
{
    (void)state;
    static struct mailbox mailboxes[40];
    struct letter letter = {.kind = 1};
    mailboxes_hold_signals();
    for (size_t index = 0; index < COUNT(mailboxes); index++) {
        assert_int_equal(mailbox_init(&mailboxes[index], 2), RESULT_OK);
        assert_true(mailbox_sleeps(&mailboxes[index]));
        assert_int_equal(mailbox_post(&mailboxes[index], &letter), RESULT_OK);
    }
    mailboxes_release_signals();
    for (size_t index = 0; index < COUNT(mailboxes); index++) {
        assert_true(is_signalled(&mailboxes[index]));
        mailbox_done(&mailboxes[index]);
    }
}

int test_mailbox(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(held_signals_come_when_they_are_released),
        cmocka_unit_test(more_receivers_than_signals_can_be_held_for_are_woken_all),
        cmocka_unit_test(letters_come_out_in_the_order_they_went_in),
        cmocka_unit_test(only_a_sleeper_is_signalled),
        cmocka_unit_test(a_mailbox_of_zeroes_is_done_quietly),
        cmocka_unit_test(many_senders_keep_their_order_and_wake_the_receiver),
        cmocka_unit_test(two_threads_that_wake_each_other_never_stop),
    };
    return cmocka_run_group_tests_name("mailbox", tests, NULL, NULL);
}
