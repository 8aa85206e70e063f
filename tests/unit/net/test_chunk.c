/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <string.h>

static struct chunk *mixed_chunk(char *long_text, size_t size)
{
    struct builder frames;
    uint8_t header[WS_SERVER_HEADER_BYTES_MAX];

    for (size_t i = 0; i < size; i++)
        long_text[i] = (char)('a' + i % 7);
    builder_init(&frames, 100000);
    builder_add(&frames, header, ws_header_encode(header, WS_TEXT, true, false, 5));
    builder_add_string(&frames, "short");
    builder_add(&frames, header, ws_header_encode(header, WS_TEXT, true, false, size));
    builder_add(&frames, long_text, size);
    struct chunk *chunk = chunk_new(builder_view(&frames), 2, 10, 11);
    builder_done(&frames);
    return chunk;
}

static struct counter compressions;

static void only_long_frames_are_compressed_and_only_once(void **state)
{
    char text[3000];
    struct chunk *chunk = mixed_chunk(text, sizeof text);
    struct deflater *deflater = deflater_new(15, 6);
    struct inflater *inflater = inflater_new();
    struct builder out;

    (void)state;
    counter_set(&compressions, 0);
    struct view form = chunk_compressed(chunk, deflater, 1000, &compressions);
    assert_true(form.size < chunk->size / 2);
    assert_ptr_equal(chunk_compressed(chunk, deflater, 1000, &compressions).at, form.at);
    assert_int_equal(counter_get(&compressions), 1);
    assert_memory_equal(form.at, "\x81\x05short", 7);
    assert_int_equal(form.at[7], 0xc1);
    size_t second = chunk_frame_offset(form, 1);
    assert_int_equal(second, 7);
    assert_int_equal(chunk_frame_offset(form, 2), form.size);
    size_t header = form.at[8] < 126 ? 2 : 4;
    builder_init(&out, 10000);
    assert_int_equal(inflater_run(inflater, view_of(form.at + 7 + header, form.size - 7 - header), true, &out),
                     INFLATE_OK);
    assert_int_equal(out.size, sizeof text);
    assert_memory_equal(out.at, text, sizeof text);
    builder_done(&out);
    inflater_free(inflater);
    deflater_free(deflater);
    chunk_unref(chunk);
}

static void a_short_chunk_stays_plain(void **state)
{
    struct chunk *chunk = chunk_of_text("hello", 1);
    struct deflater *deflater = deflater_new(15, 6);

    (void)state;
    assert_ptr_equal(chunk_compressed(chunk, deflater, 1000, &compressions).at, chunk->bytes);
    deflater_free(deflater);
    chunk_unref(chunk);
}

static void noise_stays_plain(void **state)
{
    char noise[2000];
    struct deflater *deflater = deflater_new(15, 6);
    uint64_t seed = 88172645463325252u;

    (void)state;
    for (size_t i = 0; i < sizeof noise - 1; i++) {
        seed ^= seed << 13, seed ^= seed >> 7, seed ^= seed << 17;
        noise[i] = (char)(1 + seed % 255);
    }
    noise[sizeof noise - 1] = 0;
    struct chunk *chunk = chunk_of_text(noise, 1);
    assert_ptr_equal(chunk_compressed(chunk, deflater, 1000, &compressions).at, chunk->bytes);
    chunk_unref(chunk);
    deflater_free(deflater);
}

int test_chunk(void);
int test_chunk(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_long_frames_are_compressed_and_only_once),
        cmocka_unit_test(a_short_chunk_stays_plain),
        cmocka_unit_test(noise_stays_plain),
    };

    return cmocka_run_group_tests_name("chunk", tests, NULL, NULL);
}
