/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share that keep data folders (backup, restore, export, import, migrate) or prove them (verify):
 * progress on a terminal, faults, sums in words. */
#pragma once

#include "base/builder.h"
#include "store/verify.h"

struct keep {
    struct builder line;
    uint64_t progress_ms; /* when the line on the terminal was last written */
    uint64_t faults_shown;
    bool is_json, is_quiet;
    bool has_terminal;
    bool has_progress; /* such a line stands there */
};

void keep_init(struct keep *keep, bool is_json, bool is_quiet);
void keep_done(struct keep *keep);
/* How names are compared, and who is told. */
struct verify_options keep_watch(struct keep *keep);
/* Takes the line of progress away, before something else is printed. */
void keep_clear(struct keep *keep);

/* "lobby #7: it is not there". */
void keep_add_fault(struct builder *out, const struct verify_fault *fault);
/* "12.3 MiB". */
void keep_add_bytes(struct builder *out, uint64_t bytes);
