/* SPDX-License-Identifier: Apache-2.0 */
#include "wire/deflate.h"

#include "wire_test.h"

int test_deflate(void);

/* Inflates in pieces of at most `piece_max` bytes, the last one marked as such. */
static enum inflate inflate_in_pieces(struct inflater *inflater, struct view bytes, size_t piece_max,
                                      struct builder *out)
{
    enum inflate inflated = INFLATE_OK;

    do {
        size_t size = bytes.size < piece_max ? bytes.size : piece_max;
        struct view piece = exact_copy(view_first(bytes, size));

        bytes = view_skip(bytes, size);
        inflated = inflater_run(inflater, piece, bytes.size == 0, out);
        free_copy(piece);
    } while (inflated == INFLATE_OK && bytes.size > 0);
    return inflated;
}

struct inflate_case {
    const char *name;
    struct view bytes;
    enum inflate inflated;
    struct view message;
};

static const struct inflate_case cases[] = {
    /* RFC 7692 sections 7.2.3.1 to 7.2.3.6 */
    {"one block", BYTES("\xF2\x48\xCD\xC9\xC9\x07\x00"), INFLATE_OK, BYTES("Hello")},
    {"a block without compression", BYTES("\x00\x05\x00\xFA\xFFHello\x00"), INFLATE_OK, BYTES("Hello")},
    {"a last block", BYTES("\xF3\x48\xCD\xC9\xC9\x07\x00\x00"), INFLATE_OK, BYTES("Hello")},
    {"two blocks", BYTES("\xF2\x48\x05\x00\x00\x00\xFF\xFF\xCA\xC9\xC9\x07\x00"), INFLATE_OK, BYTES("Hello")},
    {"an empty message", BYTES("\x00"), INFLATE_OK, BYTES("")},

    {"an empty message without a byte", BYTES(""), INFLATE_OK, BYTES("")},
    {"a last block with nothing behind it", BYTES("\xF3\x48\xCD\xC9\xC9\x07\x00"), INFLATE_OK, BYTES("Hello")},
    {"two last blocks", BYTES("\xF3\x48\xCD\xC9\xC9\x07\x00\xF3\x48\xCD\xC9\xC9\x07\x00\x00"), INFLATE_OK,
     BYTES("HelloHello")},
    {"an empty stored block that is the last", BYTES("\xF2\x48\xCD\xC9\xC9\x07\x00\x00\x00\xFF\xFF\x01"), INFLATE_OK,
     BYTES("Hello")},

    {"an unknown kind of block", BYTES("\x06"), INFLATE_BAD, BYTES("")},
    {"a stored block with a wrong check", BYTES("\x00\x05\x00\xFA\xFEHello\x00"), INFLATE_BAD, BYTES("")},
    {"a distance before the start", BYTES("\x42\x00\x00"), INFLATE_BAD, BYTES("")},
    {"plain text", BYTES("Hello"), INFLATE_BAD, BYTES("")},
    {"a block that is cut", BYTES("\xF2\x48\xCD"), INFLATE_BAD, BYTES("Hel")},
    {"a stored block that is cut", BYTES("\x00\x05\x00\xFA\xFFHel"), INFLATE_BAD, BYTES("Hel\0\0")},
    {"a zlib header", BYTES("\x78\x9C\xF2\x48\xCD\xC9\xC9\x07\x00"), INFLATE_BAD, BYTES("")},
};

static void the_standards_examples_and_bad_streams_are_judged_right_in_all_pieces(void **state)
{
    struct inflater *inflater = inflater_new();

    (void)state;
    assert_non_null(inflater);
    for (size_t index = 0; index < COUNT(cases); index++)
        for (size_t piece_max = 1; piece_max <= cases[index].bytes.size + 1; piece_max++) {
            struct builder out;

            builder_init(&out, 100);
            inflater_reset(inflater);
            enum inflate inflated = inflate_in_pieces(inflater, cases[index].bytes, piece_max, &out);
            if (inflated != cases[index].inflated)
                fail_msg("%s, in pieces of %zu: %d", cases[index].name, piece_max, (int)inflated);
            if (inflated == INFLATE_OK)
                assert_views_equal(builder_view(&out), cases[index].message);
            builder_done(&out);
        }
    inflater_free(inflater);
}

static void hello_is_deflated_as_in_the_standard(void **state)
{
    struct deflater *deflater = deflater_new(15, 6);
    struct builder out;

    (void)state;
    assert_non_null(deflater);
    builder_init(&out, 100);
    for (int round = 0; round < 3; round++) { /* the same each time: no context is kept */
        builder_clear(&out);
        builder_add_string(&out, "before");
        assert_true(deflater_run(deflater, VIEW("Hello"), &out));
        assert_views_equal(builder_view(&out), VIEW("before\xF2\x48\xCD\xC9\xC9\x07\x00"));
    }
    builder_clear(&out);
    assert_true(deflater_run(deflater, VIEW(""), &out));
    assert_views_equal(builder_view(&out), VIEW("\x00"));
    builder_done(&out);
    deflater_free(deflater);
}

/* Text like that of a chat for an even seed, noise for an odd one. */
static struct view message_of(size_t size, uint64_t seed)
{
    static const char words[] = "{\"type\":\"message\",\"room\":\"lobby\",\"text\":\"well, I never said that\"} ";
    bool is_noise = seed & 1;
    uint8_t *at = malloc(size + 1);

    assert_non_null(at);
    for (size_t index = 0; index < size; index++)
        at[index] = is_noise ? (uint8_t)next_random(&seed) : (uint8_t)words[index % (sizeof(words) - 1)];
    return view_of(at, size);
}

static void what_was_deflated_is_inflated_again(void **state)
{
    static const size_t sizes[] = {0, 1, 2, 125, 126, 127, 1000, 4096, 32767, 32768, 65535, 65536, 300000};
    struct inflater *inflater = inflater_new();

    (void)state;
    for (int window_bits = 9; window_bits <= 15; window_bits++) {
        struct deflater *deflater = deflater_new(window_bits, window_bits - 6);

        for (size_t index = 0; index < COUNT(sizes) * 2; index++) {
            struct view message = message_of(sizes[index / 2], index + 20);
            struct builder packed;
            struct builder out;

            builder_init(&packed, 400000);
            builder_init(&out, message.size);
            assert_true(deflater_run(deflater, message, &packed));
            inflater_reset(inflater);
            assert_int_equal(inflate_in_pieces(inflater, builder_view(&packed), 1 + index * 997, &out), INFLATE_OK);
            assert_views_equal(builder_view(&out), message);
            builder_done(&packed);
            builder_done(&out);
            free_copy(message);
        }
        deflater_free(deflater);
    }
    inflater_free(inflater);
}

static void a_ceiling_that_is_too_low_leaves_what_was_there(void **state)
{
    struct deflater *deflater = deflater_new(15, 6);
    struct view message = message_of(5000, 1);

    (void)state;
    for (size_t ceiling = 0; ceiling < 5100; ceiling += ceiling < 50 ? 1 : 501) {
        struct builder out;

        builder_init(&out, ceiling);
        if (ceiling > 3)
            builder_add_string(&out, "abc");
        size_t size = out.size;
        bool has_fitted = deflater_run(deflater, message, &out);
        assert_int_equal(has_fitted, builder_ok(&out));
        assert_int_equal(has_fitted, ceiling > 5020);
        if (!has_fitted)
            assert_int_equal(out.size, size);
        assert_false(!has_fitted && deflater_run(deflater, VIEW("x"), &out)); /* a failed builder stays failed */
        builder_done(&out);
    }
    free_copy(message);
    deflater_free(deflater);
}

/* Zeros, which shrink to a thousandth. */
static void pack_zeros(size_t size, struct builder *packed)
{
    struct deflater *deflater = deflater_new(15, 9);
    uint8_t *zeros = calloc(1, size);

    assert_non_null(zeros);
    assert_true(deflater_run(deflater, view_of(zeros, size), packed));
    free(zeros);
    deflater_free(deflater);
}

static void a_bomb_stops_at_the_ceiling(void **state)
{
    struct inflater *inflater = inflater_new();
    struct builder packed;

    (void)state;
    builder_init(&packed, 100000);
    pack_zeros(8 << 20, &packed);
    assert_true(packed.size < (8 << 20) / 900);
    for (size_t piece_max = 1; piece_max < 10000; piece_max *= 7) {
        struct builder out;

        builder_init(&out, 65536);
        inflater_reset(inflater);
        assert_int_equal(inflate_in_pieces(inflater, builder_view(&packed), piece_max, &out), INFLATE_TOO_BIG);
        assert_int_equal(out.size, 65536);
        assert_true(out.capacity <= 65536);
        assert_true(builder_ok(&out));
        builder_done(&out);
    }
    builder_done(&packed);
    inflater_free(inflater);
}

static void a_message_may_fill_the_ceiling_and_no_more(void **state)
{
    struct inflater *inflater = inflater_new();
    struct builder packed;

    (void)state;
    builder_init(&packed, 100000);
    pack_zeros(1000, &packed);
    for (size_t ceiling = 0; ceiling <= 1001; ceiling++)
        for (size_t piece_max = 1; piece_max <= packed.size; piece_max++) {
            struct builder out;

            builder_init(&out, ceiling);
            inflater_reset(inflater);
            assert_int_equal(inflate_in_pieces(inflater, builder_view(&packed), piece_max, &out),
                             ceiling < 1000 ? INFLATE_TOO_BIG : INFLATE_OK);
            assert_int_equal(out.size, ceiling < 1000 ? ceiling : 1000);
            builder_done(&out);
        }
    builder_done(&packed);
    inflater_free(inflater);
}

static void memory_grows_by_what_came_out(void **state)
{
    struct inflater *inflater = inflater_new();
    struct builder out;

    (void)state;
    builder_init(&out, 1 << 24);
    assert_int_equal(inflater_run(inflater, VIEW("\xF2\x48\xCD\xC9\xC9\x07\x00"), true, &out), INFLATE_OK);
    assert_true(out.capacity <= 1024);
    builder_done(&out);
    inflater_free(inflater);
}

static void nothing_is_freed_as_nothing(void **state)
{
    (void)state;
    deflater_free(NULL);
    inflater_free(NULL);
}

int test_deflate(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_standards_examples_and_bad_streams_are_judged_right_in_all_pieces),
        cmocka_unit_test(hello_is_deflated_as_in_the_standard),
        cmocka_unit_test(what_was_deflated_is_inflated_again),
        cmocka_unit_test(a_ceiling_that_is_too_low_leaves_what_was_there),
        cmocka_unit_test(a_bomb_stops_at_the_ceiling),
        cmocka_unit_test(a_message_may_fill_the_ceiling_and_no_more),
        cmocka_unit_test(memory_grows_by_what_came_out),
        cmocka_unit_test(nothing_is_freed_as_nothing),
    };
    return cmocka_run_group_tests_name("deflate", tests, NULL, NULL);
}
