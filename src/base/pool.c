/* SPDX-License-Identifier: Apache-2.0 */
/* A slab begins at a multiple of 256 KiB and each block in it begins within the first 256 KiB: so cutting the low bits
 * off a block's address gives its slab. Freed blocks are chained through their first bytes; with AddressSanitizer the
 * rest of them is marked, so that a use after pool_give() is found. */
#include "base/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"

#if defined(__has_include) && __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, size)   ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

enum {
    SLAB_ALIGNMENT = 256 * 1024,
    /* A little less than the alignment, so that an allocator which keeps its own words before each allocation can put
     * slabs side by side. */
    SLAB_SIZE = SLAB_ALIGNMENT - 64,
    SLAB_HEAD_SIZE = 64,
    BLOCK_ALIGNMENT = 8,
    SHARED_BLOCK_SIZE_MAX = 16 * 1024,
};

struct free_block {
    struct free_block *next;
};

struct slab {
    struct list_link link; /* in the pool's partial or full */
    struct pool *pool;
    struct free_block *free;
    size_t used;
    size_t carved; /* blocks that have ever been given out; the memory after them is untouched */
};

_Static_assert(sizeof(struct slab) <= SLAB_HEAD_SIZE, "blocks begin behind the slab's head");

void pool_init(struct pool *pool, size_t block_size, size_t blocks_max)
{
    check(block_size > 0);
    check(block_size < SIZE_MAX / 2);
    *pool = (struct pool){.blocks_max = blocks_max};
    pool->block_size = (block_size + BLOCK_ALIGNMENT - 1) / BLOCK_ALIGNMENT * BLOCK_ALIGNMENT;
    pool->blocks_per_slab = pool->block_size <= SHARED_BLOCK_SIZE_MAX ? (SLAB_SIZE - SLAB_HEAD_SIZE) / pool->block_size
                                                                      : 1;
    list_init(&pool->partial);
    list_init(&pool->full);
}

static size_t slab_size(const struct pool *pool)
{
    return SLAB_HEAD_SIZE + pool->blocks_per_slab * pool->block_size;
}

static void slab_free(struct pool *pool, struct slab *slab)
{
    check(slab->used == 0);
    list_remove(&slab->link);
    pool->total -= pool->blocks_per_slab;
    ASAN_UNPOISON_MEMORY_REGION(slab, slab_size(pool));
    free(slab);
}

static void free_slabs(struct pool *pool, struct list_link *head)
{
    list_each(head, link, following)
        slab_free(pool, list_entry(link, struct slab, link));
}

void pool_done(struct pool *pool)
{
    if (pool->block_size == 0)
        return;
    check(pool->used == 0);
    free_slabs(pool, &pool->partial);
    free_slabs(pool, &pool->full);
    check(pool->total == 0);
}

static struct slab *slab_new(struct pool *pool)
{
    void *memory;
    if (posix_memalign(&memory, SLAB_ALIGNMENT, slab_size(pool)) != 0)
        return NULL;
    struct slab *slab = memory;
    *slab = (struct slab){.pool = pool};
    list_add_first(&pool->partial, &slab->link);
    pool->total += pool->blocks_per_slab;
    return slab;
}

static uint8_t *slab_blocks(struct slab *slab)
{
    return (uint8_t *)slab + SLAB_HEAD_SIZE;
}

static void *slab_take(struct slab *slab)
{
    struct pool *pool = slab->pool;
    void *block;
    if (slab->free != NULL) {
        block = slab->free;
        slab->free = slab->free->next;
        ASAN_UNPOISON_MEMORY_REGION(block, pool->block_size);
    } else {
        check(slab->carved < pool->blocks_per_slab);
        block = slab_blocks(slab) + slab->carved * pool->block_size;
        slab->carved++;
    }
    slab->used++;
    return block;
}

void *pool_take(struct pool *pool)
{
    if (pool->used >= pool->blocks_max)
        return NULL;
    struct slab *slab;
    if (!list_is_empty(&pool->partial))
        slab = list_entry(pool->partial.next, struct slab, link);
    else
        slab = slab_new(pool);
    if (slab == NULL)
        return NULL;
    void *block = slab_take(slab);
    pool->used++;
    if (slab->used == pool->blocks_per_slab) {
        list_remove(&slab->link);
        list_add_last(&pool->full, &slab->link);
    }
    return memset(block, 0, pool->block_size);
}

void *pool_owner(const void *block)
{
    uintptr_t low_bits = (uintptr_t)block & (SLAB_ALIGNMENT - 1);
    const struct slab *slab = (const struct slab *)(const void *)((const uint8_t *)block - low_bits);
    return slab->pool->owner;
}

static struct slab *slab_of(const struct pool *pool, void *block)
{
    uintptr_t low_bits = (uintptr_t)block & (SLAB_ALIGNMENT - 1);
    struct slab *slab = (struct slab *)(void *)((uint8_t *)block - low_bits);
    check(slab->pool == pool);
    check(((uint8_t *)block - slab_blocks(slab)) % (ptrdiff_t)pool->block_size == 0);
    return slab;
}

/* Slabs without used blocks wait at the end of `partial`. The last slab of all is kept, so that a pool which is used by
 * one block on and off does not go to the system each time. */
static void give_back_slabs(struct pool *pool)
{
    while (pool->total > pool->blocks_per_slab && pool->total - pool->used > pool->total / 2) {
        if (list_is_empty(&pool->partial))
            return;
        struct slab *slab = list_entry(pool->partial.previous, struct slab, link);
        if (slab->used > 0)
            return;
        slab_free(pool, slab);
    }
}

void pool_give(struct pool *pool, void *block)
{
    struct slab *slab = slab_of(pool, block);
    check(slab->used > 0);
    struct free_block *freed = block;
    freed->next = slab->free;
    slab->free = freed;
    ASAN_POISON_MEMORY_REGION((uint8_t *)block + sizeof(*freed), pool->block_size - sizeof(*freed));
    bool was_full = slab->used == pool->blocks_per_slab;
    slab->used--;
    pool->used--;
    if (slab->used == 0) {
        list_remove(&slab->link);
        list_add_last(&pool->partial, &slab->link);
        give_back_slabs(pool);
    } else if (was_full) {
        list_remove(&slab->link);
        list_add_first(&pool->partial, &slab->link);
    }
}
