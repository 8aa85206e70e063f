/* SPDX-License-Identifier: Apache-2.0 */
/* The states of a connection: symbol, label, and which states may follow. Deadlines are set by the mover, conn_move().
 */
#pragma once

#define CONN_TO(symbol) (1u << CONN_##symbol)
#define CONN_STATES(X)                                                                                    \
    X(PROXY, "proxy", CONN_TO(TLS) | CONN_TO(REQUEST) | CONN_TO(ENDED)) /* the proxy's header comes in */ \
    X(TLS, "tls", CONN_TO(REQUEST) | CONN_TO(CLOSING) | CONN_TO(ENDED)) /* the handshake */               \
    X(REQUEST, "request",                                                                                 \
      CONN_TO(HTTP) | CONN_TO(OPEN) | CONN_TO(CLOSING) | CONN_TO(ENDED))  /* a head or body comes in */   \
    X(HTTP, "http", CONN_TO(REQUEST) | CONN_TO(CLOSING) | CONN_TO(ENDED)) /* an answer goes out */        \
    X(OPEN, "open", CONN_TO(CLOSING) | CONN_TO(ENDED))                    /* WebSocket */                 \
    X(CLOSING, "closing", CONN_TO(ENDED))                                 /* Close or FIN under way */    \
    X(ENDED, "ended", 0)

enum conn_state {
#define X(symbol, label, next) CONN_##symbol,
    CONN_STATES(X)
#undef X
        CONN_STATE_COUNT,
};
const char *conn_state_label(enum conn_state state);
