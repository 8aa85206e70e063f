/* SPDX-License-Identifier: Apache-2.0 */
/* os/clock.h, os/random.h, os/thread.h, os/service.h and os/file.h over the simulated world. */
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/utc.h"
#include "chance.h"
#include "disk.h"
#include "fiber.h"
#include "memory.h"
#include "network.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"
#include "os/service.h"
#include "os/thread.h"
#include "server.h"
#include "world.h"

/* ---- clock: looking at it takes a moment ---- */

uint64_t os_clock_monotonic_ns(void)
{
    world.now_ns += chance_below(400);
    return world.now_ns;
}

uint64_t os_clock_monotonic_ms(void)
{
    return os_clock_monotonic_ns() / 1000000;
}

uint64_t os_clock_thread_ns(void)
{
    return world.now_ns;
}

int64_t os_clock_wall_ms(void)
{
    if (fault(FAULT_WALL_JUMP)) {
        int64_t step_ms = (int64_t)chance_skewed(86400000);
        world.wall_offset_ms += chance_one_in(2) ? step_ms : -step_ms;
        trace("world", "the wall clock steps by %lld ms", (long long)step_ms);
    }
    return world_wall_ms();
}

bool os_clock_is_synchronised(void)
{
    return true;
}

void os_clock_format_utc(int64_t wall_ms, char out[25])
{
    utc_format(wall_ms, out);
}

/* ---- random ---- */

void os_random_init(void)
{
}

void os_random_bytes(void *out, size_t size)
{
    chance_bytes(out, size);
}

uint64_t os_random_u64(void)
{
    return chance_u64();
}

uint64_t os_random_below(uint64_t bound)
{
    return chance_below(bound);
}

/* ---- threads ---- */

struct started {
    void (*run)(void *context);
    void *context;
};

enum result os_thread_start(struct os_thread *thread, const char *name, void (*run)(void *context), void *context)
{
    struct fiber *fiber = fault(FAULT_POLLER) ? NULL : fiber_start(name, run, context);

    thread->is_running = fiber != NULL;
    memcpy(&thread->id, &fiber, sizeof fiber);
    return fiber ? RESULT_OK : RESULT_FAILED;
}

void os_thread_join(struct os_thread *thread)
{
    struct fiber *fiber;

    if (!thread->is_running)
        return;
    memcpy(&fiber, &thread->id, sizeof fiber);
    while (!fiber_has_ended(fiber))
        fiber_wait(UINT64_MAX);
    fiber_free(fiber);
    thread->is_running = false;
}

void os_thread_yield(void)
{
    world.now_ns += 1000;
    fiber_yield();
}

int __real_nanosleep(const struct timespec *time, struct timespec *rest);
int __wrap_nanosleep(const struct timespec *time, struct timespec *rest);
int __wrap_nanosleep(const struct timespec *time, struct timespec *rest)
{
    if (!fiber_current())
        return __real_nanosleep(time, rest);
    fiber_sleep((uint64_t)time->tv_sec * 1000000000 + (uint64_t)time->tv_nsec);
    return 0;
}

/* The readers' condition. Its waiters are fibers; a signal wakes all of them, as it may. The lock is never held across
 * a point, so nobody ever waits for it. */
enum { WAITERS_MAX = 32 };
static struct fiber *waiters[WAITERS_MAX];

int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock);
int __wrap_pthread_cond_wait(pthread_cond_t *condition, pthread_mutex_t *lock)
{
    int i = 0;

    (void)condition;
    while (waiters[i])
        check(++i < WAITERS_MAX);
    waiters[i] = fiber_current();
    (void)pthread_mutex_unlock(lock); /* cannot fail */
    fiber_wait(UINT64_MAX);
    waiters[i] = NULL;
    (void)pthread_mutex_lock(lock); /* cannot fail */
    return 0;
}

int __wrap_pthread_cond_signal(pthread_cond_t *condition);
int __wrap_pthread_cond_signal(pthread_cond_t *condition)
{
    (void)condition;
    int start = (int)chance_below(WAITERS_MAX);
    for (int i = 0; i < WAITERS_MAX; i++) {
        struct fiber *waiter = waiters[(start + i) % WAITERS_MAX];
        if (waiter) {
            fiber_wake(waiter);
            return 0;
        }
    }
    return 0;
}

int __wrap_pthread_cond_broadcast(pthread_cond_t *condition);
int __wrap_pthread_cond_broadcast(pthread_cond_t *condition)
{
    (void)condition;
    for (int i = 0; i < WAITERS_MAX; i++)
        fiber_wake(waiters[i]);
    return 0;
}

int os_cpu_count(void)
{
    return 2;
}

size_t os_descriptor_limit_raise(void)
{
    return 100000;
}

void os_memory_tune(void)
{
}

void os_memory_trim(void)
{
}

size_t os_descriptor_count(void)
{
    return network_descriptors();
}

size_t os_connection_count(const uint16_t *ports, size_t port_count)
{
    (void)ports;
    (void)port_count;
    return network_connections();
}

size_t os_memory_resident_bytes(void)
{
    return 0;
}

uint64_t os_process_cpu_ms(void)
{
    return world_ms();
}

void os_signals_init(void)
{
}

int os_signal_wait(int timeout_ms)
{
    return server_signal_wait(timeout_ms);
}

bool os_is_terminal(int descriptor)
{
    (void)descriptor;
    return false;
}

/* ---- the service manager: there is none ---- */

enum result os_passed_take(struct os_passed out[OS_PASSED_MAX], size_t *out_count)
{
    (void)out;
    *out_count = 0;
    return RESULT_OK;
}

enum result os_notify(const char *address, struct view text)
{
    (void)address;
    (void)text;
    return RESULT_OK;
}

bool os_is_journal(int descriptor)
{
    (void)descriptor;
    return false;
}

int os_process_id(void)
{
    return 1;
}

/* ---- files ---- */

enum result os_folder_make(const char *path)
{
    (void)path;
    return RESULT_OK;
}

bool os_file_exists(const char *path)
{
    return disk_find(path) != NULL;
}

enum result os_file_read(const char *path, struct builder *out)
{
    const struct disk_file *file = disk_find(path);

    if (!file)
        return RESULT_NOT_FOUND;
    if (fault(FAULT_DISK_READ))
        return RESULT_FAILED;
    builder_add(out, file->now.at, file->now.size);
    return builder_ok(out) ? RESULT_OK : RESULT_FULL;
}

enum result os_file_write_new(const char *path, struct view content)
{
    if (disk_find(path))
        return RESULT_EXISTS;
    if (fault(FAULT_DISK_WRITE) || fault(FAULT_DISK_SYNC))
        return RESULT_FAILED;
    struct disk_file *file = disk_make(path);
    if (content.size > 0)
        disk_write(file, content.at, content.size, 0);
    disk_sync(file);
    fiber_point();
    return RESULT_OK;
}

void os_file_remove(const char *path)
{
    struct disk_file *file = disk_find(path);

    if (file)
        disk_remove(file, true);
}

enum result os_file_sync_time(const char *folder, uint64_t *out_ns)
{
    (void)folder;
    *out_ns = 1000000;
    return RESULT_OK;
}

enum result os_file_check_private(const char *path)
{
    return disk_find(path) ? RESULT_OK : RESULT_NOT_FOUND;
}

static bool is_locked;

enum result os_lock_take(const char *folder, int *out_descriptor, int *out_pid)
{
    (void)folder;
    *out_pid = 0;
    if (is_locked)
        return RESULT_EXISTS;
    is_locked = true;
    *out_descriptor = entry_open(ENTRY_LOCK);
    return RESULT_OK;
}

void os_lock_sign(int descriptor)
{
    (void)descriptor;
}

void os_lock_release(int descriptor)
{
    is_locked = false;
    entry_close(descriptor, ENTRY_LOCK);
}

void os_print(int descriptor, struct view text)
{
    (void)descriptor;
    (void)text;
}

uint64_t os_disk_free_bytes(const char *path)
{
    (void)path;
    return UINT64_MAX;
}
