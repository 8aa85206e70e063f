/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/retention.h"

#include <stdlib.h>

#include "chat/name.h"
#include "cmd/arguments.h"
#include "cmd/keep.h"
#include "cmd/show.h"
#include "cmd/verb.h"
#include "serve/config_table.h"
#include "store/retention.h"
#include "wire/json.h"

enum { FOLD_BYTES_MAX = 4096, LINE_BYTES_MAX = 65536 };

static const char usage[] =
    "Usage: natter retention [--data DIR] [--json]\n"
    "       natter retention ROOM [--age TIME] [--events N] [--size BYTES] [--data DIR]\n"
    "       natter retention ROOM --keep | --default [--data DIR]\n"
    "Lists the rooms that have limits of their own, or gives a room some, in place of the server's (retention.age,\n"
    "retention.events, retention.size). What is beyond them goes for good. The server may be running: it heeds them\n"
    "with its next look at all rooms.\n"
    "  --age TIME     events older than that go, such as 90d\n"
    "  --events N     the oldest beyond so many go\n"
    "  --size BYTES   the oldest beyond it go, such as 100MiB\n"
    "  --keep         nothing of this room ever goes\n"
    "  --default      the server's limits again\n"
    "  --data DIR     the data folder (or NATTER_DATA; otherwise ./data)\n"
    "  --json         one JSON object per line: room, first, seq, age, events, size\n";

struct wish {
    const char *room, *folder, *age, *events, *size;
    bool has_keep, has_default, is_json;
};

struct listing {
    struct builder out;
    bool is_json;
};

static void add_json(struct builder *out, const struct retention_room *room)
{
    builder_add_string(out, "{\"room\":");
    json_add_string(out, room->name);
    builder_format(out, ",\"first\":%llu,\"seq\":%llu,\"age\":%llu,\"events\":%llu,\"size\":%llu}\n",
                   (unsigned long long)room->first, (unsigned long long)room->newest,
                   (unsigned long long)room->limits.age_ms, (unsigned long long)room->limits.events_max,
                   (unsigned long long)room->limits.bytes_max);
}

static void add_words(struct builder *out, const struct retention_room *room)
{
    const struct store_limits *limits = &room->limits;
    show_text(out, room->name);
    builder_add_string(out, ": ");
    if (limits->age_ms > 0) {
        builder_add_string(out, "age ");
        setting_write_amount((double)limits->age_ms, SETTING_TIME_64, out);
        builder_add_string(out, ", ");
    }
    if (limits->events_max > 0)
        builder_format(out, "events %llu, ", (unsigned long long)limits->events_max);
    if (limits->bytes_max > 0) {
        builder_add_string(out, "size ");
        setting_write_amount((double)limits->bytes_max, SETTING_SIZE, out);
        builder_add_string(out, ", ");
    }
    if (limits->age_ms == 0 && limits->events_max == 0 && limits->bytes_max == 0)
        builder_add_string(out, "keeps everything, ");
    builder_format(out, "has %llu to %llu\n", (unsigned long long)room->first, (unsigned long long)room->newest);
}

static void show_room(void *context, const struct retention_room *room)
{
    struct listing *listing = context;
    if (listing->is_json)
        add_json(&listing->out, room);
    else
        add_words(&listing->out, room);
    show_flush(&listing->out);
}

static int list(const struct wish *wish)
{
    struct listing listing = {.is_json = wish->is_json};
    builder_init(&listing.out, LINE_BYTES_MAX);
    enum result result = retention_each(wish->folder, show_room, &listing);
    builder_done(&listing.out);
    return result == RESULT_OK ? EXIT_SUCCESS : STATUS_FAILED;
}

/* In the words of the settings, and with their bounds. */
static bool read_limits(const struct wish *wish, struct store_limits *out_limits)
{
    const struct {
        const char *key, *value;
    } given[] = {{"age", wish->age}, {"events", wish->events}, {"size", wish->size}};
    struct config config;
    struct builder fault;
    bool is_right = config_init(&config);
    builder_init(&fault, LINE_BYTES_MAX);
    for (size_t index = 0; index < sizeof given / sizeof *given && is_right; index++) {
        const struct setting *setting = settings;
        while (strcmp(setting->section, "retention") != 0 || strcmp(setting->key, given[index].key) != 0)
            setting++;
        if (given[index].value != NULL)
            is_right = setting_apply(setting, &config, given[index].value, "natter retention", &fault);
    }
    *out_limits = config.store.retention;
    if (!is_right) {
        builder_add_byte(&fault, 0);
        show_error(usage, builder_ok(&fault) && fault.size > 1 ? (const char *)fault.at : "out of memory");
    }
    builder_done(&fault);
    config_done(&config);
    return is_right;
}

static int change(const struct wish *wish, const struct store_limits *limits)
{
    struct builder fold;
    builder_init(&fold, FOLD_BYTES_MAX);
    enum result result = RESULT_NOT_FOUND;
    bool is_name = name_fold_room(view_of_string(wish->room), &fold);
    if (is_name)
        result = retention_set(wish->folder, builder_view(&fold), limits);
    builder_done(&fold);
    if (result == RESULT_NOT_FOUND)
        show_error("", "there is no such room in this data folder; natter rooms lists them");
    return result == RESULT_OK ? EXIT_SUCCESS : STATUS_FAILED;
}

int cmd_retention(int count, char **values)
{
    struct wish wish = {.folder = arguments_folder()};
    const struct argument table[] = {
        {NULL, ARGUMENT_TEXT, &wish.room},          {"--data", ARGUMENT_TEXT, &wish.folder},
        {"--age", ARGUMENT_TEXT, &wish.age},        {"--events", ARGUMENT_TEXT, &wish.events},
        {"--size", ARGUMENT_TEXT, &wish.size},      {"--keep", ARGUMENT_SWITCH, &wish.has_keep},
        {"--json", ARGUMENT_SWITCH, &wish.is_json}, {"--default", ARGUMENT_SWITCH, &wish.has_default},
    };
    int status = arguments_read(table, sizeof table / sizeof *table, usage, count, values);
    if (status >= 0)
        return status;
    struct store_limits limits = {0};
    bool has_limits = wish.age != NULL || wish.events != NULL || wish.size != NULL;
    int ways = has_limits + wish.has_keep + wish.has_default;
    if (wish.room == NULL && ways == 0)
        return list(&wish);
    if (wish.room == NULL || ways != 1) {
        show_error(usage,
                   wish.room == NULL ? "name the room" : "say either limits for the room, or --keep, or --default");
        return STATUS_USAGE;
    }
    if (has_limits && !read_limits(&wish, &limits))
        return STATUS_USAGE;
    return change(&wish, wish.has_default ? NULL : &limits);
}
