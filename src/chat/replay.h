/* SPDX-License-Identifier: Apache-2.0 */
/* Reading the log on a reader thread, for one connection: the replay before a join, a page of history, a digest. The
 * job carries all that it needs, since rooms and sessions may be gone when it runs; its answer goes to the connection's
 * handle. */
#pragma once

#include "chat/chat_inside.h"

/* A range of events, and which end counts if not all fit. */
struct page {
    uint64_t from, to;
    bool keeps_newest;
};

/* RESULT_OK: the request is the job's, and settled by it. RESULT_FULL, RESULT_NO_MEMORY: it is still the caller's. */
enum result replay_history(struct chat *chat, struct request *request, struct room *room,
                           const struct page *page) MUST_USE;
enum result replay_digest(struct chat *chat, struct request *request, struct room *room, uint64_t from,
                          uint64_t to) MUST_USE;

/* One line of a digest: "seq:key\n". `state` is a crypto_hash_sha256_state. */
void digest_add(void *state, uint64_t seq, struct view key);
