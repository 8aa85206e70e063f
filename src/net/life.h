/* SPDX-License-Identifier: Apache-2.0 */
/* What is remembered of a connection's life for whoever asks: cold, beside the registry, so that the connection itself
 * stays small. What the kernel counts (bytes, the way's time) is asked of it when somebody looks, and what a cursor
 * knows is read from the cursor: the hot path of a broadcast writes nothing here. Owner: the shard's thread. */
#pragma once

#include <assert.h>
#include <stdint.h>

struct conn;

#define LIFE_NOT_YET UINT32_MAX

struct conn_life {
    uint64_t accepted_ms; /* of the monotonic clock, as the shard reads it */
    uint64_t events_out;  /* of rooms; where a cursor stands, less what it started from: census.c adds it up */
    uint32_t upgraded_after_ms, joined_after_ms, resumed_after_ms, lapped_after_ms; /* the newest; LIFE_NOT_YET */
    uint32_t messages_in, replies_out;
    uint32_t lapped_events;
    uint32_t pinged_at_ms; /* of the ping that is not answered yet; 0: none */
    uint32_t ping_ms;      /* how long the newest answered ping took, there and back */
    uint16_t laps, joins, resumes;
    uint16_t close_code; /* that the peer sent; 0: none */
    uint16_t error;      /* errno of the call that failed; 0: none */
    uint8_t agent;       /* of the shard's agents; 0: none */
};

static_assert(sizeof(struct conn_life) <= 72, "every connection has one");

struct conn_life *conn_life(const struct conn *conn);
/* A fresh connection has nothing behind it. */
void conn_life_begin(struct conn *conn);
/* How long after it was accepted that is, up to where the number ends, after seven weeks. */
static inline uint32_t life_after_ms(const struct conn_life *life, uint64_t now_ms)
{
    uint64_t after_ms = now_ms - life->accepted_ms;

    return after_ms < LIFE_NOT_YET ? (uint32_t)after_ms : LIFE_NOT_YET - 1;
}
/* One more, up to where the number ends. */
static inline void life_count(uint16_t *number)
{
    if (*number < UINT16_MAX)
        (*number)++;
}
