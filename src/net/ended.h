/* SPDX-License-Identifier: Apache-2.0 */
/* The newest connections that ended on a shard, and why: our half of the story. Bounded; the oldest goes. What is of no
 * interest to anybody, an HTTP connection that was served and went, is not kept. One shard's thread. */
#pragma once

#include "net/agents.h"
#include "net/conn.h"
#include "net/conn_state.h"
#include "net/life.h"

struct ended_record {
    uint64_t handle;
    uint64_t ended_ms, age_ms; /* of the monotonic clock; how long it lived */
    uint64_t open_ms;          /* of that, as a WebSocket */
    uint64_t messages_in, messages_out;
    struct os_link link; /* zeroes: not known */
    struct os_address address;
    uint32_t ping_ms; /* LIFE_NOT_YET: none was answered */
    uint32_t idle_ms; /* nothing had come for so long */
    size_t unsent_bytes;
    enum conn_state state; /* when its end began */
    enum end_reason reason;
    enum conn_behind behind;
    uint16_t code_sent, code_received; /* of Close; 0: none */
    uint16_t error;                    /* errno; 0: none */
    uint16_t laps;
    bool is_tls;
    char agent[AGENT_BYTES_MAX + 1];
};

struct ended {
    struct ended_record *records; /* a ring; NULL: nothing is kept */
    size_t max;
    uint64_t count; /* ever: the newest is at (count - 1) % max */
};

/* RESULT_OK, RESULT_NO_MEMORY. `max` 0: nothing is kept. */
enum result ended_init(struct ended *ended, size_t max) MUST_USE;
void ended_done(struct ended *ended);
/* The place for one more; NULL: nothing is kept. */
struct ended_record *ended_add(struct ended *ended);
/* How many there are. */
size_t ended_count(const struct ended *ended);
/* The newest is 0. */
const struct ended_record *ended_at(const struct ended *ended, size_t index);
