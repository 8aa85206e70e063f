/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of ops/ share: the parts that metrics are read from, put together but not running. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "ops/metrics.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int test_diagnosis_report(void);
int test_server_ledger(void);
int test_metrics(void);
int test_watchdog(void);

enum { PARTS_SHARDS = 2 };

struct parts {
    struct admission *admission;
    struct shard *shards[PARTS_SHARDS];
    struct store *store;
    struct chat *chat;
    struct diagnosis *diagnosis;
    bool is_ready;
    struct metrics_sources sources;
};
void parts_init(struct parts *parts);
void parts_done(struct parts *parts);

/* Options as a small server has them. */
struct net_options parts_net_options(void);
