/* SPDX-License-Identifier: Apache-2.0 */
/* A whole server: the parts put together, run, drained, taken apart. */
#pragma once

#include "serve/config.h"

/* Runs until SIGTERM or SIGINT, in the calling thread. Returns the exit status: 0 after a clean end, 1 if it could not
 * start (the log says why). */
int server_run(const struct config *config);
