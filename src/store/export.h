/* SPDX-License-Identifier: Apache-2.0 */
/* A data folder as lines of JSON, and back (docs/reference/export.md has the format). Beside a live server or at rest:
 * reading is in pages, each a snapshot of its own, so a slow reader of the lines holds nobody up. Blocks; one thread.
 */
#pragma once

#include "store/verify.h"

struct export_counts {
    uint64_t users, rooms, events, reads, joined;
};

struct export_options {
    const char *folder;
    struct view room;            /* its folded name; empty: all rooms, and all users */
    int64_t since_ms;            /* events from that time on; 0: all */
    struct verify_options watch; /* progress */
    /* Takes lines, whole ones. False: it cannot take more. */
    bool (*write)(void *context, struct view lines);
    void *write_context;
};

/* RESULT_OK; RESULT_NOT_FOUND: no such folder, or no such room; RESULT_FAILED: it could not be written (no line); and
 * as inspect_open(). */
enum result export_run(const struct export_options *options, struct export_counts *out_counts) MUST_USE;

struct import_options {
    const char *folder; /* made if it is not there; no server may run on it */
    /* Whether it is a name, how it is compared, and whether it is kept at all. False: it is none for a stored room. */
    bool (*fold)(struct view name, struct builder *out_fold);
    /* How a user's name is compared by mentions. False: it has no such form. */
    bool (*fold_user)(struct view name, struct builder *out_fold);
    /* Appends some bytes of the lines; nothing: the end. */
    enum result (*read)(void *context, struct builder *out);
    void *read_context;
    void (*fault)(void *context, uint64_t line, const char *text);
    void (*progress)(void *context, const char *what, uint64_t done, uint64_t total);
    void *context;
};

/* All of it or nothing: with any fault the folder is as it was. RESULT_INVALID: there were faults, each told; or as
 * store_open(). */
enum result import_run(const struct import_options *options, struct export_counts *out_counts) MUST_USE;
