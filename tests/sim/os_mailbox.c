/* SPDX-License-Identifier: Apache-2.0 */
/* The real mailbox, with points between its atomic steps at which another thread may go on. Its thread-local part is
 * swapped with the fibers. */
#include <stdatomic.h>
#include <string.h>

#include "fiber.h"
#include "memory.h"

#if !defined(__clang__)
#undef atomic_load_explicit
#undef atomic_store_explicit
#define atomic_load_explicit(at, order)         (fiber_point(), __atomic_load_n((at), (order)))
#define atomic_store_explicit(at, value, order) (fiber_point(), __atomic_store_n((at), (value), (order)))
#endif

#include "../../src/os/mailbox.c" /* NOLINT: its statics are wanted */

struct held_signals {
    bool holds_signals;
    size_t held_count;
    struct mailbox *held[HELD_MAX];
};

struct held_signals *held_signals_new(void)
{
    struct held_signals *kept = own_realloc(NULL, sizeof *kept);

    *kept = (struct held_signals){0};
    return kept;
}

void held_signals_clear(struct held_signals *kept)
{
    *kept = (struct held_signals){0};
}

void held_signals_swap(struct held_signals *kept)
{
    struct held_signals now = {.holds_signals = holds_signals, .held_count = held_count};

    if (!holds_signals && held_count == 0 && !kept->holds_signals && kept->held_count == 0)
        return;
    memcpy(now.held, held, sizeof held);
    holds_signals = kept->holds_signals;
    held_count = kept->held_count;
    memcpy(held, kept->held, sizeof held);
    *kept = now;
}
