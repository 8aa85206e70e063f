/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/deflate.h"

#include <stdlib.h>
#include <zlib.h>

enum {
    /* The size of zlib's tables. Measured from 4 to 9 with chat frames of 200 bytes to 64 KB at levels 1 to 6: 6 to 8
     * are equal for the small ones, 8 is the quickest for the large ones, and the compressed sizes do not differ. */
    MEMORY_LEVEL = 8,
    WINDOW_BITS_MIN = 9,
    WINDOW_BITS_MAX = 15,
    TAIL_BYTES = 4,
    ROOM_BYTES_MIN = 256,
    ROOM_BYTES_MAX = 64 * 1024,
};

/* What a sender strips from a flushed message, and a receiver adds again: an empty stored block's lengths. */
static const uint8_t tail[TAIL_BYTES] = {0x00, 0x00, 0xFF, 0xFF};

struct deflater {
    z_stream stream;
};

struct inflater {
    z_stream stream;
};

struct deflater *deflater_new(int window_bits, int level)
{
    check(window_bits >= WINDOW_BITS_MIN && window_bits <= WINDOW_BITS_MAX);
    struct deflater *deflater = calloc(1, sizeof(*deflater));

    if (!deflater)
        return NULL;
    if (deflateInit2(&deflater->stream, level, Z_DEFLATED, -window_bits, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        free(deflater);
        return NULL;
    }
    return deflater;
}

void deflater_free(struct deflater *deflater)
{
    if (!deflater)
        return;
    (void)deflateEnd(&deflater->stream); /* says only whether the stream was cut, which a message's end always does */
    free(deflater);
}

/* How much room to ask for: `wish`, but never more than up to the ceiling. 0: the ceiling is reached. */
static size_t room_of(const struct builder *out, size_t wish)
{
    size_t left = out->size_max - out->size;

    return wish < left ? wish : left;
}

/* Deflates all of `message` and flushes it. False: the ceiling or memory ended. */
static bool deflate_and_flush(z_stream *stream, struct view message, struct builder *out)
{
    size_t wish = deflateBound(stream, message.size) + 16;

    do {
        /* zlib counts in 32 bits, a message may be longer. */
        if (stream->avail_in == 0 && message.size > 0) {
            stream->next_in = (Bytef *)(uintptr_t)message.at;
            stream->avail_in = message.size < UINT32_MAX ? (uInt)message.size : UINT32_MAX;
            message = view_skip(message, stream->avail_in);
        }
        size_t room = room_of(out, wish < UINT32_MAX ? wish : UINT32_MAX);

        stream->next_out = builder_reserve(out, room > 0 ? room : 1);
        if (!stream->next_out)
            return false;
        stream->avail_out = (uInt)room;
        int result = deflate(stream, message.size > 0 ? Z_NO_FLUSH : Z_SYNC_FLUSH);

        check(result == Z_OK || result == Z_BUF_ERROR);
        builder_wrote(out, room - stream->avail_out);
        wish = ROOM_BYTES_MIN;
    } while (stream->avail_out == 0 || stream->avail_in > 0 || message.size > 0);
    return true;
}

bool deflater_run(struct deflater *deflater, struct view message, struct builder *out)
{
    z_stream *stream = &deflater->stream;
    size_t start = out->size;

    if (!builder_ok(out))
        return false;
    check(deflateReset(stream) == Z_OK);
    stream->next_in = NULL;
    stream->avail_in = 0;
    if (!deflate_and_flush(stream, message, out)) {
        out->size = start;
        return false;
    }
    check(out->size - start >= TAIL_BYTES);
    out->size -= TAIL_BYTES;
    check(memcmp(out->at + out->size, tail, TAIL_BYTES) == 0);
    return true;
}

struct inflater *inflater_new(void)
{
    struct inflater *inflater = calloc(1, sizeof(*inflater));

    if (!inflater)
        return NULL;
    /* The largest window reads what was written with any smaller one (and zlib has no raw window of 8 bits). */
    if (inflateInit2(&inflater->stream, -WINDOW_BITS_MAX) != Z_OK) {
        free(inflater);
        return NULL;
    }
    return inflater;
}

void inflater_free(struct inflater *inflater)
{
    if (!inflater)
        return;
    (void)inflateEnd(&inflater->stream); /* it can only fail for a stream that is none */
    free(inflater);
}

void inflater_reset(struct inflater *inflater)
{
    check(inflateReset(&inflater->stream) == Z_OK);
}

/* One call of zlib with some room. At the ceiling it goes on with one byte of scratch: input that gives no more
 * output is fine. */
static enum inflate inflate_some(z_stream *stream, struct builder *out, int *out_result)
{
    size_t wish = (size_t)stream->avail_in * 4;
    uint8_t scratch;

    wish = wish < ROOM_BYTES_MIN ? ROOM_BYTES_MIN : wish > ROOM_BYTES_MAX ? ROOM_BYTES_MAX : wish;
    size_t room = room_of(out, wish);

    stream->next_out = room > 0 ? builder_reserve(out, room) : &scratch;
    if (!stream->next_out)
        return INFLATE_NO_MEMORY;
    stream->avail_out = room > 0 ? (uInt)room : 1;
    *out_result = inflate(stream, Z_SYNC_FLUSH);
    if (room > 0)
        builder_wrote(out, room - stream->avail_out);
    else if (stream->avail_out == 0)
        return INFLATE_TOO_BIG;
    return INFLATE_OK;
}

static enum inflate inflate_all(z_stream *stream, struct view piece, struct builder *out)
{
    int result = Z_OK;

    do {
        if (stream->avail_in == 0 && piece.size > 0) {
            stream->next_in = (Bytef *)(uintptr_t)piece.at;
            stream->avail_in = piece.size < UINT32_MAX ? (uInt)piece.size : UINT32_MAX;
            piece = view_skip(piece, stream->avail_in);
        }
        enum inflate inflated = inflate_some(stream, out, &result);

        if (inflated != INFLATE_OK)
            return inflated;
        /* A block may be marked as the stream's last, and others follow it (section 7.2.3.4). */
        if (result == Z_STREAM_END)
            check(inflateReset(stream) == Z_OK);
        else if (result == Z_MEM_ERROR)
            return INFLATE_NO_MEMORY;
        else if (result != Z_OK && result != Z_BUF_ERROR)
            return INFLATE_BAD;
    } while (stream->avail_out == 0 || stream->avail_in > 0 || piece.size > 0);
    return INFLATE_OK;
}

enum inflate inflater_run(struct inflater *inflater, struct view piece, bool is_last, struct builder *out)
{
    z_stream *stream = &inflater->stream;
    enum inflate inflated = INFLATE_OK;

    if (!builder_ok(out))
        return INFLATE_NO_MEMORY;
    stream->avail_in = 0;
    if (piece.size > 0)
        inflated = inflate_all(stream, piece, out);
    /* Nothing to flush in a message without a byte, nor behind a block that was the last: peers leave out the empty
     * block there. */
    if (inflated != INFLATE_OK || !is_last || stream->total_in == 0)
        return inflated;
    inflated = inflate_all(stream, view_of(tail, TAIL_BYTES), out);
    if (inflated != INFLATE_OK)
        return inflated;
    /* Only between two blocks is the message complete: zlib sets this bit there; or it has just begun anew behind a
     * last block. */
    return stream->data_type & 128 || stream->total_in == 0 ? INFLATE_OK : INFLATE_BAD;
}
