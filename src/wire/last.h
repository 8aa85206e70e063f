/* SPDX-License-Identifier: Apache-2.0 */
/* What a client that comes back tells of how its last connection ended: the other half of the story, the field `last`
 * of `login` and `ping`. docs/protocol.md is the contract. It is checked for form; whether it is true nobody knows. */
#pragma once

#include <jansson.h>

#include "base/view.h"

/* What the client saw before the end: symbol, word on the wire. */
#define LAST_SIGNS(X)                                                            \
    X(OFFLINE, "offline") /* the browser said that there was no network */       \
    X(ONLINE, "online")   /* … and that there was one again */                 \
    X(VISIBLE, "visible") /* the page came back to the front */                  \
    X(WAKE, "wake")       /* a timer came far too late: the machine had slept */ \
    X(PROBE, "probe")     /* its ping was not answered in time */                \
    X(SILENT, "silent")   /* it gave the connection up, without a close event */ \
    X(BYE, "bye")         /* the server had said bye */                          \
    X(OPENING, "opening") /* it ended before the welcome */

enum last_sign {
#define X(symbol, text) LAST_##symbol,
    LAST_SIGNS(X)
#undef X
        LAST_SIGN_COUNT,
};
const char *last_sign_text(enum last_sign sign);

enum {
    LAST_CONNECTION_BYTES_MAX = 40,
    LAST_REASON_BYTES_MAX = 123, /* of a Close frame (RFC 6455 section 5.5) */
    LAST_SAW_MAX = 16,
    LAST_CODE_MAX = 4999,
};

struct last {
    struct view connection; /* from its welcome; empty: it had none */
    struct view reason;
    uint64_t ago_ms;
    uint16_t code;
    uint32_t saw; /* a bit for each sign */
};

/* The views are the document's. False: `*out_text` is a sentence that says what is wrong. Words in "saw" that are not
 * known are passed over: a newer client may see more. */
bool last_read(const json_t *value, struct last *out, const char **out_text);
