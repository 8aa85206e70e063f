/* SPDX-License-Identifier: Apache-2.0 */
/* Proves a database, at rest or beside a live server: that the file is whole, that every room's log is complete and in
 * order, and that everything derived from the logs equals what they say. Nothing is written. Memory does not grow with
 * the database, and no read lasts long enough to keep a live server's write-ahead log from beginning anew: a room is
 * read in pages, each a snapshot of its own. Not here: repair. One thread.
 *
 * What is checked is a table, `verify_checks` in verify.c; whoever adds a derived table adds a row. */
#pragma once

#include "base/builder.h"
#include "base/result.h"

/* One thing that is not as it must be. */
struct verify_fault {
    const char *check; /* its name in the table */
    struct view room;  /* empty: it is about no room */
    uint64_t seq;      /* 0: about no event */
    struct view text;  /* in words */
};

struct verify_options {
    /* Appends the form by which rooms' names are compared; NULL: that is not checked. */
    bool (*fold)(struct view name, struct builder *out_fold);
    /* Called for each fault, at once. */
    void (*fault)(void *context, const struct verify_fault *fault);
    /* Every few thousand events, and at the begin of each check; `total` is an estimate. May be NULL. */
    void (*progress)(void *context, const char *check, uint64_t done, uint64_t total);
    void *context;
};

struct verify_summary {
    uint64_t rooms, events, faults;
};

/* RESULT_OK: it went through, `*out_summary` says what it saw. Otherwise the database could not be opened, and one diag
 * line said why: RESULT_NOT_FOUND, RESULT_REFUSED, RESULT_INVALID (damaged, or not ours), RESULT_FAILED. */
enum result verify_run(const char *folder, const struct verify_options *options,
                       struct verify_summary *out_summary) MUST_USE;
/* Only the first check, that the file is whole; also of a database of an older natter. */
enum result verify_file_run(const char *folder, const struct verify_options *options,
                            struct verify_summary *out_summary) MUST_USE;
/* The checks' names and what each proves, for the reference; false: there are no more. */
bool verify_check_at(size_t index, const char **out_name, const char **out_text);
