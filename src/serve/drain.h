/* SPDX-License-Identifier: Apache-2.0 */
/* Leaving: stop accepting, say bye, spread the returns, wait a while, end. Main thread. */
#pragma once

#include "chat/chat.h"
#include "http/routes.h"

struct drain {
    struct chat *chat;
    struct http_site *site;
    struct shard *const *shards;
    size_t shard_count;
    void (*waiting)(void *context); /* called again and again while it waits */
    void *context;
    uint64_t drain_ms;      /* for clients to leave; a second signal ends the wait */
    enum end_reason reason; /* END_SHUTDOWN, or END_RESTART: another process serves already */
    uint32_t returns_per_second;
};

/* Returns when no connection is left. Everything that was acknowledged is in the store's queue or log; store_stop()
 * flushes it. */
void drain_run(const struct drain *drain);
