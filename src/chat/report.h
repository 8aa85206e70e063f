/* SPDX-License-Identifier: Apache-2.0 */
/* What clients that came back to a shard told of the end of their last connection, the newest of them. Which connection
 * that was, and what this server knows of its end, whoever looks puts together: it may have been on another shard, or
 * in another process. One shard's thread. */
#pragma once

#include "wire/last.h"

struct report {
    uint64_t handle;          /* of the connection that tells it */
    uint64_t told_ms, ago_ms; /* of the monotonic clock; how long before that the last one ended */
    uint32_t saw;             /* a bit for each enum last_sign */
    uint16_t code;
    char connection[LAST_CONNECTION_BYTES_MAX + 1];
    char reason[LAST_REASON_BYTES_MAX + 1];
};

struct reports {
    struct report *records; /* a ring; NULL: none is kept */
    size_t max;
    uint64_t count; /* ever */
};

/* `max` 0, or no memory: none is kept. */
void reports_init(struct reports *reports, size_t max);
void reports_done(struct reports *reports);
void reports_add(struct reports *reports, const struct last *last, uint64_t handle, uint64_t now_ms);
size_t reports_count(const struct reports *reports);
/* The newest is 0. */
const struct report *reports_at(const struct reports *reports, size_t index);
