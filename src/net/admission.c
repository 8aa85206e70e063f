/* SPDX-License-Identifier: Apache-2.0 */
#include "net/admission.h"

#include <stdlib.h>

#include "base/table.h"
#include "os/random.h"

enum { US_PER_MS = 1000, US_PER_S = 1000 * 1000, PROMISES_US = 60 * US_PER_S };

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

void admission_limit_upgrades(struct admission *admission, double per_second, uint32_t burst)
{
    admission->upgrade_us = per_second > 0 ? (uint64_t)(US_PER_S / per_second) : 0;
    admission->upgrade_burst_us = admission->upgrade_us * (burst > 0 ? burst - 1 : 0);
}

static uint64_t later(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* The moments of those who are sent away stand in a line behind the one at which an upgrade will be in time again. */
static uint64_t promise(struct admission *admission, uint64_t now_us, uint64_t fine_us)
{
    uint64_t before = atomic_load_explicit(&admission->promised, memory_order_relaxed), moment_us;

    do {
        moment_us = later(before, fine_us) + admission->upgrade_us;
        if (moment_us - now_us > PROMISES_US)
            return PROMISES_US / 2 + os_random_below(PROMISES_US / 2);
    } while (!atomic_compare_exchange_weak_explicit(&admission->promised, &before, moment_us, memory_order_relaxed,
                                                    memory_order_relaxed));
    return moment_us - now_us;
}

/* One number says it all: when the next upgrade would be due if they came evenly. It may lie ahead by the burst. */
bool admission_upgrade(struct admission *admission, uint64_t now_ms, uint64_t *out_retry_after_ms)
{
    uint64_t now_us = now_ms * US_PER_MS;
    uint64_t before = atomic_load_explicit(&admission->upgrade_next, memory_order_relaxed);

    if (admission->upgrade_us == 0)
        return true;
    do {
        if (before > now_us + admission->upgrade_burst_us) {
            uint64_t wait_us = promise(admission, now_us, before - admission->upgrade_burst_us);
            *out_retry_after_ms = wait_us / US_PER_MS + 1;
            return false;
        }
    } while (!atomic_compare_exchange_weak_explicit(&admission->upgrade_next, &before,
                                                    later(before, now_us) + admission->upgrade_us, memory_order_relaxed,
                                                    memory_order_relaxed));
    return true;
}

uint64_t admission_wait_ms(const struct admission *admission, uint64_t now_ms)
{
    uint64_t now_us = now_ms * US_PER_MS;
    uint64_t next = atomic_load_explicit(&admission->upgrade_next, memory_order_relaxed);
    uint64_t promised = atomic_load_explicit(&admission->promised, memory_order_relaxed);

    if (admission->upgrade_us == 0 || next <= now_us + admission->upgrade_burst_us)
        return 0;
    return (later(promised, next - admission->upgrade_burst_us) - now_us) / US_PER_MS + 1;
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
