/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/report.h"

#include <stdlib.h>

#include "base/check.h"

void reports_init(struct reports *reports, size_t max)
{
    *reports = (struct reports){.max = max};
    if (max > 0)
        reports->records = calloc(max, sizeof *reports->records);
}

void reports_done(struct reports *reports)
{
    free(reports->records);
    *reports = (struct reports){0};
}

static void copy_text(char *out, struct view text)
{
    if (text.size > 0)
        memcpy(out, text.at, text.size);
    out[text.size] = 0;
}

void reports_add(struct reports *reports, const struct last *last, uint64_t handle, uint64_t now_ms)
{
    if (!reports->records)
        return;
    struct report *report = &reports->records[reports->count++ % reports->max];
    *report = (struct report){
        .handle = handle, .told_ms = now_ms, .ago_ms = last->ago_ms, .saw = last->saw, .code = last->code};
    copy_text(report->connection, last->connection);
    copy_text(report->reason, last->reason);
}

size_t reports_count(const struct reports *reports)
{
    return reports->count < reports->max ? (size_t)reports->count : reports->max;
}

const struct report *reports_at(const struct reports *reports, size_t index)
{
    check(index < reports_count(reports));
    return &reports->records[(reports->count - 1 - index) % reports->max];
}
