/* SPDX-License-Identifier: Apache-2.0 */
/* A copy of a data folder in one file, taken beside a live server or at rest, and the way back.
 *
 *     natter.db ── events, in slices; the rest in one short moment ──▶ FILE.new ──▶ proved ──▶ FILE
 *     secret and all other files of the folder ──▶ its table backup_files
 *
 * The file is a database as natter.db is, so that `natter verify` and `natter history` read it, with two tables more:
 * `backup` (notes) and `backup_files`. It is of one moment, the end of the copying. Since the log only grows at its
 * end, its slices may be read one by one: no snapshot lasts longer than a slice, and a live server's write-ahead log
 * can begin anew in between. The index of keys is made from the events.
 *
 * All of it blocks; one thread. Every failure but RESULT_INVALID by faults has its diag line. */
#pragma once

#include "store/verify.h"

enum { BACKUP_PATH_BYTES = 4096 };

struct backup_options {
    const char *folder;          /* the data folder */
    const char *path;            /* of the backup */
    bool may_replace;            /* a file that is there; otherwise RESULT_EXISTS */
    bool is_unproved;            /* leaves the proof out */
    uint32_t slice_events;       /* copied at once */
    uint32_t pause_ms;           /* between two slices */
    struct verify_options watch; /* how names are compared, who is told of faults and progress */
};

struct backup_summary {
    uint64_t rooms, events, files, bytes;
    uint64_t held_ms_max; /* the longest snapshot */
    uint64_t faults;      /* of the copy */
    int version;          /* of its tables */
};

/* RESULT_OK: the file is there, whole and durable. RESULT_INVALID: the copy has faults, or the folder has no database
 * that we know; RESULT_EXISTS, RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_FULL, RESULT_FAILED. What fails leaves nothing
 * behind, and a file that was there before as it was. */
enum result backup_make(const struct backup_options *options, struct backup_summary *out_summary) MUST_USE;

struct restore_options {
    const char *path;   /* the backup, or a plain copy of natter.db */
    const char *folder; /* the data folder; made if it is not there */
    bool may_replace;   /* what is in the folder is moved aside, into a folder in it */
    bool keeps_epochs;  /* nothing was written after the backup */
    struct verify_options watch;
};

struct restore_summary {
    uint64_t rooms, events, files;
    uint64_t faults;
    char aside[BACKUP_PATH_BYTES]; /* where the old files are; empty: there were none */
    bool has_secret;
};

/* Proves the copy before anything in the folder changes. Each room gets a new epoch: clients that saw later events than
 * the backup has learn that this log is another one. RESULT_OK; RESULT_INVALID: the backup has faults or is none;
 * RESULT_EXISTS: a server runs on the folder, or it is not empty; RESULT_NOT_FOUND: no such backup; RESULT_REFUSED,
 * RESULT_FULL, RESULT_FAILED. */
enum result restore_run(const struct restore_options *options, struct restore_summary *out_summary) MUST_USE;

/* The folder in which a restore puts the new files while it moves them to their places. Where it is left over the
 * data folder is neither the old one nor the new one, and no server may start on it. */
#define RESTORE_READY_NAME "restore.ready"
#define RESTORE_NEW_NAME   "restore.new"
#define RESTORE_ASIDE_NAME "before-restore-"
