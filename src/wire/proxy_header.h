/* SPDX-License-Identifier: Apache-2.0 */
/* The PROXY protocol, versions 1 and 2: what a proxy says about its client before that client's first byte. */
#pragma once

#include "wire/decode.h"
#include "wire/ip.h"

/* Longer ones are refused: addresses and some extensions are a few hundred bytes. */
enum { PROXY_HEADER_BYTES_MAX = 2048 };

struct proxy_header {
    bool has_source; /* false: the proxy speaks for itself (a health check), or does not know */
    uint8_t source[IP_BYTES];
    uint16_t source_port;
    bool is_secure; /* version 2 says that the client spoke TLS with the proxy */
    size_t size;    /* of the header: the client's bytes follow */
};

/* Decodes the header at the start of `bytes`. DECODE_BAD as soon as it is sure; the struct means something only when
 * DONE. Extensions that are not known are passed over. */
enum decode proxy_header_decode(struct view bytes, struct proxy_header *out_header);
