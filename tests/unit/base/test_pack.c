/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pack.h"

#include "base_test.h"

static void what_is_packed_is_unpacked(void **state)
{
    struct builder bytes;
    uint8_t three[3];

    (void)state;
    builder_init(&bytes, 1000);
    pack_number(&bytes, 0x0102030405060708, 8);
    pack_number(&bytes, 0xABCD, 2);
    pack_view(&bytes, VIEW("words"));
    pack_view(&bytes, VIEW(""));
    builder_add(&bytes, "xyz", 3);
    assert_true(builder_ok(&bytes));
    assert_int_equal(bytes.at[0], 8); /* the little end first, on every machine */
    struct unpack in = unpack_of(builder_view(&bytes));
    assert_int_equal(unpack_number(&in, 8), 0x0102030405060708);
    assert_int_equal(unpack_up_to(&in, 2, 0xABCD), 0xABCD);
    assert_true(view_equal(unpack_view(&in, 5), VIEW("words")));
    assert_int_equal(unpack_view(&in, 5).size, 0);
    assert_false(unpack_is_done(&in));
    assert_true(unpack_bytes(&in, three, sizeof three));
    assert_memory_equal(three, "xyz", 3);
    assert_true(unpack_is_done(&in));
    builder_done(&bytes);
}

static void past_the_end_there_are_zeroes_and_a_failure(void **state)
{
    static const uint8_t bytes[] = {5, 0, 0, 0, 'a', 'b'};
    uint8_t two[2];

    (void)state;
    struct unpack in = unpack_of(view_of(bytes, sizeof bytes));
    assert_int_equal(unpack_view(&in, 10).size, 0); /* five bytes are announced, two are there */
    assert_true(in.has_failed);
    assert_int_equal(unpack_number(&in, 1), 0); /* it stays failed */
    in = unpack_of(view_of(bytes, 1));
    assert_int_equal(unpack_number(&in, 2), 0);
    assert_true(in.has_failed);
    in = unpack_of(view_of(bytes, 1));
    assert_false(unpack_bytes(&in, two, sizeof two));
    assert_false(unpack_is_done(&in));
}

static void what_is_larger_than_it_may_be_is_a_failure(void **state)
{
    static const uint8_t bytes[] = {3, 0, 0, 0, 'a', 'b', 'c'};

    (void)state;
    struct unpack in = unpack_of(view_of(bytes, sizeof bytes));
    assert_int_equal(unpack_up_to(&in, 1, 2), 0);
    assert_true(in.has_failed);
    in = unpack_of(view_of(bytes, sizeof bytes));
    assert_int_equal(unpack_view(&in, 2).size, 0);
    assert_true(in.has_failed);
}

static void the_sum_sees_every_bit(void **state)
{
    uint8_t bytes[40] = {1, 2, 3};
    uint64_t sum = pack_sum(view_of(bytes, sizeof bytes));

    (void)state;
    for (size_t bit = 0; bit < sizeof bytes * 8; bit++) {
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_true(pack_sum(view_of(bytes, sizeof bytes)) != sum);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(pack_sum(view_of(bytes, sizeof bytes - 1)) != sum);
}

int test_pack(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_is_unpacked),
        cmocka_unit_test(past_the_end_there_are_zeroes_and_a_failure),
        cmocka_unit_test(what_is_larger_than_it_may_be_is_a_failure),
        cmocka_unit_test(the_sum_sees_every_bit),
    };

    return cmocka_run_group_tests_name("pack", tests, NULL, NULL);
}
