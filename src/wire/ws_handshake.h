/* SPDX-License-Identifier: Apache-2.0 */
/* The opening handshake (RFC 6455 section 4.2) on top of a decoded HTTP request: is it a right upgrade, what was
 * offered, and the answer's bytes. Policy (Origin, identity, limits) is its caller's. */
#pragma once

#include "base/builder.h"
#include "wire/deflate.h"
#include "wire/http1.h"

struct ws_offer {
    struct view key;       /* Sec-WebSocket-Key, 24 characters */
    struct view protocols; /* the list as sent, empty if none: see ws_protocol_is_offered */
    bool has_deflate;      /* an acceptable permessage-deflate offer was found */
    struct deflate_terms deflate;
};

enum ws_handshake {
    WS_HANDSHAKE_RIGHT,
    WS_HANDSHAKE_NOT_ASKED, /* a plain request without Upgrade: websocket (answer 426) */
    WS_HANDSHAKE_BAD,       /* the fault names the field (400; or 426 for another version: say 13 in the answer) */
};

/* Checks method GET, HTTP/1.1, Upgrade and Connection tokens, exactly one Key of 16 bytes in base64, Version 13, no
 * body. */
enum ws_handshake ws_handshake_read(const struct http_request *request, struct ws_offer *out_offer,
                                    struct http_fault *out_fault);

/* Is `protocol` (case-sensitive) in the list offered over all Sec-WebSocket-Protocol fields? */
bool ws_protocol_is_offered(const struct http_request *request, const char *protocol);

struct ws_answer {
    struct view key;
    const char *protocol;                /* chosen, or NULL */
    const struct deflate_terms *deflate; /* agreed, or NULL */
    struct view extra;                   /* ready field lines, each with CRLF; may be empty */
};
/* Appends the whole 101 answer to `out`. */
void ws_handshake_answer(const struct ws_answer *answer, struct builder *out);

/* Sec-WebSocket-Accept for a key: 28 characters and a NUL (section 4.2.2 item 5.4). False: there was no memory. Any
 * thread. */
bool ws_accept_value(struct view key, char out[29]) MUST_USE;
