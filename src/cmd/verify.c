/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verify.h"

#include <stdlib.h>

#include "chat/name.h"
#include "cmd/keep.h"
#include "cmd/show.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/thread.h"
#include "store/verify.h"
#include "wire/json.h"

static const char usage[] =
    "Usage: natter verify [DIR] [--limit N] [--json]\n"
    "Proves that a data folder is sound: every room complete and in order, no key twice, what is derived from the\n"
    "logs equal to them. Nothing is changed, and the server may be running.\n"
    "  DIR          the data folder, also as --data DIR (or NATTER_DATA; otherwise ./data)\n"
    "  --limit N    name at most so many faults (50); all are counted\n"
    "  --json       one JSON object per line: a line for each fault, and the sum\n"
    "The status is 0 if it is sound, 1 if not or if it cannot be read.\n";

enum { ERROR = 2, EXIT_USAGE = 2, LINE_BYTES_MAX = 64 * 1024, PROGRESS_MS = 200 };

struct report {
    struct builder line;
    uint64_t shown, limit;
    uint64_t progress_ms; /* when the line on the terminal was last written */
    bool is_json;
    bool has_terminal;
    bool has_progress; /* such a line stands there */
};

static void clear_progress(struct report *report)
{
    if (report->has_progress)
        os_print(ERROR, VIEW("\r\033[K"));
    report->has_progress = false;
}

static void show_progress(void *context, const char *check, uint64_t done, uint64_t total)
{
    struct report *report = context;
    uint64_t now_ms = os_clock_monotonic_ms();

    if (!report->has_terminal || now_ms - report->progress_ms < PROGRESS_MS)
        return;
    report->progress_ms = now_ms;
    report->has_progress = true;
    builder_clear(&report->line);
    builder_format(&report->line, "\r\033[K%s", check);
    if (done > 0) {
        builder_add_string(&report->line, "  ");
        keep_add_grouped(&report->line, done);
        builder_add_string(&report->line, " of about ");
        keep_add_grouped(&report->line, total);
    }
    os_print(ERROR, builder_view(&report->line));
}

/* A damaged database may hold anything: what JSON cannot carry is escaped as for a terminal. */
static void add_json_text(struct builder *out, struct view text)
{
    struct builder safe;

    builder_init(&safe, LINE_BYTES_MAX);
    show_text(&safe, text);
    json_add_string(out, builder_view(&safe));
    builder_done(&safe);
}

static void show_fault(void *context, const struct verify_fault *fault)
{
    struct report *report = context;
    struct builder *out = &report->line;

    if (report->shown++ >= report->limit)
        return;
    clear_progress(report);
    builder_clear(out);
    if (report->is_json) {
        builder_format(out, "{\"check\":\"%s\",\"room\":", fault->check);
        add_json_text(out, fault->room);
        builder_format(out, ",\"seq\":%llu,\"fault\":", (unsigned long long)fault->seq);
        add_json_text(out, fault->text);
        builder_add_string(out, "}");
    } else {
        show_text(out, fault->room);
        if (fault->seq > 0)
            builder_format(out, " #%llu", (unsigned long long)fault->seq);
        builder_add_string(out, fault->room.size > 0 ? ": " : "");
        show_text(out, fault->text);
    }
    builder_add_byte(out, '\n');
    show_flush(out);
}

static void show_summary(struct report *report, const struct verify_summary *summary)
{
    struct builder *out = &report->line;

    clear_progress(report);
    builder_clear(out);
    if (report->is_json) {
        builder_format(out, "{\"rooms\":%llu,\"events\":%llu,\"faults\":%llu,\"is_sound\":%s}\n",
                       (unsigned long long)summary->rooms, (unsigned long long)summary->events,
                       (unsigned long long)summary->faults, summary->faults == 0 ? "true" : "false");
        show_flush(out);
        return;
    }
    if (report->shown > report->limit) {
        builder_add_string(out, "… and ");
        keep_add_count(out, report->shown - report->limit, "fault more\n", "faults more\n");
    }
    keep_add_count(out, summary->rooms, "room", "rooms");
    builder_add_string(out, ", ");
    keep_add_count(out, summary->events, "event", "events");
    builder_add_string(out, ": ");
    if (summary->faults == 0)
        builder_add_string(out, "complete, in order, no key twice");
    else
        keep_add_count(out, summary->faults, "fault", "faults");
    builder_add_byte(out, '\n');
    show_flush(out);
}

int cmd_verify(int count, char **values)
{
    struct show_arguments arguments;
    struct verify_summary summary;
    int code = show_read_arguments(&arguments, usage, count, values);

    if (code >= 0)
        return code;
    if (arguments.has_after) {
        show_error(usage, "a folder is proved as a whole: there is no --after here");
        return EXIT_USAGE;
    }
    struct report report = {
        .limit = arguments.limit, .is_json = arguments.is_json, .has_terminal = os_is_terminal(ERROR)};
    const struct verify_options options = {
        .fold = name_fold_room, .fault = show_fault, .progress = show_progress, .context = &report};
    builder_init(&report.line, LINE_BYTES_MAX);
    enum result result = verify_run(arguments.room != NULL ? arguments.room : arguments.folder, &options, &summary);
    if (result == RESULT_OK)
        show_summary(&report, &summary);
    builder_done(&report.line);
    return result == RESULT_OK && summary.faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
