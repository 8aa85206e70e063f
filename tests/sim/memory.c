/* SPDX-License-Identifier: Apache-2.0 */
#include "memory.h"

#include <errno.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "fiber.h"
#include "world.h"

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
int __real_posix_memalign(void **out, size_t alignment, size_t size);
void __real_free(void *at);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
int __wrap_posix_memalign(void **out, size_t alignment, size_t size);
void __wrap_free(void *at);

static int64_t live;

/* False: this one fails. */
static bool is_granted(void)
{
    return !fiber_current() || !fault(FAULT_MEMORY);
}

static void *count(void *at)
{
    if (at && fiber_current())
        live++;
    return at;
}

/* Fresh memory has no promised content: filled, so that what reads it shows. */
void *__wrap_malloc(size_t size)
{
    void *at = is_granted() ? count(__real_malloc(size)) : NULL;

    if (at && fiber_current())
        memset(at, 0xa5, size < 256 ? size : 256);
    return at;
}

void *__wrap_calloc(size_t number, size_t size)
{
    return is_granted() ? count(__real_calloc(number, size)) : NULL;
}

void *__wrap_realloc(void *at, size_t size)
{
    if (!at)
        return __wrap_malloc(size);
    return is_granted() ? __real_realloc(at, size) : NULL;
}

void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return is_granted() ? count(__real_aligned_alloc(alignment, size)) : NULL;
}

int __wrap_posix_memalign(void **out, size_t alignment, size_t size)
{
    int code = is_granted() ? __real_posix_memalign(out, alignment, size) : ENOMEM;

    if (code == 0)
        (void)count(*out);
    return code;
}

void __wrap_free(void *at)
{
    if (at && fiber_current())
        live--;
    __real_free(at);
}

void *own_realloc(void *at, size_t size)
{
    void *memory = __real_realloc(at, size);

    check(memory);
    return memory;
}

void own_free(void *at)
{
    __real_free(at);
}

int64_t memory_live(void)
{
    return live;
}

/* ---- SQLite ---- */

/* The size stands in front of each block: what malloc_usable_size() says is not the same in each run, and SQLite acts
 * on it. */
enum { SIZE_BYTES = 16 };

static void *with_size(uint8_t *block, int size)
{
    if (!block)
        return NULL;
    memcpy(block, &size, sizeof size);
    return block + SIZE_BYTES;
}

static void *sqlite_malloc(int size)
{
    if (fiber_current() && fault(FAULT_SQLITE_MEMORY))
        return NULL;
    return with_size(__real_malloc((size_t)size + SIZE_BYTES), size);
}

static void *sqlite_realloc(void *at, int size)
{
    if (fiber_current() && fault(FAULT_SQLITE_MEMORY))
        return NULL;
    return with_size(__real_realloc((uint8_t *)at - SIZE_BYTES, (size_t)size + SIZE_BYTES), size);
}

static void sqlite_free(void *at)
{
    if (at)
        __real_free((uint8_t *)at - SIZE_BYTES);
}

static int sqlite_size(void *at)
{
    int size = 0;

    if (at)
        memcpy(&size, (uint8_t *)at - SIZE_BYTES, sizeof size);
    return size;
}

static int sqlite_round(int size)
{
    return (size + 7) & ~7;
}

static int sqlite_init(void *unused)
{
    (void)unused;
    return SQLITE_OK;
}

static void sqlite_shutdown(void *unused)
{
    (void)unused;
}

void memory_init(void)
{
    static const sqlite3_mem_methods methods = {
        .xMalloc = sqlite_malloc,
        .xFree = sqlite_free,
        .xRealloc = sqlite_realloc,
        .xSize = sqlite_size,
        .xRoundup = sqlite_round,
        .xInit = sqlite_init,
        .xShutdown = sqlite_shutdown,
    };

    check(sqlite3_config(SQLITE_CONFIG_MALLOC, &methods) == SQLITE_OK);
    json_set_alloc_funcs(__wrap_malloc, __wrap_free);
    json_object_seed(1);
}
