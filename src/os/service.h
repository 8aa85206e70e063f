/* SPDX-License-Identifier: Apache-2.0 */
/* What a service manager (systemd, or one that speaks like it) and a program have in common: sockets that are passed to
 * it open, a socket where it tells how it goes, and the journal behind stderr. The protocols are those of
 * sd_listen_fds(3), sd_notify(3) and systemd.exec(5). Not here: what is told, and when. Main thread. */
#pragma once

#include "base/view.h"
#include "os/socket.h"

enum {
    OS_PASSED_MAX = 16,
    OS_PASSED_NAME_BYTES = 256, /* systemd's own limit, and a NUL */
    OS_PASSED_PATH_BYTES = 109, /* the longest path of a unix socket, and a NUL */
};

enum os_passed_kind {
    OS_PASSED_TCP,           /* a listening one */
    OS_PASSED_UNIX,          /* a listening one */
    OS_PASSED_NOT_LISTENING, /* a stream socket that nobody can connect to */
    OS_PASSED_OTHER,         /* a datagram socket, a pipe, a file, or nothing at all */
};

struct os_passed {
    int descriptor;
    enum os_passed_kind kind;
    char name[OS_PASSED_NAME_BYTES]; /* FileDescriptorName=; "unknown" where none was given */
    struct os_address address;       /* of OS_PASSED_TCP */
    char path[OS_PASSED_PATH_BYTES]; /* of OS_PASSED_UNIX; begins with @ where it is an abstract one */
};

/* The descriptors that LISTEN_FDS passes to this process (LISTEN_PID), with what they are: non-blocking and
 * close-on-exec from now on. The variables are taken away, so that nobody takes the descriptors twice. RESULT_OK (also
 * with none), RESULT_INVALID (LISTEN_FDS is no number), RESULT_FULL (over OS_PASSED_MAX). */
enum result os_passed_take(struct os_passed out[OS_PASSED_MAX], size_t *out_count) MUST_USE;

/* One datagram to the socket at `address`, which begins with / or, for an abstract one, with @. Waits for at most a few
 * seconds where the receiver is busy. RESULT_OK, RESULT_INVALID (not such an address), RESULT_FAILED. */
enum result os_notify(const char *address, struct view text) MUST_USE;

/* Is this descriptor the journal's, as JOURNAL_STREAM says? */
bool os_is_journal(int descriptor);
int os_process_id(void);
