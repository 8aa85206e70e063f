/* SPDX-License-Identifier: Apache-2.0 */
/* Notices, and what they are made from; and what the heartbeat has learned of which path. */
#include <stdlib.h>

#include "ops/metrics_inside.h"
#include "ops/notices_serve.h"

static const struct {
    const char *name, *help;
    size_t offset;
} totals[] = {
    {"page_visits", "Pages given to browsers.", offsetof(struct evidence, visits_total)},
    {"page_sockets_missing", "Of these, pages whose WebSocket did not come in time (notices.socket_time).",
     offsetof(struct evidence, lost_total)},
    {"page_pleas", "Times that a page said that it gets no WebSocket.", offsetof(struct evidence, pleas_total)},
    {"notice_evidence_unplaced", "Pieces of evidence that were counted without their peer: its table was full.",
     offsetof(struct evidence, unplaced_total)},
};
enum { TOTALS = sizeof totals / sizeof *totals };

#define NOTICE_HELP   "1 while natter notices that of its deployment. The page of each is named in the log."
#define RAISED_HELP   "Times that natter noticed it."
#define EVIDENCE_HELP "Pieces of evidence for it that count now (notices.window); 0 while it is not noticed."
#define PATH_HELP     "The heartbeat that was learned for a path that cuts silence: a proxy, or a network of clients."
#define CUT_HELP      "After how long a silence that path cuts; 0: it forgets, and nobody knows when."

static void write_paths(const struct metrics_sources *sources, const char *name, const char *help, bool is_cut,
                        struct builder *out)
{
    size_t count;
    struct silence_lesson *lessons = notices_gather_lessons(sources, &count);

    metrics_write_head(out, name, "gauge", help);
    for (size_t i = 0; i < count; i++) {
        builder_format(out, "natter_%s{path=\"%s\",address=\"", name, lessons[i].is_proxy ? "proxy" : "clients");
        notice_write_address(lessons[i].address, !lessons[i].is_proxy, out);
        builder_format(out, "\"} %.9g\n", (double)(is_cut ? lessons[i].cut_ms : lessons[i].interval_ms) / 1000);
    }
    free(lessons);
}

void metrics_write_notices(const struct metrics_sources *sources, struct builder *out)
{
    struct notice_state states[NOTICE_COUNT];

    metrics_write_head(out, "notice", "gauge", NOTICE_HELP);
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++) {
        bool is_up = notices_read(sources->notices, notice, &states[notice]);
        for (int is_remark = 0; is_remark < 2; is_remark++)
            builder_format(out, "natter_notice{notice=\"%s\",level=\"%s\"} %d\n", notice_word(notice),
                           is_remark ? "remark" : "fault", is_up && (int)states[notice].is_remark == is_remark);
    }
    metrics_write_head(out, "notices_raised", "counter", RAISED_HELP);
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++)
        builder_format(out, "natter_notices_raised_total{notice=\"%s\"} %llu\n", notice_word(notice),
                       (unsigned long long)states[notice].raised);
    metrics_write_head(out, "notice_evidence", "gauge", EVIDENCE_HELP);
    for (enum notice notice = 0; notice < NOTICE_COUNT; notice++)
        builder_format(out, "natter_notice_evidence{notice=\"%s\"} %llu\n", notice_word(notice),
                       (unsigned long long)(states[notice].is_up ? states[notice].count : 0));
    for (size_t i = 0; i < TOTALS; i++) {
        const void *at = (const uint8_t *)&sources->notices->evidence + totals[i].offset;
        metrics_write_head(out, totals[i].name, "counter", totals[i].help);
        builder_format(out, "natter_%s_total %llu\n", totals[i].name,
                       (unsigned long long)counter_get((const struct counter *)at));
    }
    write_paths(sources, "silence_path_heartbeat_seconds", PATH_HELP, false, out);
    write_paths(sources, "silence_path_cut_seconds", CUT_HELP, true, out);
}

void metrics_reference_notices(struct builder *out)
{
    metrics_reference_line(out, "notice", "", "notice,level", "gauge", NOTICE_HELP);
    metrics_reference_line(out, "notices_raised", "_total", "notice", "counter", RAISED_HELP);
    metrics_reference_line(out, "notice_evidence", "", "notice", "gauge", EVIDENCE_HELP);
    for (size_t i = 0; i < TOTALS; i++)
        metrics_reference_line(out, totals[i].name, "_total", NULL, "counter", totals[i].help);
    metrics_reference_line(out, "silence_path_heartbeat_seconds", "", "path,address", "gauge", PATH_HELP);
    metrics_reference_line(out, "silence_path_cut_seconds", "", "path,address", "gauge", CUT_HELP);
}
