/* SPDX-License-Identifier: Apache-2.0 */
/* What a shard knows of paths that cut silent connections: evidence in, the heartbeat's interval out. A path is a
 * trusted proxy's address, or the network of clients (IPv4: /24, IPv6: /48). Of two kinds of silence each has its own
 * evidence: that of the client alone, and that in both directions.
 *
 *     cut        ended at an age of silence, without Close. Ages that are nearly the same, SILENCE_PROOFS of them,
 *                prove a limit; the path is pinged after 4/5 of the least of them.
 *     deaf       nothing came back to a ping: something forgot the connection before, nobody knows when. SILENCE_PROOFS
 *                of these, and half of the interval is tried.
 *     survived, answered     speak against it, one against one.
 *
 * Without evidence for a while the path is on trial: probes alone go back to the configured interval. After twice as
 * long it is forgotten. No clock, no memory but its own; the shard's thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wire/ip.h"

enum {
    SILENCE_SETS = 64,
    SILENCE_WAYS = 4,         /* paths of one set: the one that has been without evidence longest makes room */
    SILENCE_AGES = 8,         /* of the newest cuts that are kept */
    SILENCE_PROOFS = 4,       /* chance alone rarely makes so many the same */
    SILENCE_LESSONS_MAX = 16, /* that are shown: those with the shortest heartbeats */
};

enum silence_kind { SILENCE_OF_CLIENT, SILENCE_OF_BOTH, SILENCE_KIND_COUNT };

/* How long it was silent in each way, in milliseconds. */
struct silence_ages {
    uint32_t ms[SILENCE_KIND_COUNT];
};

struct silence_key {
    uint8_t address[IP_BYTES]; /* nothing set behind the network's bits */
    bool is_proxy;
};

struct silence_path {
    struct silence_key key;
    bool is_used;
    uint8_t counts[SILENCE_KIND_COUNT];
    uint8_t deaf_count;
    uint32_t ages[SILENCE_KIND_COUNT][SILENCE_AGES]; /* oldest first */
    uint32_t deaf_ms;                                /* the interval at which it was deaf */
    uint32_t interval_ms;                            /* learned; 0: nothing */
    uint32_t cut_ms;                                 /* the age of silence that taught it; 0: nobody knows it */
    uint64_t evidence_ms;                            /* when the newest came */
};

struct silence {
    uint32_t heartbeat_ms; /* as configured: never exceeded */
    uint32_t floor_ms;     /* never pinged sooner; cuts of a younger silence say nothing */
    uint32_t forget_ms;    /* 0: nothing is learned */
    size_t used_count;
    struct silence_path paths[SILENCE_SETS][SILENCE_WAYS];
};

/* What was learned of one path, for those who look at it: words of 64 bits, so that it can be kept in a snapshot. */
struct silence_lesson {
    uint64_t address[2];  /* its bytes; nothing set behind the network's bits */
    uint64_t is_proxy;    /* 0: a network of clients */
    uint64_t interval_ms; /* after how long a silence it is pinged; 0: no lesson */
    uint64_t cut_ms;      /* the age of silence at which it cuts; 0: it forgets, nobody knows when */
    uint64_t evidence_ms; /* when the newest evidence came */
};

struct silence_key silence_key_of_proxy(const uint8_t address[IP_BYTES]);
struct silence_key silence_key_of_client(const uint8_t address[IP_BYTES]);

/* Each returns the interval that was learned from this piece of evidence; 0: none, or the same as before. */
uint32_t silence_cut(struct silence *silence, const struct silence_key *key, uint64_t now_ms,
                     const struct silence_ages *ages);
uint32_t silence_deaf(struct silence *silence, const struct silence_key *key, uint64_t now_ms, uint32_t interval_ms);

/* Still there after so long a silence. */
void silence_survived(struct silence *silence, const struct silence_key *key, const struct silence_ages *ages);
/* A ping after `interval_ms` in which nothing went either way was answered. */
void silence_answered(struct silence *silence, const struct silence_key *key, uint32_t interval_ms);

/* After how long a silence that path is to be pinged. `is_probe`: this connection may find out whether it still must.
 */
uint32_t silence_interval(struct silence *silence, const struct silence_key *key, uint64_t now_ms, bool is_probe);

/* All that is known of paths, for a shard of another process; there it is added to what is known already. False: these
 * bytes make no sense, and the reader has failed. */
struct builder;
struct unpack;
void silence_pack(const struct silence *silence, struct builder *out);
bool silence_unpack(struct silence *silence, struct unpack *in);

/* How many paths have a learned interval; the shortest of them, 0 if there is none. */
size_t silence_learned_count(const struct silence *silence, uint32_t *out_shortest_ms);
/* Writes them, those with the shortest heartbeat first, and how many there are, SILENCE_LESSONS_MAX at the most. */
size_t silence_list(const struct silence *silence, struct silence_lesson out_lessons[SILENCE_LESSONS_MAX]);
