/* SPDX-License-Identifier: Apache-2.0 */
/* A storm: all subscribers drop their connections at once and come back as who they were, each resuming behind the last
 * message that it saw, while the publishers go on. The ledger then judges across the seam: a hole is a loss, a message
 * that comes again is a double. Worker's thread. */
#pragma once

#include "load/client.h"

/* Drops the worker's subscribers; worker.c opens them anew. */
void storm_begin(struct worker *worker);
/* The welcome's token, kept for the way back if there will be one. */
void storm_keep_token(struct worker *worker, struct client *client, struct view token);
/* What the first "joined" of a room says: which life of its log the numbers belong to. */
void storm_keep_epoch(struct worker *worker, const struct client *client, struct view epoch);
/* The members of a join that resumes, without braces. */
void storm_add_place(const struct worker *worker, const struct client *client, struct builder *join);
/* The answer's epoch must be the one that was kept; what is missing before `first_seq`, the first that it replays, was
 * announced if the answer is truncated. */
void storm_check_answer(struct worker *worker, struct client *client, struct view epoch, bool is_truncated,
                        uint64_t first_seq);
/* One subscriber is back. */
void storm_returned(struct worker *worker);
