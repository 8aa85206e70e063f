/* SPDX-License-Identifier: Apache-2.0 */
/* The server's side of TLS that connections share: certificates with their keys, what is spoken with clients, and the
 * keys of session tickets. Immutable once made and counted, so that a reload puts a new one beside the old; connections
 * go on with what they began with. Reads files: main thread. Not here: any connection (tls_link.h). */
#pragma once

#include <openssl/ssl.h>

#include "base/builder.h"
#include "base/result.h"

enum { TLS_PAIRS_MAX = 16, TLS_TICKET_KEYS = 3 };

enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };

/* Files in PEM: the chain, the server's own certificate first, and its key without a passphrase. */
struct tls_pair_files {
    const char *certificate, *key;
};

struct tls_options {
    struct tls_pair_files pairs[TLS_PAIRS_MAX];
    size_t pair_count;
    enum tls_version version_min;
};

struct tls;

/* RESULT_OK; RESULT_INVALID: `out_fault` says what is wrong with which file, and what to do; RESULT_NO_MEMORY. */
enum result tls_new(const struct tls_options *options, struct tls **out_tls, struct builder *out_fault) MUST_USE;
struct tls *tls_ref(struct tls *tls);
void tls_unref(struct tls *tls);
/* A name and the day of expiry of each certificate, for the log. */
void tls_describe(const struct tls *tls, struct builder *out);

/* Tickets let a client come back without the costly part of a handshake. They are encrypted with the first key; those
 * of the others are still taken, and exchanged for new ones. The same on all shards. */
struct tls_tickets {
    struct tls_ticket_key {
        uint8_t name[16];
        uint8_t cipher[32];
        uint8_t digest[32];
    } keys[TLS_TICKET_KEYS];
};
/* A new first key; the last one is forgotten, and with it nobody can read any more what it protected. */
void tls_tickets_rotate(struct tls_tickets *tickets);

/* For tls_link.c: the context that a new connection begins with, and the one for the name that it asks for. */
SSL_CTX *tls_context(const struct tls *tls);
SSL_CTX *tls_context_for(const struct tls *tls, const char *name);
