/* SPDX-License-Identifier: Apache-2.0 */
/* Which of the sockets that a service manager passed serves which place of `listen`. Main thread.
 *
 *     the name is            the socket serves
 *     metrics                metrics.listen
 *     listen-2               the second place of `listen`
 *     any other              the free place of `listen` with its address or path; otherwise the first one that is free
 *
 * A place without one is opened by natter itself. The address is the socket's; what is expected there (tls, redirect,
 * proxy_protocol) is the place's. */
#pragma once

#include "os/service.h"
#include "serve/config.h"

struct passed {
    struct os_passed sockets[OS_PASSED_MAX];
    size_t count;
    const struct os_passed *listen[NET_LISTEN_MAX]; /* by place; NULL: none */
    const struct os_passed *metrics;
};

/* Takes what was passed to this process. RESULT_OK, also with nothing; RESULT_INVALID: one of them cannot serve, and
 * the log has said which and why. Nothing is closed: what was passed belongs to who passed it. */
enum result passed_take(struct passed *passed, const struct config *config) MUST_USE;
/* The same for sockets that are at hand in `passed->sockets`. */
enum result passed_match(struct passed *passed, const struct config *config) MUST_USE;
