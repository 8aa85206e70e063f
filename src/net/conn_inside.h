/* SPDX-License-Identifier: Apache-2.0 */
/* The connection as net/ itself sees it: one block, hot fields first. Owner: its shard's thread. Nobody outside net/
 * includes this. */
#pragma once

#include <assert.h>

#include "base/builder.h"
#include "net/conn.h"
#include "net/conn_state.h"
#include "net/feed.h"
#include "net/life.h"
#include "net/net_options.h"
#include "net/outbox.h"
#include "net/tls_link.h"
#include "wire/ws_message.h"

struct listener;

/* Lent while bytes are in flight: an incomplete head, frame or message, or bytes that wait because reading is paused.
 */
struct conn_input {
    struct builder bytes;      /* not yet understood */
    struct ws_message message; /* fragments and payloads that come in pieces */
    struct ws_header header;   /* of the frame whose payload is coming in */
    uint64_t payload_left;
    uint64_t payload_seen;
    bool is_in_payload;
};

/* A feed that the connection follows, and the index of its cursor there. */
struct place {
    uint32_t number; /* of the feed */
    uint32_t index;
};

/* Where connections wait for the shard: linked by their slots' numbers. */
enum conn_queue { QUEUE_UNREAD /* something is left to read */, QUEUE_DIRTY /* something to send */, QUEUE_COUNT };

struct conn { /* which shard it belongs to, its pool knows: conn_shard() */
    int descriptor;
    uint8_t state;         /* enum conn_state; written by conn_move only */
    uint8_t end_reason;    /* the first cause, from HTTP and CLOSING on */
    uint8_t admission : 2; /* enum admission_verdict */
    bool is_tls : 1;       /* its bytes go through `tls` */
    bool expects_tls : 1;
    bool is_redirected : 1;      /* its listener sends everybody to https */
    bool is_misplaced : 1;       /* plain HTTP on a port for TLS */
    bool is_quiet : 1;           /* until the last ping nothing went either way */
    uint8_t window_bits : 4;     /* of what we compress for this connection alone */
    uint8_t proxy : 4;           /* its number in the shard's list, from 1; 0: none, or not known */
    bool is_blocked : 1;         /* the socket took no more; the poller will say when it does */
    bool has_deflate : 1;        /* permessage-deflate was agreed */
    bool has_shared_deflate : 1; /* … with the whole window, so that shared chunks fit */
    bool is_paused : 1;          /* reads nothing: answers are pending or the outbox is full */
    bool is_opened : 1;          /* net_events.opened was called, ended was not */
    bool is_ping_sent : 1;       /* since the last inbound byte */
    bool is_close_sent : 1;
    bool is_close_received : 1;
    bool is_finished : 1;     /* our FIN is sent */
    bool is_at_end : 1;       /* the peer's FIN was read */
    bool is_kept_alive : 1;   /* after the answer at hand */
    bool is_head_only : 1;    /* the request at hand is HEAD */
    bool is_continued : 1;    /* 100 Continue was sent for the request at hand */
    bool is_draining : 1;     /* close when the request at hand is answered */
    bool reads_to_end : 1;    /* the poller said that the peer has finished: read until it shows */
    bool is_aside : 1;        /* its notices go to net_events.aside */
    bool is_proxied : 1;      /* the peer is a trusted proxy */
    bool believes_fields : 1; /* … and what it says in fields counts: it is not one that says PROXY for a client */
    bool is_client_told : 1;  /* by the proxy, for the request at hand */
    bool is_counted : 1;      /* its address, in the shard's admission */
    uint8_t hop_scheme : 2;   /* enum http_scheme of all its requests, where no field says more */
    uint8_t scheme : 2;       /* … of the request at hand */
    uint8_t queued;           /* a bit for each queue that it is in */
    uint32_t slot;            /* in shard->registry, which has its deadline */
    struct outbox outbox;
    union {
        struct place place_one; /* if it is the only one, as mostly: without an allocation */
        struct places *places;
    };
    uint16_t place_count;
    uint16_t answers_pending;
    uint16_t control_count;
    uint16_t control_s;   /* the second in which control_count counts */
    uint32_t heard_ms;    /* when the last byte came in; low 32 bits of the shard's clock, as the following ones */
    uint32_t progress_ms; /* when the socket last took a byte, or waiting bytes appeared */
    uint32_t state_ms;    /* when the state was entered, or this request began */
    uint32_t queue_next[QUEUE_COUNT];
    struct os_address address;
    struct conn_input *input;
    struct tls_link *tls; /* NULL: plain, or nothing has come yet */
    union {
        void *owner;
        struct conn *ended_next; /* once it has ended */
    };
};

static_assert(sizeof(struct conn) <= 112, "an idle connection must stay small: 15,000 of them are a normal day");

/* Who hears of it. */
const struct net_events *conn_events(const struct conn *conn);
/* The only writer of `state`: checks the table, counts, sets the deadline. */
void conn_move(struct conn *conn, enum conn_state next);
/* Begins the end: no more messages, out of all feeds, `ended` told. */
void conn_leave(struct conn *conn);
/* Moves on to CLOSING for that reason; what the outbox holds still leaves. */
void conn_begin_closing(struct conn *conn, enum end_reason reason);
/* Accepts ownership of a fresh descriptor. NULL: no memory (the descriptor is closed and counted). */
struct conn *conn_new(struct shard *shard, const struct listener *listener, int descriptor,
                      const struct os_address *address);
/* The deadline of its state has come. */
void conn_deadline(struct conn *conn);
void conn_arm(struct conn *conn, uint32_t delay_ms);
/* The time that the state has when it is entered. */
uint32_t conn_state_deadline_ms(const struct conn *conn, enum conn_state state);
void conn_mark_dirty(struct conn *conn);
void conn_mark_unread(struct conn *conn);
/* The server goes away, for that reason: says goodbye, and closes what has nothing under way. */
void conn_drain(struct conn *conn, enum end_reason reason);
/* Reads what is there, once, and works on it. */
void conn_read(struct conn *conn);
/* Stops or goes on reading as pending answers and outbox say. */
void conn_update_pause(struct conn *conn);
struct conn_input *conn_lend_input(struct conn *conn);
void conn_return_input(struct conn *conn);

/* Adds a frame to the outbox (compressed where agreed and worth it), takes ownership. Beyond the outbox's limit the
 * connection ends. */
void conn_add_reply(struct conn *conn, struct reply *reply);
/* Sends what waits: outbox, then feeds, in as few calls as possible. */
void conn_flush(struct conn *conn);
/* The socket took no more. */
void conn_block(struct conn *conn);
/* What to do once everything has left: next request, FIN, nothing. */
void conn_flushed(struct conn *conn);

/* conn_client.c: who is behind the connection. At accept, as far as that is known then. */
void conn_meet(struct conn *conn, const struct listener *listener);
/* State PROXY: reads the header, if all of it is there, and not a byte more. */
void conn_proxy_read(struct conn *conn);
/* Takes from a request's fields what a trusted proxy says. */
void conn_know_client(struct conn *conn, const struct http_request *request);

/* census.c: events of rooms that it was sent; and what is remembered of one that ends, which was in `state` before. */
uint64_t conn_events_out(struct conn *conn);
void conn_remember_end(struct conn *conn, enum conn_state state);

/* conn_silence.c: after how long a silence it is pinged, and what its end says about that. */
uint32_t conn_heartbeat_ms(const struct conn *conn);
/* The peer is the trusted proxy with that address. */
void conn_meet_proxy(struct conn *conn, const uint8_t address[IP_BYTES]);
/* It ends, open, without Close. */
void conn_silence_ended(struct conn *conn);
/* It ends because nothing came back to a ping. */
void conn_silence_deaf(struct conn *conn);
/* What is known of paths has changed: puts it into the counters. */
void shard_show_silence(struct shard *shard);
/* A ping is about to be sent; a byte has come since one was. */
void conn_silence_pinged(struct conn *conn);
void conn_silence_answered(struct conn *conn);

/* conn_tls.c: state TLS, and what follows it. */
void conn_expect_tls(struct conn *conn);
void conn_tls_wait(struct conn *conn);
/* As os_writev(); blocks the connection where the kernel did not take all of it. */
enum result conn_tls_send(struct conn *conn, const struct iovec *parts, int count, size_t *out_size) MUST_USE;
/* Says goodbye in TLS. False: it has not left yet, or the connection has ended. */
bool conn_tls_finish(struct conn *conn);

/* Both consume from the start of `bytes`; what they leave comes again with more behind it. Bytes may be changed in
 * place (unmasking). */
size_t conn_http_read(struct conn *conn, uint8_t *bytes, size_t size);
size_t conn_ws_read(struct conn *conn, uint8_t *bytes, size_t size);
void conn_ws_fault(struct conn *conn, const struct ws_fault *fault);
void conn_ws_ping(struct conn *conn);

struct place *conn_place(struct conn *conn, uint32_t i);
struct feed *place_feed(const struct conn *conn, const struct place *place);
struct cursor *place_cursor(const struct conn *conn, const struct place *place);
struct place *conn_place_of(struct conn *conn, const struct feed *feed);
void conn_subscribe(struct conn *conn, struct feed *feed, uint64_t seq_next, bool is_held);
void conn_unsubscribe(struct conn *conn, struct feed *feed);
void conn_unsubscribe_all(struct conn *conn);
