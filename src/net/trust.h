/* SPDX-License-Identifier: Apache-2.0 */
/* Whose word counts about a client: the addresses of the proxies in front of us. A list of prefixes, read from the
 * configuration, then only looked at. Any thread. */
#pragma once

#include "base/builder.h"
#include "os/socket.h"
#include "wire/forwarded.h"

enum { TRUST_PREFIXES_MAX = 64 };

struct trust {
    struct trust_prefix {
        uint8_t address[IP_BYTES]; /* nothing set behind the prefix */
        uint8_t bits;
    } prefixes[TRUST_PREFIXES_MAX];
    size_t count;
    bool has_unix; /* whoever may connect to our unix sockets */
};

/* Adds "192.0.2.7", "10.0.0.0/8", "fd00::/8" or "unix:". RESULT_OK, RESULT_INVALID (not of that form, or with bits set
 * behind the prefix), RESULT_FULL. */
enum result trust_add(struct trust *trust, struct view text) MUST_USE;
bool trust_has(const struct trust *trust, const uint8_t address[IP_BYTES]);
/* As it would be written. */
void trust_write(const struct trust *trust, struct builder *out);

/* Who is behind a trusted proxy: of its statements and of those before, the nearest one that is not of a trusted proxy.
 * That statement counts; those further away may be invented. NULL: nothing was said that could be believed. */
const struct forwarded_hop *trust_find_client(const struct trust *trust, const struct forwarded_hop *hops,
                                              size_t count);
