/* SPDX-License-Identifier: Apache-2.0 */
/* A thread of the load generator: its poller, its share of the connections, its part of the figures. The run tells it
 * the phase; it tells the run how far it is. Connections are dealt in turn, publishers first:
 *
 *     number    0 … rooms×publishers-1: publishers     … rooms×(publishers+subscribers)-1: subscribers
 *     room      number modulo rooms                    worker    number modulo threads
 */
#pragma once

#include "base/builder.h"
#include "base/counter.h"
#include "base/histogram.h"
#include "load/ledger.h"
#include "load/options.h"
#include "load/recall.h"
#include "load/way.h"
#include "os/poller.h"
#include "os/thread.h"
#include "wire/deflate.h"

enum load_phase {
    LOAD_OPEN,     /* connections are opened, rooms joined */
    LOAD_RUN,      /* publishers publish */
    LOAD_DRAIN,    /* they send nothing new; what is in flight lands */
    LOAD_CATCH_UP, /* subscribers receive what the log is known to hold */
    LOAD_STOP,
};

enum worker_status {
    WORKER_OPENING,
    WORKER_READY,     /* all connections are open and joined, or back after a storm */
    WORKER_QUIET,     /* nothing is in flight; `reached` is final */
    WORKER_CAUGHT_UP, /* every subscriber has got up to the targets */
    WORKER_FAILED,    /* `failure` says why; it waits for LOAD_STOP */
};

enum {
    LOAD_TEXT_SIZE = 512,
    WORKER_READ_BYTES = 256 << 10,   /* of one read */
    WORKER_REST_BYTES_MAX = 1 << 20, /* of a frame that has not come whole */
};

/* What all threads of a run share. The run writes it; what follows the phase is set before the phase is. */
struct load_shared {
    const struct load_options *options;
    uint32_t run_id;
    SSL_CTX *context;   /* of TLS; NULL: plain */
    struct view filler; /* text behind the marker */
    uint64_t start_ns;  /* when the first message is due */
    uint64_t *targets;  /* per room (with --raw: per publisher's number), how far every subscriber must get */
    uint64_t target_count;
    _Atomic uint64_t measured_from_ns; /* delays are noted of messages meant to be sent from here … */
    _Atomic uint64_t measured_to_ns;   /* … to before here */
    _Atomic uint64_t storms;           /* that have been called */
    _Atomic enum load_phase phase;
};

/* Which life of a room's log the server told, empty until it did. */
struct load_epoch {
    char text[65];
};

struct client;

struct worker {
    const struct load_shared *shared;
    struct os_thread thread;
    struct os_poller poller;
    struct os_wakeup wakeup; /* the run signals it with each new phase */
    enum load_phase phase;   /* as it was seen last */
    uint64_t now_ns;         /* of the last look at the clock */
    uint64_t measured_from_ns;
    uint64_t measured_to_ns;

    struct client *clients;
    uint64_t client_count;
    uint64_t publisher_count; /* the first of them */
    uint64_t opened;          /* of them, begun */
    uint64_t opening;         /* begun and not yet ready */
    uint64_t ended_live;      /* ended while the run went on */
    bool counts_receipts;     /* --until all */
    struct client **due;      /* publishers that may send again since others have received; a slot for each */
    uint64_t due_count;
    uint64_t next_publisher; /* whose message is due next, at a fixed rate */
    uint64_t next_round;
    uint64_t repeat_at_ns; /* some refused message is due again; UINT64_MAX: none */
    uint64_t storms;       /* begun */
    uint64_t storm_ns;     /* when the last one began */
    bool is_returning;     /* it goes on */
    uint64_t looked_ns;    /* when things were done last that need not be done in every turn */

    uint8_t *buffer;
    struct builder scratch; /* one frame at a time */
    struct builder inflated;
    struct inflater *inflater;
    struct recall *recalls; /* per room */
    uint64_t recall_count;
    struct load_epoch *epochs;     /* per room; NULL: no storm will be */
    struct ledger_stream *streams; /* with --raw: per connection and publisher */
    uint64_t random;

    /* Read by the run after LOAD_STOP and the thread's end. */
    struct ledger ledger;
    uint64_t repeats;    /* messages sent again because the server was busy */
    uint64_t unanswered; /* messages still in flight when it gave up waiting */
    uint64_t stalled;
    uint64_t stalled_ended;        /* of them, by the server */
    uint64_t stalled_bytes;        /* that the kernel holds at their own ends */
    uint64_t compressed;           /* connections that agreed to compression */
    uint64_t replayed;             /* messages that came as a resumed connection's past */
    uint64_t truncated;            /* resumptions that had missed more than the server replays */
    char end_text[LOAD_TEXT_SIZE]; /* why the first connection ended early */

    /* Read by the run at any time. */
    struct counter ready;
    struct counter delivered;
    struct counter delivered_bytes;
    struct counter reads;
    struct counter sent;
    struct counter acked;
    struct counter faults; /* lost, doubled, reordered, mismatched so far */
    struct counter gaps;
    struct counter ended;
    struct counter returned; /* of a storm */
    struct counter cpu_ns;
    struct counter *reached; /* like targets: acknowledged here */
    struct histogram delays; /* of deliveries */
    struct histogram ack_delays;
    struct histogram returns; /* from a storm's beginning until a subscriber was back */
    _Atomic enum worker_status status;
    uint64_t ready_ns;            /* when all its connections were ready; written before WORKER_READY */
    char failure[LOAD_TEXT_SIZE]; /* written before status becomes WORKER_FAILED */
};

/* RESULT_OK, RESULT_NO_MEMORY, RESULT_FAILED (the system has no descriptor for its poller). Done is fine in any case.
 */
enum result worker_init(struct worker *worker, const struct load_shared *shared, uint64_t index) MUST_USE;
void worker_done(struct worker *worker);
/* The thread's function: from LOAD_OPEN to LOAD_STOP. */
void worker_run(void *worker);

/* The counters of several workers, added up. Any thread. */
struct worker_sums {
    uint64_t ready, delivered, delivered_bytes, reads, sent, acked, faults, gaps, ended, returned, cpu_ns;
};
struct worker_sums worker_sum(const struct worker *workers, uint64_t count);

/* For the thread's own parts. */
void worker_fail(struct worker *worker, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Somebody has missed messages: from now on nobody waits until all have them. */
void worker_forgive_receipts(struct worker *worker);
/* 64 bits that --seed repeats. */
uint64_t worker_random(struct worker *worker);

static inline enum worker_status worker_status(const struct worker *worker)
{
    return atomic_load_explicit(&worker->status, memory_order_acquire);
}
