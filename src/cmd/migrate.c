/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/migrate.h"

#include <stdlib.h>

#include "cmd/arguments.h"
#include "cmd/keep.h"
#include "cmd/show.h"
#include "cmd/verb.h"
#include "store/backup.h"
#include "store/inspect.h"
#include "store/migrate.h"

enum { STATUS_FAULTS = 3, SLICE_EVENTS = 10000 };

static const char usage[] =
    "Usage: natter migrate [--data DIR] [--dry-run] [--backup FILE] [--quiet]\n"
    "Brings a data folder of an older natter up to date, with no server on it, and proves it. The server does so too\n"
    "when it starts; with this verb it happens when you want it, and after a backup.\n"
    "  --data DIR      the data folder (or NATTER_DATA; otherwise ./data)\n"
    "  --dry-run       only say what would be done\n"
    "  --backup FILE   copy the data folder into FILE first; without the copy nothing is changed\n"
    "  --quiet         say nothing unless something is wrong\n"
    "The status is 0 if the folder is up to date (with --dry-run: always if it can be read), 1 if not, 3 if it has\n"
    "faults.\n";

struct wish {
    const char *folder, *backup;
    bool is_dry, is_quiet;
};

static void show_steps(struct keep *keep, int version)
{
    struct builder *out = &keep->line;
    builder_clear(out);
    if (version == migrate_newest())
        builder_format(out, "The tables are of version %d, the newest that this natter knows.\n", version);
    else
        builder_format(out, "The tables are of version %d; this natter's are of version %d.\n", version,
                       migrate_newest());
    for (int step = version; migrate_step_text(step) != NULL; step++)
        builder_format(out, "  %d to %d: %s\n", step, step + 1, migrate_step_text(step));
    show_flush(out);
}

static int back_up(struct keep *keep, const struct wish *wish)
{
    struct backup_summary summary = {0};
    const struct backup_options options = {
        .folder = wish->folder, .path = wish->backup, .slice_events = SLICE_EVENTS, .watch = keep_watch(keep)};
    enum result result = backup_make(&options, &summary);
    keep_clear(keep);
    if (result == RESULT_OK)
        return EXIT_SUCCESS;
    show_error("", "there is no backup, so nothing was changed");
    return summary.faults > 0 ? STATUS_FAULTS : STATUS_FAILED;
}

/* What came out is proved: better now than at the first complaint. */
static int prove(struct keep *keep, const struct wish *wish)
{
    struct verify_summary seen = {0};
    const struct verify_options watch = keep_watch(keep);
    enum result result = verify_run(wish->folder, &watch, &seen);
    keep_clear(keep);
    if (result != RESULT_OK)
        return STATUS_FAILED;
    if (seen.faults > 0) {
        show_error("", "the folder is up to date, and has faults");
        return STATUS_FAULTS;
    }
    if (!wish->is_quiet) {
        builder_clear(&keep->line);
        builder_format(&keep->line, "Up to date: version %d; ", migrate_newest());
        builder_add_count(&keep->line, seen.rooms, "room", "rooms");
        builder_add_string(&keep->line, ", ");
        builder_add_count(&keep->line, seen.events, "event", "events");
        builder_add_string(&keep->line, ", proved.\n");
        show_flush(&keep->line);
    }
    return EXIT_SUCCESS;
}

static int migrate(struct keep *keep, const struct wish *wish)
{
    int version = 0;
    if (inspect_version(wish->folder, &version) != RESULT_OK)
        return STATUS_FAILED;
    if (!wish->is_quiet || wish->is_dry)
        show_steps(keep, version);
    if (wish->is_dry)
        return EXIT_SUCCESS;
    int status = wish->backup != NULL ? back_up(keep, wish) : EXIT_SUCCESS;
    if (status != EXIT_SUCCESS)
        return status;
    if (migrate_run(wish->folder) != RESULT_OK)
        return STATUS_FAILED;
    return prove(keep, wish);
}

int cmd_migrate(int count, char **values)
{
    struct wish wish = {.folder = arguments_folder()};
    const struct argument table[] = {
        {"--data", ARGUMENT_TEXT, &wish.folder},
        {"--backup", ARGUMENT_TEXT, &wish.backup},
        {"--dry-run", ARGUMENT_SWITCH, &wish.is_dry},
        {"--quiet", ARGUMENT_SWITCH, &wish.is_quiet},
    };
    int status = arguments_read(table, sizeof table / sizeof *table, usage, count, values);
    if (status >= 0)
        return status;
    struct keep keep;
    keep_init(&keep, false, wish.is_quiet);
    status = migrate(&keep, &wish);
    keep_done(&keep);
    return status;
}
