/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates of the server: read at start and again on demand, checked before they are used; and the keys of
 * tickets, new ones from time to time. Shards get both as letters. Main thread. */
#pragma once

#include "net/letters.h"
#include "net/shard.h"
#include "serve/config.h"

struct secure {
    const struct config *config;
    struct tls *tls; /* NULL: no address has TLS */
    struct tls_tickets tickets;
    uint64_t rotated_ms;
};

/* RESULT_OK, also where no TLS is wanted; RESULT_INVALID (told in the log), RESULT_NO_MEMORY. */
enum result secure_open(struct secure *secure, const struct config *config) MUST_USE;
/* Reads the files again. What is wrong with them is told in the log, and the old ones stay in use. */
void secure_reload(struct secure *secure, struct shard *const *shards, size_t shard_count);
/* Makes new keys for tickets if it is time. Returns in how many milliseconds it will be. */
uint64_t secure_turn(struct secure *secure, struct shard *const *shards, size_t shard_count);
void secure_done(struct secure *secure);
