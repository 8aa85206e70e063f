/* SPDX-License-Identifier: Apache-2.0 */
/* The other end of a connection in fuzz_conn: it says whole things, and checks that whatever the server writes is what
 * a client may rely on: answers to requests, frames of a server that are right in form, text that is UTF-8, nothing
 * after Close, and of each feed its events in order, each once, with every hole told as a gap. */
#pragma once

#include "wire/deflate.h"
#include "wire/ws_frame.h"

enum { PEER_FEEDS_MAX = 4, PEER_STALE_MAX = 8 };

struct peer_feed {
    uint64_t next; /* the event that comes next, or a gap from it */
    /* The same of the newest subscriptions before: what the outbox holds of one goes on after it has ended. */
    uint64_t stale[PEER_STALE_MAX];
    uint32_t stale_count;
    bool is_followed;
    bool is_held;
};

enum peer_stage { PEER_HTTP, PEER_OPEN, PEER_CLOSED, PEER_REFUSED };

struct peer {
    int descriptor;
    size_t seen; /* of what the server wrote */
    enum peer_stage stage;
    bool has_deflate;
    uint64_t handle;   /* once the server has said that it is open */
    int opened, ended; /* how often it was said */
    struct peer_feed feeds[PEER_FEEDS_MAX];
};

/* The peer is taken out of a feed. */
void peer_leave(struct peer_feed *feed);
/* Looks at what came since the last time. */
void peer_look(struct peer *peer);
void peer_send_frame(const struct peer *peer, uint8_t first, struct view payload, bool is_masked);
void peer_send_packed(const struct peer *peer, struct deflater *deflater, struct view text);
/* The request of an upgrade, in several forms. */
void peer_upgrade(const struct peer *peer, uint8_t form);
