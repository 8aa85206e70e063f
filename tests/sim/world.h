/* SPDX-License-Identifier: Apache-2.0 */
/* What all parts of a simulation share: the virtual clock, the faults that this seed enables, the trace and its hash,
 * and the one way to say that a promise was broken. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* symbol, label, greatest probability in a million of the calls or steps where it may strike. Each seed draws which are
 * enabled, and how often each strikes. */
#define FAULTS(X)                                                                  \
    X(CUT, "cut", 400000)                 /* bytes arrive in pieces */             \
    X(SHORT_WRITE, "short_write", 300000) /* the socket takes a part */            \
    X(AGAIN, "again", 200000)             /* it takes nothing just now */          \
    X(RESET, "reset", 3000)               /* RST in the middle of anything */      \
    X(VANISH, "vanish", 2000)             /* half-open: the peer is silent */      \
    X(STALL, "stall", 8000)               /* the client stops reading for long */  \
    X(GARBAGE, "garbage", 5000)           /* bytes that mean nothing */            \
    X(ACCEPT, "accept", 300000)           /* EMFILE, or the peer went already */   \
    X(POLLER, "poller", 20000)            /* no memory to watch another socket */  \
    X(DISK_READ, "disk_read", 2000)       /* EIO */                                \
    X(DISK_WRITE, "disk_write", 6000)     /* EIO */                                \
    X(DISK_SYNC, "disk_sync", 40000)      /* fsync fails, and pages may be lost */ \
    X(DISK_FULL, "disk_full", 2000)       /* no space for some while */            \
    X(DISK_SLOW, "disk_slow", 20000)      /* a call takes long */                  \
    X(MEMORY, "memory", 3000)             /* an allocation fails */                \
    X(SQLITE_MEMORY, "sqlite_memory", 300)                                         \
    X(WALL_JUMP, "wall_jump", 2000) /* the wall clock steps */                     \
    X(KILL, "kill", 30000)          /* the process dies, the machine lives */      \
    X(POWER, "power", 30000)        /* what was not synced is lost */              \
    X(LEAVE, "leave", 10000)        /* SIGTERM: drain, then start again */         \
    X(PAUSE, "pause", 3000)         /* a thread gets no processor for a while */

enum fault {
#define X(symbol, label, ppm_max) FAULT_##symbol,
    FAULTS(X)
#undef X
        FAULT_COUNT,
};
const char *fault_label(enum fault fault);

struct world {
    uint64_t seed;
    uint64_t now_ns; /* monotonic, virtual */
    int64_t wall_offset_ms;
    uint64_t began_ns;
    uint64_t steps, steps_max, turns;
    uint64_t hash; /* of everything that happened: the same seed gives the same */
    uint32_t fault_ppm[FAULT_COUNT];
    uint64_t fault_hits[FAULT_COUNT];
    uint64_t events_seen, acks_seen, frames_seen, gaps_seen;
    bool has_faults; /* they strike now */
    bool is_dead;    /* the server's process has ended, though its memory is still being taken apart */
    bool is_tracing;
};

extern struct world world;

void world_init(uint64_t seed, bool is_tracing);
/* Does this fault strike here and now? */
bool fault(enum fault fault);
/* Enables some faults, each with a probability of its own. */
void faults_draw(void);

void world_mix(uint64_t number);
void world_mix_bytes(const void *at, size_t size);
/* A line of the story: who did what. Costs nothing unless it is told. */
#define trace(...)                   \
    do {                             \
        if (world.is_tracing)        \
            trace_line(__VA_ARGS__); \
    } while (0)
void trace_line(const char *who, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A promise is broken: says which and the seed, and ends the process. */
void broken(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn, cold));

static inline uint64_t world_ms(void)
{
    return world.now_ns / 1000000;
}
int64_t world_wall_ms(void);
