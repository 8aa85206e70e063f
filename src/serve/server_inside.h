/* SPDX-License-Identifier: Apache-2.0 */
/* The server as the files that build, hand over and end it see it. Main thread. */
#pragma once

#include "chat/chat.h"
#include "http/routes.h"
#include "net/pack_shard.h"
#include "ops/metrics.h"
#include "ops/pulse.h"
#include "ops/watchdog.h"
#include "serve/listening.h"
#include "serve/operating.h"
#include "serve/secure.h"
#include "serve/service.h"

enum { SHARDS_MAX = 64 };

struct takeover;

struct server {
    const struct config *config;
    struct token_key key;
    struct chat *chat;
    struct store *store;
    struct admission *admission;
    struct shard *shards[SHARDS_MAX];
    size_t shard_count;
    struct passed passed;
    struct listening listening;
    struct secure secure;
    struct operating operating;
    struct admission *ops_admission;
    struct shard *ops;
    struct diagnosis *diagnosis;
    struct net_events diagnosis_events;
    struct notices *notices;
    struct http_site site;
    struct metrics_sources metrics;
    struct handover_counters handovers;
    struct watchdog watchdog; /* of the main thread */
    struct service service;
    struct pulse pulse;
    struct takeover *takeover; /* while it takes over from another process; NULL otherwise */
};

/* Tells the service manager that the loops turn, if they do. */
void server_tell_alive(struct server *server);
