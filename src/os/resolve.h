/* SPDX-License-Identifier: Apache-2.0 */
/* Names to addresses, and waiting for one socket: for programs that may block, never for a server's threads (P5). */
#pragma once

#include "os/socket.h"

/* The addresses of a name, or the one that it is; at most `max`, in the order in which they are to be tried. `host` is
 * without brackets. RESULT_OK with at least one, RESULT_NOT_FOUND, RESULT_FAILED; then `*out_why` is a constant text of
 * the system's. Blocks as long as the name service takes. */
enum result os_resolve(const char *host, uint16_t port, struct os_address *out_addresses, size_t max, size_t *out_count,
                       const char **out_why) MUST_USE;

/* Waits until the socket can be read (or written), or has failed. False: it took longer than that. */
bool os_socket_wait(int descriptor, bool for_writing, int timeout_ms);
