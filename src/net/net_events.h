/* SPDX-License-Identifier: Apache-2.0 */
/* The notices that the connection engine sends upward, all on the connection's shard thread, none may block. Filled in
 * by serve/ (or by a small program such as the echo server). */
#pragma once

#include "base/builder.h"
#include "base/pack.h"
#include "wire/http1.h"
#include "wire/ws_frame.h"
#include "wire/ws_handshake.h"

struct conn;
struct shard;

/* What becomes of an upgrade that is right in form. */
struct net_upgrade {
    int status;            /* 101, or the refusal's status */
    const char *protocol;  /* chosen subprotocol, or NULL; a constant */
    struct builder *extra; /* further field lines of the 101 answer, each with CRLF */
    const char *refusal;   /* the refusal's body: what is wrong and what to do; a constant */
    bool is_aside;         /* net_events.aside has taken it */
};

struct net_events {
    void *context;         /* for all of these but `request` */
    void *request_context; /* for `request`, `arrived` and `faulty` */
    /* A whole HTTP request that is not a WebSocket upgrade, body included. Must answer with conn_answer() before it
     * returns. */
    void (*request)(void *context, struct conn *conn, const struct http_request *request, struct view body);
    /* A whole HTTP request has come, and is about to be answered: as a plain one, an upgrade, or one that is wrong in
     * form. Only to look at. `request_context`. May be NULL. */
    void (*arrived)(void *context, const struct conn *conn, const struct http_request *request,
                    enum ws_handshake handshake);
    /* A right upgrade request: fill in `upgrade`. May set conn_set_owner(). No slow work (P5). */
    void (*upgrade)(void *context, struct conn *conn, const struct http_request *request, const struct ws_offer *offer,
                    struct net_upgrade *upgrade);
    /* The 101 answer is in the outbox; the connection is open. */
    void (*opened)(void *context, struct conn *conn);
    /* A whole message; `payload` is valid during the call. May end or close the connection. */
    void (*message)(void *context, struct conn *conn, enum ws_opcode opcode, struct view payload);
    /* A lapped reader was moved forward in the feed `number`: append the text of the frame that tells it that events
     * `from` to `to` were skipped. */
    void (*lapped)(void *context, struct conn *conn, uint32_t number, uint64_t from, uint64_t to, struct builder *out);
    /* An upgrade was accepted before, and this connection is over now (or will be at the end of its close handshake):
     * no more messages come from it. Exactly once. */
    void (*ended)(void *context, struct conn *conn);
    /* The server drains: append the text of the frame that says goodbye to this open connection (nothing: no frame).
     * May be NULL. */
    void (*farewell)(void *context, struct conn *conn, struct builder *out);
    /* The shard is packed for another process: append what the owner of this open connection must know there. False:
     * it cannot go on there, and is bidden farewell instead. No thread of the shard runs; for both. May be NULL: there
     * are no owners. */
    bool (*pack)(void *context, struct conn *conn, struct builder *out);
    /* There: make the owner again of what `pack` appended, to the byte. False: that is not possible. */
    bool (*unpack)(void *context, struct conn *conn, struct unpack *in);
    /* The end of each turn of the loop. May be NULL. */
    void (*turned)(void *context, struct shard *shard);
    /* An upgrade that is wrong in form: `fault` says why. May answer with conn_answer(); if it does not, the fault is
     * the answer. `request_context`. May be NULL. */
    void (*faulty)(void *context, struct conn *conn, const struct http_request *request,
                   const struct http_fault *fault);
    /* Connections that are none of the others' business: their notices upgrade, opened, message and ended. Its
     * `upgrade` is asked first and takes what is its own by setting `is_aside`. They follow no feed, and have no
     * heartbeat but a pulse. NULL: there are none. */
    const struct net_events *aside;
    /* Of `aside` only: an open connection's time has come, as conn_wake() or the last pulse asked; it may also come
     * early. Returns in how many milliseconds it wants the next one. */
    uint32_t (*pulse)(void *context, struct conn *conn);
};
