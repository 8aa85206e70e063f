/* SPDX-License-Identifier: Apache-2.0 */
/* Points where a tracer of the kernel can look on (USDT: bpftrace, perf, SystemTap): one instruction that does nothing,
 * and a note in the binary that says where the arguments are. Nobody looks: they cost that instruction. Without
 * <sys/sdt.h> where natter is built there are none. docs/howto/trace.md lists them all; a test compares. */
#pragma once

#ifdef NATTER_HAS_TRACE
#include <sys/sdt.h>
#define TRACE_1(point, a)       DTRACE_PROBE1(natter, point, a)
#define TRACE_2(point, a, b)    DTRACE_PROBE2(natter, point, a, b)
#define TRACE_3(point, a, b, c) DTRACE_PROBE3(natter, point, a, b, c)
#else
/* Named, so that no variable is unused, and not evaluated. */
#define TRACE_1(point, a)       ((void)sizeof(a))
#define TRACE_2(point, a, b)    ((void)sizeof(a), (void)sizeof(b))
#define TRACE_3(point, a, b, c) ((void)sizeof(a), (void)sizeof(b), (void)sizeof(c))
#endif
