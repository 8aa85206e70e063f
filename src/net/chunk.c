/* SPDX-License-Identifier: Apache-2.0 */
#include "net/chunk.h"

#include <stdlib.h>

#include "base/builder.h"
#include "base/check.h"
#include "wire/ws_frame.h"

struct chunk *chunk_new(struct view frames, uint32_t frame_count, uint64_t seq_first, uint64_t seq_last)
{
    check(frames.size > 0 && frames.size <= UINT32_MAX);
    check(frame_count > 0 && frame_count <= CHUNK_FRAMES_MAX);
    struct chunk *chunk = malloc(sizeof *chunk + frames.size);

    if (!chunk)
        return NULL;
    atomic_init(&chunk->references, 1);
    atomic_init(&chunk->compression, CHUNK_UNTRIED);
    atomic_init(&chunk->compressed, NULL);
    chunk->seq_first = seq_first;
    chunk->seq_last = seq_last;
    chunk->frame_count = frame_count;
    chunk->size = (uint32_t)frames.size;
    memcpy(chunk->bytes, frames.at, frames.size);
    return chunk;
}

/* A header says how long it is in its second byte. */
static bool has_header(struct view frames)
{
    if (frames.size < 2)
        return false;
    uint8_t length = frames.at[1];
    size_t header = length == 127 ? WS_SERVER_HEADER_BYTES_MAX : length == 126 ? 4 : 2;
    return length <= 127 && frames.size >= header;
}

bool chunk_is_whole(struct view frames, uint32_t frame_count)
{
    if (frame_count == 0 || frame_count > CHUNK_FRAMES_MAX)
        return false;
    for (uint32_t i = 0; i < frame_count; i++) {
        if (!has_header(frames))
            return false;
        uint64_t size = ws_server_frame_size(frames.at);
        if (size > frames.size)
            return false;
        frames = view_skip(frames, size);
    }
    return frames.size == 0;
}

struct chunk *chunk_ref(struct chunk *chunk)
{
    atomic_fetch_add_explicit(&chunk->references, 1, memory_order_relaxed);
    return chunk;
}

void chunk_unref(struct chunk *chunk)
{
    uint32_t before = atomic_fetch_sub_explicit(&chunk->references, 1, memory_order_acq_rel);

    check(before > 0);
    if (before > 1)
        return;
    free(atomic_load_explicit(&chunk->compressed, memory_order_relaxed));
    free(chunk);
}

size_t chunk_frame_offset(struct view form, uint32_t frame)
{
    size_t offset = 0;

    for (uint32_t i = 0; i < frame; i++)
        offset += ws_server_frame_size(form.at + offset);
    check(offset <= form.size);
    return offset;
}

/* Appends the frame at `frame` in its compressed form, or as it is where that is not shorter. True if it was
 * compressed. */
static bool compress_frame(struct view frame, struct deflater *deflater, size_t bytes_min, struct builder *scratch,
                           struct builder *out)
{
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];
    uint8_t length = frame.at[1] & 0x7f;
    size_t header_size = length == 127 ? 10 : length == 126 ? 4 : 2;
    struct view payload = view_skip(frame, header_size);
    enum ws_opcode opcode = frame.at[0] & 0x0f;

    builder_clear(scratch);
    if (payload.size < bytes_min || !deflater_run(deflater, payload, scratch) || scratch->size >= payload.size) {
        builder_add_view(out, frame);
        return false;
    }
    header_size = ws_header_encode(header, opcode, true, true, scratch->size);
    builder_add(out, header, header_size);
    builder_add_view(out, builder_view(scratch));
    return true;
}

/* NULL: nothing is won by compressing, or no memory. */
static struct chunk_form *compress(const struct chunk *chunk, struct deflater *deflater, size_t bytes_min,
                                   struct counter *compressions)
{
    struct builder out, scratch;
    struct chunk_form *form = NULL;
    struct view rest = chunk_plain(chunk);
    uint64_t count = 0;

    builder_init(&out, (size_t)chunk->size + WS_SERVER_HEADER_BYTES_MAX * (size_t)chunk->frame_count);
    builder_init(&scratch, chunk->size);
    while (rest.size > 0) {
        size_t size = ws_server_frame_size(rest.at);
        count += compress_frame(view_first(rest, size), deflater, bytes_min, &scratch, &out);
        rest = view_skip(rest, size);
    }
    counter_add(compressions, count);
    if (count > 0 && builder_ok(&out))
        form = malloc(sizeof *form + out.size);
    if (form) {
        form->size = (uint32_t)out.size;
        memcpy(form->bytes, out.at, out.size);
    }
    builder_done(&scratch);
    builder_done(&out);
    return form;
}

struct view chunk_compressed(struct chunk *chunk, struct deflater *deflater, size_t bytes_min,
                             struct counter *compressions)
{
    int compression = atomic_load_explicit(&chunk->compression, memory_order_acquire);

    if (compression == CHUNK_UNTRIED && chunk->size < bytes_min)
        return chunk_plain(chunk);
    if (compression == CHUNK_UNTRIED
        && atomic_compare_exchange_strong(&chunk->compression, &compression, CHUNK_AT_WORK)) {
        struct chunk_form *form = compress(chunk, deflater, bytes_min, compressions);
        atomic_store_explicit(&chunk->compressed, form, memory_order_relaxed);
        compression = form ? CHUNK_COMPRESSED : CHUNK_NOT_WORTH_IT;
        atomic_store_explicit(&chunk->compression, compression, memory_order_release);
    }
    if (compression != CHUNK_COMPRESSED)
        return chunk_plain(chunk);
    struct chunk_form *form = atomic_load_explicit(&chunk->compressed, memory_order_relaxed);
    return view_of(form->bytes, form->size);
}
