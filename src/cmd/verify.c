/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verify.h"

#include <stdlib.h>

#include "cmd/keep.h"
#include "cmd/show.h"
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

enum { EXIT_USAGE = 2, LINE_BYTES_MAX = 64 * 1024 };

struct report {
    struct keep keep; /* first: what keep_watch() calls is called with it */
    uint64_t shown, limit;
};

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
    struct builder *out = &report->keep.line;

    if (report->shown++ >= report->limit)
        return;
    keep_clear(&report->keep);
    builder_clear(out);
    if (report->keep.is_json) {
        builder_format(out, "{\"check\":\"%s\",\"room\":", fault->check);
        add_json_text(out, fault->room);
        builder_format(out, ",\"seq\":%llu,\"fault\":", (unsigned long long)fault->seq);
        add_json_text(out, fault->text);
        builder_add_string(out, "}");
    } else {
        keep_add_fault(out, fault);
    }
    builder_add_byte(out, '\n');
    show_flush(out);
}

static void show_summary(struct report *report, const struct verify_summary *summary)
{
    struct builder *out = &report->keep.line;

    keep_clear(&report->keep);
    builder_clear(out);
    if (report->keep.is_json) {
        builder_format(out, "{\"rooms\":%llu,\"events\":%llu,\"faults\":%llu,\"is_sound\":%s}\n",
                       (unsigned long long)summary->rooms, (unsigned long long)summary->events,
                       (unsigned long long)summary->faults, summary->faults == 0 ? "true" : "false");
        show_flush(out);
        return;
    }
    if (report->shown > report->limit) {
        builder_add_string(out, "… and ");
        builder_add_count(out, report->shown - report->limit, "fault more\n", "faults more\n");
    }
    builder_add_count(out, summary->rooms, "room", "rooms");
    builder_add_string(out, ", ");
    builder_add_count(out, summary->events, "event", "events");
    builder_add_string(out, ": ");
    if (summary->faults == 0)
        builder_add_string(out, "complete, in order, no key twice");
    else
        builder_add_count(out, summary->faults, "fault", "faults");
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
    struct report report = {.limit = arguments.limit};
    keep_init(&report.keep, arguments.is_json, false);
    struct verify_options options = keep_watch(&report.keep);
    options.fault = show_fault;
    enum result result = verify_run(arguments.room != NULL ? arguments.room : arguments.folder, &options, &summary);
    if (result == RESULT_OK)
        show_summary(&report, &summary);
    keep_done(&report.keep);
    return result == RESULT_OK && summary.faults == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
