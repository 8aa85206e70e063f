/* SPDX-License-Identifier: Apache-2.0 */
#include "load/ledger.h"

enum { WINDOW = 64 }; /* numbers that a stream remembers one by one */

static const uint64_t all_seen = UINT64_MAX;

void ledger_start(struct ledger_stream *stream, uint64_t last)
{
    *stream = (struct ledger_stream){.last = last, .seen = all_seen};
}

/* Moves to a greater number; what lies between counts as not seen. */
static void move_on(struct ledger_stream *stream, uint64_t number)
{
    uint64_t step = number - stream->last;
    stream->seen = step < WINDOW ? stream->seen << step : 0;
    stream->seen |= 1;
    stream->last = number;
}

/* A number that is not above the last one: it has come already, or it fills a hole late. */
static void take_old(struct ledger *ledger, struct ledger_stream *stream, uint64_t number)
{
    uint64_t back = stream->last - number;
    /* Older than the stream remembers: then it is taken for a repeat, since a hole was counted as lost before. */
    if (back >= WINDOW || (stream->seen >> back & 1)) {
        ledger->doubled++;
        return;
    }
    stream->seen |= (uint64_t)1 << back;
    ledger->reordered++;
    if (ledger->lost > 0)
        ledger->lost--;
}

void ledger_take(struct ledger *ledger, struct ledger_stream *stream, uint64_t number)
{
    ledger->received++;
    if (number == stream->last + 1) {
        stream->seen = stream->seen << 1 | 1;
        stream->last = number;
    } else if (number > stream->last) {
        ledger->lost += number - stream->last - 1;
        move_on(stream, number);
    } else {
        take_old(ledger, stream, number);
    }
}

void ledger_gap(struct ledger *ledger, struct ledger_stream *stream, uint64_t from, uint64_t to)
{
    ledger->gaps++;
    if (to < from || to <= stream->last)
        return; /* it announces what has come already: needless, and no harm */
    if (from > stream->last + 1) {
        ledger->lost += from - stream->last - 1;
        move_on(stream, from - 1);
    }
    ledger->skipped += to - stream->last;
    uint64_t step = to - stream->last;
    uint64_t announced = step < WINDOW ? ((uint64_t)1 << step) - 1 : all_seen;
    move_on(stream, to);
    stream->seen |= announced;
}

void ledger_finish(struct ledger *ledger, struct ledger_stream *stream, uint64_t target)
{
    if (target <= stream->last)
        return;
    ledger->lost += target - stream->last;
    stream->last = target;
}

void ledger_merge(struct ledger *ledger, const struct ledger *other)
{
    ledger->received += other->received;
    ledger->lost += other->lost;
    ledger->doubled += other->doubled;
    ledger->reordered += other->reordered;
    ledger->gaps += other->gaps;
    ledger->skipped += other->skipped;
    ledger->mismatched += other->mismatched;
    ledger->foreign += other->foreign;
}

bool ledger_is_clean(const struct ledger *ledger)
{
    return ledger->lost == 0 && ledger->doubled == 0 && ledger->reordered == 0 && ledger->mismatched == 0;
}
