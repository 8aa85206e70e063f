/* SPDX-License-Identifier: Apache-2.0 */
/* A bounded queue of small letters from many threads to one: a ring of slots, each with its own sequence number, so
 * that senders contend for one counter only and nobody waits on a lock. Order is kept per sender.
 *
 * Waking: a sender signals only when the receiver has said that it is about to sleep, so a busy receiver costs no
 * system call. The receiver's rule: mailbox_take until empty; mailbox_sleeps(), and if that is true, wait for the
 * wake-up, however long; mailbox_wakes(); and take again. It may be woken for nothing. */
#pragma once

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"
#include "os/poller.h"

struct letter {
    uint32_t kind; /* the receiver's enum */
    uint32_t number;
    uint64_t handle;
    void *object; /* ownership passes with the letter */
    uint64_t sequence;
};

struct mailbox_slot;

struct mailbox {
    struct mailbox_slot *slots;
    size_t mask;
    struct os_wakeup wakeup; /* the receiver polls wakeup.descriptor */

    /* Each of the following is 64 bytes, a cache line, away from the next: so that one thread's writing does not slow
     * another's reading. Gaps rather than alignment, so that a mailbox may live in any memory. */
    uint8_t gap_before_tail[64];
    _Atomic uint64_t tail; /* senders write */
    uint8_t gap_before_head[64];
    _Atomic uint64_t head; /* the receiver writes, anybody may count */
    bool has_slept;        /* the receiver's own: a signal may lie in the wake-up */
    uint8_t gap_before_sleeping[64];
    _Atomic bool is_sleeping; /* both */
    uint8_t gap_after_sleeping[64];
};

/* `capacity` is rounded up to a power of two; at most 2^24. RESULT_OK, RESULT_NO_MEMORY, RESULT_FAILED. */
enum result mailbox_init(struct mailbox *mailbox, size_t capacity) MUST_USE;
/* Letters still inside are the owner's to take first. Fine on a struct of zeroes. */
void mailbox_done(struct mailbox *mailbox);

/* Any thread. RESULT_OK, or RESULT_FULL: nothing was taken, the object is still the sender's. */
enum result mailbox_post(struct mailbox *mailbox, const struct letter *letter) MUST_USE;
/* Between these two calls, what this thread posts wakes nobody; the second wakes everybody for whom letters came. So a
 * receiver finds all of them at once, where it would else be woken by the first and go to sleep again before the next
 * one. Not nested; do not block for long in between. */
void mailboxes_hold_signals(void);
void mailboxes_release_signals(void);
/* Wakes everybody for whom letters came so far, and goes on holding. For who must wait for an answer meanwhile. */
void mailboxes_send_signals(void);
/* Any thread but the receiver: waits (yielding, then sleeping shortly) until there is room. Only where the receiver
 * never waits for the sender. */
void mailbox_post_waiting(struct mailbox *mailbox, const struct letter *letter);

/* Receiver only. False if empty. */
bool mailbox_take(struct mailbox *mailbox, struct letter *out_letter);
/* Receiver only: says "I sleep now". False: letters came in between, take them first (and it is not marked as
 * sleeping). */
bool mailbox_sleeps(struct mailbox *mailbox);
/* Receiver only: after waking, or after polling; clears the signal. Costs nothing if mailbox_sleeps() was not true
 * before. */
void mailbox_wakes(struct mailbox *mailbox);
/* Letters inside, roughly. Any thread. */
size_t mailbox_count(const struct mailbox *mailbox);
