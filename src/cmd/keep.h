/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs share that keep data folders (backup, restore, export, import, migrate): progress on a terminal,
 * faults, sums in words. */
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

/* 48201 as "48,201". */
void keep_add_grouped(struct builder *out, uint64_t number);
/* "1 room", "3,000 rooms". */
void keep_add_count(struct builder *out, uint64_t number, const char *one, const char *many);
/* "12.3 MiB". */
void keep_add_bytes(struct builder *out, uint64_t bytes);
