/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/backup.h"

#include <stdlib.h>

#include "cmd/arguments.h"
#include "cmd/keep.h"
#include "cmd/show.h"
#include "cmd/verb.h"
#include "store/backup.h"
#include "wire/json.h"

enum { STATUS_FAULTS = 3, SLICE_EVENTS = 2000, SLICE_EVENTS_MAX = 1000000, PAUSE_MS = 2, PAUSE_MS_MAX = 60000 };

static const char usage[] =
    "Usage: natter backup FILE [--data DIR] [--force] [--quiet] [--json]\n"
    "Copies a data folder into one file: the database, the secret, and what else is in the folder. The server may be\n"
    "running; the copy is of one moment, and is proved before it gets its name.\n"
    "  --data DIR     the data folder (or NATTER_DATA; otherwise ./data)\n"
    "  --force        replace FILE if it is there\n"
    "  --slice N      events that are copied at once (2000)\n"
    "  --pause MS     milliseconds between two slices (2); more is slower and easier on a busy server\n"
    "  --no-verify    leave the proof out\n"
    "  --quiet        say nothing unless something is wrong\n"
    "  --json         the sum as one JSON object\n"
    "The status is 0 if the file is there, 1 if not, 3 if the data has faults. FILE is as secret as the data folder.\n";

static void add_json_field(struct builder *out, const char *name, uint64_t number)
{
    builder_format(out, ",\"%s\":%llu", name, (unsigned long long)number);
}

static void show_backup(struct keep *keep, const char *path, const struct backup_summary *summary)
{
    struct builder *out = &keep->line;
    builder_clear(out);
    if (keep->is_json) {
        builder_add_string(out, "{\"file\":");
        json_add_string(out, view_of_string(path));
        add_json_field(out, "rooms", summary->rooms);
        add_json_field(out, "events", summary->events);
        add_json_field(out, "files", summary->files);
        add_json_field(out, "bytes", summary->bytes);
        add_json_field(out, "held_ms_max", summary->held_ms_max);
        builder_add_string(out, "}\n");
    } else {
        builder_add_count(out, summary->rooms, "room", "rooms");
        builder_add_string(out, ", ");
        builder_add_count(out, summary->events, "event", "events");
        builder_add_string(out, ", ");
        builder_add_count(out, summary->files, "file", "files");
        builder_add_string(out, ", ");
        keep_add_bytes(out, summary->bytes);
        builder_format(out, "; the server's log was held for %llu ms at most\n",
                       (unsigned long long)summary->held_ms_max);
    }
    show_flush(out);
}

static int status_of(enum result result, uint64_t faults)
{
    if (result == RESULT_OK)
        return EXIT_SUCCESS;
    return faults > 0 ? STATUS_FAULTS : STATUS_FAILED;
}

int cmd_backup(int count, char **values)
{
    struct backup_options options = {.folder = arguments_folder()};
    uint64_t slice = SLICE_EVENTS, pause_ms = PAUSE_MS;
    bool is_json = false, is_quiet = false;
    const struct argument table[] = {
        {NULL, ARGUMENT_TEXT, &options.path},
        {"--data", ARGUMENT_TEXT, &options.folder},
        {"--force", ARGUMENT_SWITCH, &options.may_replace},
        {"--no-verify", ARGUMENT_SWITCH, &options.is_unproved},
        {"--slice", ARGUMENT_NUMBER, &slice},
        {"--pause", ARGUMENT_NUMBER, &pause_ms},
        {"--quiet", ARGUMENT_SWITCH, &is_quiet},
        {"--json", ARGUMENT_SWITCH, &is_json},
    };
    int status = arguments_read(table, sizeof table / sizeof *table, usage, count, values);
    if (status >= 0)
        return status;
    if (options.path == NULL || slice == 0 || slice > SLICE_EVENTS_MAX || pause_ms > PAUSE_MS_MAX) {
        show_error(usage, options.path == NULL ? "name the file for the backup"
                                               : "--slice goes from 1 to 1000000, --pause from 0 to 60000");
        return STATUS_USAGE;
    }
    struct backup_summary summary = {0};
    struct keep keep;
    keep_init(&keep, is_json, is_quiet);
    options.slice_events = (uint32_t)slice;
    options.pause_ms = (uint32_t)pause_ms;
    options.watch = keep_watch(&keep);
    enum result result = backup_make(&options, &summary);
    keep_clear(&keep);
    if (result == RESULT_OK && (!is_quiet || is_json))
        show_backup(&keep, options.path, &summary);
    if (summary.faults > 0)
        show_error("", "the data has faults, and no backup was made; --no-verify makes one as it is");
    keep_done(&keep);
    return status_of(result, summary.faults);
}

/* ---- restore ---- */

static const char restore_usage[] =
    "Usage: natter restore FILE [--data DIR] [--force] [--keep-epochs] [--quiet] [--json]\n"
    "Puts a backup into a data folder, with the server stopped. It is proved first, and brought up to date if it is\n"
    "of an older natter. Clients that saw more than the backup has begin anew with what it has.\n"
    "  --data DIR       the data folder (or NATTER_DATA; otherwise ./data)\n"
    "  --force          the folder may have something in it, which is moved aside, not deleted\n"
    "  --keep-epochs    nothing was written after the backup, as when a stopped server moves to another machine\n"
    "  --quiet          say nothing unless something is wrong\n"
    "  --json           the sum as one JSON object\n"
    "The status is 0 if it is done, 1 if not, 3 if the backup has faults.\n";

static void show_restore(struct keep *keep, const struct restore_options *options,
                         const struct restore_summary *summary)
{
    struct builder *out = &keep->line;
    builder_clear(out);
    if (keep->is_json) {
        builder_add_string(out, "{\"data\":");
        json_add_string(out, view_of_string(options->folder));
        add_json_field(out, "rooms", summary->rooms);
        add_json_field(out, "events", summary->events);
        add_json_field(out, "files", summary->files);
        builder_add_string(out, ",\"aside\":");
        json_add_string(out, view_of_string(summary->aside));
        builder_format(out, ",\"has_secret\":%s}\n", summary->has_secret ? "true" : "false");
    } else {
        builder_add_count(out, summary->rooms, "room", "rooms");
        builder_add_string(out, ", ");
        builder_add_count(out, summary->events, "event", "events");
        builder_format(out, " in %s%s%s\n", options->folder,
                       summary->aside[0] != '\0' ? "; what was there before is in " : "", summary->aside);
        if (!summary->has_secret)
            builder_add_string(out, "It has no secret: copy the old one as well, or all guests are new.\n");
    }
    show_flush(out);
}

int cmd_restore(int count, char **values)
{
    struct restore_options options = {.folder = arguments_folder()};
    bool is_json = false, is_quiet = false;
    const struct argument table[] = {
        {NULL, ARGUMENT_TEXT, &options.path},
        {"--data", ARGUMENT_TEXT, &options.folder},
        {"--force", ARGUMENT_SWITCH, &options.may_replace},
        {"--keep-epochs", ARGUMENT_SWITCH, &options.keeps_epochs},
        {"--quiet", ARGUMENT_SWITCH, &is_quiet},
        {"--json", ARGUMENT_SWITCH, &is_json},
    };
    int status = arguments_read(table, sizeof table / sizeof *table, restore_usage, count, values);
    if (status >= 0)
        return status;
    if (options.path == NULL) {
        show_error(restore_usage, "name the backup");
        return STATUS_USAGE;
    }
    struct restore_summary summary = {0};
    struct keep keep;
    keep_init(&keep, is_json, is_quiet);
    options.watch = keep_watch(&keep);
    enum result result = restore_run(&options, &summary);
    keep_clear(&keep);
    if (result == RESULT_OK && (!is_quiet || is_json))
        show_restore(&keep, &options, &summary);
    if (summary.faults > 0)
        show_error("", "the backup has faults, and the data folder is as it was");
    keep_done(&keep);
    return status_of(result, summary.faults);
}
