/* SPDX-License-Identifier: Apache-2.0 */
/* A client of TLS for the tests, between two buffers: what it sends is in `out`, what it is to read is put in. And
 * certificates made on the spot. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/tls.h"

struct tls_client {
    SSL_CTX *context;
    SSL *ssl;
    BIO *in, *out;
};

/* A folder of its own with "NAME.pem" and "NAME.key" for each name that was made. */
struct tls_folder {
    char path[64];
};
void tls_folder_init(struct tls_folder *folder);
void tls_folder_done(struct tls_folder *folder);
/* A self-signed certificate for that name, and its key, 0600. */
void tls_folder_make(struct tls_folder *folder, const char *name);
/* The pair as files; the strings live until eight more were asked for. */
struct tls_pair_files tls_folder_pair(const struct tls_folder *folder, const char *name);
struct tls *tls_folder_load(const struct tls_folder *folder, const char *const *names, size_t count);

/* Trusts everybody. */
void tls_client_init(struct tls_client *client);
void tls_client_done(struct tls_client *client);
/* Moves bytes between its buffers and a socket, at most `size_max` each way. */
void tls_client_pump(struct tls_client *client, int descriptor, size_t size_max);
/* One step of the handshake. True: it is done. */
bool tls_client_shake(struct tls_client *client);
