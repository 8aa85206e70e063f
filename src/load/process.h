/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel says about the server's process on this machine: CPU time and memory, from /proc. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "base/view.h"

struct process_sample {
    uint64_t cpu_ns;         /* of all its threads, in steps of 10 ms per kind */
    uint64_t resident_bytes; /* user space, without what is mapped from files: a program's own pages are shared */
    uint64_t kernel_bytes;   /* of all TCP sockets on this machine, both ends of ours included */
};

/* False: there is no such process, or /proc does not tell. */
bool process_sample(uint64_t pid, struct process_sample *out_sample);

/* The parts, for tests: the content of /proc/PID/stat, /proc/PID/smaps_rollup or status, /proc/net/sockstat. */
bool process_read_cpu(struct view stat, uint64_t *out_ns);
bool process_read_resident(struct view text, uint64_t *out_bytes);
bool process_read_kernel(struct view sockstat, uint64_t *out_bytes);
