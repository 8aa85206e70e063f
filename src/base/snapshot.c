/* SPDX-License-Identifier: Apache-2.0 */
#include "base/snapshot.h"

enum { READ_TRIES_MAX = 1000 };

/* Each store is a release and each load of a reader an acquire: whoever sees a new number also sees the odd version. */
static void publish(struct counter *counter, uint64_t value)
{
    atomic_store_explicit(&counter->value, value, memory_order_release);
}

static uint64_t look(const struct counter *counter)
{
    return atomic_load_explicit(&counter->value, memory_order_acquire);
}

void snapshot_write(struct snapshot *snapshot, const uint64_t *numbers)
{
    publish(&snapshot->version, counter_get(&snapshot->version) + 1);
    for (size_t i = 0; i < snapshot->count; i++)
        publish(&snapshot->words[i], numbers[i]);
    publish(&snapshot->version, counter_get(&snapshot->version) + 1);
}

bool snapshot_read(const struct snapshot *snapshot, uint64_t *out_numbers)
{
    for (int tries = 0; tries < READ_TRIES_MAX; tries++) {
        uint64_t version = look(&snapshot->version);
        for (size_t i = 0; i < snapshot->count; i++)
            out_numbers[i] = look(&snapshot->words[i]);
        if (version % 2 == 0 && look(&snapshot->version) == version)
            return true;
    }
    return false;
}
