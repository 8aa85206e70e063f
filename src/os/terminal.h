/* SPDX-License-Identifier: Apache-2.0 */
/* A terminal that a program draws on: raw keys, its size, and back to what it was before. Main thread. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

#include "base/result.h"

struct os_terminal {
    int descriptor;
    struct termios before;
};

/* From now on each key comes at once, unseen, and Ctrl-C as a byte. RESULT_OK, or RESULT_FAILED: it is none. */
enum result os_terminal_open(struct os_terminal *terminal, int descriptor) MUST_USE;
void os_terminal_close(struct os_terminal *terminal);
/* False, and the numbers are left as they are: it is none, or does not know. */
bool os_terminal_size(int descriptor, int *columns, int *rows);
/* Waits for bytes, at most so long. RESULT_OK with at least one, RESULT_AGAIN, RESULT_CLOSED. */
enum result os_terminal_read(const struct os_terminal *terminal, void *out, size_t size, int timeout_ms,
                             size_t *out_size) MUST_USE;
