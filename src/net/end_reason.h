/* SPDX-License-Identifier: Apache-2.0 */
/* Why a connection ended: symbol, label in /metrics and logs, close code that we send (0: none), whose doing it was.
 * Every accepted socket ends with exactly one of these (P3). */
#pragma once

#define END_REASONS(X)                                                                        \
    X(HTTP_DONE, "http_done", 0, "peer")        /* answered, then closed as asked */          \
    X(HTTP_IDLE, "http_idle", 0, "peer")        /* kept alive, no further request */          \
    X(HTTP_REFUSED, "http_refused", 0, "peer")  /* a bad request, answered */                 \
    X(PEER_CLOSED, "peer_closed", 1000, "peer") /* close handshake begun by peer */           \
    X(PEER_GONE, "peer_gone", 0, "peer")        /* FIN without Close */                       \
    X(PEER_RESET, "peer_reset", 0, "peer")      /* RST or a network error */                  \
    X(REQUEST_TIMEOUT, "request_timeout", 0, "peer")                                          \
    X(PROXY_HEADER, "proxy_header", 0, "proxy") /* PROXY protocol: wrong, or by a stranger */ \
    X(TLS_TIMEOUT, "tls_timeout", 0, "peer")    /* the handshake took too long */             \
    X(TLS_STRANGE, "tls_strange", 0, "peer")    /* no common version, cipher, ALPN */         \
    X(TLS_REFUSED, "tls_refused", 0, "peer")    /* an alert: it does not trust us, say */     \
    X(TLS_BROKEN, "tls_broken", 0, "peer")      /* not TLS, or not kept to */                 \
    X(PLAIN_HTTP, "plain_http", 0, "peer")      /* on a port for TLS; told so */              \
    X(OVER_LIMIT, "over_limit", 0, "limit")     /* refused: too many connections */           \
    X(PROTOCOL_ERROR, "protocol_error", 1002, "peer")                                         \
    X(NOT_UTF8, "not_utf8", 1007, "peer")                                                     \
    X(TOO_BIG, "too_big", 1009, "peer")                                                       \
    X(POLICY, "policy", 1008, "peer") /* rate limit ignored, floods */                        \
    X(NOT_SIGNED_IN, "not_signed_in", 4001, "peer")                                           \
    X(REMOVED, "removed", 4003, "server")                                                     \
    X(SLOW, "slow", 4108, "peer")                /* took nothing within the deadline */       \
    X(HEARTBEAT, "heartbeat", 4109, "peer")      /* silent for two heartbeats */              \
    X(CLOSE_TIMEOUT, "close_timeout", 0, "peer") /* our Close was not answered */             \
    X(NORMAL, "normal", 1000, "server")          /* closed by us, nothing wrong */            \
    X(SHUTDOWN, "shutdown", 1001, "server")                                                   \
    X(RESTART, "restart", 1012, "server")                                                     \
    X(HANDED_OVER, "handed_over", 0, "server") /* another process goes on with it */          \
    X(OVERLOAD, "overload", 1013, "server")                                                   \
    X(INTERNAL, "internal", 1011, "server")                                                   \
    X(NO_MEMORY, "no_memory", 0, "server")

enum end_reason {
#define X(symbol, label, code, whose) END_##symbol,
    END_REASONS(X)
#undef X
        END_REASON_COUNT,
};

const char *end_reason_label(enum end_reason reason);
/* 0: nothing is said to the peer. */
int end_reason_close_code(enum end_reason reason);
