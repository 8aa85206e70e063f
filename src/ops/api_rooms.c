/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/rooms: rooms that are open, from the store's thread, and how far their readers are, from the shards. */
#include <stdlib.h>

#include "chat/survey.h"
#include "net/census.h"
#include "ops/api.h"

struct room_item {
    struct room_sight sight;
    struct feed_sight feeds; /* added up over all shards */
    double key;
};

struct room_rows {
    struct room_item *items;
    size_t count, max;
    uint64_t found, looked;
    bool is_rising, is_whole;
    double (*key)(const struct room_sight *sight);
};

static double key_traffic(const struct room_sight *sight)
{
    return sight->events_per_s;
}

static double key_seq(const struct room_sight *sight)
{
    return (double)sight->seq;
}

static double key_members(const struct room_sight *sight)
{
    return sight->members;
}

static double key_connections(const struct room_sight *sight)
{
    return sight->connections;
}

static double (*key_of(const char *name))(const struct room_sight *sight)
{
    static const struct {
        const char *name;
        double (*key)(const struct room_sight *sight);
    } keys[] = {{"traffic", key_traffic}, {"seq", key_seq}, {"members", key_members}, {"connections", key_connections}};

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(name, keys[i].name) == 0)
            return keys[i].key;
    }
    return NULL;
}

static int compare(const void *a, const void *b, void *is_rising)
{
    const struct room_item *first = a, *second = b;

    if (first->key != second->key)
        return (first->key < second->key) == *(bool *)is_rising ? -1 : 1;
    return strcmp(first->sight.name, second->sight.name);
}

static void settle(struct room_rows *rows)
{
    if (rows->count > 0)
        qsort_r(rows->items, rows->count, sizeof *rows->items, compare, &rows->is_rising);
    if (rows->count > rows->max)
        rows->count = rows->max;
}

static void add(struct room_rows *rows, const struct room_sight *sight)
{
    rows->found++;
    if (rows->max == 0)
        return;
    if (rows->count == 2 * rows->max)
        settle(rows);
    rows->items[rows->count++] = (struct room_item){.sight = *sight, .key = rows->key(sight)};
}

/* ---- the store's part ---- */

struct room_gathering {
    struct asking asking;
    struct hub_call call;
    struct chat *chat;
    uint32_t position;
    size_t count;
    struct room_sight sights[SURVEY_SLICE];
};

static void see_slice(struct hub_call *call)
{
    struct room_gathering *gathering =
        (struct room_gathering *)(void *)((uint8_t *)call - offsetof(struct room_gathering, call));

    gathering->count = survey_rooms(gathering->chat, &gathering->position, gathering->sights);
    asking_answer(&gathering->asking);
}

static void gather_rooms(struct room_rows *rows, struct api *api, const char *name)
{
    struct room_gathering *gathering = asking_new(sizeof *gathering);

    rows->is_whole = gathering != NULL;
    if (!gathering)
        return;
    gathering->chat = api->sources->chat;
    gathering->call.run = see_slice;
    do {
        rows->is_whole = asking_store(&gathering->asking, gathering->chat, &gathering->call, api->end_ms);
        for (size_t i = 0; i < gathering->count && rows->is_whole; i++) {
            rows->looked++;
            if (api_contains(gathering->sights[i].name, name))
                add(rows, &gathering->sights[i]);
        }
    } while (rows->is_whole && gathering->position > 0);
    asking_unref(&gathering->asking);
    settle(rows);
}

/* ---- the shards' part ---- */

enum { FEEDS_SLICE = 32 };

struct feed_gathering {
    struct asking asking;
    struct shard_call call;
    size_t count;
    uint32_t numbers[FEEDS_SLICE];
    struct feed_sight sights[FEEDS_SLICE];
};

static void see_feeds(struct shard_call *call, struct shard *shard)
{
    struct feed_gathering *gathering =
        (struct feed_gathering *)(void *)((uint8_t *)call - offsetof(struct feed_gathering, call));

    for (size_t i = 0; i < gathering->count; i++)
        census_feed(shard, gathering->numbers[i], &gathering->sights[i]);
    asking_answer(&gathering->asking);
}

static void add_feed(struct feed_sight *sum, const struct feed_sight *one)
{
    sum->subscribers += one->subscribers;
    sum->behind += one->behind;
    sum->bytes += one->bytes;
    if (one->lag_events > sum->lag_events)
        sum->lag_events = one->lag_events;
}

/* Those rows from `first` on, of all shards. */
static void gather_feeds(struct room_rows *rows, struct api *api, size_t first)
{
    struct feed_gathering *gathering = asking_new(sizeof *gathering);

    rows->is_whole = rows->is_whole && gathering;
    for (; first < rows->count && rows->is_whole; first += FEEDS_SLICE) {
        gathering->call.run = see_feeds;
        gathering->count = rows->count - first < FEEDS_SLICE ? rows->count - first : FEEDS_SLICE;
        for (size_t i = 0; i < gathering->count; i++)
            gathering->numbers[i] = rows->items[first + i].sight.number;
        for (size_t shard = 0; shard < api->sources->shard_count && rows->is_whole; shard++) {
            rows->is_whole =
                asking_shard(&gathering->asking, api->sources->shards[shard], &gathering->call, api->end_ms);
            for (size_t i = 0; i < gathering->count && rows->is_whole; i++)
                add_feed(&rows->items[first + i].feeds, &gathering->sights[i]);
        }
    }
    asking_unref(&gathering->asking);
}

static void put_room(struct builder *out, const struct room_item *row)
{
    api_open(out, NULL, '{');
    api_put_text(out, "room", view_of_string(row->sight.name));
    api_put_bool(out, "ephemeral", row->sight.is_ephemeral);
    api_put_number(out, "seq", row->sight.seq);
    api_put_real(out, "events_per_s", row->sight.events_per_s);
    api_put_number(out, "members", row->sight.members);
    api_put_number(out, "connections", row->sight.connections);
    api_put_number(out, "behind", row->feeds.behind);
    api_put_number(out, "lag_events", row->feeds.lag_events);
    api_put_number(out, "feed_bytes", row->feeds.bytes);
    api_shut(out, '}');
}

void api_rooms(struct api *api)
{
    static const char *const names[] = {"room", "sort", NULL};
    char name[API_WORD_BYTES_MAX], sort[API_WORD_BYTES_MAX];
    struct api_page page;

    if (!api_read_page(api, names, &page) || !api_read_word(api, "room", name) || !api_read_word(api, "sort", sort))
        return;
    struct room_rows rows = {.max = (page.page + 1) * page.limit, .is_rising = page.is_rising};
    rows.key = key_of(sort[0] ? sort : "traffic");
    if (!rows.key) {
        api_refuse(api, 400, "sort is traffic, seq, members or connections.");
        return;
    }
    rows.items = calloc(2 * rows.max + 1, sizeof *rows.items);
    if (!rows.items) {
        api_refuse(api, 503, "There is no memory for so many rows. Ask for fewer.");
        return;
    }
    gather_rooms(&rows, api, name);
    gather_feeds(&rows, api, page.page * page.limit);
    api_open(api->out, NULL, '{');
    api_put_number(api->out, "looked", rows.looked);
    api_put_number(api->out, "found", rows.found);
    api_put_bool(api->out, "is_whole", rows.is_whole);
    api_put_number(api->out, "page", page.page);
    api_put_number(api->out, "limit", page.limit);
    api_open(api->out, "rooms", '[');
    for (size_t i = page.page * page.limit; i < rows.count; i++)
        put_room(api->out, &rows.items[i]);
    api_shut(api->out, ']');
    api_shut(api->out, '}');
    free(rows.items);
}
