/* SPDX-License-Identifier: Apache-2.0 */
/* What makes natter into natter_faulty: a thread that takes orders from descriptor 3 and answers each with a line on 4.
 *
 *     arm KIND NUMBER once|lasts     the NUMBERth call of that kind under SQLite fails, and all after it if it lasts
 *     disarm                         no more faults; "struck" or "calm" says whether there was one
 *     slow MS                        every fsync takes so much longer
 *     clock MS                       the wall clock is so much ahead of the true one (or behind it, if negative)
 *
 * Without descriptor 3 it is natter. The threads of the server know nothing of all this: they see a disk that fails,
 * and a clock that was set. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "fault_vfs.h"

enum { ORDERS_DESCRIPTOR = 3, ANSWERS_DESCRIPTOR = 4, NS_PER_MS = 1000000, MS_PER_SECOND = 1000 };

static _Atomic int64_t clock_ahead_ms;

/* Stands before the C library's: the program's own name goes first. */
int clock_gettime(clockid_t clock, struct timespec *out_time)
{
    if (syscall(SYS_clock_gettime, clock, out_time) != 0)
        return -1;
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) {
        int64_t ahead_ms = atomic_load(&clock_ahead_ms);
        int64_t ns = out_time->tv_nsec + ahead_ms % MS_PER_SECOND * NS_PER_MS;
        int64_t carry = ns < 0 ? -1 : ns / ((int64_t)NS_PER_MS * MS_PER_SECOND);
        out_time->tv_nsec = ns - carry * NS_PER_MS * MS_PER_SECOND;
        out_time->tv_sec += ahead_ms / MS_PER_SECOND + carry;
    }
    return 0;
}

static const struct {
    const char *name;
    enum fault_kind kind;
} kinds[] = {
    {"disk_full", FAULT_DISK_FULL}, {"write", FAULT_WRITE}, {"torn_write", FAULT_TORN_WRITE}, {"sync", FAULT_SYNC},
    {"open", FAULT_OPEN},           {"read", FAULT_READ},   {"read_only", FAULT_READ_ONLY},
};

static const char *arm(const char *name, int number, const char *how)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            fault_vfs_arm(kinds[i].kind, number, strcmp(how, "lasts") == 0);
            return "armed";
        }
    }
    return "what kind?";
}

static const char *obey(const char *order)
{
    char name[32];
    char how[8];
    long long number = 0;
    if (sscanf(order, "arm %31s %lld %7s", name, &number, how) == 3)
        return arm(name, (int)number, how);
    if (strncmp(order, "disarm", strlen("disarm")) == 0)
        return fault_vfs_disarm() ? "struck" : "calm";
    if (sscanf(order, "slow %lld", &number) == 1) {
        fault_vfs_slow((int)number);
        return "slow";
    }
    if (sscanf(order, "clock %lld", &number) == 1) {
        atomic_store(&clock_ahead_ms, number);
        return "set";
    }
    return "what?";
}

static void *take_orders(void *orders)
{
    char line[128];
    while (fgets(line, sizeof line, orders) != NULL) {
        if (dprintf(ANSWERS_DESCRIPTOR, "%s\n", obey(line)) < 0)
            break;
    }
    return NULL;
}

/* Before main. Its thread takes no signal: those are for the server. */
__attribute__((constructor)) static void prepare(void)
{
    FILE *orders = fdopen(ORDERS_DESCRIPTOR, "r");
    if (orders == NULL)
        return;
    fault_vfs_install();
    sigset_t all;
    sigset_t before;
    pthread_t thread;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    if (pthread_create(&thread, NULL, take_orders, orders) != 0)
        abort();
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_detach(thread);
}
