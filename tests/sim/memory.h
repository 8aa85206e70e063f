/* SPDX-License-Identifier: Apache-2.0 */
/* The server's allocations, counted and now and then refused: the linker sends our own code's calls here (--wrap), and
 * SQLite and jansson are told to come. What the simulator itself needs is taken past it. */
#pragma once

#include <stddef.h>
#include <stdint.h>

void *own_realloc(void *at, size_t size);
void own_free(void *at);

/* Once, before SQLite and jansson are used. */
void memory_init(void);
/* Blocks that the server holds. */
int64_t memory_live(void);
