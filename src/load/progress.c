/* SPDX-License-Identifier: Apache-2.0 */
#include "load/progress.h"

#include "load/report.h"
#include "os/file.h"

enum { ERROR = 2, NS_PER_SECOND = 1000 * 1000 * 1000, LINE_BYTES_MAX = 1024 };

void progress_begin(struct progress *progress, const struct load_options *options, uint64_t now_ns)
{
    *progress = (struct progress){
        .options = options,
        .begun_ns = now_ns,
        .is_terminal = os_is_terminal(ERROR),
        .shown_ns = now_ns,
    };
}

bool progress_is_due(const struct progress *progress, uint64_t now_ns)
{
    return !progress->options->is_quiet && now_ns - progress->shown_ns >= NS_PER_SECOND;
}

static void add_count(struct builder *out, const char *name, uint64_t count)
{
    if (count == 0)
        return;
    builder_format(out, "  %s ", name);
    builder_add_grouped(out, count);
}

void progress_add(const struct progress *progress, uint64_t now_ns, const struct worker_sums *sums,
                  const struct process_sample *server, struct builder *out)
{
    const struct worker_sums *last = &progress->sums;
    double seconds = (double)(now_ns - progress->shown_ns) / NS_PER_SECOND;
    uint64_t delivered = sums->delivered - last->delivered;
    builder_format(out, "%4llu s  ", (unsigned long long)((now_ns - progress->begun_ns) / NS_PER_SECOND));
    if (sums->sent == 0 && sums->delivered == 0) {
        builder_add_grouped(out, sums->ready);
        builder_add_string(out, " connections of ");
        builder_add_grouped(out, load_options_connections(progress->options));
        return;
    }
    builder_add_grouped(out, (uint64_t)((double)delivered / seconds));
    builder_add_string(out, " deliveries/s  ");
    builder_add_grouped(out, (uint64_t)((double)(sums->acked - last->acked) / seconds));
    builder_add_string(out, progress->options->is_raw ? " messages/s" : " acks/s");
    if (server != NULL && progress->has_server && delivered > 0) {
        double cpu_ns = (double)(server->cpu_ns - progress->server.cpu_ns);
        builder_format(out, "  server %.2f µs/delivery, %.0f %%", cpu_ns / (double)delivered / 1000,
                       cpu_ns / seconds / NS_PER_SECOND * 100);
    }
    builder_format(out, "  generator %.0f %%", (double)(sums->cpu_ns - last->cpu_ns) / seconds / NS_PER_SECOND * 100);
    add_count(out, "FAULTS", sums->faults);
    add_count(out, "gaps", sums->gaps);
    add_count(out, "ended", sums->ended);
}

void progress_show(struct progress *progress, uint64_t now_ns, const struct worker_sums *sums,
                   const struct process_sample *server)
{
    struct builder line;
    builder_init(&line, LINE_BYTES_MAX);
    builder_add_string(&line, progress->is_terminal ? "\r\x1b[K" : "");
    progress_add(progress, now_ns, sums, server, &line);
    if (!progress->is_terminal)
        builder_add_byte(&line, '\n');
    os_print(ERROR, builder_view(&line));
    builder_done(&line);
    progress->shown_ns = now_ns;
    progress->sums = *sums;
    progress->has_server = server != NULL;
    if (server != NULL)
        progress->server = *server;
}

void progress_end(const struct progress *progress)
{
    if (progress->is_terminal && !progress->options->is_quiet)
        os_print(ERROR, VIEW("\r\x1b[K"));
}
