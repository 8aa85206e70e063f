/* SPDX-License-Identifier: Apache-2.0 */
/* What the two kinds of log have in common: publishers with a window, their answers' delays, and readers' faults. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { PUBLISHERS_MAX = 256, READERS_MAX = 16, TEXT_BYTES_MAX = 4096, SENT_RING = 64 };

struct publisher {
    uint64_t index;
    uint64_t sent;
    uint64_t acked;              /* answers come in the order of what was sent */
    uint64_t sent_ns[SENT_RING]; /* of those in flight */
    void *connection;
};

struct load {
    uint64_t publishers, window, text_size, readers, batch;
    const char *address;
    int poller;
    uint64_t start_ns, from_ns, to_ns; /* the whole, and the measured part */
    uint64_t now_ns;                   /* of the last look at the clock */
    uint64_t sent, acked, acked_measured;
    uint64_t received; /* by all readers together */
    uint64_t faults;   /* what came twice, out of order or never */
    uint64_t *delays_ns;
    size_t delay_count, delay_capacity;
};

struct load_kind {
    void (*connect)(struct load *load);
    void (*start)(struct load *load);
    void (*event)(struct load *load, void *owner, uint32_t events);
};

extern const struct load_kind load_redis;
extern const struct load_kind *const load_postgres; /* NULL: built without libpq */

uint64_t load_now_ns(void);
_Noreturn void load_die(const char *what, const char *why);
/* A message's text: whose it is and its number, from 1, at fixed places; then words. Returns its size. */
size_t load_text(const struct load *load, uint64_t publisher, uint64_t number, char *out);
bool load_may_send(const struct load *load, const struct publisher *publisher);
void load_sent(struct load *load, struct publisher *publisher);
void load_acked(struct load *load, struct publisher *publisher);
