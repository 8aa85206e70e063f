/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of the load generator, from the TCP handshake to its end.
 *
 *     IDLE ─▶ CONNECTING ─▶ [SECURING] ─▶ UPGRADING ─▶ JOINING ─▶ READY ─▶ ENDED
 *                                               │  (--raw)         ▲
 *                                               └──────────────────┘
 *
 * An end before all are ready fails the run; a later one is counted. A storm (storm.h) takes subscribers from READY
 * back to IDLE. Worker's thread. */
#pragma once

#include "load/publisher.h"
#include "load/worker.h"
#include "wire/ws_frame.h"

enum client_state {
    CLIENT_IDLE,
    CLIENT_CONNECTING,
    CLIENT_SECURING, /* with wss:// */
    CLIENT_UPGRADING,
    CLIENT_JOINING, /* upgraded, has asked for its room */
    CLIENT_READY,
    CLIENT_ENDED,
};

struct client {
    struct ledger_stream stream;   /* of its room */
    struct ledger_stream *streams; /* with --raw: of each publisher */
    uint64_t received;
    struct publisher *publisher; /* NULL: it only reads */
    uint8_t *rest;               /* the beginning of a frame that has not come whole */
    uint32_t rest_size;
    uint32_t rest_capacity;
    char *token;             /* its identity, kept where a storm will make it come back; or NULL */
    struct builder *message; /* of a message in several frames, what has come; NULL: none ever was */
    struct builder out;
    size_t out_done;
    uint64_t key_seed;
    uint32_t number;
    uint32_t room;
    int descriptor;
    SSL *ssl; /* NULL: plain */
    enum client_state state;
    bool offers_compression;
    bool is_compression_agreed;
    bool is_message_compressed;
    bool is_due;       /* in worker->due */
    bool is_stalled;   /* never reads once it is ready */
    bool is_returning; /* it was ready before, and was dropped in a storm */
};

void client_open(struct worker *worker, struct client *client);
void client_event(struct worker *worker, struct client *client, const struct os_event *event);
/* Sends what its publisher has due. */
void client_publish(struct worker *worker, struct client *client);
/* The same at the end of the turn: for a publisher that another one's event is about. */
void client_publish_later(struct worker *worker, struct client *client);
/* Sends one frame, or keeps it until the socket takes it. */
void client_send(struct worker *worker, struct client *client, enum ws_opcode opcode, struct view payload);
void client_ready(struct worker *worker, struct client *client);
/* Ends it early, because of what the server did. */
void client_end(struct worker *worker, struct client *client, const char *why);
/* Closes its connection without a word, so that it can be opened anew and resume where it was. */
void client_drop(struct worker *worker, struct client *client);
/* Lets go of everything, at the end of the run. */
void client_done(struct client *client);
/* A stalled one: has the server ended it? Reads what the kernel holds to find out. */
bool client_is_cut(struct worker *worker, struct client *client);
