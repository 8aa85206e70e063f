/* SPDX-License-Identifier: Apache-2.0 */
/* Compression: a stream, cut anywhere, inflates to the same bytes and the same answer, never over the ceiling; what is
 * deflated inflates to itself. */
#include "wire/deflate.h"

#include "fuzz.h"

static enum inflate run(struct inflater *inflater, struct view stream, struct fuzz_cuts *cuts, struct builder *out)
{
    enum inflate inflated = INFLATE_OK;

    inflater_reset(inflater);
    if (!cuts || stream.size == 0)
        return inflater_run(inflater, stream, true, out);
    while (inflated == INFLATE_OK && stream.size > 0) {
        struct view piece = fuzz_take_piece(cuts, &stream);
        inflated = inflater_run(inflater, piece, stream.size == 0, out);
        fuzz_free(piece);
    }
    return inflated;
}

static void check_stream(struct inflater *inflater, struct view stream, size_t ceiling, struct fuzz_cuts cuts)
{
    struct builder whole;
    struct builder cut;

    builder_init(&whole, ceiling);
    builder_init(&cut, ceiling);
    enum inflate inflated = run(inflater, stream, NULL, &whole);
    check(run(inflater, stream, &cuts, &cut) == inflated);
    check(view_equal(builder_view(&whole), builder_view(&cut)));
    check(whole.capacity <= ceiling && cut.capacity <= ceiling);
    check(inflated != INFLATE_TOO_BIG || whole.size == ceiling);
    builder_done(&whole);
    builder_done(&cut);
}

static void check_round_trip(struct inflater *inflater, struct view message, int window_bits, struct fuzz_cuts cuts)
{
    struct deflater *deflater = deflater_new(window_bits, window_bits - 8);
    struct builder packed;
    struct builder out;

    check(deflater != NULL);
    builder_init(&packed, message.size * 2 + 64);
    builder_init(&out, message.size);
    check(deflater_run(deflater, message, &packed));
    check(run(inflater, builder_view(&packed), &cuts, &out) == INFLATE_OK);
    check(view_equal(builder_view(&out), message));
    builder_done(&packed);
    builder_done(&out);
    deflater_free(deflater);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static struct inflater *inflater;

    if (size < 2)
        return 0;
    if (!inflater)
        inflater = inflater_new();
    check(inflater != NULL);
    struct view stream = view_of(at, size);
    struct fuzz_cuts cuts = {fuzz_take_byte(&stream)};
    size_t ceiling = (size_t)1 << (fuzz_take_byte(&stream) & 15);

    check_stream(inflater, stream, ceiling, cuts);
    check_round_trip(inflater, stream, 9 + (int)(cuts.state % 7), cuts);
    return 0;
}
