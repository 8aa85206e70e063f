/* SPDX-License-Identifier: Apache-2.0 */
#include "load/way.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "os/socket.h"
#include "wire/http1.h"

enum { HOST_BYTES_MAX = 256 };

SSL_CTX *way_context_new(bool trusts_all)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    if (!context)
        return NULL;
    SSL_CTX_set_mode(context,
                     SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    (void)SSL_CTX_set_default_verify_paths(context); /* without them everybody is refused, which says what is missing */
    SSL_CTX_set_verify(context, trusts_all ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, NULL);
    return context;
}

SSL *way_new(SSL_CTX *context, int descriptor, struct view host)
{
    struct view name = http_host_without_port(host);
    SSL *ssl = SSL_new(context);
    char text[HOST_BYTES_MAX];

    if (!ssl)
        return NULL;
    if (name.size > 0 && name.at[0] == '[')
        name = view_skip(view_first(name, name.size - 1), 1);
    size_t size = name.size < sizeof text ? name.size : sizeof text - 1;
    memcpy(text, name.at, size);
    text[size] = 0;
    if (X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text) != 1) {
        ERR_clear_error();
        (void)SSL_set1_host(ssl, text);
        (void)SSL_set_tlsext_host_name(ssl, text);
    }
    if (SSL_set_fd(ssl, descriptor) != 1) {
        SSL_free(ssl);
        return NULL;
    }
    SSL_set_connect_state(ssl);
    return ssl;
}

enum decode way_shake(SSL *ssl, const char **out_problem)
{
    ERR_clear_error();
    int done = SSL_do_handshake(ssl);
    int error = done == 1 ? SSL_ERROR_NONE : SSL_get_error(ssl, done);

    if (done == 1)
        return DECODE_DONE;
    if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
        return DECODE_NEED_MORE;
    *out_problem = ERR_reason_error_string(ERR_peek_error());
    if (!*out_problem)
        *out_problem = "the server ended the connection";
    return DECODE_BAD;
}

static enum result result_of(SSL *ssl)
{
    switch (SSL_get_error(ssl, 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE: return RESULT_AGAIN;
    case SSL_ERROR_ZERO_RETURN: return RESULT_CLOSED;
    default: return RESULT_FAILED;
    }
}

enum result way_read(SSL *ssl, int descriptor, void *out, size_t size, size_t *out_size)
{
    size_t done = 0, got = 0;

    if (!ssl)
        return os_read(descriptor, out, size, out_size);
    ERR_clear_error();
    while (done < size && SSL_read_ex(ssl, (uint8_t *)out + done, size - done, &got) == 1)
        done += got;
    *out_size = done;
    return done > 0 ? RESULT_OK : result_of(ssl);
}

enum result way_write(SSL *ssl, int descriptor, const void *at, size_t size, size_t *out_size)
{
    if (!ssl)
        return os_write(descriptor, at, size, out_size);
    ERR_clear_error();
    return SSL_write_ex(ssl, at, size, out_size) == 1 ? RESULT_OK : result_of(ssl);
}
