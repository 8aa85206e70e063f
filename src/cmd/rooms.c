/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/rooms.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/show.h"
#include "store/inspect.h"
#include "wire/json.h"

static const char usage[] = "Usage: natter rooms [--data DIR] [--json]\n"
                            "Lists the rooms of a data folder, newest activity first. The server may be running.\n"
                            "  --data DIR   the data folder (or NATTER_DATA; otherwise ./data)\n"
                            "  --json       one JSON object per line: room, seq, at, epoch\n";

struct listing {
    struct builder text;
    bool is_json;
};

static void add_json(struct builder *out, const struct inspected_room *room)
{
    builder_add_string(out, "{\"room\":");
    json_add_string(out, room->name);
    builder_add_string(out, ",\"seq\":");
    builder_add_number(out, room->seq);
    builder_add_string(out, ",\"at\":");
    builder_add_signed(out, room->at_ms);
    builder_add_string(out, ",\"epoch\":");
    json_add_string(out, view_of_string(room->epoch));
    builder_add_string(out, "}\n");
}

static void add_line(struct builder *out, const struct inspected_room *room)
{
    show_time(out, room->at_ms);
    builder_format(out, "  %10llu  ", (unsigned long long)room->seq);
    show_text(out, room->name);
    builder_add_byte(out, '\n');
}

static void add_room(void *context, const struct inspected_room *room)
{
    struct listing *listing = context;
    if (listing->is_json)
        add_json(&listing->text, room);
    else
        add_line(&listing->text, room);
}

int cmd_rooms(int count, char **values)
{
    struct show_arguments arguments;
    int code = show_read_arguments(&arguments, usage, count, values);
    if (code >= 0)
        return code;
    if (arguments.room != NULL || arguments.has_after || arguments.limit != SHOW_LIMIT_DEFAULT) {
        show_error(usage, "rooms takes only --data and --json; to read a room use: natter history ROOM");
        return 2;
    }
    struct inspection *inspection;
    if (inspect_open(arguments.folder, &inspection) != RESULT_OK)
        return EXIT_FAILURE;
    struct listing listing = {.is_json = arguments.is_json};
    builder_init(&listing.text, SIZE_MAX);
    if (!listing.is_json)
        builder_format(&listing.text, "%-19s  %10s  %s\n", "last active (UTC)", "events", "room");
    enum result result = inspect_rooms(inspection, add_room, &listing);
    inspect_close(inspection); /* before printing, which may wait for a pager */
    if (result == RESULT_OK && builder_ok(&listing.text))
        show_flush(&listing.text);
    code = result == RESULT_OK && builder_ok(&listing.text) ? EXIT_SUCCESS : EXIT_FAILURE;
    builder_done(&listing.text);
    return code;
}
