/* SPDX-License-Identifier: Apache-2.0 */
/* This program as the system knows it: started again from the same path, which may hold a newer one by now. Main
 * thread. */
#pragma once

#include <stdbool.h>

#include "base/result.h"

struct os_program {
    int pid; /* 0: it is not there */
};

/* Starts argv[0] anew with the arguments that this process was started with; `channel` is open in it, and in its
 * environment `name` says which descriptor it is. All others of ours are closed there. RESULT_OK; RESULT_NOT_FOUND (no
 * such program any longer); RESULT_REFUSED; RESULT_FAILED. */
enum result os_program_start(const char *name, int channel, struct os_program *out_program) MUST_USE;
/* The channel that whoever started us left under that name, -1 if there is none; close-on-exec from now on. */
int os_program_channel(const char *name);
/* Ends it at once, whatever it does, and waits until it is gone. Fine if it never started, or is known to have ended.
 */
void os_program_kill(struct os_program *program);
/* Has it ended? Then `*out_status` is its exit status, or 128 and the signal's number. Tells so once. */
bool os_program_has_ended(struct os_program *program, int *out_status);
/* Is this the first process of its system, or of its container? All of that ends with it. */
bool os_program_is_first(void);
/* Leaves at once: nothing is freed, flushed or told. */
_Noreturn void os_program_leave(int status);
