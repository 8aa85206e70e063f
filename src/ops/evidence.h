/* SPDX-License-Identifier: Apache-2.0 */
/* What requests tell of faults around the server: a proxy that drops an upgrade, pages whose sockets do not come,
 * clients whose address nobody names. Here it is only counted; what it amounts to is ops/notices' business.
 *
 * Seen on every HTTP request, never on a message. Shared by all shards without a lock: relaxed atomics in tables that
 * never grow. What is counted wrongly, when a place changes hands at the same instant, is one piece of evidence.
 *
 *     peers     by address of the socket's other end: what is wrong with it, and what goes right. Trusted proxies have
 *               a place, and others once there is something wrong. Half of each set is for peers nearby, so that
 *               strangers cannot fill it.
 *     clients   by hash of the client's address, nothing else is kept of them: pages that wait for their sockets
 *
 * Evidence counts for a window, in two halves: evidence_sweep() moves the present half to the past one. */
#pragma once

#include "base/counter.h"
#include "ops/ops_options.h"
#include "wire/ip.h"
#include "wire/ws_handshake.h"

enum {
    EVIDENCE_SETS = 16,
    EVIDENCE_WAYS = 4,
    EVIDENCE_WAYS_OF_ANYBODY = 2, /* the others are for peers nearby */
    EVIDENCE_CLIENTS = 4096,      /* hashes; clients with the same one speak for each other */
};

/* What a request says about the peer that it came from. */
enum evidence_kind {
    EVIDENCE_HTTP_1_0,           /* an upgrade by HTTP/1.0 */
    EVIDENCE_UPGRADE_DROPPED,    /* a key, but no Upgrade */
    EVIDENCE_CONNECTION_DROPPED, /* a key, but no Connection: Upgrade */
    EVIDENCE_UPGRADED,           /* none of these: a right one */
    EVIDENCE_NOT_BELIEVED,       /* it names clients, and is not trusted */
    EVIDENCE_NAMELESS,           /* not trusted, and names none */
    EVIDENCE_UNTOLD,             /* it is trusted, and names no client */
    EVIDENCE_HIDDEN,             /* the same, but it can only be a proxy: on this machine, for another name */
    EVIDENCE_TOLD,               /* it is trusted, and names the client */
    EVIDENCE_KIND_COUNT,
};

/* Faults of peers, each with what is evidence for and against it. */
enum peer_fault { PEER_DROPS_UPGRADES, PEER_NOT_BELIEVED, PEER_NAMES_NOBODY, PEER_FAULT_COUNT };

/* So many in the present half of the window; only the sweeper touches the past one. */
struct evidence_tally {
    _Atomic uint32_t present;
    uint32_t past;
};

struct evidence_peer {
    _Atomic uint32_t is_taken; /* 0: free, 1: about to be, 2: yes */
    _Atomic uint64_t address[2];
    struct evidence_tally tallies[EVIDENCE_KIND_COUNT];
    _Atomic uint32_t right_in_row[PEER_FAULT_COUNT]; /* against the fault, since the last that was for it */
};

struct evidence {
    struct evidence_peer peers[EVIDENCE_SETS][EVIDENCE_WAYS];
    _Atomic uint32_t peer_count;
    _Atomic uint64_t clients[EVIDENCE_CLIENTS];
    struct evidence_tally pleas;      /* of pages that run and get no socket */
    struct evidence_tally astray;     /* of these: the socket's path leads somewhere else */
    struct evidence_tally misorigins; /* of these: their origin is refused */
    struct evidence_tally lost;       /* pages whose sockets never came */
    struct evidence_tally totals[EVIDENCE_KIND_COUNT];
    struct evidence_tally one, others; /* upgrades of one address, and of all others */
    _Atomic uint64_t one_hash;         /* of that address; 0: there is none yet */
    _Atomic uint64_t one_address[2];
    struct counter visits_total, pleas_total, lost_total, unplaced_total; /* for ever; the last: no place was free */
    uint64_t turned_ms;                                                   /* the sweeper's: when the halves moved */
};

/* One request. `peer` is the socket's other end, `client` is whom it counts for. */
struct sighting {
    const struct http_request *request;
    enum ws_handshake handshake;
    uint8_t peer[IP_BYTES];
    uint8_t client[IP_BYTES];
    bool is_trusted;     /* the peer is a trusted proxy */
    bool is_client_told; /* and said whose request it is */
    uint64_t now_ms;
};

/* Is there anything to see in it? Asked first, since most requests are about neither pages nor sockets. */
bool evidence_matters(const struct http_request *request, enum ws_handshake handshake);
/* Any thread. */
void evidence_see(struct evidence *evidence, const struct sighting *sighting);

/* A page says that it runs and gets no socket. Any thread. */
struct plea {
    uint8_t client[IP_BYTES];
    bool is_astray;    /* the socket's path does not lead here */
    bool is_misorigin; /* an upgrade with the page's origin would be refused */
    uint64_t now_ms;
};
/* Counts once for each client and `socket_ms`. */
void evidence_plead(struct evidence *evidence, const struct plea *plea, uint32_t socket_ms);
/* Does that peer drop upgrades, as far as is known now? Any thread. */
bool evidence_drops_upgrades(const struct evidence *evidence, const uint8_t peer[IP_BYTES]);

/* Counts pages whose time is over, and moves the halves of the window when that is due. One thread. */
void evidence_sweep(struct evidence *evidence, const struct notices_options *options, uint64_t now_ms);
/* Both halves. The sweeper's thread. */
uint32_t evidence_sum(const struct evidence_tally *tally);
/* Of the peers that have the fault by the evidence (enough of it, more for it than against it, and not as much against
 * it in a row), the one with most: its address and how much there is for it. 0: none has it. The sweeper's thread. */
uint32_t evidence_worst(const struct evidence *evidence, enum peer_fault fault, uint32_t least,
                        const struct evidence_peer **out_peer);
/* How much there is for and against the fault, with all peers taken together. The sweeper's thread. */
void evidence_balance(const struct evidence *evidence, enum peer_fault fault, uint32_t *out_for, uint32_t *out_against);
