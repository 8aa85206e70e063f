/* SPDX-License-Identifier: Apache-2.0 */
/* Letters to a shard. Posting is any thread's; what the letter owns passes over.
 *
 * Order is kept per sender: a subscription that is posted before a chunk sees the chunk, one posted after it does not.
 */
#pragma once

#include "net/chunk.h"
#include "net/end_reason.h"
#include "net/tls.h"
#include "os/mailbox.h"
#include "wire/ws_frame.h"

struct shard;

enum net_letter {
    LETTER_REPLY,
    LETTER_SETTLED,
    LETTER_SUBSCRIBE,
    LETTER_SUBSCRIBE_HELD,
    LETTER_RELEASE,
    LETTER_UNSUBSCRIBE,
    LETTER_CHUNK,
    LETTER_LOST,
    LETTER_CLOSE,
    LETTER_DRAIN,
    LETTER_END_ALL,
    LETTER_CALL,
    LETTER_TLS,
    LETTER_TICKETS,
    LETTER_HALT,
    LETTER_STOP,
};

/* Something to be done on the shard's thread, between two connections: nothing of the shard changes meanwhile. Embedded
 * in what `run` needs to know. */
struct shard_call {
    void (*run)(struct shard_call *call, struct shard *shard);
};

/* A ready answer to one connection: payload with room for the header in front. */
struct reply {
    struct reply *next; /* in the outbox */
    uint32_t size;      /* of the frame in bytes */
    uint32_t offset;    /* sent so far */
    uint32_t start;     /* of the frame in bytes[] */
    uint8_t opcode;
    bool is_framed; /* header written */
    uint8_t bytes[];
};

/* Copies the payload. NULL: no memory. Any thread. */
struct reply *reply_new(enum ws_opcode opcode, struct view payload);
/* Bytes that are sent as they are: whole frames, HTTP, or a frame's rest. NULL: no memory. Any thread. */
struct reply *reply_new_raw(struct view bytes);
void reply_free(struct reply *reply);

/* To the connection's outbox; dropped if it has ended. `answers`: it settles one conn_expect_answer(). */
void shard_post_reply(struct shard *shard, uint64_t handle, struct reply *reply, bool answers);
/* Ready frames, made by reply_new_raw(), that settle as many expected answers. */
void shard_post_frames(struct shard *shard, uint64_t handle, struct reply *frames, uint32_t answers);
/* Settles an expected answer that has no frame. */
void shard_post_settled(struct shard *shard, uint64_t handle);
/* Puts the connection into the feed `number`, at its end, where event `seq_next` is the next one to come; `reply` (may
 * be NULL) goes into the outbox first. Held: nothing of the feed is sent before shard_post_release(). Not held: settles
 * the expected answer of the command that subscribed. */
void shard_post_subscribe(struct shard *shard, uint64_t handle, uint32_t number, uint64_t seq_next, struct reply *reply,
                          bool is_held);
/* Lets a held subscription go; `reply` goes into the outbox first. Settles the expected answer of the command that
 * subscribed. */
void shard_post_release(struct shard *shard, uint64_t handle, uint32_t number, struct reply *reply);
void shard_post_unsubscribe(struct shard *shard, uint64_t handle, uint32_t number);
/* One chunk to a feed of that shard; the reference is given. */
void shard_post_chunk(struct shard *shard, uint32_t number, struct chunk *chunk);
/* No memory for a chunk with events up to `seq_last`: every subscriber is told of a gap instead. */
void shard_post_lost(struct shard *shard, uint32_t number, uint64_t seq_last);
/* `reply` (may be NULL) is sent, then the close handshake begins. */
void shard_post_close(struct shard *shard, uint64_t handle, enum end_reason reason, struct reply *reply);
/* Begins to drain: stop accepting; every open connection gets the frame of net_events.farewell and the reason's Close,
 * the others end when served. */
void shard_post_drain(struct shard *shard, enum end_reason reason);
/* Ends all connections at once and takes no more; the loop goes on, so that other threads can still post. */
void shard_post_end_all(struct shard *shard);
/* `call` is run exactly once, at the latest when the shard is freed. */
void shard_post_call(struct shard *shard, struct shard_call *call);
/* New certificates for connections that come from now on; a reference is given. */
void shard_post_tls(struct shard *shard, struct tls *tls);
/* New keys for tickets, copied. RESULT_OK or RESULT_NO_MEMORY: the old ones stay. */
enum result shard_post_tickets(struct shard *shard, const struct tls_tickets *tickets) MUST_USE;
/* The loop ends after this turn, and everything stays as it is: shard_start() goes on with it. */
void shard_post_halt(struct shard *shard);
/* Ends all that is left, then the loop. */
void shard_post_stop(struct shard *shard);
