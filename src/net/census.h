/* SPDX-License-Identifier: Apache-2.0 */
/* A shard's connections and feeds as somebody sees them who looks from outside: copies, taken on the shard's thread
 * from within a shard_call, a slice at a time, so that no turn of the loop becomes long. */
#pragma once

#include "net/ended.h"
#include "net/shard.h"

enum {
    CENSUS_SLICE = 128,   /* connections of one call: some 100 us, most of it two questions to the kernel for each */
    CENSUS_ROOMS_MAX = 8, /* of a connection, that are named */
    CENSUS_CURSORS_MAX = 4096, /* of a feed, that are looked at to find the slowest */
};

struct conn_sight {
    uint64_t handle;
    void *owner; /* what the floor above keeps with it; NULL: nothing, or it is none of the chat's */
    enum conn_state state;
    enum conn_behind behind;
    struct os_address address, peer;
    bool is_tls, has_deflate, is_blocked, is_paused, has_link;
    uint64_t accepted_ms; /* of the monotonic clock, as the following ones; 0: it has not happened */
    uint64_t upgraded_ms, joined_ms, resumed_ms, lapped_ms;
    uint64_t now_ms;
    uint32_t idle_ms;    /* since its last byte came in */
    uint32_t blocked_ms; /* since the socket took no more */
    int64_t deadline_in_ms;
    uint32_t ping_ms; /* LIFE_NOT_YET: none was answered */
    uint64_t messages_in, messages_out;
    uint64_t lag_events; /* of its rooms, that it is still to be sent */
    uint32_t lapped_events;
    uint16_t laps, joins, resumes, answers_pending, room_count;
    uint32_t rooms[CENSUS_ROOMS_MAX]; /* numbers of feeds */
    size_t outbox_bytes, unsent_bytes;
    struct os_link link;
    char agent[AGENT_BYTES_MAX + 1];
};

/* Copies connections from *position on, at most CENSUS_SLICE slots of the registry; *position moves, and is 0 at the
 * end. Returns how many. */
size_t census_take(struct shard *shard, uint32_t *position, struct conn_sight out[CENSUS_SLICE]);
/* False: there is none of that handle. */
bool census_find(struct shard *shard, uint64_t handle, struct conn_sight *out);
/* Says `frame`, a text frame of the floors above, and closes with that reason and words for people. False: there is no
 * open one of that handle. */
bool census_remove(struct shard *shard, uint64_t handle, enum end_reason reason, struct view frame, struct view text);

struct feed_sight {
    uint32_t subscribers, behind;
    uint64_t lag_events; /* of the slowest of those that were looked at */
    size_t bytes;
};
/* Nobody here follows it: zeroes. */
void census_feed(const struct shard *shard, uint32_t number, struct feed_sight *out);

const struct ended *census_ended(const struct shard *shard);
