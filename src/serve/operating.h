/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's listener and the operator's word, as the settings name them. Main thread, before anything runs. */
#pragma once

#include "net/shard.h"
#include "ops/operator.h"
#include "os/service.h"
#include "serve/config.h"

struct operating {
    struct shard_listener listener;  /* with the port in use */
    bool is_passed;                  /* its file is that of who passed it */
    char path[OS_PASSED_PATH_BYTES]; /* the listener's, if it has one */
    char token[OPERATOR_TOKEN_BYTES_MAX + 1];
};

/* `passed`: the socket that a service manager opened for it, or NULL. False: there is no listener, and why was said. A
 * word that cannot be read is said as well, and then there is none. */
bool operating_open(struct operating *operating, const struct ops_options *options, const struct os_passed *passed);
/* The listener of the process before this one; its path is copied. `is_passed`: its file is a service manager's. */
void operating_take(struct operating *operating, const struct ops_options *options,
                    const struct shard_listener *listener, bool is_passed);
/* Another process listens there from now on: the socket's file stays where it is. */
void operating_give(struct operating *operating);
/* Takes the socket's file away, if it is ours. */
void operating_done(struct operating *operating);
