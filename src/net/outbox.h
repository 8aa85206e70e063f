/* SPDX-License-Identifier: Apache-2.0 */
/* What one client alone is still to be sent: answers, pings, closes, and the rest of a feed's frame that the socket
 * took only a part of. Bounded; a list of blocks that leave in order. Owned by one connection. */
#pragma once

#include <stdbool.h>
#include <sys/uio.h>

#include "net/letters.h"

struct outbox {
    struct reply *last; /* NULL: empty; last->next is the first */
    uint32_t bytes;
    uint32_t count; /* replies, in whole or in part */
};

static inline bool outbox_is_empty(const struct outbox *outbox)
{
    return outbox->last == NULL;
}

/* Whole frames only at the end; `reply` is framed (its header is written). The limit is the caller's. */
void outbox_add(struct outbox *outbox, struct reply *reply);
/* The rest of a frame that has begun to leave: goes before everything else. */
void outbox_add_first(struct outbox *outbox, struct reply *reply);
/* Fills at most `count_max` parts; returns how many. */
int outbox_gather(const struct outbox *outbox, struct iovec *parts, int count_max, size_t *out_bytes);
/* `bytes` have left, at most outbox->bytes; returns how many whole replies that finished. */
uint32_t outbox_sent(struct outbox *outbox, size_t bytes);
void outbox_clear(struct outbox *outbox);

/* Writes the header in front of the payload. */
void reply_frame(struct reply *reply);
