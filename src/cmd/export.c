/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/export.h"

#include <stdio.h>
#include <stdlib.h>

#include "chat/name.h"
#include "cmd/arguments.h"
#include "cmd/keep.h"
#include "cmd/show.h"
#include "cmd/verb.h"
#include "os/file.h"
#include "os/stream.h"
#include "os/tree.h"
#include "store/export.h"

enum { OUT = 1, ERROR = 2, STATUS_FAULTS = 3, PATH_BYTES = 4096, READ_BYTES = 256 * 1024, FOLD_BYTES_MAX = 4096 };

static const char usage[] =
    "Usage: natter export FILE|- [--room ROOM] [--since DATE] [--data DIR] [--force] [--quiet]\n"
    "Writes a data folder as lines of JSON: users, rooms, every event. The server may be running. No secrets are in\n"
    "it: neither the key of tokens nor tokens.\n"
    "  --room ROOM    only this room, and who wrote in it\n"
    "  --since DATE   only events from that day on (UTC), such as 2026-01-31\n"
    "  --data DIR     the data folder (or NATTER_DATA; otherwise ./data)\n"
    "  --force        replace FILE if it is there\n"
    "  --quiet        say nothing unless something is wrong\n"
    "The status is 0 if all was written, 1 if not.\n";

struct target {
    const char *path; /* "-": stdout */
    char temporary[PATH_BYTES];
    enum result result;
};

static bool is_stream(const char *path)
{
    return strcmp(path, "-") == 0;
}

static bool write_lines(void *context, struct view lines)
{
    struct target *target = context;
    if (is_stream(target->path))
        os_print(OUT, lines);
    else
        target->result = os_file_append(target->temporary, lines);
    return target->result == RESULT_OK;
}

static const char *open_target(struct target *target, bool may_replace)
{
    if (is_stream(target->path))
        return NULL;
    int size = snprintf(target->temporary, sizeof target->temporary, "%s.new", target->path);
    if (size < 0 || (size_t)size >= sizeof target->temporary)
        return "the path is too long";
    if (!may_replace && os_file_exists(target->path))
        return "there is a file of that name; choose another, or replace it with --force";
    os_file_remove(target->temporary); /* what a crash may have left */
    return NULL;
}

static bool close_target(struct target *target, bool is_whole, bool may_replace)
{
    if (is_stream(target->path))
        return is_whole;
    if (is_whole && os_path_sync(target->temporary) == RESULT_OK
        && os_path_rename(target->temporary, target->path, may_replace) == RESULT_OK)
        return true;
    os_file_remove(target->temporary);
    if (is_whole || target->result != RESULT_OK)
        show_error("", "the file cannot be written; check the folder, its rights and the room on the disk");
    return false;
}

/* Days since 1970-01-01 of a day in the Gregorian calendar, counted in years that begin in March. */
static int64_t days_of(int64_t year, int64_t month, int64_t day)
{
    int64_t marches = month > 2 ? year : year - 1;
    int64_t day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
    return 365 * marches + marches / 4 - marches / 100 + marches / 400 + day_of_year - 719468;
}

/* "2026-01-31". */
static bool read_date(const char *text, int64_t *out_ms)
{
    static const char shape[] = "dddd-dd-dd";
    uint64_t parts[3] = {0};
    size_t part = 0;
    if (strlen(text) != sizeof shape - 1)
        return false;
    for (size_t index = 0; shape[index] != '\0'; index++) {
        if (shape[index] == '-' ? text[index] != '-' : text[index] < '0' || text[index] > '9')
            return false;
        if (shape[index] == '-')
            part++;
        else
            parts[part] = parts[part] * 10 + (uint64_t)(text[index] - '0');
    }
    if (parts[0] < 1970 || parts[1] < 1 || parts[1] > 12 || parts[2] < 1 || parts[2] > 31)
        return false;
    *out_ms = days_of((int64_t)parts[0], (int64_t)parts[1], (int64_t)parts[2]) * 86400000;
    return true;
}

static void show_counts(struct keep *keep, const struct export_counts *counts, const char *end)
{
    struct builder *out = &keep->line;
    keep_clear(keep);
    builder_clear(out);
    builder_add_count(out, counts->rooms, "room", "rooms");
    builder_add_string(out, ", ");
    builder_add_count(out, counts->events, "event", "events");
    builder_add_string(out, ", ");
    builder_add_count(out, counts->users, "user", "users");
    builder_add_string(out, end);
    os_print(ERROR, builder_view(out)); /* stdout may be where the lines go */
}

static int export_to(struct target *target, struct export_options *options, struct keep *keep, bool may_replace)
{
    struct export_counts counts = {0};
    const char *why = open_target(target, may_replace);
    if (why != NULL) {
        show_error("", why);
        return STATUS_FAILED;
    }
    options->watch = keep_watch(keep);
    options->write = write_lines;
    options->write_context = target;
    enum result result = export_run(options, &counts);
    keep_clear(keep);
    if (result == RESULT_NOT_FOUND && options->room.size > 0)
        show_error("", "there is no such room in this data folder; natter rooms lists them");
    bool is_done = close_target(target, result == RESULT_OK, may_replace);
    if (is_done && !keep->is_quiet)
        show_counts(keep, &counts, "\n");
    return is_done ? EXIT_SUCCESS : STATUS_FAILED;
}

int cmd_export(int count, char **values)
{
    struct export_options options = {.folder = arguments_folder()};
    struct target target = {0};
    const char *room = NULL, *since = NULL;
    bool may_replace = false, is_quiet = false;
    const struct argument table[] = {
        {NULL, ARGUMENT_TEXT, &target.path},        {"--room", ARGUMENT_TEXT, &room},
        {"--since", ARGUMENT_TEXT, &since},         {"--data", ARGUMENT_TEXT, &options.folder},
        {"--force", ARGUMENT_SWITCH, &may_replace}, {"--quiet", ARGUMENT_SWITCH, &is_quiet},
    };
    int status = arguments_read(table, sizeof table / sizeof *table, usage, count, values);
    if (status >= 0)
        return status;
    if (target.path == NULL || (since != NULL && !read_date(since, &options.since_ms))) {
        show_error(usage, target.path == NULL ? "name a file, or - for stdout" : "--since needs a day, as 2026-01-31");
        return STATUS_USAGE;
    }
    struct builder fold;
    struct keep keep;
    builder_init(&fold, FOLD_BYTES_MAX);
    keep_init(&keep, false, is_quiet);
    status = STATUS_FAILED;
    if (room != NULL && !name_fold_room(view_of_string(room), &fold)) {
        show_error("", "that is not a name that a room can have; natter rooms lists them");
    } else {
        options.room = builder_view(&fold);
        status = export_to(&target, &options, &keep, may_replace);
    }
    keep_done(&keep);
    builder_done(&fold);
    return status;
}

/* ---- import ---- */

static const char import_usage[] =
    "Usage: natter import FILE|- [--data DIR] [--quiet]\n"
    "Reads lines that natter export wrote into a data folder, with no server on it: all of them, or none if something\n"
    "is wrong with one. Rooms that are there already are not touched. Every room gets a new epoch.\n"
    "  --data DIR   the data folder (or NATTER_DATA; otherwise ./data); made if it is not there\n"
    "  --quiet      say nothing unless something is wrong\n"
    "The status is 0 if it is done, 1 if not, 3 if lines have faults.\n";

struct source {
    struct keep keep;
    int descriptor;
    uint64_t faults;
};

/* Ephemeral rooms are kept nowhere. */
static bool fold_room(struct view name, struct builder *out_fold)
{
    bool is_ephemeral = false;
    if (name_is_direct(name)) {
        builder_add_view(out_fold, name);
        return true;
    }
    return name_check_room(name, &is_ephemeral) == NAME_FINE && !is_ephemeral && name_fold_room(name, out_fold);
}

static enum result read_some(void *context, struct builder *out)
{
    struct source *source = context;
    return os_stream_read(source->descriptor, READ_BYTES, out);
}

static void show_fault(void *context, uint64_t line, const char *text)
{
    struct source *source = context;
    struct builder *out = &source->keep.line;
    source->faults++;
    keep_clear(&source->keep);
    builder_clear(out);
    builder_format(out, "line %llu: ", (unsigned long long)line);
    show_text(out, view_of_string(text));
    builder_add_byte(out, '\n');
    os_print(ERROR, builder_view(out));
}

static void show_progress(void *context, const char *what, uint64_t done, uint64_t total)
{
    struct source *source = context;
    struct verify_options watch = keep_watch(&source->keep);
    watch.progress(watch.context, what, done, total);
}

int cmd_import(int count, char **values)
{
    struct source source = {.descriptor = -1};
    const char *path = NULL;
    bool is_quiet = false;
    struct import_options options = {.folder = arguments_folder(),
                                     .fold = fold_room,
                                     .fold_user = name_fold_room,
                                     .read = read_some,
                                     .read_context = &source,
                                     .fault = show_fault,
                                     .progress = show_progress,
                                     .context = &source};
    const struct argument table[] = {
        {NULL, ARGUMENT_TEXT, &path},
        {"--data", ARGUMENT_TEXT, &options.folder},
        {"--quiet", ARGUMENT_SWITCH, &is_quiet},
    };
    int status = arguments_read(table, sizeof table / sizeof *table, import_usage, count, values);
    if (status >= 0)
        return status;
    if (path == NULL || os_stream_open(path, &source.descriptor) != RESULT_OK) {
        show_error(path == NULL ? import_usage : "",
                   path == NULL ? "name a file, or - for stdin" : "the file cannot be read; is it there, and may you?");
        return path == NULL ? STATUS_USAGE : STATUS_FAILED;
    }
    struct export_counts counts = {0};
    keep_init(&source.keep, false, is_quiet);
    enum result result = import_run(&options, &counts);
    if (result == RESULT_OK && !is_quiet)
        show_counts(&source.keep, &counts, "\n");
    else if (source.faults > 0)
        show_error("", "nothing was imported");
    keep_done(&source.keep);
    os_stream_close(source.descriptor);
    if (result == RESULT_OK)
        return EXIT_SUCCESS;
    return source.faults > 0 ? STATUS_FAULTS : STATUS_FAILED;
}
