/* SPDX-License-Identifier: Apache-2.0 */
/* The places where the server listens: found free before anything starts, opened once for each shard, told in the log.
 * Main thread. */
#pragma once

#include "net/shard.h"
#include "serve/config.h"
#include "serve/parcel.h"
#include "serve/passed.h"

struct listening {
    const struct config *config;
    struct os_address addresses[NET_LISTEN_MAX]; /* with the port drawn, where 0 was asked for */
    bool is_passed[NET_LISTEN_MAX];              /* the socket's file is a service manager's */
    int shared[NET_LISTEN_MAX];  /* one for all shards: a unix socket, or one that was passed; -1: each has its own */
    const struct passed *passed; /* to this process, by a service manager; NULL: nothing was */
};

/* A place that a passed socket serves is that socket's, and has its address. Takes each other place alone first: a port
 * that another program of this user has would be shared silently otherwise. What is wrong is told in the log.
 * RESULT_OK, or what os_listen() answers; then nothing is left open. */
enum result listening_open(struct listening *listening, const struct config *config,
                           const struct passed *passed) MUST_USE;
/* The places of another process, whose sockets come from there. `places`: as many as are configured. */
void listening_take(struct listening *listening, const struct config *config, const struct parcel_place *places);
/* Another process listens there from now on: socket files stay where they are. */
void listening_give(struct listening *listening);
/* The listeners of one more shard, all of them or none. */
enum result listening_share(const struct listening *listening,
                            struct shard_listener out_listeners[NET_LISTEN_MAX]) MUST_USE;
/* The port of the first place with TLS; 0: there is none. */
uint16_t listening_tls_port(const struct listening *listening);
/* After the last shard has got its own. Tells where the server listens. */
void listening_begun(struct listening *listening);
/* Takes the socket files away. */
void listening_done(struct listening *listening);
