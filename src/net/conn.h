/* SPDX-License-Identifier: Apache-2.0 */
/* A connection: its life from accept to close, and what other floors may ask of it. All calls on its shard's thread.
 *
 *     accepted ─▶ [PROXY] ─▶ [TLS] ─▶ REQUEST ─▶ OPEN ─▶ CLOSING ─▶ ENDED(reason)
 *                                       │  ▲                ▲
 *                                       ▼  │ kept alive     │ answered, then closed
 *                                       HTTP ───────────────┘
 */
#pragma once

#include "net/end_reason.h"
#include "net/net_events.h"
#include "os/socket.h"
#include "wire/forwarded.h"

struct conn;
struct shard;

/* Answers the request at hand. `fields`: ready field lines with CRLF (Content-Type and so on; Content-Length, Date and
 * Connection are added here), `body` is copied unless `is_static` says that it outlives everything. HEAD gets no body.
 */
struct http_answer {
    int status;
    struct view fields;
    struct view body;
    bool is_static;
    bool is_last; /* close afterwards */
};
void conn_answer(struct conn *conn, const struct http_answer *answer);

/* Queues a message of our own (opcode, payload) in the outbox; it leaves at the end of the turn. `answers`: it answers
 * one command that conn_expect_answer() announced. An overfull outbox ends the connection (END_SLOW). Ignored once
 * closing. */
void conn_send(struct conn *conn, enum ws_opcode opcode, struct view payload);
/* A command of this connection went to another thread; its answer will come as a letter. Beyond the limit no more is
 * read from it. */
void conn_expect_answer(struct conn *conn);

/* Begins the close handshake with that reason's code; `text` is the Close frame's reason, for people. The peer gets
 * what the outbox holds first. */
void conn_close(struct conn *conn, enum end_reason reason, struct view text);
/* Ends it at once, without a word. */
void conn_end(struct conn *conn, enum end_reason reason);

/* The next pulse of a connection aside comes in so many milliseconds, at the latest about 50 later. */
void conn_wake(struct conn *conn, uint32_t delay_ms);

/* It goes on in a room where an earlier connection was; for whoever looks at its life. */
void conn_note_resume(struct conn *conn);

void *conn_owner(const struct conn *conn);
void conn_set_owner(struct conn *conn, void *owner);
struct shard *conn_shard(const struct conn *conn);
/* Identifies the connection in letters from other threads, also after its end: never used twice within the life of a
 * process. */
uint64_t conn_handle(const struct conn *conn);
/* The client's address, where a trusted proxy tells it, and the peer's otherwise. */
const struct os_address *conn_address(const struct conn *conn);
bool conn_is_open(const struct conn *conn);
/* Of the request at hand: how the client speaks to the nearest end that it knows, ours or a proxy's. Unknown where
 * nobody says so whom we trust. */
enum http_scheme conn_scheme(const struct conn *conn);
bool conn_is_secure(const struct conn *conn); /* https, known for sure */
/* Of the request at hand: the host that the client asked for, as a trusted proxy or Host has it. */
struct view conn_host(const struct conn *conn);
/* How long upgrades are put off just now, for those who ask again; 0: they are let in. */
uint64_t conn_upgrade_wait_ms(const struct conn *conn);
/* Does the peer count as a proxy, and did it say who the client is, and where? */
enum conn_behind {
    CONN_DIRECT,
    CONN_BEHIND_FIELDS,       /* in the request at hand */
    CONN_BEHIND_HEADER,       /* in the PROXY header, for the whole connection */
    CONN_BEHIND_SILENT_PROXY, /* nowhere */
};
enum conn_behind conn_behind(const struct conn *conn);
/* The socket's own peer: the nearest proxy, where there is one. A system call. */
void conn_peer(const struct conn *conn, struct os_address *out_peer);
