/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pack.h"

enum { BITS_OF_BYTE = 8, SIZE_BYTES = 4 };

void pack_number(struct builder *out, uint64_t number, size_t size)
{
    uint8_t bytes[sizeof number];

    check(size >= 1 && size <= sizeof bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (uint8_t)(number >> (BITS_OF_BYTE * i));
    builder_add(out, bytes, size);
}

void pack_view(struct builder *out, struct view bytes)
{
    check(bytes.size <= UINT32_MAX);
    pack_number(out, bytes.size, SIZE_BYTES);
    builder_add_view(out, bytes);
}

bool unpack_fail(struct unpack *in)
{
    in->has_failed = true;
    in->rest = (struct view){NULL, 0};
    return false;
}

uint64_t unpack_number(struct unpack *in, size_t size)
{
    uint64_t number = 0;

    check(size >= 1 && size <= sizeof number);
    if (in->rest.size < size) {
        (void)unpack_fail(in);
        return 0;
    }
    for (size_t i = 0; i < size; i++)
        number |= (uint64_t)in->rest.at[i] << (BITS_OF_BYTE * i);
    in->rest = view_skip(in->rest, size);
    return number;
}

uint64_t unpack_up_to(struct unpack *in, size_t size, uint64_t max)
{
    uint64_t number = unpack_number(in, size);

    if (number <= max)
        return number;
    (void)unpack_fail(in);
    return 0;
}

struct view unpack_view(struct unpack *in, size_t size_max)
{
    size_t size = unpack_up_to(in, SIZE_BYTES, size_max);

    if (in->rest.size < size) {
        (void)unpack_fail(in);
        return (struct view){NULL, 0};
    }
    struct view bytes = view_first(in->rest, size);
    in->rest = view_skip(in->rest, size);
    return bytes;
}

bool unpack_bytes(struct unpack *in, void *out, size_t size)
{
    if (in->rest.size < size)
        return unpack_fail(in);
    memcpy(out, in->rest.at, size);
    in->rest = view_skip(in->rest, size);
    return true;
}

bool unpack_is_done(const struct unpack *in)
{
    return !in->has_failed && in->rest.size == 0;
}

uint64_t pack_sum(struct view bytes)
{
    uint64_t sum = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < bytes.size; i++)
        sum = (sum ^ bytes.at[i]) * UINT64_C(0x100000001b3);
    return sum;
}
