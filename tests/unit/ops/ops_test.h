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

int test_api_query(void);
int test_api_rows(void);
int test_ask(void);
int test_diagnosis_report(void);
int test_evidence(void);
int test_notices(void);
int test_notices_serve(void);
int test_notices_tell(void);
int test_server_ledger(void);
int test_metrics(void);
int test_metrics_reading(void);
int test_operator(void);
int test_pulse(void);
int test_watchdog(void);

enum { PARTS_SHARDS = 2 };

struct parts {
    struct admission *admission;
    struct shard *shards[PARTS_SHARDS];
    struct store *store;
    struct chat *chat;
    struct diagnosis *diagnosis;
    struct notices *notices;
    bool is_ready;
    struct metrics_sources sources;
};
void parts_init(struct parts *parts);
void parts_done(struct parts *parts);

/* Options as a small server has them. */
struct net_options parts_net_options(void);

/* One request, as evidence has it: "GET /ws HTTP/1.1", and further field lines, each with CRLF. It is looked at, and
 * forgotten. */
struct seen {
    const char *line, *fields;
    const char *peer;   /* "127.0.0.1" if NULL */
    const char *client; /* the peer's if NULL */
    bool is_trusted, is_client_told;
    uint64_t now_ms;
};
void see(struct evidence *evidence, const struct seen *seen);
void see_times(struct evidence *evidence, int times, const struct seen *seen);

/* What a browser sends: of an upgrade, as it is and as proxies leave it; of a page. */
#define SENT_KEY       "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
#define SENT_UPGRADE   SENT_KEY "Upgrade: websocket\r\nConnection: Upgrade\r\n"
#define SENT_NO_HOP    SENT_KEY "Connection: close\r\n"
#define SENT_BY_PERSON "Upgrade-Insecure-Requests: 1\r\n"
