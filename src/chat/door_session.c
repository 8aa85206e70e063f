/* SPDX-License-Identifier: Apache-2.0 */
/* Memory for sessions: a shard takes it, the hub says when it is free again, and the shard takes it back. */
#include <stdlib.h>

#include "chat/chat_inside.h"

struct session *session_new(struct door *door)
{
    return pool_take(&door->sessions);
}

struct shard *session_shard(const struct session *session)
{
    const struct door *door = pool_owner(session);

    return door->shard;
}

void session_free(struct door *door, struct session *session)
{
    free(session->arrival);
    pool_give(&door->sessions, session);
}

void session_return(struct chat *chat, struct session *session)
{
    _Atomic(struct session *) *returned = &chat->doors[shard_index(session_shard(session))].returned;
    struct session *first = atomic_load_explicit(returned, memory_order_relaxed);

    /* Release: the shard, which acquires, must not reuse the memory before the hub's last look at it. Nobody but the
     * shard takes anything out, and it takes all: so a pointer that was seen twice is the same stack (no ABA). */
    do
        session->departing_next = first;
    while (
        !atomic_compare_exchange_weak_explicit(returned, &first, session, memory_order_release, memory_order_relaxed));
}

void sessions_take_back(struct door *door)
{
    if (!atomic_load_explicit(&door->returned, memory_order_relaxed))
        return;
    struct session *session = atomic_exchange_explicit(&door->returned, NULL, memory_order_acquire);

    while (session) {
        struct session *next = session->departing_next;
        pool_give(&door->sessions, session);
        session = next;
    }
}
