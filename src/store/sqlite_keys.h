/* SPDX-License-Identifier: Apache-2.0 */
/* Has this user sent this key to this room before? The SQLite engine's answer, and what it costs.
 *
 * Hashes of random keys lie anywhere. An index of them in the commit's way would so write one page for nearly every
 * message, ten times the message itself. So the newest keys are kept in memory, and in the transaction goes one short
 * row per commit that lists their hashes; the index on disk gets them later, thousands of neighbours together:
 *
 *     append ─▶ young (memory, key_log) ──full──▶ old (memory, sorted) ──some with each commit──▶ keys (the index)
 *
 * Each commit pays for its own share, so nothing ever waits for a large piece of work. Whoever opens the file reads
 * key_log, at most a few MB. A look-up costs the memory's answer and one page of the index. The store's thread. */
#pragma once

#include "base/builder.h"
#include "store/key_window.h"
#include "wire/event.h"

enum { SQLITE_HASH_KEY_BYTES = 16 };

struct sqlite_engine;

struct sqlite_keys {
    size_t young_max; /* a young window of that size becomes the old one */
    struct key_window young, old;
    size_t young_committed;
    int64_t next, next_committed;    /* the number of the next event; a transaction's are consecutive */
    size_t merged, merged_committed; /* of old, how many are in the index */
    size_t credit;                   /* how many may be merged for what was added */
    int64_t old_last;                /* the newest event of old */
    int64_t done;                    /* all up to this event are in the index */
    int64_t removed;                 /* events up to this one may be gone although they are listed */
    bool is_done_staged;
    bool has_leftovers; /* rows of key_log that are in the index */
    struct builder row; /* hashes of the transaction at work, as key_log keeps them */
};

void sqlite_keys_init(struct sqlite_keys *keys, size_t young_max);
void sqlite_keys_done(struct sqlite_keys *keys);
/* Takes what the file has, in place of what memory had. SQLite's code. */
int sqlite_keys_load(struct sqlite_engine *engine);

/* 64 bits for room, user and key; `identity` as record_identity() makes it. */
uint64_t sqlite_keys_hash(const uint8_t hash_key[SQLITE_HASH_KEY_BYTES], int64_t room_id, struct view key,
                          struct view identity);
/* RESULT_OK, RESULT_NOT_FOUND, or a failure. */
enum result sqlite_keys_find(struct sqlite_engine *engine, int64_t room_id, const struct event *event,
                             struct view identity, uint64_t *out_seq, int64_t *out_at_ms) MUST_USE;
/* The event keys->next was inserted in the transaction at work. */
enum result sqlite_keys_add(struct sqlite_engine *engine, uint64_t hash) MUST_USE;
/* Just before the commit: what it has to write for the keys. */
enum result sqlite_keys_write(struct sqlite_engine *engine) MUST_USE;
/* That event, filed under that hash, was removed in the transaction at work. */
enum result sqlite_keys_remove(struct sqlite_engine *engine, uint64_t hash, int64_t event) MUST_USE;
/* How it ended. */
void sqlite_keys_committed(struct sqlite_engine *engine);
void sqlite_keys_rolled_back(struct sqlite_engine *engine);
