/* SPDX-License-Identifier: Apache-2.0 */
/* A shard's connections and feeds on their way to another process. Everything that speaks plainly goes: sockets, what
 * was read and not yet understood, what waits to be sent, the places in the feeds. What has a TLS session, or is none
 * of the chat's business, stays.
 *
 *     shard_rest()  ─▶ … ─▶ shard_post_halt() ─▶ shard_join() ─▶ shard_pack() ─▶ there: shard_unpack()
 *                                                    │                              │ it goes on there
 *                  it goes on here: shard_wake() ◀───┴──────────────── shard_forget_packed(), for what stays
 *
 * Nothing that is done here is heard by a peer. */
#pragma once

#include "base/pack.h"
#include "net/shard.h"

/* Descriptors in the order in which the bytes speak of them. */
struct packed_descriptors {
    int *at;
    size_t count, capacity;
};
/* RESULT_OK, RESULT_NO_MEMORY. */
enum result packed_descriptor_add(struct packed_descriptors *descriptors, int descriptor) MUST_USE;
void packed_descriptors_done(struct packed_descriptors *descriptors);

/* Its listening sockets; they stay the shard's. */
size_t shard_listener_count(const struct shard *shard);
int shard_listener(const struct shard *shard, size_t index);

/* Shard thread: from now on it neither reads nor accepts, and all else goes on. */
void shard_rest(struct shard *shard);
/* While its thread does not run: as if shard_rest() and shard_post_halt() had not been. */
void shard_wake(struct shard *shard);

struct packed_counts {
    size_t passed;   /* connections that go */
    size_t farewell; /* of them, those that are closed there: a message stopped in its middle */
};
/* All of these while the shard's thread does not run. Appends to both, and counts. The descriptors stay the shard's.
 * RESULT_OK, RESULT_NO_MEMORY. */
enum result shard_pack(struct shard *shard, struct builder *out, struct packed_descriptors *descriptors,
                       struct packed_counts *counts) MUST_USE;
/* Into a new shard that was not started. `descriptors`: its connections', as they were packed; the shard's from now on,
 * also on failure; `*out_used` of them. RESULT_OK, RESULT_INVALID (these bytes make no sense), RESULT_NO_MEMORY. */
enum result shard_unpack(struct shard *shard, struct unpack *in, const int *descriptors, size_t descriptor_count,
                         size_t *out_used) MUST_USE;
/* What was packed goes on elsewhere: it ends here, without a word to its peer, and the listening sockets are closed.
 * With what is left the shard can be started again. */
void shard_forget_packed(struct shard *shard);
