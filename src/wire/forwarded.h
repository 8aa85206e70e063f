/* SPDX-License-Identifier: Apache-2.0 */
/* What proxies say of the request that they pass on: for whom, over which scheme, for which host. Either in
 * X-Forwarded-For, -Proto and -Host, or in Forwarded (RFC 7239). Whom to believe is the caller's matter. */
#pragma once

#include "wire/http1.h"
#include "wire/ip.h"

/* A proxy writes one kind and hands the other on as a client sent it: so only the one that was chosen is read. */
enum forwarded_kind { FORWARDED_X /* X-Forwarded-… */, FORWARDED_7239 };
enum http_scheme { SCHEME_UNKNOWN, SCHEME_HTTP, SCHEME_HTTPS };

/* One proxy's statement. */
struct forwarded_hop {
    uint8_t address[IP_BYTES]; /* whom it serves */
    bool has_address;          /* false: not said, or "unknown", "_hidden", nonsense */
    enum http_scheme scheme;
    struct view host; /* a valid one, or empty */
};

enum { FORWARDED_HOPS_MAX = 16 };

/* Reads the statements, the nearest proxy's first: the one that stands last in the request. Of more than
 * FORWARDED_HOPS_MAX the nearest count. X-Forwarded-Proto and -Host are the nearest proxy's, their last values. A
 * Forwarded that breaks the grammar says nothing: 0. Returns how many there are. */
size_t forwarded_read(const struct http_request *request, enum forwarded_kind kind,
                      struct forwarded_hop hops[FORWARDED_HOPS_MAX]);
