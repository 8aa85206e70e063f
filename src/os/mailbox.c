/* SPDX-License-Identifier: Apache-2.0 */
/* The sequence number of a slot says whose turn it is. With a capacity of 8, slot 3 goes through
 *
 *     3  free for the letter of ticket 3    4  holds it    11  free for the letter of ticket 11    12  holds it   …
 *
 * A sender draws a ticket by raising `tail`, writes the letter, and then raises the number (release); the receiver
 * sees the number (acquire), so it sees the letter whole, and raises the number by the rest of a round (release), so
 * that the sender who sees that (acquire) writes over a letter that has been copied out.
 *
 * Sleeping relies on one order of four operations, all sequentially consistent:
 *
 *     sender    S1 writes the slot's number      S2 reads is_sleeping
 *     receiver  R1 writes is_sleeping = true     R2 reads the slot's number
 *
 * In the single order of them all, either S1 comes before R2, and the receiver sees the letter and does not sleep; or
 * R2 comes before S1, so R1 before S2, and the sender sees that the receiver sleeps and signals. Weaker orders would
 * let both read the old values, and the letter would lie until the next one comes. A sender that has drawn a ticket
 * and not written yet can hide later letters; it does S1 and S2 itself, so its own signal frees them all. */
#include "os/mailbox.h"

#include <stdlib.h>
#include <time.h>

#include "os/thread.h"

enum {
    CAPACITY_MIN = 2,
    SLOT_ALIGNMENT = 64, /* a cache line: senders of neighbouring tickets do not slow each other */
    WAIT_YIELDS = 64,
    WAIT_NS = 200 * 1000,
};

static const size_t CAPACITY_MAX = (size_t)1 << 24;

struct mailbox_slot {
    _Alignas(SLOT_ALIGNMENT) _Atomic uint64_t number;
    struct letter letter;
};

_Static_assert(sizeof(struct mailbox_slot) == SLOT_ALIGNMENT, "a slot is one cache line");

static size_t round_up(size_t capacity)
{
    size_t rounded = CAPACITY_MIN;
    while (rounded < capacity)
        rounded *= 2;
    return rounded;
}

enum result mailbox_init(struct mailbox *mailbox, size_t capacity)
{
    check(capacity <= CAPACITY_MAX);
    size_t count = round_up(capacity);
    struct mailbox_slot *slots = aligned_alloc(SLOT_ALIGNMENT, count * sizeof(*slots));
    if (slots == NULL)
        return RESULT_NO_MEMORY;
    struct os_wakeup wakeup;
    enum result result = os_wakeup_init(&wakeup);
    if (result != RESULT_OK) {
        free(slots);
        return result;
    }
    for (size_t index = 0; index < count; index++) {
        slots[index].letter = (struct letter){.kind = 0};
        atomic_init(&slots[index].number, index);
    }
    mailbox->slots = slots;
    mailbox->mask = count - 1;
    atomic_init(&mailbox->tail, 0);
    atomic_init(&mailbox->head, 0);
    atomic_init(&mailbox->is_sleeping, false);
    mailbox->has_slept = false;
    mailbox->wakeup = wakeup;
    return RESULT_OK;
}

void mailbox_done(struct mailbox *mailbox)
{
    if (mailbox->slots == NULL)
        return;
    os_wakeup_done(&mailbox->wakeup);
    free(mailbox->slots);
    mailbox->slots = NULL;
}

/* Draws a ticket. NULL: no slot is free. */
static struct mailbox_slot *ticket_draw(struct mailbox *mailbox, uint64_t *out_ticket)
{
    uint64_t ticket = atomic_load_explicit(&mailbox->tail, memory_order_relaxed);
    for (;;) {
        struct mailbox_slot *slot = &mailbox->slots[ticket & mailbox->mask];
        uint64_t number = atomic_load_explicit(&slot->number, memory_order_acquire);
        if (number == ticket) {
            /* Relaxed: the ticket orders nothing, the slot's number does. A failed try reads the tail anew. */
            if (atomic_compare_exchange_weak_explicit(&mailbox->tail, &ticket, ticket + 1, memory_order_relaxed,
                                                      memory_order_relaxed)) {
                *out_ticket = ticket;
                return slot;
            }
        } else if ((int64_t)(number - ticket) < 0) {
            return NULL; /* it still holds the letter of the round before */
        } else {
            ticket = atomic_load_explicit(&mailbox->tail, memory_order_relaxed); /* somebody else has drawn it */
        }
    }
}

/* Signals that this thread owes. The mailbox does not count as sleeping any longer, so nobody else will send them. */
enum { HELD_MAX = 16 };

static _Thread_local bool holds_signals;
static _Thread_local size_t held_count;
static _Thread_local struct mailbox *held[HELD_MAX];

void mailboxes_send_signals(void)
{
    while (held_count > 0)
        os_wakeup_signal(&held[--held_count]->wakeup);
}

void mailboxes_hold_signals(void)
{
    holds_signals = true;
}

void mailboxes_release_signals(void)
{
    holds_signals = false;
    mailboxes_send_signals();
}

static void signal_receiver(struct mailbox *mailbox)
{
    if (holds_signals && held_count < HELD_MAX)
        held[held_count++] = mailbox;
    else
        os_wakeup_signal(&mailbox->wakeup);
}

enum result mailbox_post(struct mailbox *mailbox, const struct letter *letter)
{
    uint64_t ticket;
    struct mailbox_slot *slot = ticket_draw(mailbox, &ticket);
    if (slot == NULL)
        return RESULT_FULL;
    slot->letter = *letter;
    atomic_store_explicit(&slot->number, ticket + 1, memory_order_seq_cst);               /* S1 */
    bool is_sleeping = atomic_load_explicit(&mailbox->is_sleeping, memory_order_seq_cst); /* S2 */
    /* Of many senders one signals. */
    if (is_sleeping && atomic_exchange_explicit(&mailbox->is_sleeping, false, memory_order_seq_cst))
        signal_receiver(mailbox);
    return RESULT_OK;
}

void mailbox_post_waiting(struct mailbox *mailbox, const struct letter *letter)
{
    const struct timespec pause = {.tv_nsec = WAIT_NS};
    for (int tries = 0; mailbox_post(mailbox, letter) != RESULT_OK; tries++) {
        mailboxes_send_signals(); /* the one that we wait for may wait for ours */
        if (tries < WAIT_YIELDS) {
            os_thread_yield();
        } else {
            tries = WAIT_YIELDS;
            (void)nanosleep(&pause, NULL); /* ended early by a signal is fine: it tries again */
        }
    }
}

static uint64_t head_get(const struct mailbox *mailbox)
{
    return atomic_load_explicit(&mailbox->head, memory_order_relaxed);
}

bool mailbox_take(struct mailbox *mailbox, struct letter *out_letter)
{
    uint64_t head = head_get(mailbox);
    struct mailbox_slot *slot = &mailbox->slots[head & mailbox->mask];
    if (atomic_load_explicit(&slot->number, memory_order_acquire) != head + 1)
        return false;
    *out_letter = slot->letter;
    atomic_store_explicit(&slot->number, head + mailbox->mask + 1, memory_order_release);
    atomic_store_explicit(&mailbox->head, head + 1, memory_order_relaxed);
    return true;
}

bool mailbox_sleeps(struct mailbox *mailbox)
{
    uint64_t head = head_get(mailbox);
    struct mailbox_slot *slot = &mailbox->slots[head & mailbox->mask];
    atomic_store_explicit(&mailbox->is_sleeping, true, memory_order_seq_cst);    /* R1 */
    if (atomic_load_explicit(&slot->number, memory_order_seq_cst) == head + 1) { /* R2 */
        /* A sender may have signalled meanwhile. That wakes the next sleep once for nothing, and is cleared then. */
        atomic_store_explicit(&mailbox->is_sleeping, false, memory_order_seq_cst);
        return false;
    }
    mailbox->has_slept = true;
    return true;
}

void mailbox_wakes(struct mailbox *mailbox)
{
    if (!mailbox->has_slept)
        return;
    mailbox->has_slept = false;
    atomic_store_explicit(&mailbox->is_sleeping, false, memory_order_seq_cst);
    /* Letters are looked for after this, so a signal that is forgotten here was for a letter that will be found. */
    os_wakeup_clear(&mailbox->wakeup);
}

size_t mailbox_count(const struct mailbox *mailbox)
{
    uint64_t head = head_get(mailbox);
    uint64_t tail = atomic_load_explicit(&mailbox->tail, memory_order_relaxed);
    /* The two are not read at one moment: the count may seem to be below nothing or above all. */
    uint64_t count = tail > head ? tail - head : 0;
    return (size_t)(count <= mailbox->mask ? count : mailbox->mask + 1);
}
