/* SPDX-License-Identifier: Apache-2.0 */
/* What natter notices of its own deployment, by itself: a board of a few faults, each of which is there or not. The
 * main thread looks at the evidence now and then, puts notices up, tells the log, and takes them down. Metrics, the
 * operator's API and the page read the board; none of them waits, and the shards only leave evidence
 * (ops/evidence.h). docs/howto/what-natter-noticed.md explains each, with its cure. */
#pragma once

#include "base/builder.h"
#include "base/snapshot.h"
#include "net/silence.h"
#include "ops/evidence.h"

/* Symbol, word, what it is (for the log and the operator), what to do, what visitors of the page are told. */
#define NOTICES(X)                                                                                               \
    X(UPGRADE_DROPPED, "upgrade_dropped",                                                                        \
      "requests for a WebSocket arrive without their upgrade: a proxy on the way drops it, and nobody can chat", \
      "let the proxy speak HTTP/1.1 to natter and pass Upgrade and Connection on",                               \
      "The proxy in front of this server does not let WebSockets through, so chatting does not work.")           \
    X(SOCKETS_MISSING, "sockets_missing",                                                                        \
      "browsers get the page, and their WebSockets never come: the proxy sends them elsewhere or swallows them", \
      "let the proxy pass the path of the WebSocket, /ws, on to natter like the page's",                         \
      "This page reaches the server, but its WebSocket does not, so chatting does not work.")                    \
    X(ORIGIN_REFUSED, "origin_refused",                                                                          \
      "pages of this server are refused: their origin is not the host that natter is asked for",                 \
      "let the proxy pass Host on, or set public_url",                                                           \
      "This server does not know itself by this page's address, so chatting does not work.")                     \
    X(SILENCE_CUT, "silence_cut",                                                                                \
      "connections end after the same time of silence, again and again: something on the way cuts them",         \
      "raise the timeout for idle connections on that path; until then natter pings it in time",                 \
      "Something in front of this server cuts silent connections; they come back by themselves.")                \
    X(FORWARDED_NOT_BELIEVED, "forwarded_not_believed",                                                          \
      "a proxy says who its clients are, but is not trusted: limits and logs take all of them for one",          \
      "name the proxy's address in trusted_proxies",                                                             \
      "This server does not trust its own proxy, so everybody shares the limits of one person.")                 \
    X(FORWARDED_MISSING, "forwarded_missing",                                                                    \
      "a proxy does not say who its clients are: limits and logs take all of them for one",                      \
      "let the proxy set X-Forwarded-For, and name its address in trusted_proxies",                              \
      "The proxy in front of this server hides who comes, so everybody shares the limits of one person.")        \
    X(ONE_ADDRESS, "one_address",                                                                                \
      "everybody comes from one address: that may be an office, or a proxy that natter cannot see",              \
      "if it is a proxy, let it set X-Forwarded-For, and name its address in trusted_proxies", "")
enum notice {
#define X(symbol, word, text, advice, public_text) NOTICE_##symbol,
    NOTICES(X)
#undef X
        NOTICE_COUNT,
};
const char *notice_word(enum notice notice);
const char *notice_text(enum notice notice);
const char *notice_advice(enum notice notice);
/* For visitors: no address in it. Empty: none of their business. */
const char *notice_public_text(enum notice notice);

/* More exactly, where that is known. */
enum notice_detail {
    DETAIL_NONE,
    DETAIL_HTTP_1_0,
    DETAIL_NO_UPGRADE,
    DETAIL_NO_CONNECTION,
    DETAIL_ASTRAY,
    DETAIL_CUT,
    DETAIL_FORGOTTEN,
    DETAIL_COUNT,
};

/* One notice; words of 64 bits, so that it fits a snapshot. Times are in milliseconds since 1970. */
struct notice_state {
    uint64_t is_up;
    uint64_t is_remark;   /* a thing to know, and perhaps no fault */
    uint64_t is_sure;     /* it is about a proxy nearby or a trusted one: no stranger can have made it up */
    uint64_t since_ms;    /* when it went up */
    uint64_t last_ms;     /* when evidence was last seen to grow */
    uint64_t count;       /* pieces of evidence within the window */
    uint64_t raised;      /* times that it went up, since the start */
    uint64_t detail;      /* enum notice_detail */
    uint64_t has_address; /* of the peer, or of the network */
    uint64_t address[2];
    uint64_t is_network;   /* of clients: /24 of IPv4, /48 of IPv6 */
    uint64_t number_ms;    /* of silence_cut: the age of silence; 0: not known */
    uint64_t heartbeat_ms; /* of silence_cut: the learned heartbeat */
};

enum { NOTICE_WORDS = sizeof(struct notice_state) / sizeof(uint64_t) };

struct notices {
    struct notices_options options;
    uint32_t forget_ms; /* lessons of the heartbeat older than twice this are over */
    struct evidence evidence;
    /* The main thread's. */
    struct notice_state states[NOTICE_COUNT];
    uint64_t told_ms[NOTICE_COUNT]; /* when the log was last told, by the loops' clock; 0: never */
    bool is_told[NOTICE_COUNT];     /* and has not heard of its end */
    struct counterweight {
        uint32_t count;        /* of the evidence, at the last look */
        uint64_t opened_total; /* sockets, when it last grew */
    } weights[NOTICE_COUNT];
    uint64_t opened_seen;
    struct evidence_tally opened; /* sockets that opened */
    uint64_t opened_turned_ms;
    /* For everybody to read. */
    struct snapshot shown[NOTICE_COUNT];
    struct counter words[NOTICE_COUNT][NOTICE_WORDS];
};

/* What else the main thread sees at a look. */
struct notices_view {
    uint64_t now_ms;  /* the loops' clock */
    uint64_t wall_ms; /* since 1970 */
    uint64_t opened_total;
    uint64_t open_now;
    const struct silence_lesson *lessons; /* of all shards; a path may be there several times */
    size_t lesson_count;
};

/* NULL: no memory. */
struct notices *notices_new(const struct notices_options *options, uint32_t forget_ms);
void notices_free(struct notices *notices);
/* Looks at the evidence. The main thread. */
void notices_look(struct notices *notices, const struct notices_view *view);
/* Any thread. False: it is not up. */
bool notices_read(const struct notices *notices, enum notice notice, struct notice_state *out_state);
/* Merges lessons of the same path, the shortest first; how many are left. */
size_t notices_merge_lessons(struct silence_lesson *lessons, size_t count);

/* ---- notices_tell.c: in words ---- */

/* Where the cure is: in the repository, and on the server. The word of the notice is the place in it. */
#define NOTICE_DOCS "docs/howto/what-natter-noticed.md"
#define NOTICE_PAGE "help/what-natter-noticed.html"

/* "10.0.0.2", "192.0.2.0/24", "a unix socket". */
void notice_write_address(const uint64_t address[2], bool is_network, struct builder *out);
/* What is known more exactly, for the operator: "10.0.0.2 speaks HTTP/1.0"; may be empty. */
void notice_write_detail(const struct notice_state *state, struct builder *out);
void notice_log(enum notice notice, const struct notice_state *state, bool is_up);
/* All that are up, as a JSON array: for the operator; and for visitors, the faults that are sure, without addresses. */
void notices_write(const struct notices *notices, struct builder *out);
void notices_write_public(const struct notices *notices, struct builder *out);
/* The part of it that says one to a visitor: {"notice":…,"text":…,"help":…}. */
void notice_write_public(enum notice notice, struct builder *out);
