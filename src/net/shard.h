/* SPDX-License-Identifier: Apache-2.0 */
/* A shard: one thread, one loop, one listening socket per address; it owns its connections from accept to close, and
 * the feeds of the rooms that they are in. */
#pragma once

#include <assert.h>

#include "base/turns.h"
#include "net/admission.h"
#include "net/conn_state.h"
#include "net/end_reason.h"
#include "net/net_events.h"
#include "net/net_options.h"
#include "net/silence.h"

/* What a loop turn does, one line per phase; the watchdog counts long turns by the longest. */
#define SHARD_PHASES(X)                                           \
    X(READ, "read")                                               \
    X(TLS, "tls") /* handshakes */                                \
    X(ACCEPT, "accept")                                           \
    X(MAIL, "mail")                                               \
    X(FLUSH, "flush")                                             \
    X(TIMERS, "timers")                                           \
    X(TURNED, "turned") /* the floors above, at the turn's end */ \
    X(REAP, "reap")
enum shard_phase {
#define X(symbol, label) PHASE_##symbol,
    SHARD_PHASES(X)
#undef X
        SHARD_PHASE_COUNT,
};
const char *shard_phase_label(enum shard_phase phase);
static_assert((int)SHARD_PHASE_COUNT <= (int)TURNS_PHASES_MAX, "each phase has its place");

/* What a long turn worked on, in numbers: which kind, and its label. */
#define SHARD_WORKS(X)                                   \
    X(EVENTS, "events")     /* of the poller */          \
    X(CONNECTIONS, "reads") /* connections read */       \
    X(ACCEPTED, "accepted")                              \
    X(REQUESTS, "requests")     /* HTTP */               \
    X(MESSAGES, "messages")     /* from clients */       \
    X(LETTERS, "letters")       /* from other threads */ \
    X(DELIVERIES, "deliveries") /* frames of rooms */    \
    X(WRITES, "writes")         /* system calls */       \
    X(COMPRESSIONS, "compressions")                      \
    X(DEADLINES, "deadlines") /* looked at */            \
    X(ENDED, "ended")         /* freed */
enum shard_work {
#define X(symbol, label) WORK_##symbol,
    SHARD_WORKS(X)
#undef X
        SHARD_WORK_COUNT,
};
const char *shard_work_label(enum shard_work work);
static_assert((int)SHARD_WORK_COUNT <= (int)TURNS_WORK_MAX, "each kind has its place");

/* One writer, the shard's thread; read by any. */
struct shard_counters {
    struct counter accepted;
    struct counter taken_over; /* of them, those that the process before this one accepted */
    struct counter accept_pauses;
    struct counter ended[END_REASON_COUNT];
    struct counter live[CONN_STATE_COUNT]; /* gauges: connections by state; ENDED is always 0 */
    struct counter requests, upgrades, upgrades_refused;
    struct counter upgrades_put_off;             /* of the refused: too many at this moment */
    struct counter forwarded, forwarded_missing; /* requests through trusted proxies: client told, or not */
    struct counter tls_handshakes, tls_resumed;  /* those that were done: in full, or with a ticket */
    struct counter tls_put_off;                  /* turns that left handshakes to the next one */
    struct counter bytes_in, bytes_out;
    struct counter frames_in, messages_in, control_frames_in;
    struct counter deliveries; /* feed frames sent, each subscriber counts */
    struct counter replies_out;
    struct counter chunks;
    struct counter lapped; /* times that a cursor was moved forward */
    struct counter lapped_events;
    struct counter writes;            /* system calls that sent */
    struct counter writes_blocked;    /* the socket took no more */
    struct counter compressions;      /* replies compressed, each for one client */
    struct counter room_compressions; /* events of rooms compressed, each once for all */
    struct counter outbox_overflows;
    struct counter reading_paused;
    struct counter feeds, feed_bytes, subscriptions; /* gauges */
    struct counter silence_cuts, silence_deaf, silence_learned;
    struct counter silence_paths, silence_ms; /* gauges: paths with a learned heartbeat, and the shortest of these */
    struct turns turns;
};

struct shard;

/* A listening socket, and what is expected there. */
struct shard_listener {
    int descriptor;
    struct net_listen how;
};

/* `listeners`: their descriptors are the shard's from now on. `admission` is shared by all shards. What the options
 * point to must outlive it. */
enum result shard_new(const struct net_options *options, const struct net_events *events, struct admission *admission,
                      uint32_t index, const struct shard_listener *listeners, size_t listener_count,
                      struct shard **out_shard) MUST_USE;
enum result shard_start(struct shard *shard) MUST_USE;
/* Waits for the thread's end; post shard_post_stop() before. */
void shard_join(struct shard *shard);
void shard_free(struct shard *shard);

/* One turn of the loop: what the thread calls. Waits at most `timeout_ms` for something to do. False: stopped. */
bool shard_turn(struct shard *shard, int timeout_ms);

uint32_t shard_index(const struct shard *shard);
const struct shard_counters *shard_counters(const struct shard *shard);
size_t shard_mailbox_count(const struct shard *shard);
/* For the floors above: one pointer per shard. */
void *shard_owner(const struct shard *shard);
void shard_set_owner(struct shard *shard, void *owner);
/* The monotonic time of this turn, read once. */
uint64_t shard_now_ms(const struct shard *shard);
/* Between two turns: proves that all of it fits together. For tests. */
void shard_check(const struct shard *shard);
/* What was learned of paths that cut silence, at most so many, those with the shortest heartbeats first; their number.
 * Any thread. */
size_t shard_lessons(const struct shard *shard, struct silence_lesson out_lessons[SILENCE_LESSONS_MAX]);
/* Connections of this shard: live ones over all states. Any thread. */
uint64_t shard_live_count(const struct shard *shard);
