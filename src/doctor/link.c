/* SPDX-License-Identifier: Apache-2.0 */
/* OpenSSL works on memory here, and our own calls move the bytes: so that nothing but os/ touches the socket. */
#include "doctor/link.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#include "os/clock.h"
#include "os/resolve.h"

enum { CONNECT_MS = 10000, HANDSHAKE_MS = 10000, PIECE_BYTES = 16384 };

static void last_error(char *out, size_t size)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    (void)snprintf(out, size, "%s", reason ? reason : "the other side ended it");
}

bool tls_client_init(struct tls_client *client, const char *ca_file, bool is_insecure, struct builder *out_problem)
{
    *client = (struct tls_client){.context = SSL_CTX_new(TLS_client_method()), .is_insecure = is_insecure};
    if (!client->context) {
        builder_add_string(out_problem, "OpenSSL cannot be started");
        return false;
    }
    (void)SSL_CTX_set_min_proto_version(client->context, TLS1_2_VERSION);
    (void)SSL_CTX_set_default_verify_paths(client->context);
    if (ca_file && SSL_CTX_load_verify_locations(client->context, ca_file, NULL) != 1) {
        builder_format(out_problem, "the certificates in %s cannot be read", ca_file);
        tls_client_done(client);
        return false;
    }
    return true;
}

void tls_client_done(struct tls_client *client)
{
    SSL_CTX_free(client->context);
    client->context = NULL;
}

/* Moves what OpenSSL wants to send to the socket. */
static bool push(struct link *link, int timeout_ms)
{
    uint8_t bytes[PIECE_BYTES];
    int size;

    while ((size = BIO_read(link->out, bytes, sizeof bytes)) > 0) {
        size_t done = 0;
        while (done < (size_t)size) {
            size_t sent = 0;
            enum result result = os_write(link->descriptor, bytes + done, (size_t)size - done, &sent);
            if (result == RESULT_AGAIN && !os_socket_wait(link->descriptor, true, timeout_ms))
                return false;
            if (result != RESULT_OK && result != RESULT_AGAIN)
                return false;
            done += sent;
        }
    }
    return true;
}

/* Moves what has come to OpenSSL. */
static enum result pull(struct link *link, int timeout_ms)
{
    uint8_t bytes[PIECE_BYTES];
    size_t size = 0;

    if (!os_socket_wait(link->descriptor, false, timeout_ms))
        return RESULT_AGAIN;
    enum result result = os_read(link->descriptor, bytes, sizeof bytes, &size);
    if (result == RESULT_OK)
        (void)BIO_write(link->in, bytes, (int)size);
    return result;
}

static void look_at_certificate(const struct link *link, const char *host, struct link_facts *facts)
{
    X509 *certificate = SSL_get0_peer_certificate(link->tls);
    long verdict = SSL_get_verify_result(link->tls);
    int days = 0, seconds = 0;

    if (!certificate)
        return;
    (void)snprintf(facts->protocol, sizeof facts->protocol, "%s", SSL_get_version(link->tls));
    facts->is_name_right = X509_check_host(certificate, host, 0, 0, NULL) == 1
                           || X509_check_ip_asc(certificate, host, 0) == 1;
    facts->is_in_time = X509_cmp_current_time(X509_get0_notBefore(certificate)) < 0
                        && X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0;
    (void)ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate));
    facts->days_left = days;
    facts->is_chain_right = verdict == X509_V_OK || verdict == X509_V_ERR_CERT_HAS_EXPIRED;
    if (!facts->is_chain_right)
        (void)snprintf(facts->problem, sizeof facts->problem, "%s", X509_verify_cert_error_string(verdict));
}

static bool shake_hands(struct link *link, const char *host, struct link_facts *facts)
{
    uint64_t end_ms = os_clock_monotonic_ms() + HANDSHAKE_MS;

    for (;;) {
        ERR_clear_error();
        int done = SSL_do_handshake(link->tls);
        bool is_sent = push(link, HANDSHAKE_MS);
        if (done == 1 && is_sent)
            break;
        if (done != 1 && SSL_get_error(link->tls, done) != SSL_ERROR_WANT_READ) {
            last_error(facts->problem, sizeof facts->problem);
            return false;
        }
        uint64_t now_ms = os_clock_monotonic_ms();
        enum result result = now_ms < end_ms && is_sent ? pull(link, (int)(end_ms - now_ms)) : RESULT_AGAIN;
        if (result != RESULT_OK) {
            (void)snprintf(facts->problem, sizeof facts->problem, "%s",
                           result == RESULT_AGAIN ? "no answer within 10 s" : "the other side ended the connection");
            return false;
        }
    }
    facts->is_secured = true;
    look_at_certificate(link, host, facts);
    return true;
}

static bool begin_tls(struct link *link, const struct tls_client *client, const char *host)
{
    static const uint8_t protocols[] = "\x08http/1.1"; /* a WebSocket begins in HTTP/1.1 */

    link->tls = SSL_new(client->context);
    link->in = BIO_new(BIO_s_mem());
    link->out = BIO_new(BIO_s_mem());
    if (!link->tls || !link->in || !link->out) {
        SSL_free(link->tls);
        link->tls = NULL;
        BIO_free(link->in);
        BIO_free(link->out);
        return false;
    }
    SSL_set_bio(link->tls, link->in, link->out);
    SSL_set_connect_state(link->tls);
    (void)SSL_set_alpn_protos(link->tls, protocols, sizeof protocols - 1);
    if (strspn(host, "0123456789.:") != strlen(host))
        (void)SSL_set_tlsext_host_name(link->tls, host);
    return true;
}

static bool connect_to(struct link *link, const struct os_address *address, struct link_facts *facts)
{
    enum result result = os_connect(address, &link->descriptor);

    if (result != RESULT_OK) {
        (void)snprintf(facts->problem, sizeof facts->problem, "%s",
                       result == RESULT_REFUSED ? "nothing listens there" : "the network refuses it");
        link->descriptor = -1;
        return false;
    }
    bool is_in_time = os_socket_wait(link->descriptor, true, CONNECT_MS);
    if (is_in_time && os_socket_error(link->descriptor) == 0)
        return true;
    (void)snprintf(facts->problem, sizeof facts->problem, "%s",
                   is_in_time ? "nothing listens there" : "no answer within 10 s: a firewall, or the wrong address");
    return false;
}

bool link_open(struct link *link, const struct os_address *address, const struct tls_client *client, const char *host,
               struct link_facts *out_facts)
{
    uint64_t begun_ms = os_clock_monotonic_ms();

    *out_facts = (struct link_facts){0};
    *link = (struct link){.descriptor = -1};
    if (!connect_to(link, address, out_facts))
        goto failed;
    out_facts->is_connected = true;
    out_facts->connect_ms = (int64_t)(os_clock_monotonic_ms() - begun_ms);
    os_socket_tune(link->descriptor, 0, 0);
    if (!client)
        return true;
    if (!begin_tls(link, client, host) || !shake_hands(link, host, out_facts))
        goto failed;
    out_facts->secure_ms = (int64_t)(os_clock_monotonic_ms() - begun_ms) - out_facts->connect_ms;
    if (client->is_insecure || (out_facts->is_chain_right && out_facts->is_name_right && out_facts->is_in_time))
        return true;
failed:
    link_close(link);
    return false;
}

void link_close(struct link *link)
{
    SSL_free(link->tls); /* and its two BIOs */
    if (link->descriptor >= 0)
        os_socket_close(link->descriptor);
    *link = (struct link){.descriptor = -1};
}

static bool write_plain(struct link *link, struct view bytes, int timeout_ms)
{
    while (bytes.size > 0) {
        size_t sent = 0;
        enum result result = os_write(link->descriptor, bytes.at, bytes.size, &sent);
        if (result == RESULT_AGAIN && !os_socket_wait(link->descriptor, true, timeout_ms))
            return false;
        if (result != RESULT_OK && result != RESULT_AGAIN)
            return false;
        bytes = view_skip(bytes, sent);
    }
    return true;
}

bool link_write(struct link *link, struct view bytes, int timeout_ms)
{
    if (!link->tls)
        return write_plain(link, bytes, timeout_ms);
    while (bytes.size > 0) {
        size_t piece = bytes.size < PIECE_BYTES ? bytes.size : PIECE_BYTES, written = 0;
        if (SSL_write_ex(link->tls, bytes.at, piece, &written) != 1 || !push(link, timeout_ms))
            return false;
        bytes = view_skip(bytes, written);
    }
    return true;
}

static enum result read_tls(struct link *link, struct builder *out, int timeout_ms)
{
    uint64_t end_ms = os_clock_monotonic_ms() + (uint64_t)timeout_ms;
    uint8_t bytes[PIECE_BYTES];
    size_t size = 0, total = 0;

    for (;;) {
        ERR_clear_error();
        while (SSL_read_ex(link->tls, bytes, sizeof bytes, &size) == 1) {
            builder_add(out, bytes, size);
            total += size;
        }
        int error = SSL_get_error(link->tls, 0);
        if (total > 0)
            return RESULT_OK;
        if (error == SSL_ERROR_ZERO_RETURN)
            return RESULT_CLOSED;
        if (error != SSL_ERROR_WANT_READ)
            return RESULT_FAILED;
        (void)push(link, timeout_ms); /* answers of TLS itself; a failure shows at the next read */
        uint64_t now_ms = os_clock_monotonic_ms();
        enum result result = pull(link, now_ms < end_ms ? (int)(end_ms - now_ms) : 0);
        if (result != RESULT_OK)
            return result;
    }
}

enum result link_read(struct link *link, struct builder *out, int timeout_ms)
{
    uint8_t bytes[PIECE_BYTES];
    size_t size = 0;

    if (link->tls)
        return read_tls(link, out, timeout_ms);
    if (!os_socket_wait(link->descriptor, false, timeout_ms))
        return RESULT_AGAIN;
    enum result result = os_read(link->descriptor, bytes, sizeof bytes, &size);
    if (result == RESULT_OK)
        builder_add(out, bytes, size);
    return result;
}
