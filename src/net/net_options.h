/* SPDX-License-Identifier: Apache-2.0 */
/* What the connection engine can be told. Filled in by serve/config; every number has its line in the configuration
 * reference. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/tls.h"
#include "net/trust.h"

enum { NET_LISTEN_MAX = 8 };

/* Where to accept, and what to expect there. */
struct net_listen {
    struct os_address address;
    const char *path; /* of a unix socket; NULL: the address counts */
    bool is_tls;
    bool is_redirect;      /* whatever is asked for, the answer is: ask by https */
    bool has_proxy_header; /* the PROXY protocol comes before everything else, from trusted proxies */
};

/* What happens to a subscriber who fell off a feed's tail. */
enum net_slow_policy { NET_SLOW_SKIP /* gap, then 4108 if nothing is read */, NET_SLOW_CLOSE /* 4108 at once */ };

struct net_options {
    const struct trust *trust;          /* the proxies whose word counts; NULL: none */
    enum forwarded_kind forwarded_kind; /* the fields that they write */
    const char *base_path;             /* "/chat": what is asked for below it is answered as if it were not there; "" */
    struct tls *tls;                   /* certificates; each shard takes a reference; NULL: none */
    const struct tls_tickets *tickets; /* the first ones; later ones come as letters */
    uint32_t tls_handshake_ms;         /* from accept to the handshake's end */
    uint32_t tls_slice_ms;             /* of one turn for handshakes */
    uint64_t hsts_ms;                  /* browsers are told to use https only, for so long; 0: not told */
    uint16_t redirect_port;            /* where a redirect leads to; 443 is not written */
    bool is_public_secure;             /* the public address is an https one: proxies that say nothing speak TLS */
    size_t shard_count;                /* loops, each a thread; 1 to 64 */
    int backlog;                       /* connections that the kernel holds until accepted */
    size_t connections_max;            /* in all; more are answered with 503 */
    size_t connections_per_address_max; /* IPv6 by /64; more are answered with 429; 0: no limit */
    size_t head_bytes_max;              /* of an HTTP request */
    size_t body_bytes_max;
    size_t message_bytes_max;               /* of a WebSocket message, inflated */
    uint32_t fragments_max;                 /* frames of one message */
    uint32_t control_frames_per_second_max; /* pings, pongs; beyond: 1008; 0: no limit */
    uint32_t answers_pending_max; /* commands of one connection whose answer is on its way; more are not read until one
                                     came */
    size_t outbox_bytes_max;      /* answers queued for one connection; beyond half of it its commands are not read */
    size_t feed_bytes_max;        /* of one room on one shard */
    uint32_t request_ms;          /* from the first byte of a request to its end, and from accept to the first byte */
    uint32_t keep_alive_ms;       /* between requests */
    uint32_t heartbeat_ms;        /* silence after which we ping; after two of them we close */
    uint32_t heartbeat_floor_ms;  /* of what is learned of paths that cut sooner */
    uint32_t heartbeat_forget_ms; /* without evidence, what was learned is tried anew; 0: nothing is learned */
    uint32_t write_ms;            /* bytes wait and none is taken: the connection ends */
    uint32_t close_ms;            /* for the other side's Close and FIN */
    int send_buffer_bytes;        /* SO_SNDBUF; 0: the kernel's */
    int unsent_bytes_max;         /* TCP_NOTSENT_LOWAT; 0: the kernel's */
    enum net_slow_policy slow_policy;
    bool has_compression;         /* permessage-deflate is offered */
    int compression_level;        /* 1 to 9 */
    size_t compression_bytes_min; /* shorter messages are sent plain */
    size_t mailbox_letters;       /* of each shard */
    size_t flush_slice; /* subscribers served before the loop looks at its sockets again; a room of more than 32 times
                           as many is served in 32 slices, of 1,024 at most */
    size_t ended_max;   /* ended connections that each shard remembers; 0: none */
    uint32_t slow_turn_ms; /* longer turns of the loop are counted as slow; 0: none is */
};
