/* SPDX-License-Identifier: Apache-2.0 */
/* The lines on stderr while a run goes on: once a second, one that is written over on a terminal, one more elsewhere.
 */
#pragma once

#include "base/builder.h"
#include "load/process.h"
#include "load/worker.h"

struct progress {
    const struct load_options *options;
    uint64_t begun_ns;
    bool is_terminal;
    /* What the line before this one was about. */
    uint64_t shown_ns;
    struct worker_sums sums;
    struct process_sample server;
    bool has_server;
};

void progress_begin(struct progress *progress, const struct load_options *options, uint64_t now_ns);
bool progress_is_due(const struct progress *progress, uint64_t now_ns);
/* `server` is NULL if nothing is known of it. */
void progress_show(struct progress *progress, uint64_t now_ns, const struct worker_sums *sums,
                   const struct process_sample *server);
/* Takes the line off the terminal. */
void progress_end(const struct progress *progress);

/* The line itself, without what moves the cursor. */
void progress_add(const struct progress *progress, uint64_t now_ns, const struct worker_sums *sums,
                  const struct process_sample *server, struct builder *out);
