/* SPDX-License-Identifier: Apache-2.0 */
/* What the watchdog knows: how long turns take, the longest turn of each loop with its phases and its work, and how
 * long the turn at work takes already. */
#include "ops/loops.h"
#include "ops/metrics_inside.h"
#include "os/clock.h"

static const struct {
    const char *name, *labels, *help;
} gauges[] = {
    {"slowest_turn_seconds", "loop,phase",
     "The longest turn of a loop (of the store: batch) so far, and the phase that took most of it."},
    {"slowest_turn_phase_seconds", "loop,phase", "How long each phase of that turn took."},
    {"slowest_turn_work", "loop,what", "What that turn worked on, in numbers."},
    {"turn_at_work_seconds", "loop", "How long the turn at work takes already; 0 while the loop waits."},
};
enum gauge { SLOWEST, SLOWEST_PHASE, SLOWEST_WORK, AT_WORK, GAUGE_COUNT };

static struct histogram_row turn_row(void)
{
    return (struct histogram_row){"turn_seconds", 1e-9, metrics_second_edges, metrics_second_edge_count,
                                  "Time of one turn of a shard's loop, without waiting."};
}

static struct histogram_row batch_row(void)
{
    return (struct histogram_row){"batch_seconds", 1e-9, metrics_second_edges, metrics_second_edge_count,
                                  "Time of one batch of the store, its commit included."};
}

static void write_histograms(const struct metrics_sources *sources, struct builder *out)
{
    static struct histogram sum; /* 20 KB: not on the stack; the operator's thread is the only one here */
    struct histogram_row row = turn_row();

    histogram_init(&sum);
    for (size_t i = 0; i < sources->shard_count; i++)
        histogram_merge(&sum, &shard_counters(sources->shards[i])->turns.ns);
    metrics_write_histogram(&row, &sum, out);
    row = batch_row();
    metrics_write_histogram(&row, &store_counters(sources->store)->batch_turns.ns, out);
}

static void write_gauge(const struct loop *loop, enum gauge gauge, struct builder *out)
{
    unsigned phase = 0;
    struct turn turn = {0};

    (void)turn_kept_read(&loop->turns->worst, &turn); /* none yet: zeroes */
    switch (gauge) {
    case SLOWEST:
        builder_format(out, "natter_slowest_turn_seconds{loop=\"%s\",phase=\"%s\"} %.9g\n", loop->name,
                       loop->phase_label(turn_longest_phase(&turn)), (double)turn.total_ns * 1e-9);
        break;
    case SLOWEST_PHASE:
        for (phase = 0; phase < loop->phase_count; phase++)
            builder_format(out, "natter_slowest_turn_phase_seconds{loop=\"%s\",phase=\"%s\"} %.9g\n", loop->name,
                           loop->phase_label(phase), (double)turn.phase_ns[phase] * 1e-9);
        break;
    case SLOWEST_WORK:
        for (unsigned work = 0; work < loop->work_count; work++)
            builder_format(out, "natter_slowest_turn_work{loop=\"%s\",what=\"%s\"} %llu\n", loop->name,
                           loop->work_label(work), (unsigned long long)turn.work[work]);
        break;
    case AT_WORK:
        builder_format(out, "natter_turn_at_work_seconds{loop=\"%s\"} %.9g\n", loop->name,
                       (double)turns_at_work_ns(loop->turns, os_clock_monotonic_ns(), &phase) * 1e-9);
        break;
    case GAUGE_COUNT: break;
    }
}

void metrics_write_turns(const struct metrics_sources *sources, struct builder *out)
{
    write_histograms(sources, out);
    for (enum gauge gauge = 0; gauge < GAUGE_COUNT; gauge++) {
        metrics_write_head(out, gauges[gauge].name, "gauge", gauges[gauge].help);
        for (size_t i = 0; i < loop_count(sources); i++) {
            struct loop loop = loop_at(sources, i);
            write_gauge(&loop, gauge, out);
        }
    }
}

void metrics_reference_turns(struct builder *out)
{
    const struct histogram_row histograms[] = {turn_row(), batch_row()};

    for (size_t i = 0; i < sizeof histograms / sizeof *histograms; i++)
        metrics_reference_line(out, histograms[i].name, "", NULL, "histogram", histograms[i].help);
    for (enum gauge gauge = 0; gauge < GAUGE_COUNT; gauge++)
        metrics_reference_line(out, gauges[gauge].name, "", gauges[gauge].labels, "gauge", gauges[gauge].help);
}
