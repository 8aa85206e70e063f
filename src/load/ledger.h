/* SPDX-License-Identifier: Apache-2.0 */
/* The book of what has arrived: in each stream (a room's log, or one publisher's messages) the numbers must rise by
 * one, each once, with no hole that was not announced. It judges numbers only; whose they are is its caller's business.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* One receiver's place in one stream. */
struct ledger_stream {
    uint64_t last; /* the greatest number so far */
    uint64_t seen; /* bit n: last - n has come, or was announced as skipped */
};

/* What went right and wrong, over any number of streams. */
struct ledger {
    uint64_t received;
    uint64_t lost; /* never came, though a later one did or it is known to be there */
    uint64_t doubled;
    uint64_t reordered;  /* came after a later one */
    uint64_t gaps;       /* announcements */
    uint64_t skipped;    /* numbers that they announced */
    uint64_t mismatched; /* acknowledged under one number and delivered under another, or the like */
    uint64_t foreign;    /* messages of somebody else in our room */
};

/* The stream goes on after `last`. */
void ledger_start(struct ledger_stream *stream, uint64_t last);
void ledger_take(struct ledger *ledger, struct ledger_stream *stream, uint64_t number);
/* The server says that it skips `from` to `to`. */
void ledger_gap(struct ledger *ledger, struct ledger_stream *stream, uint64_t from, uint64_t to);
/* At the end, the stream is known to have reached `target`: what is behind `last` is lost. */
void ledger_finish(struct ledger *ledger, struct ledger_stream *stream, uint64_t target);

void ledger_merge(struct ledger *ledger, const struct ledger *other);
/* Nothing lost, doubled, reordered or mismatched. Announced gaps are no fault. */
bool ledger_is_clean(const struct ledger *ledger);
