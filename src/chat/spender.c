/* SPDX-License-Identifier: Apache-2.0 */
/* The rates of connections that have just spent some. Most connections say nothing for minutes: theirs are full, which
 * needs no memory. A shard's thread. */
#include <stdlib.h>

#include "chat/chat_inside.h"

struct rate_bucket *spender_buckets(struct door *door, struct session *session)
{
    struct spender *spender = session->spender;

    if (!spender) {
        spender = calloc(1, sizeof *spender);
        if (!spender)
            return NULL;
        list_init(&spender->link);
        spender->session = session;
        session->spender = spender;
    }
    spender->spent_ms = shard_now_ms(door->shard);
    list_remove(&spender->link);
    list_add_last(&door->spenders, &spender->link);
    return spender->buckets;
}

void spender_free(struct session *session)
{
    struct spender *spender = session->spender;

    if (!spender)
        return;
    session->spender = NULL;
    list_remove(&spender->link);
    free(spender);
}

void spenders_rest(struct door *door)
{
    uint64_t now_ms = shard_now_ms(door->shard);

    while (!list_is_empty(&door->spenders)) {
        struct spender *spender = list_entry(door->spenders.next, struct spender, link);
        if (now_ms - spender->spent_ms < door->refill_ms)
            return;
        spender_free(spender->session);
    }
}
