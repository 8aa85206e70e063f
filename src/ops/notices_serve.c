/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/notices_serve.h"

#include <stdlib.h>

#include "os/clock.h"

enum { ANSWER_BYTES_MAX = 256 * 1024 };

struct silence_lesson *notices_gather_lessons(const struct metrics_sources *sources, size_t *out_count)
{
    size_t count = 0;

    *out_count = 0;
    for (size_t i = 0; i < sources->shard_count; i++)
        count += counter_get(&shard_counters(sources->shards[i])->silence_paths);
    if (count == 0)
        return NULL; /* as on most days */
    struct silence_lesson *lessons = calloc(sources->shard_count * SILENCE_LESSONS_MAX, sizeof *lessons);
    if (!lessons)
        return NULL;
    count = 0;
    for (size_t i = 0; i < sources->shard_count; i++)
        count += shard_lessons(sources->shards[i], lessons + count);
    *out_count = notices_merge_lessons(lessons, count);
    return lessons;
}

void notices_turn(struct notices *notices, const struct metrics_sources *sources)
{
    struct notices_view view = {.now_ms = os_clock_monotonic_ms(), .wall_ms = (uint64_t)os_clock_wall_ms()};
    struct silence_lesson *lessons = notices_gather_lessons(sources, &view.lesson_count);

    for (size_t i = 0; i < sources->shard_count; i++) {
        const struct shard_counters *counters = shard_counters(sources->shards[i]);
        view.opened_total += counter_get(&counters->upgrades);
        view.open_now += counter_get(&counters->live[CONN_OPEN]);
    }
    view.lessons = lessons;
    notices_look(notices, &view);
    free(lessons);
}

void notices_write_paths(const struct metrics_sources *sources, uint64_t now_ms, struct builder *out)
{
    size_t count;
    struct silence_lesson *lessons = notices_gather_lessons(sources, &count);

    builder_add_string(out, "{\"paths\":[");
    for (size_t i = 0; i < count; i++) {
        const struct silence_lesson *lesson = &lessons[i];
        builder_format(out, "%s{\"path\":\"%s\",\"address\":\"", i > 0 ? "," : "",
                       lesson->is_proxy ? "proxy" : "clients");
        notice_write_address(lesson->address, !lesson->is_proxy, out);
        builder_format(out, "\",\"ping_every_ms\":%llu,\"cuts_after_ms\":", (unsigned long long)lesson->interval_ms);
        if (lesson->cut_ms > 0)
            builder_add_number(out, lesson->cut_ms);
        else
            builder_add_string(out, "null");
        builder_format(out, ",\"evidence_age_ms\":%llu}", (unsigned long long)(now_ms - lesson->evidence_ms));
    }
    builder_add_string(out, "]}\n");
    free(lessons);
}

static void answer(struct conn *conn, struct builder *json)
{
    conn_answer(conn, &(struct http_answer){
                          .status = builder_ok(json) ? 200 : 503,
                          .fields = VIEW("Content-Type: application/json\r\nCache-Control: no-store\r\n"),
                          .body = builder_view(json),
                      });
    builder_done(json);
}

void notices_serve(const struct metrics_sources *sources, struct conn *conn)
{
    struct builder json;

    builder_init(&json, ANSWER_BYTES_MAX);
    builder_format(&json, "{\"at\":%lld,\"notices\":", (long long)os_clock_wall_ms());
    notices_write(sources->notices, &json);
    builder_add_string(&json, "}\n");
    answer(conn, &json);
}

void notices_serve_paths(const struct metrics_sources *sources, struct conn *conn)
{
    struct builder json;

    builder_init(&json, ANSWER_BYTES_MAX);
    notices_write_paths(sources, os_clock_monotonic_ms(), &json);
    answer(conn, &json);
}
