/* SPDX-License-Identifier: Apache-2.0 */
/* A connection's handshake, and its way to the socket from then on. A handshake costs up to a millisecond, a thousand
 * times as much as a delivery: so they stand in a line, and each turn gives them a slice of its time. */
#include "net/shard_inside.h"

/* Something has come: the handshake may go on when its turn comes. */
void conn_tls_wait(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);

    check(conn->state == CONN_TLS);
    if (!conn->tls)
        conn->tls = tls_link_new(&shard->tls, conn->descriptor, conn);
    if (!conn->tls) {
        conn_end(conn, END_NO_MEMORY);
        return;
    }
    if (list_is_empty(&conn->tls->waiting))
        list_add_last(&shard->tls.waiting, &conn->tls->waiting);
}

static void begin_requests(struct conn *conn)
{
    struct shard *shard = conn_shard(conn);

    conn_move(conn, CONN_REQUEST);
    conn_arm(conn, shard->options.request_ms);
    conn_mark_unread(conn);
}

/* Whoever types the address without https:// comes here with plain HTTP, and is told in words. */
static bool speaks_plainly(struct conn *conn)
{
    uint8_t first = 0;
    size_t size;

    if (conn->tls->ssl || os_peek(conn->descriptor, &first, 1, &size) != RESULT_OK || first < 'A' || first > 'Z')
        return false;
    tls_link_free(conn->tls);
    conn->tls = NULL;
    conn->is_misplaced = true;
    begin_requests(conn);
    return true;
}

static void give_up(struct conn *conn, enum end_reason reason)
{
    if (!tls_link_has_rest(conn->tls) && conn->reads_to_end) {
        conn_end(conn, reason);
        return;
    }
    conn_begin_closing(conn, reason); /* so that the alert, which says why, is not overtaken by a reset */
}

static void step(struct conn *conn)
{
    struct shard_counters *counters = &conn_shard(conn)->counters;

    check(conn->state == CONN_TLS);
    if (speaks_plainly(conn))
        return;
    switch (tls_link_handshake(conn->tls)) {
    case TLS_DONE:
        counter_add(conn->tls->is_resumed ? &counters->tls_resumed : &counters->tls_handshakes, 1);
        conn->is_tls = true;
        conn->hop_scheme = SCHEME_HTTPS;
        conn->scheme = SCHEME_HTTPS;
        conn->heard_ms = shard_clock(conn_shard(conn));
        begin_requests(conn);
        break;
    case TLS_WAITS:
        if (conn->reads_to_end)
            conn_end(conn, END_TLS_BROKEN);
        break;
    case TLS_STRANGE: give_up(conn, END_TLS_STRANGE); break;
    case TLS_REFUSED: give_up(conn, END_TLS_REFUSED); break;
    case TLS_BROKEN: give_up(conn, END_TLS_BROKEN); break;
    case TLS_GONE: conn_end(conn, conn->tls->has_heard ? END_TLS_BROKEN : END_HTTP_DONE); break;
    case TLS_NO_MEMORY: conn_end(conn, END_NO_MEMORY); break;
    }
    if (conn->state != CONN_ENDED && tls_link_has_rest(conn->tls))
        conn_block(conn);
}

bool shard_handshakes(struct shard *shard)
{
    if (list_is_empty(&shard->tls.waiting))
        return false;
    uint64_t end_ns = shard->clock_ns() + (uint64_t)shard->options.tls_slice_ms * 1000000;
    do {
        struct tls_link *link = list_entry(shard->tls.waiting.next, struct tls_link, waiting);
        list_remove(&link->waiting);
        step(link->owner);
    } while (!list_is_empty(&shard->tls.waiting) && shard->clock_ns() < end_ns);
    if (!list_is_empty(&shard->tls.waiting))
        counter_add(&shard->counters.tls_put_off, 1);
    return true;
}

enum result conn_tls_send(struct conn *conn, const struct iovec *parts, int count, size_t *out_size)
{
    check(conn->tls != NULL);
    enum result result = tls_link_write(conn->tls, parts, count, out_size);

    if (result == RESULT_OK && tls_link_has_rest(conn->tls))
        conn_block(conn);
    return result;
}

/* False: something is left, or the connection is at its end. */
bool conn_tls_finish(struct conn *conn)
{
    tls_link_finish(conn->tls);
    switch (tls_link_flush(conn->tls)) {
    case RESULT_OK: return true;
    case RESULT_AGAIN: conn_block(conn); return false;
    default: conn_end(conn, conn->end_reason); return false;
    }
}

void conn_expect_tls(struct conn *conn)
{
    conn_move(conn, CONN_TLS);
    conn_arm(conn, conn_shard(conn)->options.tls_handshake_ms);
    conn_mark_unread(conn);
}
