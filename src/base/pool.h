/* SPDX-License-Identifier: Apache-2.0 */
/* Blocks of one size, in slabs, with a ceiling. Freed blocks are used again first; slabs that are wholly free go back
 * to the system when more than half of all blocks are free, but for the last. A slab is about 256 KiB, of which only
 * what was ever used takes memory; blocks over 16 KiB have one each. Blocks are aligned to 8 bytes. One thread. */
#pragma once

#include <stddef.h>

#include "base/list.h"

struct pool {
    void *owner;       /* what pool_owner() gives; the user may set it */
    size_t block_size; /* rounded up to 8 */
    size_t blocks_per_slab;
    size_t blocks_max;
    size_t used;
    size_t total;
    struct list_link partial; /* slabs with free blocks */
    struct list_link full;
};

void pool_init(struct pool *pool, size_t block_size, size_t blocks_max);
/* All blocks must have been given back. */
void pool_done(struct pool *pool);
/* A zeroed block, or NULL: the ceiling is reached or memory ended. */
void *pool_take(struct pool *pool);
void pool_give(struct pool *pool, void *block);
/* The owner of the block's pool: so a block need not keep a pointer to where it belongs. */
void *pool_owner(const void *block);
