/* SPDX-License-Identifier: Apache-2.0 */
/* Everything that is counted, as OpenMetrics text: one row per metric in metrics.c, from which the exposition and the
 * reference are made. */
#pragma once

#include "chat/chat.h"
#include "net/conn.h"
#include "ops/diagnosis.h"
#include "ops/notices.h"

/* Of hand-overs from process to process; they go along with it. Main thread. */
struct handover_counters {
    struct counter done, failed;
    struct counter pause_ns;                       /* gauges, of the one that made this process */
    struct counter passed, farewells, left_behind; /* its connections */
};

/* Where the numbers are. Read from the operator's thread while their writers go on: each number is whole, and a few may
 * be a moment apart. */
struct metrics_sources {
    struct store *store;
    struct chat *chat;
    struct shard *const *shards;
    size_t shard_count;
    const struct diagnosis *diagnosis;
    const struct notices *notices;
    const struct handover_counters *handovers; /* NULL: there are none */
    struct shard *ops;                         /* the operator's own listener; NULL: there is none */
    uint16_t ports[NET_LISTEN_MAX + 1];        /* that all of these listen on */
    size_t port_count;
    const char *token;   /* the operator's word; "" or NULL: there is none */
    bool is_ops_unix;    /* the operator's listener is a unix socket */
    uint64_t started_ms; /* of the monotonic clock */
    bool (*is_ready)(void *context);
    void *context;
};

/* Appends the whole exposition, with its "# EOF". */
void metrics_write(const struct metrics_sources *sources, struct builder *out);
/* Appends the reference page. */
void metrics_reference(struct builder *out);
/* Fits net_events.request for the operator's listener; `context` is the struct metrics_sources. Answers /metrics,
 * /api/v1, /livez, /readyz and /healthz. */
void metrics_serve(void *context, struct conn *conn, const struct http_request *request, struct view body);
