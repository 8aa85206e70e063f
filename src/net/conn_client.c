/* SPDX-License-Identifier: Apache-2.0 */
/* Who is behind a connection. Behind a proxy its peer is that proxy, which tells the client's address in the PROXY
 * protocol, once, or in the fields of every request. Both are believed from configured addresses only, and of a chain
 * of proxies the nearest one that is not ours is the client: what stands before it anybody may have written. */
#include "net/shard_inside.h"

#include "wire/proxy_header.h"

/* Leaves the address that it counted as, if any, and counts as `address` from now on. */
static void count_as(struct conn *conn, const uint8_t address[IP_BYTES], uint16_t port)
{
    struct admission *admission = conn_shard(conn)->admission;

    if (conn->is_counted && memcmp(conn->address.bytes, address, IP_BYTES) == 0)
        return;
    if (conn->is_counted)
        admission_leave_address(admission, &conn->address);
    memcpy(conn->address.bytes, address, IP_BYTES);
    conn->address.port = port;
    enum admission_verdict verdict = admission_enter_address(admission, &conn->address);
    conn->is_counted = true;
    if (conn->admission != ADMISSION_TOO_MANY) /* the total is worse news, and stays */
        conn->admission = verdict & 3;         /* as wide as the field */
}

void conn_meet(struct conn *conn, const struct listener *listener)
{
    const struct net_options *options = &conn_shard(conn)->options;
    const struct trust *trust = options->trust;

    conn->is_proxied = trust && (listener->is_unix ? trust->has_unix : trust_has(trust, conn->address.bytes));
    conn->believes_fields = conn->is_proxied;
    if (conn->is_proxied)
        conn_meet_proxy(conn, conn->address.bytes);
    if (conn->is_proxied && options->is_public_secure)
        conn->hop_scheme = SCHEME_HTTPS;
    conn->scheme = conn->hop_scheme;
    if (listener->has_proxy_header && !conn->is_proxied) {
        conn_end(conn, END_PROXY_HEADER); /* a stranger: whatever it says about itself is nothing worth */
        return;
    }
    if (!conn->is_proxied)
        count_as(conn, conn->address.bytes, conn->address.port);
}

static void take_header(struct conn *conn, const struct proxy_header *header)
{
    struct shard *shard = conn_shard(conn);

    if (header->has_source) {
        conn->believes_fields = trust_has(shard->options.trust, header->source);
        if (!conn->believes_fields)
            count_as(conn, header->source, header->source_port);
        conn->is_client_told = true;
    }
    if (header->is_secure)
        conn->hop_scheme = SCHEME_HTTPS;
    conn->scheme = conn->hop_scheme;
    if (conn->expects_tls) {
        conn_expect_tls(conn);
        return;
    }
    conn_move(conn, CONN_REQUEST);
    conn_arm(conn, shard->options.request_ms);
    conn_mark_unread(conn);
}

/* The header is looked at in the socket and taken out of it once it is whole: what follows may be another layer's. */
void conn_proxy_read(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);
    struct proxy_header header;
    size_t size = 0;

    switch (os_peek(conn->descriptor, shard->buffer, PROXY_HEADER_BYTES_MAX, &size)) {
    case RESULT_OK: break;
    case RESULT_AGAIN: return;
    case RESULT_CLOSED: conn_end(conn, END_HTTP_DONE); return; /* as health checks do: connect, and leave */
    default: conn_end(conn, END_PEER_RESET); return;
    }
    switch (proxy_header_decode(view_of(shard->buffer, size), &header)) {
    case DECODE_NEED_MORE:
        if (conn->reads_to_end)
            conn_end(conn, END_PROXY_HEADER); /* no more will come */
        return;
    case DECODE_BAD: conn_end(conn, END_PROXY_HEADER); return;
    case DECODE_DONE: break;
    }
    if (os_read(conn->descriptor, shard->buffer, header.size, &size) != RESULT_OK || size != header.size) {
        conn_end(conn, END_PEER_RESET);
        return;
    }
    counter_add(&shard->counters.bytes_in, size);
    conn->heard_ms = shard_clock(shard);
    take_header(conn, &header);
}

static struct view own_host(const struct http_request *request)
{
    const struct http_field *host = http_field_find(request, "Host");

    return host ? host->value : (struct view){NULL, 0};
}

/* No proxy said whose request this is: then it counts as the proxy's own. */
static void be_the_peer(struct conn *conn)
{
    struct os_address peer = conn->address;

    if (conn->is_client_told)
        os_socket_peer(conn->descriptor, &peer);
    conn->is_client_told = false;
    count_as(conn, peer.bytes, peer.port);
}

void conn_know_client(struct conn *conn, const struct http_request *request)
{
    struct shard *shard = conn_shard(conn);
    struct forwarded_hop hops[FORWARDED_HOPS_MAX];

    shard->host = own_host(request);
    conn->scheme = conn->hop_scheme;
    if (!conn->believes_fields)
        return;
    size_t count = forwarded_read(request, shard->options.forwarded_kind, hops);
    const struct forwarded_hop *client = trust_find_client(shard->options.trust, hops, count);
    /* In X-Forwarded-… scheme and host are the nearest proxy's words; in Forwarded they stand beside the client. */
    const struct forwarded_hop *nearest = shard->options.forwarded_kind == FORWARDED_X && count > 0 ? &hops[0] : client;

    if (client) {
        count_as(conn, client->address, 0);
        conn->is_client_told = true;
        counter_add(&shard->counters.forwarded, 1);
    } else {
        be_the_peer(conn);
        counter_add(&shard->counters.forwarded_missing, 1);
    }
    if (nearest && nearest->scheme != SCHEME_UNKNOWN)
        conn->scheme = nearest->scheme & 3; /* as wide as the field */
    if (nearest && nearest->host.size > 0)
        shard->host = nearest->host;
}

enum http_scheme conn_scheme(const struct conn *conn)
{
    return conn->scheme;
}

bool conn_is_secure(const struct conn *conn)
{
    return conn->scheme == SCHEME_HTTPS;
}

void conn_peer(const struct conn *conn, struct os_address *out_peer)
{
    *out_peer = (struct os_address){.port = 0};
    os_socket_peer(conn->descriptor, out_peer);
}

struct view conn_host(const struct conn *conn)
{
    return conn_shard(conn)->host;
}

enum conn_behind conn_behind(const struct conn *conn)
{
    if (!conn->is_proxied)
        return CONN_DIRECT;
    if (!conn->is_client_told)
        return CONN_BEHIND_SILENT_PROXY;
    return conn->believes_fields ? CONN_BEHIND_FIELDS : CONN_BEHIND_HEADER;
}
