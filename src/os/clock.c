/* SPDX-License-Identifier: Apache-2.0 */
#include "os/clock.h"

#include <sys/timex.h>
#include <time.h>

#include "base/check.h"
#include "base/utc.h"

enum { NS_PER_MS = 1000 * 1000, NS_PER_SECOND = 1000 * NS_PER_MS, MS_PER_SECOND = 1000 };

static struct timespec clock_read(clockid_t clock)
{
    struct timespec time;
    check(clock_gettime(clock, &time) == 0); /* it fails for unknown clocks only */
    return time;
}

static uint64_t clock_read_ns(clockid_t clock)
{
    struct timespec time = clock_read(clock);
    return (uint64_t)time.tv_sec * NS_PER_SECOND + (uint64_t)time.tv_nsec;
}

uint64_t os_clock_monotonic_ms(void)
{
    return clock_read_ns(CLOCK_MONOTONIC) / NS_PER_MS;
}

uint64_t os_clock_monotonic_ns(void)
{
    return clock_read_ns(CLOCK_MONOTONIC);
}

uint64_t os_clock_thread_ns(void)
{
    return clock_read_ns(CLOCK_THREAD_CPUTIME_ID);
}

int64_t os_clock_wall_ms(void)
{
    struct timespec time = clock_read(CLOCK_REALTIME);
    return (int64_t)time.tv_sec * MS_PER_SECOND + time.tv_nsec / NS_PER_MS;
}

void os_clock_format_utc(int64_t wall_ms, char out[25])
{
    utc_format(wall_ms, out);
}

bool os_clock_is_synchronised(void)
{
    struct timex query = {.modes = 0};

    int state = adjtimex(&query);
    return state >= 0 && state != TIME_ERROR;
}
