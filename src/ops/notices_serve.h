/* SPDX-License-Identifier: Apache-2.0 */
/* The board of notices in the running server: what it is fed with, and what the operator's listener answers. */
#pragma once

#include "ops/metrics.h"

/* One look, with what the shards know. The main thread. */
void notices_turn(struct notices *notices, const struct metrics_sources *sources);

/* GET /api/v1/notices and /api/v1/paths: what is noticed, and what the heartbeat has learned of which path. The
 * operator's thread. */
void notices_serve(const struct metrics_sources *sources, struct conn *conn);
void notices_serve_paths(const struct metrics_sources *sources, struct conn *conn);

/* Appends the object of /api/v1/paths. */
void notices_write_paths(const struct metrics_sources *sources, uint64_t now_ms, struct builder *out);

/* What the shards have learned of paths that cut silence, each path once; `*out_count` of them. Free it. NULL: no
 * memory, or nothing was learned. */
struct silence_lesson *notices_gather_lessons(const struct metrics_sources *sources, size_t *out_count);
