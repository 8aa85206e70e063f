/* SPDX-License-Identifier: Apache-2.0 */
#include "net/outbox.h"

#include "base/check.h"

void outbox_add(struct outbox *outbox, struct reply *reply)
{
    check(reply->is_framed);
    reply->next = NULL;
    if (outbox->last)
        outbox->last->next = reply;
    else
        outbox->first = reply;
    outbox->last = reply;
    outbox->bytes += reply->size - reply->offset;
}

void outbox_add_first(struct outbox *outbox, struct reply *reply)
{
    check(reply->is_framed);
    reply->next = outbox->first;
    outbox->first = reply;
    if (!outbox->last)
        outbox->last = reply;
    outbox->bytes += reply->size - reply->offset;
}

int outbox_gather(const struct outbox *outbox, struct iovec *parts, int count_max, size_t *out_bytes)
{
    int count = 0;
    size_t bytes = 0;

    for (struct reply *reply = outbox->first; reply && count < count_max; reply = reply->next) {
        size_t size = reply->size - reply->offset;
        parts[count++] = (struct iovec){reply->bytes + reply->start + reply->offset, size};
        bytes += size;
    }
    *out_bytes = bytes;
    return count;
}

uint32_t outbox_sent(struct outbox *outbox, size_t bytes)
{
    uint32_t finished = 0;

    check(bytes <= outbox->bytes);
    outbox->bytes -= bytes;
    while (bytes > 0) {
        struct reply *reply = outbox->first;
        check(reply);
        size_t left = reply->size - reply->offset;
        if (bytes < left) {
            reply->offset += (uint32_t)bytes;
            return finished;
        }
        bytes -= left;
        outbox->first = reply->next;
        if (!outbox->first)
            outbox->last = NULL;
        reply_free(reply);
        finished++;
    }
    return finished;
}

void outbox_clear(struct outbox *outbox)
{
    while (outbox->first) {
        struct reply *reply = outbox->first;
        outbox->first = reply->next;
        reply_free(reply);
    }
    *outbox = (struct outbox){0};
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

struct reply *reply_new_raw(struct view bytes)
{
    struct reply *reply = reply_new(WS_TEXT, bytes);

    if (reply)
        reply->is_framed = true;
    return reply;
}
