/* SPDX-License-Identifier: Apache-2.0 */
#include "net/letters.h"

#include <stdlib.h>

#include "net/shard_inside.h"

struct reply *reply_new(enum ws_opcode opcode, struct view payload)
{
    struct reply *reply;

    if (payload.size > UINT32_MAX - WS_SERVER_HEADER_BYTES_MAX)
        return NULL;
    reply = malloc(sizeof *reply + WS_SERVER_HEADER_BYTES_MAX + payload.size);
    if (!reply)
        return NULL;
    *reply = (struct reply){
        .size = (uint32_t)payload.size,
        .start = WS_SERVER_HEADER_BYTES_MAX,
        .opcode = (uint8_t)opcode,
    };
    if (payload.size > 0)
        memcpy(reply->bytes + WS_SERVER_HEADER_BYTES_MAX, payload.at, payload.size);
    return reply;
}

struct reply *reply_new_raw(struct view bytes)
{
    struct reply *reply = reply_new(WS_TEXT, bytes);

    if (reply)
        reply->is_framed = true;
    return reply;
}

void reply_free(struct reply *reply)
{
    free(reply);
}

/* A shard never waits for a sender, so waiting for room in its mailbox always ends. */
static void post(struct shard *shard, enum net_letter kind, uint32_t number, uint64_t handle, void *object)
{
    struct letter letter = {.kind = kind, .number = number, .handle = handle, .object = object};

    mailbox_post_waiting(&shard->mailbox, &letter);
}

void shard_post_reply(struct shard *shard, uint64_t handle, struct reply *reply, bool answers)
{
    post(shard, LETTER_REPLY, answers, handle, reply);
}

void shard_post_frames(struct shard *shard, uint64_t handle, struct reply *frames, uint32_t answers)
{
    post(shard, LETTER_REPLY, answers, handle, frames);
}

void shard_post_settled(struct shard *shard, uint64_t handle)
{
    post(shard, LETTER_SETTLED, 0, handle, NULL);
}

void shard_post_subscribe(struct shard *shard, uint64_t handle, uint32_t number, uint64_t seq_next, struct reply *reply,
                          bool is_held)
{
    struct letter letter = {
        .kind = is_held ? LETTER_SUBSCRIBE_HELD : LETTER_SUBSCRIBE,
        .number = number,
        .handle = handle,
        .object = reply,
        .sequence = seq_next,
    };

    mailbox_post_waiting(&shard->mailbox, &letter);
}

void shard_post_release(struct shard *shard, uint64_t handle, uint32_t number, struct reply *reply)
{
    post(shard, LETTER_RELEASE, number, handle, reply);
}

void shard_post_unsubscribe(struct shard *shard, uint64_t handle, uint32_t number)
{
    post(shard, LETTER_UNSUBSCRIBE, number, handle, NULL);
}

void shard_post_chunk(struct shard *shard, uint32_t number, struct chunk *chunk)
{
    post(shard, LETTER_CHUNK, number, 0, chunk);
}

void shard_post_lost(struct shard *shard, uint32_t number, uint64_t seq_last)
{
    struct letter letter = {.kind = LETTER_LOST, .number = number, .sequence = seq_last};

    mailbox_post_waiting(&shard->mailbox, &letter);
}

void shard_post_close(struct shard *shard, uint64_t handle, enum end_reason reason, struct reply *reply)
{
    post(shard, LETTER_CLOSE, reason, handle, reply);
}

void shard_post_drain(struct shard *shard, enum end_reason reason)
{
    post(shard, LETTER_DRAIN, reason, 0, NULL);
}

void shard_post_end_all(struct shard *shard)
{
    post(shard, LETTER_END_ALL, 0, 0, NULL);
}

void shard_post_call(struct shard *shard, struct shard_call *call)
{
    post(shard, LETTER_CALL, 0, 0, call);
}

void shard_post_tls(struct shard *shard, struct tls *tls)
{
    post(shard, LETTER_TLS, 0, 0, tls);
}

enum result shard_post_tickets(struct shard *shard, const struct tls_tickets *tickets)
{
    struct tls_tickets *copy = malloc(sizeof *copy);

    if (!copy)
        return RESULT_NO_MEMORY;
    *copy = *tickets;
    post(shard, LETTER_TICKETS, 0, 0, copy);
    return RESULT_OK;
}

void shard_post_halt(struct shard *shard)
{
    post(shard, LETTER_HALT, 0, 0, NULL);
}

void shard_post_stop(struct shard *shard)
{
    post(shard, LETTER_STOP, 0, 0, NULL);
}
