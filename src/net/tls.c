/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "net/tls_link.h"
#include "os/file.h"
#include "os/random.h"

enum { FILE_BYTES_MAX = 1024 * 1024, NAME_BYTES_MAX = 256, DAY_BYTES = 32 };

/* Forward secrecy and authenticated encryption only: all that is left of TLS 1.2 once the rest is taken away. */
static const char ciphers_1_2[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                                  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static const char ciphers_1_3[] = "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";
static const char groups[] = "X25519:P-256:P-384";

struct tls {
    _Atomic uint32_t references;
    struct tls_pair {
        SSL_CTX *context;
        X509 *certificate; /* the context's */
    } pairs[TLS_PAIRS_MAX];
    size_t pair_count;
};

struct tls *tls_ref(struct tls *tls)
{
    uint32_t before = atomic_fetch_add_explicit(&tls->references, 1, memory_order_relaxed);

    check(before > 0);
    return tls;
}

void tls_unref(struct tls *tls)
{
    if (!tls || atomic_fetch_sub_explicit(&tls->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < tls->pair_count; i++)
        SSL_CTX_free(tls->pairs[i].context);
    free(tls);
}

/* A key with a passphrase would make the library ask for it on the terminal. */
static int no_passphrase(char *out, int size, int is_writing, void *context)
{
    (void)out;
    (void)size;
    (void)is_writing;
    (void)context;
    return 0;
}

static enum result fault(struct builder *out, const char *path, const char *what)
{
    ERR_clear_error();
    builder_format(out, "%s %s", path, what);
    return RESULT_INVALID;
}

static enum result read_file(const char *path, struct builder *out, struct builder *out_fault)
{
    switch (os_file_read(path, out)) {
    case RESULT_OK: return RESULT_OK;
    case RESULT_NOT_FOUND: return fault(out_fault, path, "is not there");
    case RESULT_REFUSED: return fault(out_fault, path, "may not be read by this user");
    case RESULT_FULL: return fault(out_fault, path, "is longer than 1 MiB: it must be the file in PEM");
    default: return fault(out_fault, path, "cannot be read");
    }
}

/* The chain: the server's own certificate, then those of its issuers. */
static enum result use_certificates(SSL_CTX *context, const char *path, BIO *text, struct builder *out_fault)
{
    X509 *own = PEM_read_bio_X509_AUX(text, NULL, no_passphrase, NULL);
    X509 *issuer;

    if (!own)
        return fault(out_fault, path, "holds no certificate in PEM: it must begin with -----BEGIN CERTIFICATE-----");
    bool is_fine = SSL_CTX_use_certificate(context, own) == 1;
    X509_free(own); /* the context has its own reference */
    if (!is_fine)
        return fault(out_fault, path, "holds a certificate that is too weak: use RSA from 2048 bits on, or P-256");
    while ((issuer = PEM_read_bio_X509(text, NULL, no_passphrase, NULL))) {
        if (SSL_CTX_add0_chain_cert(context, issuer) != 1) {
            X509_free(issuer);
            return fault(out_fault, path, "holds a chain with a certificate that is too weak");
        }
    }
    ERR_clear_error(); /* the end of the file counts as an error */
    return RESULT_OK;
}

static enum result use_key(SSL_CTX *context, const char *path, BIO *text, struct builder *out_fault)
{
    EVP_PKEY *key = PEM_read_bio_PrivateKey(text, NULL, no_passphrase, NULL);

    if (!key)
        return fault(out_fault, path,
                     "holds no private key in PEM, or one with a passphrase: take it off with openssl pkey");
    bool is_fine = SSL_CTX_use_PrivateKey(context, key) == 1 && SSL_CTX_check_private_key(context) == 1;
    EVP_PKEY_free(key);
    if (!is_fine)
        return fault(out_fault, path, "is not the key of the certificate beside it");
    return RESULT_OK;
}

static enum result use_file(SSL_CTX *context, const char *path,
                            enum result (*use)(SSL_CTX *, const char *, BIO *, struct builder *),
                            struct builder *out_fault)
{
    struct builder content;

    builder_init(&content, FILE_BYTES_MAX);
    enum result result = read_file(path, &content, out_fault);
    BIO *text = result == RESULT_OK ? BIO_new_mem_buf(content.at ? content.at : (const void *)"", (int)content.size)
                                    : NULL;
    if (text)
        result = use(context, path, text, out_fault);
    else if (result == RESULT_OK)
        result = RESULT_NO_MEMORY;
    BIO_free(text);
    if (content.at)
        OPENSSL_cleanse(content.at, content.size); /* a key's text must not stay in freed memory */
    builder_done(&content);
    return result;
}

/* We speak HTTP/1.1. A client that offers other protocols only is told so, rather than answered in one that it does not
 * expect (RFC 7301 section 3.2). */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_size, const unsigned char *offered,
                           unsigned int offered_size, void *context)
{
    static const unsigned char ours[] = "\x08http/1.1";

    (void)ssl;
    (void)context;
    int choice =
        SSL_select_next_proto((unsigned char **)(uintptr_t)out, out_size, ours, sizeof ours - 1, offered, offered_size);
    return choice == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool set_up(SSL_CTX *context, enum tls_version version_min)
{
    static const unsigned char sessions_of[] = "natter";

    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE
                                     | SSL_OP_PRIORITIZE_CHACHA | SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    /* Tickets hold all there is to remember: nothing is kept here, and no lock is shared. */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
    tls_link_set_up(context);
    return SSL_CTX_set_min_proto_version(context, version_min == TLS_VERSION_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION) == 1
           && SSL_CTX_set_cipher_list(context, ciphers_1_2) == 1 && SSL_CTX_set_ciphersuites(context, ciphers_1_3) == 1
           && SSL_CTX_set1_groups_list(context, groups) == 1
           && SSL_CTX_set_session_id_context(context, sessions_of, sizeof sessions_of - 1) == 1;
}

static enum result add_pair(struct tls *tls, const struct tls_options *options, size_t i, struct builder *out_fault)
{
    const struct tls_pair_files *files = &options->pairs[i];

    if (os_file_check_private(files->key) == RESULT_REFUSED)
        return fault(out_fault, files->key,
                     "is a private key that others than its owner may read: chmod 600, owned by natter's user");
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (!context || !set_up(context, options->version_min)) {
        SSL_CTX_free(context);
        return RESULT_NO_MEMORY;
    }
    enum result result = use_file(context, files->certificate, use_certificates, out_fault);
    if (result == RESULT_OK)
        result = use_file(context, files->key, use_key, out_fault);
    if (result != RESULT_OK) {
        SSL_CTX_free(context);
        return result;
    }
    tls->pairs[tls->pair_count++] =
        (struct tls_pair){.context = context, .certificate = SSL_CTX_get0_certificate(context)};
    return RESULT_OK;
}

enum result tls_new(const struct tls_options *options, struct tls **out_tls, struct builder *out_fault)
{
    struct tls *tls = calloc(1, sizeof *tls);
    enum result result = RESULT_OK;

    if (!tls)
        return RESULT_NO_MEMORY;
    check(options->pair_count > 0 && options->pair_count <= TLS_PAIRS_MAX);
    atomic_init(&tls->references, 1);
    for (size_t i = 0; i < options->pair_count && result == RESULT_OK; i++)
        result = add_pair(tls, options, i, out_fault);
    if (result != RESULT_OK) {
        tls_unref(tls);
        return result;
    }
    *out_tls = tls;
    return RESULT_OK;
}

void tls_describe(const struct tls *tls, struct builder *out)
{
    for (size_t i = 0; i < tls->pair_count; i++) {
        const X509 *certificate = tls->pairs[i].certificate;
        char name[NAME_BYTES_MAX] = "", day[DAY_BYTES] = "";
        struct tm end = {0};

        (void)X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
        if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate), &end) == 1)
            (void)strftime(day, sizeof day, "%Y-%m-%d", &end);
        builder_format(out, "%s%s until %s", i > 0 ? ", " : "", name[0] ? name : "a certificate", day);
    }
}

SSL_CTX *tls_context(const struct tls *tls)
{
    return tls->pairs[0].context;
}

SSL_CTX *tls_context_for(const struct tls *tls, const char *name)
{
    for (size_t i = 0; i < tls->pair_count; i++) {
        if (X509_check_host(tls->pairs[i].certificate, name, 0, 0, NULL) == 1)
            return tls->pairs[i].context;
    }
    return tls->pairs[0].context;
}

void tls_tickets_rotate(struct tls_tickets *tickets)
{
    memmove(&tickets->keys[1], &tickets->keys[0], sizeof tickets->keys - sizeof tickets->keys[0]);
    os_random_bytes((uint8_t *)&tickets->keys[0], sizeof tickets->keys[0]);
}
