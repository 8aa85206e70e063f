/* SPDX-License-Identifier: Apache-2.0 */
/* One connection to the other side, plain or TLS, for a program that waits: each call has a deadline. Not here: what
 * the bytes mean. One thread. */
#pragma once

#include <openssl/ssl.h>

#include "base/builder.h"
#include "os/socket.h"

struct tls_client {
    SSL_CTX *context;
    bool is_insecure; /* look at the certificate, and go on whatever it is */
};

/* `ca_file`: trusted beside the system's, or NULL. False: `out_problem` says why. */
bool tls_client_init(struct tls_client *client, const char *ca_file, bool is_insecure, struct builder *out_problem);
void tls_client_done(struct tls_client *client);

/* What was seen while a link was opened. */
struct link_facts {
    bool is_connected;
    bool is_secured;     /* the TLS handshake came to its end */
    bool is_chain_right; /* somebody that this machine trusts vouches for it */
    bool is_name_right;
    bool is_in_time;
    int64_t connect_ms;
    int64_t secure_ms;
    int days_left;
    char protocol[16]; /* "TLSv1.3" */
    char problem[160]; /* why it is not connected, not secured, or not right */
};

struct link {
    int descriptor;
    SSL *tls; /* NULL: plain */
    BIO *in, *out;
};

/* Connects, and shakes hands where `client` is not NULL. False: `out_facts` says how far it came; nothing is open. */
bool link_open(struct link *link, const struct os_address *address, const struct tls_client *client, const char *host,
               struct link_facts *out_facts);
/* Tells TLS's goodbye nobody: closes. Accepts one that link_open() did not open, if it was zeroed with descriptor -1.
 */
void link_close(struct link *link);
/* All of it, or false: the other side is gone, or took too long. */
bool link_write(struct link *link, struct view bytes, int timeout_ms);
/* Waits for bytes and appends what is there. RESULT_OK, RESULT_AGAIN (none within that time), RESULT_CLOSED,
 * RESULT_FAILED (reset). */
enum result link_read(struct link *link, struct builder *out, int timeout_ms) MUST_USE;
