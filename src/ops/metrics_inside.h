/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the exposition share. Nobody outside ops/ includes this. */
#pragma once

#include "ops/metrics.h"

/* A histogram with fixed edges, cumulative. */
struct histogram_row {
    const char *name;
    double unit; /* of the stored numbers, in the exposed unit */
    const double *edges;
    size_t edge_count;
    const char *help;
};

void metrics_write_head(struct builder *out, const char *name, const char *type, const char *help);
void metrics_write_histogram(const struct histogram_row *row, const struct histogram *histogram, struct builder *out);
void metrics_reference_line(struct builder *out, const char *name, const char *suffix, const char *label,
                            const char *type, const char *help);

/* metrics_turns.c: the loops' turns, and the longest of them. */
void metrics_write_turns(const struct metrics_sources *sources, struct builder *out);
void metrics_reference_turns(struct builder *out);
/* metrics_notices.c: what is noticed of the deployment, and what it is made from. */
void metrics_write_notices(const struct metrics_sources *sources, struct builder *out);
void metrics_reference_notices(struct builder *out);
extern const double metrics_second_edges[];
extern const size_t metrics_second_edge_count;
