/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/doctor.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "cmd/verb.h"
#include "doctor/options.h"
#include "doctor/tell.h"
#include "os/file.h"
#include "os/random.h"
#include "os/thread.h"

enum { OUT = 1, ERR = 2, TEXT_BYTES_MAX = 256 * 1024 };

/* One line that is written over again and again, on a terminal only. */
static void show_progress(const char *what, int done_s, int of_s)
{
    static int last_s = -1;

    if (of_s > 0 && done_s == last_s)
        return;
    last_s = done_s;
    if (of_s > 0)
        (void)fprintf(stderr, "\r\x1b[K%s: %d of %d s", what, done_s, of_s);
    else
        (void)fprintf(stderr, "\r\x1b[K%s …", what);
    (void)fflush(stderr);
}

/* The exit status says the worst of it, as monitoring programs have it: 0 well, 1 warnings, 2 failures. */
static int tell(const struct findings *findings, const char *subject, bool is_json)
{
    struct builder text;

    builder_init(&text, TEXT_BYTES_MAX);
    if (is_json)
        tell_programs(findings, subject, &text);
    else
        tell_people(findings, subject, os_is_terminal(OUT), &text);
    os_print(OUT, builder_view(&text));
    builder_done(&text);
    return (int)findings_worst(findings);
}

static int fail(const struct builder *problem)
{
    os_print(ERR, VIEW("natter doctor: "));
    os_print(ERR, builder_view(problem));
    os_print(ERR, VIEW("\n"));
    return STATUS_USAGE;
}

static int look_at(struct doctor_options *options, struct builder *problem)
{
    struct observations *seen = calloc(1, sizeof *seen);
    struct findings findings;
    struct url url;
    int status;

    if (!seen)
        return STATUS_USAGE;
    if (os_is_terminal(ERR) && !options->is_json)
        options->observe.progress = show_progress;
    os_signals_init(); /* a write to a connection that is gone is an answer, not an end */
    os_random_init();
    if (url_read(options->url, &url, problem) && observe(&url, &options->observe, seen, problem)) {
        if (options->observe.progress)
            (void)fputs("\r\x1b[K", stderr);
        judge(seen, &findings);
        status = tell(&findings, url.text, options->is_json);
    } else {
        status = fail(problem);
    }
    free(seen);
    return status;
}

static int look_here(const struct doctor_options *options, int count, char **arguments)
{
    struct findings findings;
    char subject[300];
    int status;

    diag_setup(DIAG_HUMAN, DIAG_ERROR);
    os_random_init();
    if (!doctor_look_here(count, arguments, &findings, subject, sizeof subject, &status))
        return status;
    return tell(&findings, subject, options->is_json);
}

int cmd_doctor(int count, char **arguments)
{
    struct doctor_options options;
    struct builder text;
    char **rest = calloc((size_t)count + 1, sizeof *rest);
    int rest_count = 0, status = STATUS_USAGE;

    if (!rest)
        return STATUS_FAILED;
    builder_init(&text, TEXT_BYTES_MAX);
    switch (doctor_options_read(count, arguments, &options, rest, &rest_count, &text)) {
    case DOCTOR_OPTIONS_HELP:
        doctor_options_help(&text);
        os_print(OUT, builder_view(&text));
        status = 0;
        break;
    case DOCTOR_OPTIONS_WRONG: status = fail(&text); break;
    case DOCTOR_OPTIONS_READ:
        status = options.url ? look_at(&options, &text) : look_here(&options, rest_count, rest);
        break;
    }
    builder_done(&text);
    free(rest);
    return status;
}
