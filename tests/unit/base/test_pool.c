/* SPDX-License-Identifier: Apache-2.0 */
#include "base/pool.h"

#include "base_test.h"

enum { BLOCKS = 1000, STEPS = 30000 };

static const size_t sizes[] = {1, 16, 17, 24, 200, 4096, 16 * 1024, 16 * 1024 + 1, 100 * 1000, 200 * 1000};

static void blocks_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    for (size_t index = 0; index < COUNT(sizes); index++) {
        struct pool pool;
        pool_init(&pool, sizes[index], 40);
        uint8_t *blocks[40];
        for (size_t block = 0; block < COUNT(blocks); block++) {
            blocks[block] = pool_take(&pool);
            assert_non_null(blocks[block]);
            assert_int_equal((uintptr_t)blocks[block] % 8, 0);
            for (size_t byte = 0; byte < sizes[index]; byte++)
                assert_int_equal(blocks[block][byte], 0);
            memset(blocks[block], (int)block + 1, sizes[index]);
        }
        assert_null(pool_take(&pool));
        assert_int_equal(pool.used, COUNT(blocks));
        for (size_t block = 0; block < COUNT(blocks); block++) {
            assert_int_equal(blocks[block][0], block + 1);
            assert_int_equal(blocks[block][sizes[index] - 1], block + 1);
            pool_give(&pool, blocks[block]);
        }
        assert_int_equal(pool.used, 0);
        pool_done(&pool);
    }
}

static void a_freed_block_is_used_again_first_and_zeroed(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, 100, 10);
    uint8_t *first = pool_take(&pool);
    uint8_t *second = pool_take(&pool);
    memset(first, 0xff, 100);
    pool_give(&pool, first);
    uint8_t *again = pool_take(&pool);
    assert_ptr_equal(again, first);
    for (size_t byte = 0; byte < 100; byte++)
        assert_int_equal(again[byte], 0);
    pool_give(&pool, again);
    pool_give(&pool, second);
    pool_done(&pool);
}

static void a_pool_never_used_ends_quietly(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, 100, 10);
    pool_done(&pool);
    struct pool zeroes = {0};
    pool_done(&zeroes);
}

static void memory_goes_back_when_most_is_free(void **state)
{
    (void)state;
    struct pool pool;
    pool_init(&pool, 1000, BLOCKS);
    void *blocks[BLOCKS];
    for (size_t block = 0; block < BLOCKS; block++)
        blocks[block] = pool_take(&pool);
    size_t total_highest = pool.total;
    assert_true(total_highest >= BLOCKS);
    for (size_t block = 0; block < BLOCKS; block++) {
        pool_give(&pool, blocks[block]);
        assert_true(pool.total >= pool.used);
    }
    assert_int_equal(pool.total, pool.blocks_per_slab); /* the last slab stays */
    pool_done(&pool);
}

/* Every block is filled with its number while it is out, in a random order of taking and giving. */
static void blocks_keep_their_bytes_whatever_the_others_do(void **state)
{
    (void)state;
    uint64_t random = seed_of("blocks_keep_their_bytes_whatever_the_others_do");
    struct pool pool;
    pool_init(&pool, 1500, BLOCKS);
    uint8_t *blocks[BLOCKS] = {NULL};
    size_t used = 0;
    for (int step = 0; step < STEPS; step++) {
        size_t index = next_random(&random) % BLOCKS;
        bool wants = next_random(&random) % 100 < (step / 5000 % 2 == 0 ? 85 : 15);
        if (wants && blocks[index] == NULL) {
            blocks[index] = pool_take(&pool);
            assert_non_null(blocks[index]);
            memset(blocks[index], (int)(index % 256), 1500);
            used++;
        } else if (!wants && blocks[index] != NULL) {
            for (size_t byte = 0; byte < 1500; byte += 100)
                assert_int_equal(blocks[index][byte], index % 256);
            pool_give(&pool, blocks[index]);
            blocks[index] = NULL;
            used--;
        }
        assert_int_equal(pool.used, used);
    }
    for (size_t index = 0; index < BLOCKS; index++) {
        if (blocks[index] != NULL)
            pool_give(&pool, blocks[index]);
    }
    pool_done(&pool);
}

int test_pool(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_freed_block_is_used_again_first_and_zeroed),
        cmocka_unit_test(a_pool_never_used_ends_quietly),
        cmocka_unit_test(memory_goes_back_when_most_is_free),
        cmocka_unit_test(blocks_keep_their_bytes_whatever_the_others_do),
    };
    return cmocka_run_group_tests_name("pool", tests, NULL, NULL);
}
