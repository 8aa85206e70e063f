/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/watchdog.h"

#include "base/diag.h"

enum { NS_PER_MS = 1000 * 1000, PARTS_BYTES_MAX = 480 };

static const char *milliseconds(uint64_t ns)
{
    return diag_format("%.1f", (double)ns / NS_PER_MS);
}

/* "flush=29.1 read=1.2": what took a tenth of a millisecond or more, in the order of the turn. */
static void write_phases(const struct loop *loop, const struct turn *turn, struct builder *out)
{
    for (unsigned phase = 0; phase < loop->phase_count; phase++) {
        if (turn->phase_ns[phase] * 10 >= NS_PER_MS)
            builder_format(out, "%s%s=%.1f", out->size > 0 ? " " : "", loop->phase_label(phase),
                           (double)turn->phase_ns[phase] / NS_PER_MS);
    }
    builder_add_byte(out, 0);
}

static void write_work(const struct loop *loop, const struct turn *turn, struct builder *out)
{
    for (unsigned work = 0; work < loop->work_count; work++) {
        if (turn->work[work] > 0)
            builder_format(out, "%s%s=%llu", out->size > 0 ? " " : "", loop->work_label(work),
                           (unsigned long long)turn->work[work]);
    }
    builder_add_byte(out, 0);
}

static const char *text_of(const struct builder *text)
{
    return builder_ok(text) ? (const char *)text->at : "";
}

static void tell_slow(const struct loop *loop, const struct turn *turn, uint64_t count)
{
    struct builder parts, work;

    builder_init(&parts, PARTS_BYTES_MAX);
    builder_init(&work, PARTS_BYTES_MAX);
    write_phases(loop, turn, &parts);
    write_work(loop, turn, &work);
    diag(loop->may_block ? DIAG_INFO : DIAG_WARNING, loop->may_block ? "loop.slow_batch" : "loop.slow", "loop",
         loop->name, "turns", diag_number((int64_t)count), "newest_ms", milliseconds(turn->total_ns), "phase",
         loop->phase_label(turn_longest_phase(turn)), "phases_ms", text_of(&parts), "work", text_of(&work), "limit_ms",
         milliseconds(loop->turns->limit_ns), NULL);
    builder_done(&parts);
    builder_done(&work);
}

static void look_for_slow(struct watchdog *watchdog, size_t index, const struct loop *loop, uint64_t now_ms)
{
    uint64_t count = turns_slow_count(loop->turns);
    uint64_t told_ms = watchdog->loops[index].told_ms;
    struct turn turn;

    if (count == watchdog->loops[index].slow_told || (told_ms > 0 && now_ms - told_ms < WATCHDOG_TELL_MS)
        || !turn_kept_read(&loop->turns->newest, &turn))
        return;
    tell_slow(loop, &turn, count - watchdog->loops[index].slow_told);
    watchdog->loops[index].slow_told = count;
    watchdog->loops[index].told_ms = now_ms;
}

static void look_for_stuck(struct watchdog *watchdog, size_t index, const struct loop *loop, uint64_t now_ns)
{
    unsigned phase = 0;
    uint64_t number = counter_get(&loop->turns->count) + 1;
    uint64_t at_work_ns = turns_at_work_ns(loop->turns, now_ns, &phase);

    if (at_work_ns < (uint64_t)WATCHDOG_STUCK_MS * NS_PER_MS || watchdog->loops[index].stuck_turn == number)
        return;
    watchdog->loops[index].stuck_turn = number;
    diag(DIAG_WARNING, "loop.stuck", "loop", loop->name, "for_ms", milliseconds(at_work_ns), "phase",
         phase < loop->phase_count ? loop->phase_label(phase) : "unknown", "advice",
         loop->may_block ? "the disk does not answer; look at it" : "this is a fault of natter: please report it",
         NULL);
}

void watchdog_look(struct watchdog *watchdog, const struct metrics_sources *sources, uint64_t now_ns)
{
    for (size_t i = 0; i < loop_count(sources) && i < WATCHDOG_LOOPS_MAX; i++) {
        struct loop loop = loop_at(sources, i);

        look_for_slow(watchdog, i, &loop, now_ns / NS_PER_MS);
        look_for_stuck(watchdog, i, &loop, now_ns);
    }
}
