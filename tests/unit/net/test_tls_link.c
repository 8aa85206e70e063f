/* SPDX-License-Identifier: Apache-2.0 */
#include "net/tls_link.h"

#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "os/random.h"
#include "os/socket.h"
#include "tls_client.h"

int test_tls_link(void);

enum { STEPS_MAX = 100000, STREAM_BYTES = 1 << 20 };

struct pair {
    struct tls_folder folder;
    struct counter bytes_in, bytes_out, writes;
    struct tls_desk desk;
    struct tls_link *link;
    struct tls_client client;
    int server, peer;
};

static const char *const names[] = {"a.example", "b.example"};

static void connect_pair(struct pair *pair)
{
    int ends[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    pair->server = ends[0];
    pair->peer = ends[1];
    pair->link = tls_link_new(&pair->desk, pair->server, pair);
    assert_non_null(pair->link);
    tls_client_init(&pair->client);
}

static void begin(struct pair *pair)
{
    os_random_init();
    *pair = (struct pair){.desk = {.tls = NULL}};
    tls_folder_init(&pair->folder);
    tls_folder_make(&pair->folder, names[0]);
    tls_folder_make(&pair->folder, names[1]);
    pair->desk.tls = tls_folder_load(&pair->folder, names, 2);
    pair->desk.bytes_in = &pair->bytes_in;
    pair->desk.bytes_out = &pair->bytes_out;
    pair->desk.writes = &pair->writes;
    list_init(&pair->desk.waiting);
    for (int i = 0; i < TLS_TICKET_KEYS; i++)
        tls_tickets_rotate(&pair->desk.tickets);
    connect_pair(pair);
}

static void part(struct pair *pair)
{
    tls_client_done(&pair->client);
    tls_link_free(pair->link);
    os_socket_close(pair->server);
    os_socket_close(pair->peer);
}

static void end(struct pair *pair)
{
    part(pair);
    tls_unref(pair->desk.tls);
    tls_folder_done(&pair->folder);
}

static void try_flush(struct tls_link *link)
{
    enum result result = tls_link_flush(link);

    assert_true(result == RESULT_OK || result == RESULT_AGAIN || result == RESULT_CLOSED);
}

/* Shakes hands, moving at most so many bytes at a time; what the server's side came to. */
static enum tls_step shake(struct pair *pair, size_t size_max)
{
    enum tls_step step = TLS_WAITS;
    bool is_done = false;

    for (int i = 0; i < STEPS_MAX && (step == TLS_WAITS || (step == TLS_DONE && !is_done)); i++) {
        is_done = is_done || tls_client_shake(&pair->client);
        tls_client_pump(&pair->client, pair->peer, size_max);
        if (step == TLS_WAITS)
            step = tls_link_handshake(pair->link);
        if (tls_link_has_rest(pair->link))
            try_flush(pair->link);
    }
    return step;
}

static void hands_are_shaken_at_every_cut_and_in_both_versions(void **state)
{
    static const size_t cuts[] = {1, 7, 100, 4096};

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        for (size_t i = 0; i < sizeof cuts / sizeof *cuts; i++) {
            struct pair pair;
            begin(&pair);
            SSL_set_max_proto_version(pair.client.ssl, version);
            assert_int_equal(shake(&pair, cuts[i]), TLS_DONE);
            assert_int_equal(SSL_version(pair.client.ssl), version);
            assert_true(counter_get(&pair.bytes_in) > 0 && counter_get(&pair.bytes_out) > 0);
            end(&pair);
        }
    }
}

static void what_cannot_be_spoken_is_told_apart(void **state)
{
    static const uint8_t h2[] = "\x02h2";
    struct pair pair;

    (void)state;
    begin(&pair);
    SSL_set_security_level(pair.client.ssl, 0);
    SSL_set_min_proto_version(pair.client.ssl, TLS1_1_VERSION);
    SSL_set_max_proto_version(pair.client.ssl, TLS1_1_VERSION);
    SSL_set_cipher_list(pair.client.ssl, "ALL:@SECLEVEL=0");
    assert_int_equal(shake(&pair, 4096), TLS_STRANGE);
    part(&pair);

    connect_pair(&pair);
    SSL_set_alpn_protos(pair.client.ssl, h2, sizeof h2 - 1);
    assert_int_equal(shake(&pair, 4096), TLS_STRANGE);
    part(&pair);

    connect_pair(&pair);
    SSL_set_max_proto_version(pair.client.ssl, TLS1_2_VERSION);
    SSL_set_cipher_list(pair.client.ssl, "AES128-SHA");
    assert_int_equal(shake(&pair, 4096), TLS_STRANGE);
    part(&pair);

    connect_pair(&pair); /* nobody vouches for the certificate */
    SSL_set_verify(pair.client.ssl, SSL_VERIFY_PEER, NULL);
    assert_int_equal(shake(&pair, 4096), TLS_REFUSED);
    end(&pair);
}

static void what_is_not_tls_is_broken_and_what_leaves_is_gone(void **state)
{
    struct pair pair;
    size_t size;

    (void)state;
    begin(&pair);
    assert_int_equal(os_write(pair.peer, "\x16\x03\x01\x00\x05nonsense and more", 22, &size), RESULT_OK);
    assert_int_equal(tls_link_handshake(pair.link), TLS_BROKEN);
    part(&pair);
    connect_pair(&pair);
    os_socket_finish_writing(pair.peer);
    assert_int_equal(tls_link_handshake(pair.link), TLS_GONE);
    end(&pair);
}

static void the_name_that_is_asked_for_picks_the_certificate(void **state)
{
    struct pair pair;
    char name[64];

    (void)state;
    begin(&pair);
    for (int i = 1; i >= 0; i--) {
        SSL_set_tlsext_host_name(pair.client.ssl, names[i]);
        assert_int_equal(shake(&pair, 4096), TLS_DONE);
        X509 *certificate = SSL_get1_peer_certificate(pair.client.ssl);
        assert_true(X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name)
                    > 0);
        assert_string_equal(name, names[i]);
        X509_free(certificate);
        part(&pair);
        connect_pair(&pair);
    }
    end(&pair);
}

static int tickets_come;

static int note_ticket(SSL *ssl, SSL_SESSION *session)
{
    (void)ssl;
    (void)session;
    tickets_come++;
    return 0;
}

/* The client comes back with what it was given; true: without a full handshake. Counts the tickets that it gets. */
static bool comes_back(struct pair *pair, int version, SSL_SESSION **session)
{
    char text[16];
    size_t size = 0;

    part(pair);
    connect_pair(pair);
    tickets_come = 0;
    SSL_CTX_set_session_cache_mode(pair->client.context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(pair->client.context, note_ticket);
    SSL_set_max_proto_version(pair->client.ssl, version);
    SSL_set_session(pair->client.ssl, *session);
    assert_int_equal(shake(pair, 4096), TLS_DONE);
    assert_int_equal(SSL_version(pair->client.ssl), version);
    assert_int_equal(SSL_session_reused(pair->client.ssl), pair->link->is_resumed);
    /* A session of TLS 1.3 comes behind the handshake, before the first bytes. */
    assert_int_equal(tls_link_write(pair->link, &(struct iovec){(char[]){"hello"}, 5}, 1, &size), RESULT_OK);
    for (int i = 0; i < STEPS_MAX && SSL_read(pair->client.ssl, text, sizeof text) <= 0; i++)
        tls_client_pump(&pair->client, pair->peer, 4096);
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(pair->client.ssl);
    return pair->link->is_resumed;
}

/* Another shard has another desk and the same keys. */
static void a_ticket_is_good_on_every_desk_until_its_key_is_forgotten(void **state)
{
    struct pair pair;

    (void)state;
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        SSL_SESSION *session = NULL, *old;
        begin(&pair);
        assert_false(comes_back(&pair, version, &session));
        struct tls_desk other = pair.desk;
        list_init(&other.waiting);
        pair.desk = other;
        list_init(&pair.desk.waiting);
        assert_true(comes_back(&pair, version, &session));
        tls_tickets_rotate(&pair.desk.tickets);
        old = session;
        SSL_SESSION_up_ref(old);
        assert_true(comes_back(&pair, version, &session)); /* and gets a new one */
        tls_tickets_rotate(&pair.desk.tickets);
        tls_tickets_rotate(&pair.desk.tickets);
        assert_true(comes_back(&pair, version, &session));
        assert_false(comes_back(&pair, version, &old));
        SSL_SESSION_free(session);
        SSL_SESSION_free(old);
        end(&pair);
    }
}

/* So they should be used (RFC 8446 appendix C.4): a client that keeps to that must not run out of them. */
static void who_used_a_ticket_of_tls_1_3_is_given_another(void **state)
{
    SSL_SESSION *session = NULL;
    struct pair pair;

    (void)state;
    begin(&pair);
    assert_false(comes_back(&pair, TLS1_3_VERSION, &session));
    for (int i = 0; i < 3; i++) {
        assert_true(comes_back(&pair, TLS1_3_VERSION, &session));
        assert_int_equal(tickets_come, 1);
    }
    SSL_SESSION_free(session);
    end(&pair);
}

static uint8_t byte_at(size_t i)
{
    return (uint8_t)(i * 31 + i / 251);
}

/* The socket takes little, and at odd places: what arrives is the whole stream, in order. */
static void short_writes_lose_and_double_nothing(void **state)
{
    uint8_t *stream = malloc(STREAM_BYTES), bytes[5000];
    struct pair pair;
    size_t sent = 0, received = 0, rests = 0;

    (void)state;
    assert_non_null(stream);
    for (size_t i = 0; i < STREAM_BYTES; i++)
        stream[i] = byte_at(i);
    begin(&pair);
    assert_int_equal(setsockopt(pair.server, SOL_SOCKET, SO_SNDBUF, &(int){4608}, sizeof(int)), 0);
    assert_int_equal(shake(&pair, 4096), TLS_DONE);
    for (int turn = 0; received < STREAM_BYTES && turn < STEPS_MAX; turn++) {
        struct iovec parts[5];
        size_t offset = sent, taken = 0, total = 0;
        int count = 0;
        for (; count < 5 && offset < STREAM_BYTES; count++) {
            size_t size = (size_t)(turn * 977 + count * 4099) % 20000 + 1;
            size = size < STREAM_BYTES - offset ? size : STREAM_BYTES - offset;
            parts[count] = (struct iovec){stream + offset, size};
            offset += size;
            total += size;
        }
        if (count > 0 && tls_link_write(pair.link, parts, count, &taken) == RESULT_OK) {
            assert_true(taken > 0 && taken <= total);
            sent += taken;
        }
        rests += tls_link_has_rest(pair.link);
        assert_true(pair.link->rest_size <= TLS_REST_BYTES_MAX);
        if (sent == STREAM_BYTES && tls_link_has_rest(pair.link))
            try_flush(pair.link);
        tls_client_pump(&pair.client, pair.peer, 3000);
        int got = SSL_read(pair.client.ssl, bytes, sizeof bytes);
        for (int i = 0; i < got; i++)
            assert_int_equal(bytes[i], byte_at(received + (size_t)i));
        received += got > 0 ? (size_t)got : 0;
    }
    assert_int_equal(received, STREAM_BYTES);
    assert_true(rests > 10);
    free(stream);
    end(&pair);
}

static void reading_ends_where_the_peer_says_so(void **state)
{
    struct pair pair;
    char text[64];
    size_t size = 0;

    (void)state;
    begin(&pair);
    assert_int_equal(shake(&pair, 4096), TLS_DONE);
    assert_int_equal(tls_link_read(pair.link, text, sizeof text, &size), RESULT_AGAIN);
    assert_int_equal(SSL_write(pair.client.ssl, "one", 3), 3);
    assert_int_equal(SSL_write(pair.client.ssl, "two", 3), 3);
    tls_client_pump(&pair.client, pair.peer, 4096);
    assert_int_equal(tls_link_read(pair.link, text, sizeof text, &size), RESULT_OK);
    assert_int_equal(size, 6);
    assert_memory_equal(text, "onetwo", 6);
    (void)SSL_shutdown(pair.client.ssl);
    tls_client_pump(&pair.client, pair.peer, 4096);
    assert_int_equal(tls_link_read(pair.link, text, sizeof text, &size), RESULT_CLOSED);
    tls_link_finish(pair.link);
    tls_client_pump(&pair.client, pair.peer, 4096);
    assert_int_equal(SSL_read(pair.client.ssl, text, sizeof text), 0);
    assert_int_equal(SSL_get_error(pair.client.ssl, 0), SSL_ERROR_ZERO_RETURN);
    part(&pair);

    connect_pair(&pair); /* a record that somebody changed on the way */
    assert_int_equal(shake(&pair, 4096), TLS_DONE);
    assert_int_equal(os_write(pair.peer,
                              "\x17\x03\x03\x00\x20"
                              "12345678901234567890123456789012",
                              37, &size),
                     RESULT_OK);
    assert_int_equal(tls_link_read(pair.link, text, sizeof text, &size), RESULT_FAILED);
    assert_int_equal(tls_link_write(pair.link, &(struct iovec){text, 1}, 1, &size), RESULT_CLOSED);
    end(&pair);
}

int test_tls_link(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_are_shaken_at_every_cut_and_in_both_versions),
        cmocka_unit_test(what_cannot_be_spoken_is_told_apart),
        cmocka_unit_test(what_is_not_tls_is_broken_and_what_leaves_is_gone),
        cmocka_unit_test(the_name_that_is_asked_for_picks_the_certificate),
        cmocka_unit_test(a_ticket_is_good_on_every_desk_until_its_key_is_forgotten),
        cmocka_unit_test(who_used_a_ticket_of_tls_1_3_is_given_another),
        cmocka_unit_test(short_writes_lose_and_double_nothing),
        cmocka_unit_test(reading_ends_where_the_peer_says_so),
    };

    return cmocka_run_group_tests_name("tls_link", tests, NULL, NULL);
}
