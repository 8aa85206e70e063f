/* SPDX-License-Identifier: Apache-2.0 */
/* Threads, and the few process-wide things that only a system call can say. */
#pragma once

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/result.h"

struct os_thread {
    pthread_t id;
    bool is_running; /* between start and join */
};

/* All signals are blocked in the new thread. `name` is cut at 15 bytes. RESULT_OK or RESULT_FAILED. */
enum result os_thread_start(struct os_thread *thread, const char *name, void (*run)(void *context),
                            void *context) MUST_USE;
/* Waits for its end; fine if it was never started. */
void os_thread_join(struct os_thread *thread);
void os_thread_yield(void);
/* For a program that has nothing else to do; never on a loop. */
void os_sleep_ms(uint32_t milliseconds);

/* Processors that this process may run on, at least 1. */
int os_cpu_count(void);
/* Raises the soft limit of descriptors to the hard one; returns what it is now. */
size_t os_descriptor_limit_raise(void);
/* Large blocks come from the system and go back to it when they are freed, always. (By default the C library raises
 * the size that counts as large with every such block that is freed, and what a busy hour needed stays for ever.)
 * Main thread, first. */
void os_memory_tune(void);
/* Gives freed memory back to the system. It holds the allocator's locks meanwhile, for some hundred microseconds: only
 * when nobody is busy. */
void os_memory_trim(void);
/* Descriptors that this process has open, as /proc says; 0 where there is no /proc. */
size_t os_descriptor_count(void);
/* Those of them that are TCP sockets, do not listen, and have one of these ports at this end (0 ports: any), also if
 * the peer has gone already: for P3. One that is open all the while is counted, one that is not at any time is not.
 * Slow; not on a loop that others wait for. */
size_t os_connection_count(const uint16_t *ports, size_t port_count);
/* Resident memory in bytes, and CPU time used by the process in milliseconds. */
size_t os_memory_resident_bytes(void);
uint64_t os_process_cpu_ms(void);

/* SIGTERM, SIGINT, SIGHUP, SIGUSR1, SIGUSR2: delivered to os_signal_wait, blocked everywhere else; SIGPIPE is ignored.
 */
void os_signals_init(void);
/* The next signal, or 0 after `timeout_ms` (-1: for ever) or a little less. Main thread. */
int os_signal_wait(int timeout_ms);
bool os_is_terminal(int descriptor);
