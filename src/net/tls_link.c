/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_link.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "os/socket.h"

/* Keeps what the kernel did not take. False: no memory, or far too much. */
static bool keep(struct tls_link *link, const uint8_t *at, size_t size)
{
    uint32_t left = link->rest_size - link->rest_at;

    if (left + size > TLS_REST_BYTES_MAX)
        return false;
    uint8_t *rest = malloc(left + size);
    if (!rest)
        return false;
    if (left > 0)
        memcpy(rest, link->rest + link->rest_at, left);
    memcpy(rest + left, at, size);
    free(link->rest);
    link->rest = rest;
    link->rest_size = left + (uint32_t)size;
    link->rest_at = 0;
    return true;
}

static enum result send_some(struct tls_link *link, const uint8_t *at, size_t size, size_t *out_size)
{
    enum result result = os_write(link->descriptor, at, size, out_size);

    counter_add(link->desk->writes, 1);
    if (result == RESULT_OK)
        counter_add(link->desk->bytes_out, *out_size);
    return result;
}

enum result tls_link_flush(struct tls_link *link)
{
    check(link->rest_at <= link->rest_size);
    while (link->rest_at < link->rest_size) {
        size_t sent = 0;
        enum result result = send_some(link, link->rest + link->rest_at, link->rest_size - link->rest_at, &sent);
        if (result != RESULT_OK)
            return result;
        link->rest_at += (uint32_t)sent;
    }
    free(link->rest);
    link->rest = NULL;
    link->rest_size = 0;
    link->rest_at = 0;
    return RESULT_OK;
}

/* The library's way to the socket. It never hears that the socket is full: the rest is ours. So no call of it is ever
 * left half done, and none has to be repeated with the same bytes. */
static int bio_write(BIO *bio, const char *at, int size)
{
    struct tls_link *link = BIO_get_data(bio);
    size_t sent = 0;

    BIO_clear_retry_flags(bio);
    if (!tls_link_has_rest(link)) {
        enum result result = send_some(link, (const uint8_t *)at, (size_t)size, &sent);
        if (result != RESULT_OK && result != RESULT_AGAIN)
            return -1;
        if (result == RESULT_AGAIN)
            sent = 0;
    }
    if (sent < (size_t)size && !keep(link, (const uint8_t *)at + sent, (size_t)size - sent))
        return -1;
    return size;
}

static int bio_read(BIO *bio, char *out, int size)
{
    struct tls_link *link = BIO_get_data(bio);
    size_t got = 0;

    BIO_clear_retry_flags(bio);
    switch (os_read(link->descriptor, out, (size_t)size, &got)) {
    case RESULT_OK:
        link->has_heard = true;
        counter_add(link->desk->bytes_in, got);
        return (int)got;
    case RESULT_AGAIN: BIO_set_retry_read(bio); return -1;
    case RESULT_CLOSED: BIO_set_flags(bio, BIO_FLAGS_IN_EOF); return 0;
    default: return -1;
    }
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    (void)number;
    (void)pointer;
    if (command == BIO_CTRL_EOF)
        return BIO_test_flags(bio, BIO_FLAGS_IN_EOF) != 0;
    return command == BIO_CTRL_FLUSH || command == BIO_CTRL_DUP;
}

static BIO_METHOD *bio_method;

/* One per process: bios outlive the contexts that were there when they were made. Main thread, before any shard. */
static void make_bio_method(void)
{
    if (bio_method)
        return;
    bio_method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "link");
    check(bio_method); /* a few bytes, at the start */
    BIO_meth_set_write(bio_method, bio_write);
    BIO_meth_set_read(bio_method, bio_read);
    BIO_meth_set_ctrl(bio_method, bio_control);
}

static struct tls_link *link_of(const SSL *ssl)
{
    return SSL_get_app_data(ssl);
}

static int choose_certificate(SSL *ssl, int *out_alert, void *context)
{
    const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);

    (void)out_alert;
    (void)context;
    if (name)
        SSL_set_SSL_CTX(ssl, tls_context_for(link_of(ssl)->desk->tls, name));
    return SSL_TLSEXT_ERR_OK;
}

static bool use_ticket_key(const struct tls_ticket_key *key, const uint8_t *iv, EVP_CIPHER_CTX *cipher,
                           EVP_MAC_CTX *digest, bool is_writing)
{
    OSSL_PARAM parameters[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)key->digest, sizeof key->digest),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char[]){"sha256"}, 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, key->cipher, iv, is_writing) == 1
           && EVP_MAC_CTX_set_params(digest, parameters) == 1;
}

/* 1: use it; 2: use it, and give the client a new ticket; 0: none of our keys made it, a full handshake follows. */
static int ticket(SSL *ssl, unsigned char *name, unsigned char *iv, EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *digest,
                  int is_writing)
{
    const struct tls_tickets *tickets = &link_of(ssl)->desk->tickets;

    if (is_writing) {
        memcpy(name, tickets->keys[0].name, sizeof tickets->keys[0].name);
        if (RAND_bytes(iv, EVP_CIPHER_get_iv_length(EVP_aes_256_cbc())) != 1)
            return -1;
        return use_ticket_key(&tickets->keys[0], iv, cipher, digest, true) ? 1 : -1;
    }
    for (int i = 0; i < TLS_TICKET_KEYS; i++) {
        if (memcmp(name, tickets->keys[i].name, sizeof tickets->keys[i].name) != 0)
            continue;
        if (!use_ticket_key(&tickets->keys[i], iv, cipher, digest, false))
            return -1;
        /* In TLS 1.3 a ticket is for one use: observers would know the client again. Also, a handshake that ends with
         * words of ours is not held up by a client that waits for our late acknowledgement (Nagle) to ask. */
        return i == 0 && SSL_version(ssl) < TLS1_3_VERSION ? 1 : 2;
    }
    return 0;
}

void tls_link_set_up(SSL_CTX *context)
{
    make_bio_method();
    SSL_CTX_set_tlsext_servername_callback(context, choose_certificate);
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, ticket);
}

struct tls_link *tls_link_new(struct tls_desk *desk, int descriptor, void *owner)
{
    struct tls_link *link = calloc(1, sizeof *link);

    if (!link)
        return NULL;
    link->desk = desk;
    link->descriptor = descriptor;
    link->owner = owner;
    list_init(&link->waiting);
    return link;
}

void tls_link_free(struct tls_link *link)
{
    if (!link)
        return;
    list_remove(&link->waiting);
    SSL_free(link->ssl);
    free(link->rest);
    free(link);
}

static bool begin(struct tls_link *link)
{
    BIO *bio = BIO_new(bio_method);

    link->ssl = SSL_new(tls_context(link->desk->tls));
    if (!bio || !link->ssl) {
        BIO_free(bio);
        return false;
    }
    BIO_set_data(bio, link);
    BIO_set_init(bio, 1);
    SSL_set_bio(link->ssl, bio, bio);
    SSL_set_app_data(link->ssl, link);
    SSL_set_accept_state(link->ssl);
    return true;
}

static enum tls_step explain(struct tls_link *link, int error)
{
    unsigned long first = ERR_peek_error();
    int reason = ERR_GET_REASON(first);

    link->is_broken = true;
    ERR_clear_error();
    if (error == SSL_ERROR_ZERO_RETURN || first == 0 || reason == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        return TLS_GONE;
    if (ERR_GET_LIB(first) != ERR_LIB_SSL)
        return TLS_BROKEN;
    if (reason >= SSL_AD_REASON_OFFSET)
        return TLS_REFUSED;
    switch (reason) {
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_NO_SHARED_CIPHER:
    case SSL_R_NO_SUITABLE_KEY_SHARE:
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS:
    case SSL_R_NO_APPLICATION_PROTOCOL:
    case SSL_R_VERSION_TOO_LOW:
    case SSL_R_INAPPROPRIATE_FALLBACK: return TLS_STRANGE;
    default: return TLS_BROKEN;
    }
}

enum tls_step tls_link_handshake(struct tls_link *link)
{
    if (!link->ssl && !begin(link))
        return TLS_NO_MEMORY;
    ERR_clear_error();
    int done = SSL_do_handshake(link->ssl);
    if (done == 1) {
        link->is_resumed = SSL_session_reused(link->ssl) == 1;
        return TLS_DONE;
    }
    int error = SSL_get_error(link->ssl, done);
    return error == SSL_ERROR_WANT_READ ? TLS_WAITS : explain(link, error);
}

/* After the end of TLS there may still be bytes: a peer that was refused in the middle of its sending. */
static enum result read_away(struct tls_link *link, void *out, size_t size)
{
    enum result result;
    size_t got;

    do
        result = os_read(link->descriptor, out, size, &got);
    while (result == RESULT_OK);
    return result;
}

enum result tls_link_read(struct tls_link *link, void *out, size_t size, size_t *out_size)
{
    size_t done = 0, got = 0;

    if (link->is_broken || !link->ssl)
        return read_away(link, out, size);
    ERR_clear_error();
    while (done < size && SSL_read_ex(link->ssl, (uint8_t *)out + done, size - done, &got) == 1)
        done += got;
    if (done > 0) {
        *out_size = done;
        return RESULT_OK; /* an end, if there is one, shows again */
    }
    switch (SSL_get_error(link->ssl, 0)) {
    case SSL_ERROR_WANT_READ: return RESULT_AGAIN;
    case SSL_ERROR_ZERO_RETURN: return RESULT_CLOSED;
    default:
        link->is_broken = true;
        ERR_clear_error();
        return RESULT_FAILED;
    }
}

/* The next record's plain text: from one part where it is, or several small ones put together. */
static struct view next_record(struct tls_desk *desk, const struct iovec **part, int *count, size_t *offset)
{
    size_t size = (*part)->iov_len - *offset;

    check(size > 0);
    if (*count == 1 || size >= TLS_RECORD_BYTES_MAX) {
        size = size < TLS_RECORD_BYTES_MAX ? size : TLS_RECORD_BYTES_MAX;
        struct view record = view_of((const uint8_t *)(*part)->iov_base + *offset, size);
        *offset += size;
        return record;
    }
    size_t filled = 0;
    for (;;) {
        size = (*part)->iov_len - *offset;
        size_t room = TLS_RECORD_BYTES_MAX - filled;
        size_t step = size < room ? size : room;
        memcpy(desk->record + filled, (const uint8_t *)(*part)->iov_base + *offset, step);
        filled += step;
        *offset += step;
        if (*offset < (*part)->iov_len || *count == 1)
            break;
        (*part)++;
        (*count)--;
        *offset = 0;
    }
    return view_of(desk->record, filled);
}

enum result tls_link_write(struct tls_link *link, const struct iovec *parts, int count, size_t *out_size)
{
    const struct iovec *part = parts;
    size_t offset = 0, done = 0;

    if (link->is_broken)
        return RESULT_CLOSED;
    ERR_clear_error();
    for (;;) {
        while (count > 0 && offset == part->iov_len) {
            part++;
            count--;
            offset = 0;
        }
        if (count == 0)
            break;
        enum result result = tls_link_has_rest(link) ? tls_link_flush(link) : RESULT_OK;
        if (result == RESULT_AGAIN)
            break;
        if (result != RESULT_OK)
            return result;
        struct view record = next_record(link->desk, &part, &count, &offset);
        size_t written = 0;
        if (SSL_write_ex(link->ssl, record.at, record.size, &written) != 1 || written != record.size) {
            link->is_broken = true;
            ERR_clear_error();
            return RESULT_FAILED;
        }
        done += written;
    }
    check(link->rest_size <= TLS_REST_BYTES_MAX);
    *out_size = done;
    return done > 0 ? RESULT_OK : RESULT_AGAIN;
}

void tls_link_finish(struct tls_link *link)
{
    if (link->has_notified || link->is_broken || !link->ssl)
        return;
    link->has_notified = true;
    ERR_clear_error();
    (void)SSL_shutdown(link->ssl); /* 0: the peer has not said the same yet, and need not */
    ERR_clear_error();
}
