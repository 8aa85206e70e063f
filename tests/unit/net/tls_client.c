/* SPDX-License-Identifier: Apache-2.0 */
#include "tls_client.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/socket.h"

void tls_folder_init(struct tls_folder *folder)
{
    (void)snprintf(folder->path, sizeof folder->path, "/tmp/natter-tls-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
}

void tls_folder_done(struct tls_folder *folder)
{
    char command[128];

    (void)snprintf(command, sizeof command, "rm -r '%s'", folder->path);
    assert_int_equal(system(command), 0);
}

struct tls_pair_files tls_folder_pair(const struct tls_folder *folder, const char *name)
{
    static char texts[16][128];
    static unsigned next;
    char *certificate = texts[next++ % 16], *key = texts[next++ % 16];

    (void)snprintf(certificate, 128, "%s/%s.pem", folder->path, name);
    (void)snprintf(key, 128, "%s/%s.key", folder->path, name);
    return (struct tls_pair_files){.certificate = certificate, .key = key};
}

void tls_folder_make(struct tls_folder *folder, const char *name)
{
    struct tls_pair_files files = tls_folder_pair(folder, name);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    char alternative[128];

    (void)snprintf(alternative, sizeof alternative, "DNS:%s", name);
    assert_non_null(key);
    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
    X509_set_pubkey(certificate, key);
    X509_NAME *subject = X509_get_subject_name(certificate);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(certificate, subject);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    FILE *file = fopen(files.certificate, "w");
    assert_non_null(file);
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    assert_int_equal(fclose(file), 0);
    file = fopen(files.key, "w");
    assert_non_null(file);
    assert_int_equal(chmod(files.key, 0600), 0);
    assert_int_equal(PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL), 1);
    assert_int_equal(fclose(file), 0);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

struct tls *tls_folder_load(const struct tls_folder *folder, const char *const *names, size_t count)
{
    struct tls_options options = {.pair_count = count};
    struct builder fault;
    struct tls *tls = NULL;

    for (size_t i = 0; i < count; i++)
        options.pairs[i] = tls_folder_pair(folder, names[i]);
    builder_init(&fault, 1024);
    assert_int_equal(tls_new(&options, &tls, &fault), RESULT_OK);
    builder_done(&fault);
    return tls;
}

void tls_client_init(struct tls_client *client)
{
    client->context = SSL_CTX_new(TLS_client_method());
    client->ssl = SSL_new(client->context);
    client->in = BIO_new(BIO_s_mem());
    client->out = BIO_new(BIO_s_mem());
    assert_non_null(client->ssl);
    BIO_set_mem_eof_return(client->in, -1);
    SSL_set_bio(client->ssl, client->in, client->out);
    SSL_set_connect_state(client->ssl);
}

void tls_client_done(struct tls_client *client)
{
    SSL_set_shutdown(client->ssl, SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN); /* else its session counts as a bad one */
    SSL_free(client->ssl);
    SSL_CTX_free(client->context);
    ERR_clear_error();
}

void tls_client_pump(struct tls_client *client, int descriptor, size_t size_max)
{
    uint8_t bytes[4096];
    size_t size = size_max < sizeof bytes ? size_max : sizeof bytes, got = 0;
    char *waiting;
    long count = BIO_get_mem_data(client->out, &waiting);

    if (count > 0 && os_write(descriptor, waiting, (size_t)count < size ? (size_t)count : size, &got) == RESULT_OK)
        assert_int_equal(BIO_read(client->out, bytes, (int)got), (int)got);
    if (os_read(descriptor, bytes, size, &got) == RESULT_OK)
        assert_int_equal(BIO_write(client->in, bytes, (int)got), (int)got);
}

bool tls_client_shake(struct tls_client *client)
{
    ERR_clear_error();
    return SSL_do_handshake(client->ssl) == 1;
}
