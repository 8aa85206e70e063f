/* SPDX-License-Identifier: Apache-2.0 */
/* Counters with one writer thread and any readers. Adding is a plain load and store: no lock prefix on the hot path;
 * relaxed atomics, so that a reader sees whole values. */
#pragma once

#include <stdatomic.h>
#include <stdint.h>

struct counter {
    _Atomic uint64_t value;
};

static inline uint64_t counter_get(const struct counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_relaxed);
}

static inline void counter_set(struct counter *counter, uint64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_relaxed);
}

static inline void counter_add(struct counter *counter, uint64_t number)
{
    counter_set(counter, counter_get(counter) + number);
}

static inline void counter_subtract(struct counter *counter, uint64_t number)
{
    counter_set(counter, counter_get(counter) - number);
}

static inline void counter_raise(struct counter *counter, uint64_t value)
{
    if (value > counter_get(counter))
        counter_set(counter, value);
}
