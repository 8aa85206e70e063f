/* SPDX-License-Identifier: Apache-2.0 */
/* TLS over one socket: what os_read() and os_writev() are for a plain one. Everything that is given to it is encrypted
 * and so taken at once; what the kernel does not take of that is kept here (one record at most, and its alerts), and
 * nothing more is taken before it has left. Shard thread. */
#pragma once

#include <sys/uio.h>

#include "base/counter.h"
#include "base/list.h"
#include "net/tls.h"

enum {
    TLS_RECORD_BYTES_MAX = 16384, /* of plain text (RFC 8446 section 5.1) */
    TLS_REST_BYTES_MAX = 65536,
};

/* A shard's side of TLS. */
struct tls_desk {
    struct tls *tls; /* NULL: there is none */
    struct tls_tickets tickets;
    struct list_link waiting; /* links whose handshake can go on */
    struct counter *bytes_in, *bytes_out, *writes;
    uint8_t record[TLS_RECORD_BYTES_MAX]; /* small parts are put together here */
};

struct tls_link {
    struct list_link waiting;
    struct tls_desk *desk;
    void *owner;
    SSL *ssl;
    uint8_t *rest; /* encrypted, and not yet taken by the kernel */
    uint32_t rest_size, rest_at;
    int descriptor;
    bool has_heard;  /* a byte came */
    bool is_broken;  /* no word of TLS any more */
    bool is_resumed; /* it came back with a ticket */
    bool has_notified;
};

enum tls_step {
    TLS_DONE,
    TLS_WAITS,   /* for the peer */
    TLS_STRANGE, /* nothing in common: version, cipher, protocol */
    TLS_REFUSED, /* by the peer, who does not trust us, say */
    TLS_BROKEN,  /* what came is not TLS */
    TLS_GONE,    /* the peer has left */
    TLS_NO_MEMORY,
};

/* NULL: no memory. The descriptor stays its owner's. */
struct tls_link *tls_link_new(struct tls_desk *desk, int descriptor, void *owner);
void tls_link_free(struct tls_link *link);
/* Goes on with the handshake as far as what has come allows. */
enum tls_step tls_link_handshake(struct tls_link *link);

/* As os_read(), until `size` bytes are there or no more: it reads to RESULT_AGAIN, unless it has filled `out`. */
enum result tls_link_read(struct tls_link *link, void *out, size_t size, size_t *out_size) MUST_USE;
/* As os_writev(). What it takes it has encrypted: see tls_link_has_rest(). */
enum result tls_link_write(struct tls_link *link, const struct iovec *parts, int count, size_t *out_size) MUST_USE;
/* Gives the kernel what is left. RESULT_OK: nothing is left; RESULT_AGAIN, RESULT_CLOSED, RESULT_FAILED. */
enum result tls_link_flush(struct tls_link *link) MUST_USE;
/* Says that nothing more comes (close_notify), once. It may be in the rest. */
void tls_link_finish(struct tls_link *link);

static inline bool tls_link_has_rest(const struct tls_link *link)
{
    return link->rest_size > 0;
}

/* For tls.c: what a context needs to work with links. */
void tls_link_set_up(SSL_CTX *context);
