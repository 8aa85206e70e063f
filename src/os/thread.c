/* SPDX-License-Identifier: Apache-2.0 */
#include "os/thread.h"

#include <dirent.h>
#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/view.h"

enum { NAME_SIZE = 16, MS_PER_SECOND = 1000, NS_PER_MS = 1000 * 1000, LARGE_BLOCK_BYTES = 256 * 1024 };

/* What a thread needs to begin; it is the thread's own once that runs. */
struct thread_start {
    void (*run)(void *context);
    void *context;
    char name[NAME_SIZE];
};

static void *thread_main(void *argument)
{
    struct thread_start start = *(struct thread_start *)argument;
    free(argument);
    (void)pthread_setname_np(pthread_self(), start.name); /* a name is a comfort only */
    start.run(start.context);
    return NULL;
}

enum result os_thread_start(struct os_thread *thread, const char *name, void (*run)(void *context), void *context)
{
    thread->is_running = false;
    struct thread_start *start = malloc(sizeof(*start));
    if (start == NULL)
        return RESULT_FAILED;
    *start = (struct thread_start){.run = run, .context = context};
    (void)snprintf(start->name, sizeof(start->name), "%s", name); /* cut where it is too long */
    /* A thread inherits the mask: so there is no moment in which a signal could reach the new one. */
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    check(pthread_sigmask(SIG_SETMASK, &all, &before) == 0);
    int error = pthread_create(&thread->id, NULL, thread_main, start);
    check(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    if (error != 0) {
        free(start);
        return RESULT_FAILED;
    }
    thread->is_running = true;
    return RESULT_OK;
}

void os_thread_join(struct os_thread *thread)
{
    if (!thread->is_running)
        return;
    check(pthread_join(thread->id, NULL) == 0);
    thread->is_running = false;
}

void os_sleep_ms(uint32_t milliseconds)
{
    struct timespec left = {.tv_sec = milliseconds / 1000, .tv_nsec = (long)(milliseconds % 1000) * 1000000};

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

void os_thread_yield(void)
{
    (void)sched_yield(); /* never fails on Linux */
}

int os_cpu_count(void)
{
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0 && CPU_COUNT(&allowed) > 0)
        return CPU_COUNT(&allowed);
    long online = sysconf(_SC_NPROCESSORS_ONLN); /* the set is too small on machines of over 1,024 processors */
    return online > 0 ? (int)online : 1;
}

void os_memory_tune(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BLOCK_BYTES); /* setting it stops the C library from moving it */
    (void)mallopt(M_TRIM_THRESHOLD, LARGE_BLOCK_BYTES);
}

void os_memory_trim(void)
{
    (void)malloc_trim(0); /* whether there was any does not matter */
}

size_t os_descriptor_limit_raise(void)
{
    struct rlimit limit;
    check(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    rlim_t soft = limit.rlim_cur;
    limit.rlim_cur = limit.rlim_max;
    if (soft != limit.rlim_max && setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return (size_t)soft;
    return (size_t)limit.rlim_cur;
}

/* Sockets that a listening unix socket accepted have its path for a name; those that others gave us, for our log, say,
 * have none. */
static bool is_bound_to_path(int descriptor)
{
    struct sockaddr_un name = {.sun_family = AF_UNSPEC};
    socklen_t size = sizeof(name);
    return getsockname(descriptor, (struct sockaddr *)&name, &size) == 0 && name.sun_family == AF_UNIX
           && size > sizeof(sa_family_t) && name.sun_path[0] != 0;
}

struct ports {
    const uint16_t *at;
    size_t count;
};

static bool has_port_of(int descriptor, const struct ports *ports)
{
    union {
        struct sockaddr any;
        struct sockaddr_in ipv4;
        struct sockaddr_in6 ipv6;
        struct sockaddr_un local;
    } here = {.any.sa_family = AF_UNSPEC};
    socklen_t size = sizeof here;
    if (ports->count == 0)
        return true;
    if (getsockname(descriptor, &here.any, &size) != 0)
        return false;
    if (here.any.sa_family == AF_UNIX)
        return true; /* has no port, and a path of ours */
    uint16_t port = ntohs(here.any.sa_family == AF_INET6 ? here.ipv6.sin6_port : here.ipv4.sin_port);
    for (size_t index = 0; index < ports->count; index++) {
        if (ports->at[index] == port)
            return true;
    }
    return false;
}

/* A connection has an end elsewhere: a TCP socket that does not listen, or one that a unix socket of a path accepted.
 * One that was reset counts until it is closed, as its owner counts it until then. */
static bool is_connection(int descriptor, const struct ports *ports)
{
    int protocol = 0;
    int listens = 0;
    socklen_t size = sizeof(protocol);
    if (getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) != 0)
        return false;
    if (protocol != IPPROTO_TCP && !is_bound_to_path(descriptor))
        return false;
    size = sizeof(listens);
    return getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 && listens == 0
           && has_port_of(descriptor, ports);
}

/* `ports` NULL: all descriptors, whatever they are. */
static size_t count_descriptors(const struct ports *ports)
{
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL)
        return 0;
    size_t count = 0;
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        uint64_t descriptor;
        if (!view_to_number(view_of_string(entry->d_name), INT32_MAX, &descriptor))
            continue; /* "." and ".." */
        if ((int)descriptor != dirfd(folder) && (ports == NULL || is_connection((int)descriptor, ports)))
            count++;
    }
    (void)closedir(folder); /* only read from */
    return count;
}

size_t os_descriptor_count(void)
{
    return count_descriptors(NULL);
}

size_t os_connection_count(const uint16_t *ports, size_t port_count)
{
    return count_descriptors(&(struct ports){ports, port_count});
}

size_t os_memory_resident_bytes(void)
{
    char text[128] = "";
    FILE *file = fopen("/proc/self/statm", "re");
    if (file == NULL)
        return 0;
    bool is_read = fgets(text, sizeof text, file) != NULL;
    (void)fclose(file); /* only read from */
    char *rest = text;
    (void)strtoul(rest, &rest, 10); /* all pages, mapped ones too */
    unsigned long pages_resident = strtoul(rest, NULL, 10);
    long page_size = sysconf(_SC_PAGESIZE);
    return is_read && page_size > 0 ? (size_t)pages_resident * (size_t)page_size : 0;
}

uint64_t os_process_cpu_ms(void)
{
    struct timespec time;
    check(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time) == 0);
    return (uint64_t)time.tv_sec * MS_PER_SECOND + (uint64_t)time.tv_nsec / NS_PER_MS;
}

static sigset_t awaited_signals(void)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    return set;
}

void os_signals_init(void)
{
    sigset_t set = awaited_signals();
    check(pthread_sigmask(SIG_BLOCK, &set, NULL) == 0);
    check(signal(SIGPIPE, SIG_IGN) != SIG_ERR);
}

int os_signal_wait(int timeout_ms)
{
    sigset_t set = awaited_signals();
    int number;
    if (timeout_ms < 0) {
        do {
            number = sigwaitinfo(&set, NULL);
        } while (number < 0 && errno == EINTR);
    } else {
        struct timespec timeout = {
            .tv_sec = timeout_ms / MS_PER_SECOND,
            .tv_nsec = (long)(timeout_ms % MS_PER_SECOND) * NS_PER_MS,
        };
        number = sigtimedwait(&set, NULL, &timeout);
    }
    return number > 0 ? number : 0;
}

bool os_is_terminal(int descriptor)
{
    return isatty(descriptor) == 1;
}
