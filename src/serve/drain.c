/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/drain.h"

#include <signal.h>

#include "base/diag.h"
#include "net/letters.h"
#include "os/clock.h"
#include "os/thread.h"

enum { LOOK_MS = 10, SPREAD_MS_MAX = 60000 };

static uint64_t live_count(const struct drain *drain)
{
    uint64_t live = 0;

    for (size_t i = 0; i < drain->shard_count; i++)
        live += shard_live_count(drain->shards[i]);
    return live;
}

/* So many clients come back over so long a time that the next server is not flooded. */
static uint32_t spread_of(const struct drain *drain, uint64_t live)
{
    uint64_t spread_ms = live * 1000 / drain->returns_per_second;

    return spread_ms < SPREAD_MS_MAX ? (uint32_t)spread_ms : SPREAD_MS_MAX;
}

/* True: nobody is left. False: time is over, or the operator is in a hurry. */
static bool wait_until_empty(const struct drain *drain)
{
    uint64_t end_ms = os_clock_monotonic_ms() + drain->drain_ms;

    while (live_count(drain) > 0) {
        drain->waiting(drain->context);
        int signal = os_signal_wait(LOOK_MS);
        if (signal == SIGINT || signal == SIGTERM)
            return false;
        if (os_clock_monotonic_ms() >= end_ms)
            return false;
    }
    return true;
}

void drain_run(const struct drain *drain)
{
    uint64_t live = live_count(drain);

    atomic_store_explicit(&drain->site->is_draining, true, memory_order_relaxed);
    chat_set_farewell(drain->chat, spread_of(drain, live), drain->reason == END_RESTART);
    diag(DIAG_INFO, "server.draining", "connections", diag_number((int64_t)live), NULL);
    for (size_t i = 0; i < drain->shard_count; i++)
        shard_post_drain(drain->shards[i], drain->reason);
    if (!wait_until_empty(drain))
        diag(DIAG_WARNING, "server.cutting_off", "connections", diag_number((int64_t)live_count(drain)), NULL);
    for (size_t i = 0; i < drain->shard_count; i++)
        shard_post_end_all(drain->shards[i]);
    while (live_count(drain) > 0) {
        drain->waiting(drain->context);
        (void)os_signal_wait(LOOK_MS);
    }
}
