/* SPDX-License-Identifier: Apache-2.0 */
/* What two natter processes say to each other while the one takes over from the other: packets, each with its kind in
 * front. See docs/design/handover.md.
 *
 *     old                                   new
 *      │ ── HELLO, facts ──────────────────▶ │  can it be the same server?
 *      │ ◀───────────── READY or REFUSED ──  │  configuration, secret, certificates and database are fine
 *      ▨  rests                              │
 *      │ ── DESCRIPTORS …, STATE …, END ───▶ │  made again, in memory
 *      │ ◀───────────── TAKEN or REFUSED ──  │
 *      forgets                               ▨  serves
 */
#pragma once

#include "net/pack_shard.h"
#include "os/channel.h"
#include "serve/config.h"

/* Rises with every change of what is written down. Two processes that differ do not try. */
enum { PARCEL_FORMAT = 1 };
/* In the environment of the process that takes over: the descriptor of its channel. */
#define PARCEL_VARIABLE "CHANNEL_OF_NATTER"

enum parcel_kind {
    PARCEL_HELLO = 'H',
    PARCEL_READY = 'R',
    PARCEL_REFUSED = 'N',
    PARCEL_DESCRIPTORS = 'D',
    PARCEL_STATE = 'S',
    PARCEL_END = 'E',
    PARCEL_TAKEN = 'T',
};

enum { PARCEL_TEXT_BYTES_MAX = 512, PARCEL_SHARDS_MAX = 64 };

/* Where the old one listens. */
struct parcel_place {
    struct net_listen how; /* the address with the port in use; the path points into the packet */
    bool is_passed;        /* the socket is a service manager's, wherever it listens */
};

/* What both must have in common. */
struct parcel_facts {
    struct view version; /* of the program; of both, for the log */
    struct view data;    /* the folder */
    size_t listen_count;
    struct parcel_place listen[NET_LISTEN_MAX];
    size_t shard_count;
    bool has_ops;
    struct parcel_place ops;
};

void parcel_pack_facts(const struct parcel_facts *facts, struct builder *out);
/* The views, and the paths, point into what is read, and the paths have their NUL there. False: another format, or
 * nonsense. */
bool parcel_unpack_facts(struct unpack *in, struct parcel_facts *out_facts);
/* NULL: a server of this configuration can take over. Otherwise why it cannot. */
const char *parcel_mismatch(const struct parcel_facts *facts, const struct config *config);

/* Sends a packet of one kind. Results as os_channel_send(). */
enum result parcel_send(int channel, enum parcel_kind kind, struct view bytes, uint64_t deadline_ms) MUST_USE;
/* Sends all of it: descriptors, then the state in pieces, then its end with a sum. */
enum result parcel_send_state(int channel, struct view state, const struct packed_descriptors *descriptors,
                              uint64_t deadline_ms) MUST_USE;

/* What came, put together. */
struct parcel {
    struct builder state;
    struct packed_descriptors descriptors;
};
/* RESULT_OK: all of it, and the sum is right. RESULT_INVALID: it is not what was sent. Otherwise as
 * os_channel_receive(). Descriptors that came are the parcel's in any case. */
enum result parcel_receive_state(int channel, struct parcel *parcel, uint64_t deadline_ms) MUST_USE;
