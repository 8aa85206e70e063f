/* SPDX-License-Identifier: Apache-2.0 */
#include "net/outbox.h"

#include "base/check.h"

static void link_first(struct outbox *outbox, struct reply *reply)
{
    check(reply->is_framed);
    if (outbox->last) {
        reply->next = outbox->last->next;
        outbox->last->next = reply;
    } else {
        reply->next = reply;
        outbox->last = reply;
    }
    outbox->bytes += reply->size - reply->offset;
    outbox->count++;
}

void outbox_add_first(struct outbox *outbox, struct reply *reply)
{
    link_first(outbox, reply);
}

void outbox_add(struct outbox *outbox, struct reply *reply)
{
    link_first(outbox, reply);
    outbox->last = reply; /* the first of a ring is the one behind the last */
}

int outbox_gather(const struct outbox *outbox, struct iovec *parts, int count_max, size_t *out_bytes)
{
    int count = 0;
    size_t bytes = 0;
    struct reply *reply = outbox->last;

    while (count < count_max && (uint32_t)count < outbox->count) {
        reply = reply->next;
        size_t size = reply->size - reply->offset;
        parts[count++] = (struct iovec){reply->bytes + reply->start + reply->offset, size};
        bytes += size;
    }
    *out_bytes = bytes;
    return count;
}

static void free_first(struct outbox *outbox)
{
    struct reply *first = outbox->last->next;

    if (first == outbox->last)
        outbox->last = NULL;
    else
        outbox->last->next = first->next;
    outbox->count--;
    reply_free(first);
}

uint32_t outbox_sent(struct outbox *outbox, size_t bytes)
{
    uint32_t finished = 0;

    check(bytes <= outbox->bytes);
    outbox->bytes -= (uint32_t)bytes;
    while (bytes > 0) {
        check(outbox->last);
        struct reply *first = outbox->last->next;
        size_t left = first->size - first->offset;
        if (bytes < left) {
            first->offset += (uint32_t)bytes;
            return finished;
        }
        bytes -= left;
        free_first(outbox);
        finished++;
    }
    return finished;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->last)
        free_first(outbox);
    outbox->bytes = 0;
}

void reply_frame(struct reply *reply)
{
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    size_t size = ws_header_encode(header, reply->opcode, true, false, reply->size);

    check(!reply->is_framed && reply->start >= size);
    reply->start -= (uint32_t)size;
    reply->size += (uint32_t)size;
    memcpy(reply->bytes + reply->start, header, size);
    reply->is_framed = true;
}
