/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/connections, and the ends that the operator brings about. */
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "ops/api_rows.h"

static bool read_filter(struct api *api, struct row_filter *out)
{
    return api_read_word(api, "state", out->state) && api_read_word(api, "user", out->user)
           && api_read_word(api, "room", out->room) && api_read_word(api, "address", out->address)
           && api_read_word(api, "agent", out->agent) && api_read_word(api, "any", out->any);
}

static void write_page(struct api *api, const struct rows *rows, const struct api_page *page)
{
    api_open(api->out, NULL, '{');
    api_put_number(api->out, "looked", rows->looked);
    api_put_number(api->out, "found", rows->found);
    api_put_bool(api->out, "is_whole", rows->is_whole);
    api_put_number(api->out, "page", page->page);
    api_put_number(api->out, "limit", page->limit);
    api_open(api->out, "connections", '[');
    for (size_t i = page->page * page->limit; i < rows->count; i++)
        row_write(api, &rows->items[i], false);
    api_shut(api->out, ']');
    api_shut(api->out, '}');
}

void api_connections(struct api *api)
{
    static const char *const names[] = {"state", "user", "room", "address", "agent", "any", "sort", NULL};
    struct row_filter filter = {.user_id = NULL};
    char sort[API_WORD_BYTES_MAX];
    struct api_page page;
    struct rows rows;

    if (!api_read_page(api, names, &page) || !read_filter(api, &filter) || !api_read_word(api, "sort", sort))
        return;
    double (*key)(const struct row *row) = rows_key_of(sort[0] ? sort : "age");
    if (!key) {
        api_refuse(api, 400,
                   "sort is age, idle, lag, waiting, rtt, ping, bytes_in, bytes_out, messages_in, messages_out or "
                   "laps.");
        return;
    }
    if (rows_init(&rows, (page.page + 1) * page.limit, key, page.is_rising) != RESULT_OK) {
        api_refuse(api, 503, "There is no memory for so many rows. Ask for fewer.");
        return;
    }
    rows_gather(&rows, api, &filter);
    write_page(api, &rows, &page);
    rows_done(&rows);
}

static void refuse_result(struct api *api, enum result result)
{
    if (result == RESULT_NOT_FOUND)
        api_refuse(api, 404, "There is no such connection, or no longer. /api/v1/ended may tell why it ended.");
    else
        api_refuse(api, 503, "A loop did not answer in time. The log says more (loop.stuck); ask again.");
}

static bool read_id(struct api *api, uint32_t *out_shard, uint64_t *out_handle)
{
    if (row_id_read(api->rest, out_shard, out_handle))
        return true;
    api_refuse(api, 400, "The id of a connection is like 0-1c: a shard and a number in hex.");
    return false;
}

void api_connection(struct api *api)
{
    struct row row;
    uint32_t shard;
    uint64_t handle;

    if (!read_id(api, &shard, &handle))
        return;
    enum result result = rows_find(api, shard, handle, &row);
    if (result == RESULT_OK)
        row_write(api, &row, true);
    else
        refuse_result(api, result);
}

static void write_ended(struct api *api, size_t count)
{
    api_open(api->out, NULL, '{');
    api_put_number(api->out, "ended", count);
    api_shut(api->out, '}');
}

void api_connection_end(struct api *api)
{
    char reason[API_WORD_BYTES_MAX];
    char id[40];
    uint32_t shard;
    uint64_t handle;

    if (!read_id(api, &shard, &handle) || !api_read_word(api, "reason", reason))
        return;
    enum result result = rows_remove(api, shard, handle, reason);
    if (result != RESULT_OK) {
        refuse_result(api, result);
        return;
    }
    row_id_write(shard, handle, id);
    diag(DIAG_INFO, "operator.ended_connection", "connection", id, NULL);
    write_ended(api, 1);
}

/* All connections of a user, wherever they are. */
void api_user_end(struct api *api)
{
    struct row_filter filter = {.state = "open"};
    char user[API_WORD_BYTES_MAX], reason[API_WORD_BYTES_MAX];
    struct rows rows;
    size_t ended = 0;

    if (api->rest.size >= SURVEY_ID_BYTES || !api_read_word(api, "reason", reason)) {
        if (api->status == 200)
            api_refuse(api, 404, "There is no such user. The id of a user stands with each connection.");
        return;
    }
    memcpy(user, api->rest.at, api->rest.size);
    user[api->rest.size] = 0;
    filter.user_id = user;
    if (rows_init(&rows, API_LIMIT_MAX, rows_key_of("age"), false) != RESULT_OK) {
        api_refuse(api, 503, "There is no memory for it.");
        return;
    }
    rows_gather(&rows, api, &filter);
    for (size_t i = 0; i < rows.count; i++)
        ended += rows_remove(api, rows.items[i].shard, rows.items[i].sight.handle, reason) == RESULT_OK;
    rows_done(&rows);
    if (ended == 0) {
        api_refuse(api, 404, "No connection of that user is open.");
        return;
    }
    diag(DIAG_INFO, "operator.ended_user", "connections", diag_number((int64_t)ended), NULL);
    write_ended(api, ended);
}
