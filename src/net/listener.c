/* SPDX-License-Identifier: Apache-2.0 */
/* Accepting: in batches, and with a pause when descriptors run out, so that the loop does not spin on a connection it
 * cannot take. */
#include "net/shard_inside.h"

#include "base/diag.h"

/* Over a limit a connection may still say what it wants, to be told 503 or 429 in words. Beyond this many of them they
 * are closed at once. */
enum { REFUSED_WAITING_MAX = 512 };

static bool has_room_to_refuse(const struct shard *shard)
{
    uint64_t total = atomic_load_explicit(&shard->admission->total, memory_order_relaxed);

    return total <= shard->admission->total_max + REFUSED_WAITING_MAX;
}

static void take(struct shard *shard, const struct listener *listener, int descriptor, const struct os_address *peer)
{
    struct conn *conn = conn_new(shard, listener, descriptor, peer);

    if (conn && conn->state != CONN_ENDED && conn->admission != ADMISSION_YES && !has_room_to_refuse(shard))
        conn_end(conn, END_OVER_LIMIT);
}

void listener_accept(struct shard *shard, struct listener *listener)
{
    struct os_address peer;
    int descriptor;

    listener->is_ready = false;
    for (int i = 0; i < SHARD_ACCEPTS_PER_TURN; i++) {
        switch (os_accept(listener->descriptor, &descriptor, &peer)) {
        case RESULT_OK: take(shard, listener, descriptor, &peer); break;
        case RESULT_AGAIN: return;
        case RESULT_FULL:
            diag(DIAG_WARNING, "listener.paused", "reason", "no descriptor is free", "advice",
                 "raise the limit of open files (ulimit -n, LimitNOFILE=)", NULL);
            counter_add(&shard->counters.accept_pauses, 1);
            listeners_pause(shard);
            return;
        default: /* that one went away before it was taken; the next may be fine */ break;
        }
    }
}

void listeners_pause(struct shard *shard)
{
    if (!shard->is_accepting)
        return;
    shard->is_accepting = false;
    for (size_t i = 0; i < shard->listener_count; i++)
        os_poller_remove(&shard->poller, shard->listeners[i].descriptor);
    shard->accept_resume_ms = shard->now_ms + SHARD_ACCEPT_PAUSE_MS;
}

void listeners_resume(struct shard *shard)
{
    shard->accept_resume_ms = 0;
    if (shard->is_accepting || shard->is_draining || shard->is_resting)
        return;
    for (size_t i = 0; i < shard->listener_count; i++) {
        struct listener *listener = &shard->listeners[i];
        if (os_poller_add(&shard->poller, listener->descriptor, OS_READ | OS_LEVEL, listener) != RESULT_OK) {
            for (size_t k = 0; k < i; k++)
                os_poller_remove(&shard->poller, shard->listeners[k].descriptor);
            shard->accept_resume_ms = shard->now_ms + SHARD_ACCEPT_PAUSE_MS;
            return;
        }
    }
    shard->is_accepting = true;
}

void listeners_close(struct shard *shard)
{
    shard->accept_resume_ms = 0;
    for (size_t i = 0; i < shard->listener_count; i++) {
        if (shard->is_accepting)
            os_poller_remove(&shard->poller, shard->listeners[i].descriptor);
        os_socket_close(shard->listeners[i].descriptor);
    }
    shard->listener_count = 0;
    shard->is_accepting = false;
}
