/* SPDX-License-Identifier: Apache-2.0 */
#include "net/admission.h"

#include <stdlib.h>

#include "base/table.h"

struct admission *admission_new(size_t total_max, size_t per_address_max)
{
    struct admission *admission = calloc(1, sizeof *admission);

    if (admission) {
        admission->total_max = total_max;
        admission->per_address_max = per_address_max;
    }
    return admission;
}

void admission_free(struct admission *admission)
{
    free(admission);
}

static bool is_ipv4(const struct os_address *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

/* The two cells of an address: the halves of one keyed hash, so that nobody can aim at a neighbour's. */
static void cells_of(struct admission *admission, const struct os_address *address, _Atomic uint32_t *out_cells[2])
{
    size_t size = is_ipv4(address) ? 16 : 8;
    uint64_t hash = table_hash(view_of(address->bytes, size));

    out_cells[0] = &admission->rows[0][hash % ADMISSION_CELLS];
    out_cells[1] = &admission->rows[1][(hash >> 32) % ADMISSION_CELLS];
}

enum admission_verdict admission_enter(struct admission *admission)
{
    uint64_t total = atomic_fetch_add_explicit(&admission->total, 1, memory_order_relaxed) + 1;

    return total > admission->total_max ? ADMISSION_TOO_MANY : ADMISSION_YES;
}

void admission_leave(struct admission *admission)
{
    uint64_t before = atomic_fetch_sub_explicit(&admission->total, 1, memory_order_relaxed);

    check(before > 0);
}

enum admission_verdict admission_enter_address(struct admission *admission, const struct os_address *address)
{
    _Atomic uint32_t *cells[2];

    cells_of(admission, address, cells);
    uint32_t first = atomic_fetch_add_explicit(cells[0], 1, memory_order_relaxed) + 1;
    uint32_t second = atomic_fetch_add_explicit(cells[1], 1, memory_order_relaxed) + 1;
    uint32_t count = first < second ? first : second;
    bool is_over = admission->per_address_max > 0 && count > admission->per_address_max;

    return is_over ? ADMISSION_TOO_MANY_FROM_ADDRESS : ADMISSION_YES;
}

void admission_leave_address(struct admission *admission, const struct os_address *address)
{
    _Atomic uint32_t *cells[2];

    cells_of(admission, address, cells);
    atomic_fetch_sub_explicit(cells[0], 1, memory_order_relaxed);
    atomic_fetch_sub_explicit(cells[1], 1, memory_order_relaxed);
}
