/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/keep.h"

#include "chat/name.h"
#include "cmd/show.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/thread.h"

enum { ERROR = 2, LINE_BYTES_MAX = 64 * 1024, PROGRESS_MS = 200, FAULTS_SHOWN_MAX = 50 };

void keep_init(struct keep *keep, bool is_json, bool is_quiet)
{
    *keep = (struct keep){.is_json = is_json, .is_quiet = is_quiet, .has_terminal = os_is_terminal(ERROR)};
    builder_init(&keep->line, LINE_BYTES_MAX);
}

void keep_done(struct keep *keep)
{
    keep_clear(keep);
    builder_done(&keep->line);
}

void keep_clear(struct keep *keep)
{
    if (keep->has_progress)
        os_print(ERROR, VIEW("\r\033[K"));
    keep->has_progress = false;
}

static void show_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct keep *keep = context;
    uint64_t now_ms = os_clock_monotonic_ms();
    if (keep->is_quiet || !keep->has_terminal || now_ms - keep->progress_ms < PROGRESS_MS)
        return;
    keep->progress_ms = now_ms;
    keep->has_progress = true;
    builder_clear(&keep->line);
    builder_format(&keep->line, "\r\033[K%s", what);
    if (done > 0) {
        builder_add_string(&keep->line, "  ");
        builder_add_grouped(&keep->line, done);
        builder_add_string(&keep->line, " of about ");
        builder_add_grouped(&keep->line, total);
    }
    os_print(ERROR, builder_view(&keep->line));
}

void keep_add_fault(struct builder *out, const struct verify_fault *fault)
{
    show_text(out, fault->room);
    if (fault->seq > 0)
        builder_format(out, " #%llu", (unsigned long long)fault->seq);
    builder_add_string(out, fault->room.size > 0 ? ": " : "");
    show_text(out, fault->text);
}

/* On stderr, also where stdout has JSON: the sum says how many there are. */
static void show_fault(void *context, const struct verify_fault *fault)
{
    struct keep *keep = context;
    if (keep->faults_shown++ >= FAULTS_SHOWN_MAX)
        return;
    keep_clear(keep);
    builder_clear(&keep->line);
    keep_add_fault(&keep->line, fault);
    builder_add_byte(&keep->line, '\n');
    os_print(ERROR, builder_view(&keep->line));
}

struct verify_options keep_watch(struct keep *keep)
{
    return (struct verify_options){
        .fold = name_fold_room, .fault = show_fault, .progress = show_progress, .context = keep};
}

void keep_add_bytes(struct builder *out, uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    double number = (double)bytes;
    size_t unit = 0;
    while (number >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        number /= 1024;
        unit++;
    }
    builder_format(out, unit == 0 ? "%.0f %s" : "%.1f %s", number, units[unit]);
}
