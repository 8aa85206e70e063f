/* SPDX-License-Identifier: Apache-2.0 */
/* A publisher's plan: when which message is due, and what became of those in flight. It sends nothing itself.
 *
 * With a window, a message is due when fewer than that are in flight. At a fixed rate, message n is due at a time that
 * was known beforehand, whatever became of the others: its delay counts from there, so that a server that stands still
 * for a second is charged with every message that should have been sent in it. */
#pragma once

#include "base/result.h"
#include "load/ledger.h"

enum publisher_until {
    PUBLISHER_UNTIL_ECHO, /* its own copy has come, and the ack where there are acks */
    PUBLISHER_UNTIL_ACK,
    PUBLISHER_UNTIL_ALL, /* as with ECHO, and every reader has it */
};

struct publisher_plan {
    uint64_t window;     /* used where rate_milli is 0 */
    uint64_t rate_milli; /* of its room, per 1,000 s */
    uint64_t index;      /* among the room's publishers, who send in turn at a fixed rate */
    uint64_t count;      /* of the room's publishers */
    uint64_t readers;    /* whom PUBLISHER_UNTIL_ALL waits for, itself included */
    uint64_t start_ns;   /* when the room's first message is due, at a fixed rate */
    enum publisher_until until;
    bool has_acks; /* false: a plain broadcaster, where the own copy is the only answer */
};

struct flight;

struct publisher {
    struct publisher_plan plan;
    struct flight *ring; /* message n at n & (capacity - 1); stays there after landing, until overwritten */
    uint64_t capacity;
    uint64_t sent;         /* the newest message's number; they begin with 1 */
    uint64_t landed;       /* all up to this one have landed */
    uint64_t repeat_at_ns; /* the earliest time at which a refused message is due again; 0: none */
    bool has_stopped;
    bool has_gap;
};

/* RESULT_OK or RESULT_NO_MEMORY. */
enum result publisher_init(struct publisher *publisher, const struct publisher_plan *plan) MUST_USE;
void publisher_done(struct publisher *publisher);

/* The next message to send now, if one is due: its number, and when it was meant to be sent. Call until false. */
bool publisher_next(struct publisher *publisher, uint64_t now_ns, uint32_t *out_number, uint64_t *out_at_ns);
/* At a fixed rate: when message `number` is due. */
uint64_t publisher_turn_ns(const struct publisher *publisher, uint64_t number);
/* Sends nothing new from now on. */
void publisher_stop(struct publisher *publisher);
/* Messages from the oldest one that has not landed to the newest. */
uint64_t publisher_in_flight(const struct publisher *publisher);

/* The server has acknowledged message `number` as `seq`; `stream_last` is how far this connection's own stream has
 * come. Returns when it was meant to be sent, or 0 if that is not known (any more). */
uint64_t publisher_ack(struct publisher *publisher, uint32_t number, uint64_t seq, uint64_t stream_last,
                       struct ledger *ledger);
/* Its own copy has come, as `seq` (0 where there are none). */
void publisher_echo(struct publisher *publisher, uint32_t number, uint64_t seq, struct ledger *ledger);
/* Somebody in the room has it, perhaps itself. True: it has landed by that. */
bool publisher_receipt(struct publisher *publisher, uint32_t number);
/* From now on receipts are not waited for: some will never come. */
void publisher_forgive_receipts(struct publisher *publisher);
/* The stream has skipped ahead to `stream_last`: own copies up to there will not come any more. */
void publisher_skip(struct publisher *publisher, uint64_t stream_last);
/* The server was busy: the same message is due again at `repeat_at_ns`. */
void publisher_refused(struct publisher *publisher, uint32_t number, uint64_t repeat_at_ns);
