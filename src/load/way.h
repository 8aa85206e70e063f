/* SPDX-License-Identifier: Apache-2.0 */
/* A client's way to its socket, plain or through TLS. `ssl` NULL: plain. Worker's thread, but for the context. */
#pragma once

#include <openssl/ssl.h>

#include "base/result.h"
#include "base/view.h"
#include "wire/decode.h"

/* What all connections share. NULL: no memory. `trusts_all`: a certificate that nobody vouches for is taken. */
SSL_CTX *way_context_new(bool trusts_all);
/* NULL: no memory. `host`: HOST:PORT as the address has it; the certificate must be for HOST. */
SSL *way_new(SSL_CTX *context, int descriptor, struct view host);
/* Goes on with the handshake. BAD: `*out_problem` says why, in words of the library. */
enum decode way_shake(SSL *ssl, const char **out_problem);

/* As os_read() and os_write(). Reading goes on until `size` bytes are there, or no more have come. */
enum result way_read(SSL *ssl, int descriptor, void *out, size_t size, size_t *out_size) MUST_USE;
enum result way_write(SSL *ssl, int descriptor, const void *at, size_t size, size_t *out_size) MUST_USE;
