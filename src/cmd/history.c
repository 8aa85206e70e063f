/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/history.h"

#include <stdlib.h>

#include "chat/name.h"
#include "cmd/show.h"
#include "store/inspect.h"

static const char usage[] =
    "Usage: natter history ROOM [--data DIR] [--after N] [--limit N] [--json]\n"
    "Shows the newest events of a room, or with --after those that follow that seq, oldest first.\n"
    "The server may be running.\n"
    "  --data DIR   the data folder (or NATTER_DATA; otherwise ./data)\n"
    "  --after N    begin with the event after seq N\n"
    "  --limit N    at most so many events (50)\n"
    "  --json       one JSON object per line, as the server sends them\n";

enum {
    PAGE_EVENTS = 200, /* read at once, then printed, so that a waiting terminal never holds the database's log */
    EXIT_USAGE = 2,
};

struct page {
    struct builder text;
    struct view room;
    bool is_json;
    uint64_t last;
    size_t count;
};

static void add_what(struct builder *out, const struct event *event)
{
    switch (event->kind) {
    case EVENT_MESSAGE:
        if (event->reply_to > 0)
            builder_format(out, "(to #%llu) ", (unsigned long long)event->reply_to);
        if (event->is_deleted)
            builder_add_string(out, "(deleted)");
        break;
    case EVENT_EDITED: builder_format(out, "(edits #%llu) ", (unsigned long long)event->target); break;
    case EVENT_DELETED: builder_format(out, "(deletes #%llu)", (unsigned long long)event->target); break;
    case EVENT_REACTION:
        builder_format(out, "(%s #%llu) ", event->is_on ? "reacts to" : "takes back from",
                       (unsigned long long)event->target);
        break;
    }
    show_text(out, event->text);
}

static bool add_event(void *context, const struct event *event)
{
    struct page *page = context;
    struct builder *out = &page->text;
    page->last = event->seq;
    page->count++;
    if (page->is_json) {
        event_encode(out, page->room, event);
    } else {
        show_time(out, event->at_ms);
        builder_format(out, "  #%llu  ", (unsigned long long)event->seq);
        show_text(out, event->user.name);
        builder_add_string(out, ": ");
        add_what(out, event);
    }
    builder_add_byte(out, '\n');
    return true;
}

static enum result print_events(struct inspection *inspection, const struct inspected_room *room, uint64_t from,
                                uint64_t to, bool is_json)
{
    struct page page = {.room = room->name, .is_json = is_json};
    builder_init(&page.text, SIZE_MAX);
    enum result result = RESULT_OK;
    while (from <= to && result == RESULT_OK) {
        uint64_t end = to - from < PAGE_EVENTS ? to : from + PAGE_EVENTS - 1;
        result = inspect_events(inspection, room->id, from, end, add_event, &page);
        if (result == RESULT_OK && !builder_ok(&page.text))
            result = RESULT_NO_MEMORY;
        if (result == RESULT_OK)
            show_flush(&page.text);
        from = end + 1;
    }
    builder_done(&page.text);
    return result;
}

static int show_room(struct inspection *inspection, const struct show_arguments *arguments)
{
    struct builder fold;
    builder_init(&fold, 4096);
    bool is_name = name_fold_room(view_of_string(arguments->room), &fold);
    struct inspected_room room;
    enum result result = RESULT_NOT_FOUND;
    if (is_name)
        result = inspect_room(inspection, builder_view(&fold), &room);
    builder_done(&fold);
    if (result == RESULT_NOT_FOUND) {
        show_error("", is_name ? "there is no such room in this data folder; natter rooms lists them"
                               : "that is not a name that a room can have; natter rooms lists them");
        return EXIT_FAILURE;
    }
    if (result != RESULT_OK)
        return EXIT_FAILURE;
    uint64_t limit = arguments->limit;
    uint64_t from = room.seq > limit ? room.seq - limit + 1 : 1;
    uint64_t to = room.seq;
    if (from < room.first)
        from = room.first; /* older ones are gone */
    if (arguments->has_after) {
        from = arguments->after + 1 > room.first ? arguments->after + 1 : room.first;
        to = room.seq > from && room.seq - from >= limit ? from + limit - 1 : room.seq;
    }
    if (limit == 0)
        return EXIT_SUCCESS;
    return print_events(inspection, &room, from, to, arguments->is_json) == RESULT_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int cmd_history(int count, char **values)
{
    struct show_arguments arguments;
    int code = show_read_arguments(&arguments, usage, count, values);
    if (code >= 0)
        return code;
    if (arguments.room == NULL) {
        show_error(usage, "name the room whose history you want");
        return EXIT_USAGE;
    }
    struct inspection *inspection;
    if (inspect_open(arguments.folder, &inspection) != RESULT_OK)
        return EXIT_FAILURE;
    code = show_room(inspection, &arguments);
    inspect_close(inspection);
    return code;
}
