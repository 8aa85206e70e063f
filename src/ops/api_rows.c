/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/api_rows.h"

#include <stdio.h>
#include <stdlib.h>

static double key_age(const struct row *row)
{
    return (double)(row->sight.now_ms - row->sight.accepted_ms);
}

static double key_idle(const struct row *row)
{
    return row->sight.idle_ms;
}

static double key_lag(const struct row *row)
{
    return (double)row->sight.lag_events;
}

static double key_waiting(const struct row *row)
{
    return (double)(row->sight.outbox_bytes + row->sight.unsent_bytes);
}

static double key_rtt(const struct row *row)
{
    return row->sight.link.rtt_us;
}

static double key_ping(const struct row *row)
{
    return row->sight.ping_ms == LIFE_NOT_YET ? -1.0 : (double)row->sight.ping_ms;
}

static double key_bytes_in(const struct row *row)
{
    return (double)row->sight.link.received_bytes;
}

static double key_bytes_out(const struct row *row)
{
    return (double)row->sight.link.acknowledged_bytes;
}

static double key_messages_in(const struct row *row)
{
    return (double)row->sight.messages_in;
}

static double key_messages_out(const struct row *row)
{
    return (double)row->sight.messages_out;
}

static double key_laps(const struct row *row)
{
    return row->sight.laps;
}

double (*rows_key_of(const char *name))(const struct row *row)
{
    static const struct {
        const char *name;
        double (*key)(const struct row *row);
    } keys[] = {
        {"age", key_age},
        {"idle", key_idle},
        {"lag", key_lag},
        {"waiting", key_waiting},
        {"rtt", key_rtt},
        {"ping", key_ping},
        {"bytes_in", key_bytes_in},
        {"bytes_out", key_bytes_out},
        {"laps", key_laps},
        {"messages_in", key_messages_in},
        {"messages_out", key_messages_out},
    };

    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        if (strcmp(name, keys[i].name) == 0)
            return keys[i].key;
    }
    return NULL;
}

enum result rows_init(struct rows *rows, size_t max, double (*key)(const struct row *row), bool is_rising)
{
    *rows = (struct rows){.max = max, .key = key, .is_rising = is_rising, .is_whole = true};
    rows->items = calloc(2 * max + 1, sizeof *rows->items);
    return rows->items ? RESULT_OK : RESULT_NO_MEMORY;
}

void rows_done(struct rows *rows)
{
    free(rows->items);
}

static int compare(const void *a, const void *b, void *is_rising)
{
    const struct row *first = a, *second = b;

    if (first->key != second->key)
        return (first->key < second->key) == *(bool *)is_rising ? -1 : 1;
    if (first->shard != second->shard)
        return first->shard < second->shard ? -1 : 1;
    return first->sight.handle < second->sight.handle ? -1 : first->sight.handle > second->sight.handle;
}

void rows_settle(struct rows *rows)
{
    if (rows->count > 0)
        qsort_r(rows->items, rows->count, sizeof *rows->items, compare, &rows->is_rising);
    if (rows->count > rows->max)
        rows->count = rows->max;
}

void rows_add(struct rows *rows, const struct row *row)
{
    rows->found++;
    if (rows->max == 0)
        return;
    if (rows->count == 2 * rows->max)
        rows_settle(rows);
    rows->items[rows->count] = *row;
    rows->items[rows->count].key = rows->key(row);
    rows->count++;
}

/* ---- filters ---- */

static bool has_room(const struct chat *chat, const struct row *row, const char *wanted)
{
    for (uint32_t i = 0; i < row->sight.room_count && i < CENSUS_ROOMS_MAX; i++) {
        if (view_equal(survey_room_name(chat, row->sight.rooms[i]), view_of_string(wanted)))
            return true;
    }
    return false;
}

bool row_matches(const struct chat *chat, const struct row *row, const struct row_filter *filter)
{
    char address[64];

    (void)os_address_format(&row->sight.address, true, address);
    if (filter->user_id && strcmp(filter->user_id, row->who.user) != 0)
        return false;
    if (filter->state[0] && strcmp(filter->state, conn_state_label(row->sight.state)) != 0)
        return false;
    if (filter->user[0] && strcmp(filter->user, row->who.user) != 0 && !api_contains(row->who.name, filter->user))
        return false;
    if (filter->room[0] && !has_room(chat, row, filter->room))
        return false;
    if (!api_contains(address, filter->address) || !api_contains(row->sight.agent, filter->agent))
        return false;
    return api_contains(address, filter->any) || api_contains(row->sight.agent, filter->any)
           || api_contains(row->who.name, filter->any) || has_room(chat, row, filter->any);
}

/* ---- asking ---- */

/* A slice of one shard. The shard sees its connections and passes the question on to the store's thread, which knows
 * who is behind them: posted by the shard itself, it comes before any of them departs. */
struct gathering {
    struct asking asking;
    struct shard_call call;
    struct hub_call named;
    struct chat *chat;
    uint32_t position;
    uint64_t handle; /* only that one */
    bool is_one;
    size_t count;
    struct conn_sight sights[CENSUS_SLICE];
    struct session_sight who[CENSUS_SLICE];
};

static void name_them(struct hub_call *call)
{
    struct gathering *gathering = (struct gathering *)(void *)((uint8_t *)call - offsetof(struct gathering, named));

    survey_sessions(gathering->who, gathering->count);
    asking_answer(&gathering->asking);
}

static void see_slice(struct shard_call *call, struct shard *shard)
{
    struct gathering *gathering = (struct gathering *)(void *)((uint8_t *)call - offsetof(struct gathering, call));

    if (gathering->is_one)
        gathering->count = census_find(shard, gathering->handle, &gathering->sights[0]);
    else
        gathering->count = census_take(shard, &gathering->position, gathering->sights);
    for (size_t i = 0; i < gathering->count; i++)
        gathering->who[i] = (struct session_sight){.owner = gathering->sights[i].owner};
    gathering->named.run = name_them;
    if (gathering->count == 0 || chat_post_call(gathering->chat, &gathering->named) != RESULT_OK)
        asking_answer(&gathering->asking); /* where the store's queue is full, nobody is named */
}

static struct gathering *gathering_new(const struct api *api)
{
    struct gathering *gathering = asking_new(sizeof *gathering);

    if (gathering) {
        gathering->chat = api->sources->chat;
        gathering->call.run = see_slice;
    }
    return gathering;
}

static void take_slice(struct rows *rows, const struct gathering *gathering, uint32_t shard,
                       const struct row_filter *filter)
{
    for (size_t i = 0; i < gathering->count; i++) {
        struct row row = {.sight = gathering->sights[i], .who = gathering->who[i], .shard = shard};
        rows->looked++;
        if (row_matches(gathering->chat, &row, filter))
            rows_add(rows, &row);
    }
}

void rows_gather(struct rows *rows, struct api *api, const struct row_filter *filter)
{
    struct gathering *gathering = gathering_new(api);

    rows->is_whole = gathering != NULL;
    for (size_t i = 0; i < api->sources->shard_count && rows->is_whole; i++) {
        gathering->position = 0;
        do {
            rows->is_whole = asking_shard(&gathering->asking, api->sources->shards[i], &gathering->call, api->end_ms);
            if (rows->is_whole)
                take_slice(rows, gathering, (uint32_t)i, filter);
        } while (rows->is_whole && gathering->position > 0);
    }
    asking_unref(&gathering->asking);
    rows_settle(rows);
}

enum result rows_find(struct api *api, uint32_t shard, uint64_t handle, struct row *out)
{
    struct gathering *gathering;
    enum result result = RESULT_NOT_FOUND;

    if (shard >= api->sources->shard_count)
        return RESULT_NOT_FOUND;
    gathering = gathering_new(api);
    if (!gathering)
        return RESULT_NO_MEMORY;
    gathering->is_one = true;
    gathering->handle = handle;
    if (!asking_shard(&gathering->asking, api->sources->shards[shard], &gathering->call, api->end_ms)) {
        result = RESULT_FAILED;
    } else if (gathering->count > 0) {
        *out = (struct row){.sight = gathering->sights[0], .who = gathering->who[0], .shard = shard};
        result = RESULT_OK;
    }
    asking_unref(&gathering->asking);
    return result;
}

/* ---- ending ---- */

enum { REMOVAL_TEXT_BYTES_MAX = 120, REMOVAL_FRAME_BYTES_MAX = 2048 };

struct removal {
    struct asking asking;
    struct shard_call call;
    uint64_t handle;
    bool is_done;
    size_t frame_size, text_size;
    char frame[REMOVAL_FRAME_BYTES_MAX];
    char text[REMOVAL_TEXT_BYTES_MAX];
};

static void remove_it(struct shard_call *call, struct shard *shard)
{
    struct removal *removal = (struct removal *)(void *)((uint8_t *)call - offsetof(struct removal, call));

    removal->is_done = census_remove(shard, removal->handle, END_REMOVED, view_of(removal->frame, removal->frame_size),
                                     view_of(removal->text, removal->text_size));
    asking_answer(&removal->asking);
}

/* Cut at a character's start: a Close's reason is UTF-8 as well (RFC 6455 section 5.5.1). */
static size_t cut(const char *text, size_t max)
{
    size_t size = strlen(text);

    if (size <= max)
        return size;
    for (size = max; size > 0 && ((uint8_t)text[size] & 0xc0) == 0x80; size--) {
    }
    return size;
}

static void write_frame(struct removal *removal, const char *text)
{
    struct builder frame;

    removal->text_size = cut(text, REMOVAL_TEXT_BYTES_MAX);
    memcpy(removal->text, text, removal->text_size);
    builder_init(&frame, REMOVAL_FRAME_BYTES_MAX);
    error_encode(&frame,
                 &(struct error_frame){.code = ERROR_FORBIDDEN, .message = view_of(removal->text, removal->text_size)});
    if (builder_ok(&frame) && frame.size <= sizeof removal->frame) {
        memcpy(removal->frame, frame.at, frame.size);
        removal->frame_size = frame.size;
    }
    builder_done(&frame);
}

enum result rows_remove(struct api *api, uint32_t shard, uint64_t handle, const char *text)
{
    struct removal *removal;
    enum result result = RESULT_FAILED;

    if (shard >= api->sources->shard_count)
        return RESULT_NOT_FOUND;
    removal = asking_new(sizeof *removal);
    if (!removal)
        return RESULT_NO_MEMORY;
    removal->call.run = remove_it;
    removal->handle = handle;
    write_frame(removal, text[0] ? text : "removed by the operator");
    if (asking_shard(&removal->asking, api->sources->shards[shard], &removal->call, api->end_ms))
        result = removal->is_done ? RESULT_OK : RESULT_NOT_FOUND;
    asking_unref(&removal->asking);
    return result;
}

/* ---- ids ---- */

static bool read_hex(struct view text, uint64_t max, uint64_t *out)
{
    *out = 0;
    if (text.size == 0 || text.size > 16)
        return false;
    for (size_t i = 0; i < text.size; i++) {
        uint8_t byte = text.at[i];
        if (byte >= '0' && byte <= '9')
            *out = *out << 4 | (uint64_t)(byte - '0');
        else if (byte >= 'a' && byte <= 'f')
            *out = *out << 4 | (uint64_t)(byte - 'a' + 10);
        else
            return false;
    }
    return *out <= max;
}

bool row_id_read(struct view text, uint32_t *out_shard, uint64_t *out_handle)
{
    const uint8_t *dash = text.size > 0 ? memchr(text.at, '-', text.size) : NULL;
    uint64_t shard = 0;

    if (!dash || !read_hex(view_first(text, (size_t)(dash - text.at)), UINT32_MAX, &shard)
        || !read_hex(view_skip(text, (size_t)(dash - text.at) + 1), UINT64_MAX, out_handle))
        return false;
    *out_shard = (uint32_t)shard;
    return true;
}

void row_id_write(uint32_t shard, uint64_t handle, char out[40])
{
    (void)snprintf(out, 40, "%x-%llx", shard, (unsigned long long)handle);
}
