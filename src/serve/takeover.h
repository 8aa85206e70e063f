/* SPDX-License-Identifier: Apache-2.0 */
/* The other side of a hand-over: a process that was started by the one that it takes everything from. Nobody hears of
 * it before takeover_done(); until then it writes to no socket and to no file, and may end at any moment. What it
 * cannot do it says, and ends the process. Main thread. */
#pragma once

#include "serve/server_inside.h"

/* NULL: this process was started by somebody else, and begins by itself. */
struct takeover *takeover_begin(const struct config *config);
/* Everything that can be looked at beforehand is fine: says so, and waits for all that the other has, which rests from
 * then on. */
void takeover_receive(struct takeover *takeover);

/* Of the folder's lock; what the store wants to know. */
const struct store_taken *takeover_store(const struct takeover *takeover);
size_t takeover_shard_count(const struct takeover *takeover);
/* The places where the other one listens. */
void takeover_listening(const struct takeover *takeover, struct listening *listening, const struct config *config);
/* The listening sockets of the next shard, in order. */
void takeover_listeners(struct takeover *takeover, struct shard_listener out_listeners[NET_LISTEN_MAX]);
/* The operator's. False: there is none. */
bool takeover_operating(struct takeover *takeover, struct operating *operating, const struct ops_options *options);
/* What must be there before the shards are made. */
void takeover_unpack_secure(struct takeover *takeover, struct server *server);
/* The rest, into a server that is built and has not begun. */
void takeover_unpack(struct takeover *takeover, struct server *server);
/* All of it is here. From now on it is ours alone. */
void takeover_done(struct takeover *takeover, struct server *server);
/* All threads run; frees it. */
void takeover_served(struct takeover *takeover, struct server *server);
/* Says why it is not to be, and ends the process. */
_Noreturn void takeover_refuse(struct takeover *takeover, const char *why);
