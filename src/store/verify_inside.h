/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the verification share. Nobody outside store/ includes this. */
#pragma once

#include "store/core.h"
#include "store/inspect.h"
#include "store/sqlite.h"
#include "store/verify.h"

enum { VERIFY_TEXT_BYTES_MAX = 1024, VERIFY_PAGE_EVENTS = 10000 };

struct verify {
    const struct verify_options *options;
    struct inspection *inspection;
    sqlite3 *database;
    const char *check; /* at work */
    struct verify_summary summary;
    uint64_t events_total;
    uint8_t hash_key[SQLITE_HASH_KEY_BYTES];
    struct builder text;     /* of the fault at work */
    struct builder identity; /* of the event at work */
    struct builder name;     /* of the room at work */
};

/* Reports a fault in words. */
void verify_fault(struct verify *verify, struct view room, uint64_t seq, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void verify_progress(struct verify *verify, uint64_t done);
/* NULL: reported as a fault, the file cannot be read. */
sqlite3_stmt *verify_prepare(struct verify *verify, const char *sql);
/* True: there is a row. A failure is reported as a fault. */
bool verify_row(struct verify *verify, sqlite3_stmt *statement);

/* verify_log.c */
void verify_events(struct verify *verify);
/* verify_attention.c */
void verify_directs(struct verify *verify);
void verify_mentions(struct verify *verify);
/* verify_keys.c */
void verify_keys(struct verify *verify);
