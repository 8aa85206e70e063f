/* SPDX-License-Identifier: Apache-2.0 */
/* A report of natter's (docs/reference/diagnosis.md), read: what the server saw of a request. */
#pragma once

#include "base/builder.h"

enum {
    SEEN_TEXT_MAX = 260,
    SEEN_BYTES_MAX = 16 * 1024 * 1024, /* of the limits that are told: the largest that can be configured */
    SEEN_HEARTBEAT_MS_MAX = 3600000,   /* likewise */
};

/* The fields that are looked at: member, name. */
#define SEEN_FIELDS(X)                        \
    X(host, "Host")                           \
    X(connection, "Connection")               \
    X(upgrade_field, "Upgrade")               \
    X(version, "Sec-WebSocket-Version")       \
    X(key, "Sec-WebSocket-Key")               \
    X(protocol, "Sec-WebSocket-Protocol")     \
    X(extensions, "Sec-WebSocket-Extensions") \
    X(accept_encoding, "Accept-Encoding")     \
    X(forwarded_for, "X-Forwarded-For")       \
    X(forwarded_proto, "X-Forwarded-Proto")   \
    X(forwarded, "Forwarded")                 \
    X(via, "Via")

/* An empty text: it was not there. */
struct seen {
    bool is_there;
    char server[64];
    char http[8];
    char path[SEEN_TEXT_MAX];
    char scheme[8];
    char peer[16];
    char client[16]; /* "direct", "forwarded" by a trusted proxy, or "silent": it is one, and did not say */
    char behind[16]; /* "nothing", "fields", "proxy_header" or "silent_proxy"; empty: an older natter */
    char origin[16];
    char upgrade[16];
    char fault[SEEN_TEXT_MAX];
#define X(member, name) char member[SEEN_TEXT_MAX];
    SEEN_FIELDS(X)
#undef X
    int64_t at_ms;
    int64_t text_bytes, frame_bytes, heartbeat_ms;
    bool has_compression;
};

/* False: that is no report. */
bool seen_read(struct view json, struct seen *out_seen);
