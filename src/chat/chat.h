/* SPDX-License-Identifier: Apache-2.0 */
/* The rules: who is here, which rooms there are, who may do what. It lives on two kinds of threads.
 *
 *     shard ── door: parse, rate, identity ──▶ store's thread ── hub: members, rooms, events ──▶ shards (letters)
 *
 * The hub runs inside the store's batches, so that sends, joins, leaves and renames have one order. Nothing in it needs
 * a lock. */
#pragma once

#include "base/counter.h"
#include "base/pack.h"
#include "chat/chat_options.h"
#include "chat/token.h"
#include "net/net_events.h"
#include "net/shard.h"
#include "store/store.h"
#include "wire/command.h"

struct chat;

/* Written by one thread each: [shard] counters by the shards (one block per shard), the others by the store's thread.
 */
struct door_counters {
    struct counter commands[COMMAND_TYPE_COUNT];
    struct counter plain_messages;
    struct counter rate_limited[RATE_CLASS_COUNT];
    struct counter rate_limited_address;
    struct counter errors[ERROR_CODE_COUNT]; /* sent by the door */
    struct counter busy;                     /* the store's queue was full */
    struct counter tokens_wrong;
    struct counter tokens_outdated;
    struct counter origins_refused;
    struct counter guests_new;
    struct counter last_told;                 /* clients that told how their last connection ended */
    struct counter last_saw[LAST_SIGN_COUNT]; /* … and what they had seen before that */
};

/* Something to be done on the store's thread, before the commands of a batch: what earlier batches did is told and
 * counted in full then. Embedded in what `run` needs to know. */
struct hub_call {
    void (*run)(struct hub_call *call);
};

struct hub_counters {
    struct counter users;    /* gauge: present, or within their lease */
    struct counter sessions; /* gauge */
    struct counter rooms;    /* gauge: open, with or without members */
    struct counter members;  /* gauge: users in rooms */
    struct counter joins;
    struct counter resumes; /* of them, those that said what they had seen */
    struct counter replays_from_memory;
    struct counter replays_from_disk;
    struct counter replays_truncated;
    struct counter presence_frames;
    struct counter typing_frames;
    struct counter directs; /* direct rooms made */
    struct counter unread_frames;
    struct counter belongings;         /* users who belong to a room from now on, each room counted */
    struct counter belongings_refused; /* to too many already */
    struct counter mentions;           /* users named, each message counted for itself */
    struct counter mentions_cut;       /* texts that name more than are looked for */
    struct counter errors[ERROR_CODE_COUNT];
    struct counter acks;
    struct counter settled; /* taken and not acknowledged: their sender speaks plain text, or went meanwhile */
    struct counter adopted; /* shown after the disk's recovery; their senders had been told of a failure */
    struct counter duplicates;
    struct histogram chunk_events; /* events of one chunk */
};

/* RESULT_OK, RESULT_NO_MEMORY. The options' strings must outlive it. */
enum result chat_new(const struct chat_options *options, const struct token_key *key, struct chat **out_chat) MUST_USE;
/* Before anything starts: the store and the shards that it works with. Gives each shard its door. RESULT_OK,
 * RESULT_NO_MEMORY. */
enum result chat_bind(struct chat *chat, struct store *store, struct shard *const *shards, size_t shard_count) MUST_USE;
/* After the store's thread and the shards have ended. Accepts NULL. */
void chat_free(struct chat *chat);

/* The tables of notices that it answers to; `request` is left for http/. */
void chat_net_events(struct chat *chat, struct net_events *out_events);
void chat_store_events(struct chat *chat, struct store_events *out_events);

/* Where a request goes to, as its client knows it. */
struct chat_aim {
    struct view host;
    enum http_scheme scheme;
};
struct chat_aim chat_aim_of(const struct conn *conn);
/* May a page of that request's Origin connect? Any thread. */
bool chat_origin_is_allowed(const struct chat *chat, const struct http_request *request, const struct chat_aim *aim);

/* Clients are told to come back after a time drawn between 0 and this, so that they do not all return at once; and
 * whether somebody is there already. Any thread, before the drain. */
void chat_set_farewell(struct chat *chat, uint32_t spread_ms, bool is_restart);

/* Any thread but the store's. RESULT_OK: `call` will be run exactly once, at the latest by chat_free(). RESULT_FULL: it
 * will not. */
enum result chat_post_call(struct chat *chat, struct hub_call *call) MUST_USE;

/* The hub on its way to another process; connections carry their own part of it (net_events.pack). While the threads of
 * the store and of all shards rest. */
void chat_pack(struct chat *chat, struct builder *out);
/* Into a chat that is bound and has served nobody, before its shards are unpacked. RESULT_OK, RESULT_INVALID (these
 * bytes make no sense, or there may be fewer rooms than are open), RESULT_NO_MEMORY. */
enum result chat_unpack(struct chat *chat, struct unpack *in) MUST_USE;
/* After the last shard: whose connections stayed behind is here for as long as somebody who has left. */
void chat_unpacked(struct chat *chat);

const struct hub_counters *chat_hub_counters(const struct chat *chat);
const struct door_counters *chat_door_counters(const struct chat *chat, size_t shard_index);
size_t chat_shard_count(const struct chat *chat);
/* Store's thread, between two batches: proves that all of the hub fits together. For tests. */
void chat_check(const struct chat *chat);
