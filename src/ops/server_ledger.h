/* SPDX-License-Identifier: Apache-2.0 */
/* The ledger of a running server: the numbers of P1, P2 and P3 at one moment, and whether they add up, as
 * GET /api/v1/ledger on the operator's listener shows them, so that anyone can check.
 *
 * Each loop copies its own numbers between two pieces of work, where they must agree: a shard with no connection half
 * accepted or half ended, the store with every event of a batch told and counted. Sums of what agrees agree. The
 * kernel's count of sockets cannot be taken at the same moment, so the shards copy twice, before and after it:
 *
 *     live before − ended in between  ≤  sockets  ≤  live before + accepted in between
 *
 * which is an equation when nobody came or went. The operator's thread waits for the other loops here, a few turns of
 * theirs and LEDGER_WAIT_MS at most; nobody waits for it. */
#pragma once

#include "ops/metrics.h"

enum {
    LEDGER_WAIT_MS = 2000,
    LEDGER_TRIES_MAX = 5, /* to find a moment when nobody comes or goes */
};

struct server_ledger {
    uint64_t accepted, live, ended;
    uint64_t live_by_state[CONN_ENDED];
    uint64_t ended_by_reason[END_REASON_COUNT];
    uint64_t sockets, sockets_least, sockets_most;
    uint64_t appended, duplicates, refused, commits, commits_failed;
    uint64_t acknowledged, settled, adopted;
    uint64_t joins, resumes, gaps, gap_events;
    bool is_exact;             /* nobody came or went while sockets were counted */
    bool has_balanced_shards;  /* accepted = live + ended on each loop by itself */
    bool has_balanced_sockets; /* the sockets are within their bounds */
    bool has_balanced_events;  /* every event and every duplicate had one answer */
};

/* RESULT_OK, RESULT_NO_MEMORY, RESULT_FAILED (a loop did not answer in time). The operator's thread. */
enum result server_ledger_take(const struct metrics_sources *sources, struct server_ledger *out_ledger) MUST_USE;
bool server_ledger_is_balanced(const struct server_ledger *ledger);
/* Appends it as a JSON object. */
void server_ledger_write(const struct server_ledger *ledger, struct builder *out);
/* Answers a request for it. */
void server_ledger_serve(const struct metrics_sources *sources, struct conn *conn);
