/* SPDX-License-Identifier: Apache-2.0 */
/* /api/v1/ended: the newest connections that ended, each with what we know of its end and, where the client has come
 * back and told, with what it knows. */
#include <stdlib.h>

#include "chat/survey.h"
#include "net/census.h"
#include "ops/api_rows.h"
#include "os/clock.h"

enum { ENDED_SLICE = 64 /* records that a shard copies in one call */ };

/* Both halves of a shard's memory, a slice of each at a time. */
struct gathering {
    struct asking asking;
    struct shard_call call;
    const struct chat *chat;
    size_t shard_index;
    size_t position;
    size_t ended_count, report_count; /* copied by this call */
    size_t ended_total, report_total; /* that the shard has */
    uint64_t forgotten;
    uint64_t now_ms;
    struct ended_record ended[ENDED_SLICE];
    struct report reports[ENDED_SLICE];
};

static void copy_slice(struct shard_call *call, struct shard *shard)
{
    struct gathering *gathering = (struct gathering *)(void *)((uint8_t *)call - offsetof(struct gathering, call));
    const struct ended *ended = census_ended(shard);
    const struct reports *reports = survey_reports(gathering->chat, gathering->shard_index);
    size_t i;

    gathering->now_ms = shard_now_ms(shard);
    gathering->ended_total = ended_count(ended);
    gathering->report_total = reports_count(reports);
    gathering->forgotten = ended->count - gathering->ended_total;
    for (i = 0; i < ENDED_SLICE && gathering->position + i < gathering->ended_total; i++)
        gathering->ended[i] = *ended_at(ended, gathering->position + i);
    gathering->ended_count = i;
    for (i = 0; i < ENDED_SLICE && gathering->position + i < gathering->report_total; i++)
        gathering->reports[i] = *reports_at(reports, gathering->position + i);
    gathering->report_count = i;
    gathering->position += ENDED_SLICE;
    asking_answer(&gathering->asking);
}

struct ended_item {
    struct ended_record record;
    uint32_t shard;
    int64_t at; /* wall clock, ms */
};

struct report_item {
    struct report report;
    uint32_t shard;
    int64_t ended_at; /* by the client's count */
    bool is_matched;
};

struct story {
    struct ended_item *ended;
    struct report_item *reports;
    size_t ended_count, report_count, max; /* max: of each */
    uint64_t forgotten;
    bool is_whole;
};

static void take_slice(struct story *story, const struct gathering *gathering, uint32_t shard)
{
    int64_t offset_ms = os_clock_wall_ms() - (int64_t)gathering->now_ms;

    for (size_t i = 0; i < gathering->ended_count && story->ended_count < story->max; i++)
        story->ended[story->ended_count++] =
            (struct ended_item){gathering->ended[i], shard, offset_ms + (int64_t)gathering->ended[i].ended_ms};
    for (size_t i = 0; i < gathering->report_count && story->report_count < story->max; i++) {
        const struct report *report = &gathering->reports[i];
        story->reports[story->report_count++] =
            (struct report_item){*report, shard, offset_ms + (int64_t)report->told_ms - (int64_t)report->ago_ms, false};
    }
}

static void gather(struct story *story, struct api *api)
{
    struct gathering *gathering = asking_new(sizeof *gathering);

    story->is_whole = gathering != NULL;
    for (size_t i = 0; i < api->sources->shard_count && story->is_whole; i++) {
        gathering->call.run = copy_slice;
        gathering->chat = api->sources->chat;
        gathering->shard_index = i;
        gathering->position = 0;
        do {
            story->is_whole = asking_shard(&gathering->asking, api->sources->shards[i], &gathering->call, api->end_ms);
            if (story->is_whole)
                take_slice(story, gathering, (uint32_t)i);
        } while (story->is_whole
                 && (gathering->position < gathering->ended_total || gathering->position < gathering->report_total));
        if (story->is_whole)
            story->forgotten += gathering->forgotten;
    }
    asking_unref(&gathering->asking);
}

static int newest_first(const void *a, const void *b)
{
    const struct ended_item *first = a, *second = b;

    return first->at > second->at ? -1 : first->at < second->at;
}

/* ---- saying it ---- */

static void put_signs(struct builder *out, uint32_t saw)
{
    api_open(out, "saw", '[');
    for (uint32_t sign = 0; sign < LAST_SIGN_COUNT; sign++) {
        if (saw >> sign & 1)
            api_put_text(out, NULL, view_of_string(last_sign_text((enum last_sign)sign)));
    }
    api_shut(out, ']');
}

static void put_report(struct builder *out, const char *name, const struct report_item *item)
{
    char id[40];

    api_open(out, name, '{');
    api_put_number(out, "code", item->report.code);
    api_put_text(out, "reason", view_of_string(item->report.reason));
    api_put_signed(out, "at", item->ended_at);
    put_signs(out, item->report.saw);
    row_id_write(item->shard, item->report.handle, id);
    api_put_text(out, "told_by", view_of_string(id));
    api_put_text(out, "connection", view_of_string(item->report.connection));
    api_shut(out, '}');
}

static void put_server_half(struct builder *out, const struct ended_record *record)
{
    api_put_text(out, "reason", view_of_string(end_reason_label(record->reason)));
    api_put_text(out, "state", view_of_string(conn_state_label(record->state)));
    api_put_number(out, "code_sent", record->code_sent);
    api_put_number(out, "code_received", record->code_received);
    api_put_text(out, "error", view_of_string(os_error_name(record->error)));
    api_put_number(out, "age_ms", record->age_ms);
    api_put_number(out, "open_ms", record->open_ms);
    api_put_number(out, "idle_ms", record->idle_ms);
    api_put_number(out, "unsent_bytes", record->unsent_bytes);
    api_put_number(out, "messages_in", record->messages_in);
    api_put_number(out, "messages_out", record->messages_out);
    api_put_number(out, "bytes_in", record->link.received_bytes);
    api_put_number(out, "bytes_out", record->link.acknowledged_bytes);
    api_put_real(out, "rtt_ms", (double)record->link.rtt_us / 1000);
    api_put_number(out, "resends", record->link.resends);
    api_put_number(out, "laps", record->laps);
    if (record->ping_ms == LIFE_NOT_YET)
        api_put_null(out, "ping_ms");
    else
        api_put_number(out, "ping_ms", record->ping_ms);
}

static struct report_item *find_report(const struct story *story, const char *id)
{
    for (size_t i = 0; i < story->report_count; i++) {
        if (strcmp(story->reports[i].report.connection, id) == 0)
            return &story->reports[i];
    }
    return NULL;
}

static void put_ended(struct builder *out, const struct story *story, const struct ended_item *item)
{
    char text[64], id[40];

    row_id_write(item->shard, item->record.handle, id);
    struct report_item *report = find_report(story, id);
    api_open(out, NULL, '{');
    api_put_text(out, "id", view_of_string(id));
    api_put_signed(out, "at", item->at);
    api_put_text(out, "address",
                 view_of_string(os_address_format(&item->record.address, item->record.address.port > 0, text)));
    api_put_text(out, "way", view_of_string(row_way_text(item->record.behind)));
    api_put_bool(out, "tls", item->record.is_tls);
    api_put_text(out, "agent", view_of_string(item->record.agent));
    put_server_half(out, &item->record);
    if (report)
        put_report(out, "client", report);
    else
        api_put_null(out, "client");
    api_shut(out, '}');
    if (report)
        report->is_matched = true;
}

static bool is_wanted(const struct story *story, const struct ended_item *item, const char *reason, const char *any)
{
    char address[64], id[40];

    if (reason[0] && strcmp(reason, end_reason_label(item->record.reason)) != 0)
        return false;
    row_id_write(item->shard, item->record.handle, id);
    (void)os_address_format(&item->record.address, true, address);
    (void)story;
    return api_contains(id, any) || api_contains(address, any) || api_contains(item->record.agent, any);
}

static void write_story(struct api *api, const struct story *story, const struct api_page *page, const char *reason,
                        const char *any)
{
    size_t first = page->page * page->limit, found = 0;

    api_open(api->out, NULL, '{');
    api_put_bool(api->out, "is_whole", story->is_whole);
    api_put_number(api->out, "forgotten", story->forgotten);
    api_open(api->out, "ended", '[');
    for (size_t i = 0; i < story->ended_count; i++) {
        if (!is_wanted(story, &story->ended[i], reason, any))
            continue;
        if (found >= first && found < first + page->limit)
            put_ended(api->out, story, &story->ended[i]);
        found++;
    }
    api_shut(api->out, ']');
    api_put_number(api->out, "found", found);
    /* Of connections whose end we know nothing of: forgotten, or of another process. */
    api_open(api->out, "told_only", '[');
    for (size_t i = 0, written = 0; i < story->report_count && written < page->limit; i++) {
        bool is_known = story->reports[i].is_matched;
        char id[40];
        for (size_t k = 0; k < story->ended_count && !is_known; k++) {
            row_id_write(story->ended[k].shard, story->ended[k].record.handle, id);
            is_known = strcmp(id, story->reports[i].report.connection) == 0;
        }
        if (!is_known && !reason[0] && !any[0] && page->page == 0) {
            put_report(api->out, NULL, &story->reports[i]);
            written++;
        }
    }
    api_shut(api->out, ']');
    api_shut(api->out, '}');
}

void api_ended(struct api *api)
{
    static const char *const names[] = {"reason", "any", NULL};
    char reason[API_WORD_BYTES_MAX], any[API_WORD_BYTES_MAX];
    struct api_page page;
    struct story story = {.max = API_ROWS_MAX};

    if (!api_read_page(api, names, &page) || !api_read_word(api, "reason", reason) || !api_read_word(api, "any", any))
        return;
    story.ended = calloc(story.max, sizeof *story.ended);
    story.reports = calloc(story.max, sizeof *story.reports);
    if (story.ended && story.reports) {
        gather(&story, api);
        if (story.ended_count > 0)
            qsort(story.ended, story.ended_count, sizeof *story.ended, newest_first);
        write_story(api, &story, &page, reason, any);
    } else {
        api_refuse(api, 503, "There is no memory for it.");
    }
    free(story.ended);
    free(story.reports);
}
