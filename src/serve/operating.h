/* SPDX-License-Identifier: Apache-2.0 */
/* The operator's listener and the operator's word, as the settings name them. Main thread, before anything runs. */
#pragma once

#include "net/shard.h"
#include "ops/operator.h"
#include "serve/config.h"

struct operating {
    struct shard_listener listener;
    uint16_t port; /* 0: a unix socket */
    char token[OPERATOR_TOKEN_BYTES_MAX + 1];
};

/* False: there is no listener, and why was said. A word that cannot be read is said as well, and then there is none. */
bool operating_open(struct operating *operating, const struct ops_options *options);
/* Takes the socket's file away. */
void operating_done(struct operating *operating);
