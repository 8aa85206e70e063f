/* SPDX-License-Identifier: Apache-2.0 */
/* A deployment that answers anything at all (fake_link.h): doctor comes to its end, and what it says is right JSON for
 * programs, and for people text that moves no cursor. Besides, the parsers alone: however much of an answer is there,
 * it reads the same or needs more; an address that is taken is taken again as it was written down. */
#include <stdio.h>

#include "doctor/judge.h"
#include "doctor/observe.h"
#include "doctor/tell.h"
#include "fake_link.h"
#include "fuzz.h"
#include "os/random.h"
#include "wire/json.h"

enum { SAID_BYTES_MAX = 256 * 1024, PARTS_MAX = 64 };

static bool is_within(struct view part, struct view whole)
{
    return part.size == 0 || (part.at >= whole.at && part.at + part.size <= whole.at + whole.size);
}

static void check_answer(struct view bytes)
{
    struct answer answer, part_answer;
    struct builder body;
    enum decode decoded = answer_read(bytes, &answer);

    for (size_t i = 0; i < PARTS_MAX && i * bytes.size / PARTS_MAX < bytes.size; i++) {
        struct view part = fuzz_copy(view_first(bytes, i * bytes.size / PARTS_MAX));
        enum decode of_part = answer_read(part, &part_answer);
        check(of_part == decoded || of_part == DECODE_NEED_MORE);
        check(of_part != DECODE_DONE || part_answer.head_size == answer.head_size);
        fuzz_free(part);
    }
    if (decoded != DECODE_DONE)
        return;
    check(answer.head_size <= bytes.size && answer.field_count <= ANSWER_FIELDS_MAX);
    check(answer.status >= 0 && answer.status <= 999);
    for (size_t i = 0; i < answer.field_count; i++)
        check(is_within(answer.fields[i].name, bytes) && is_within(answer.fields[i].value, bytes));
    builder_init(&body, SAID_BYTES_MAX);
    check(answer_body(&answer, view_skip(bytes, answer.head_size), true, &body));
    check(body.size <= bytes.size);
    builder_done(&body);
}

static void check_url(struct view bytes)
{
    char text[URL_BYTES_MAX + 32];
    struct url url, again;
    struct builder problem;

    builder_init(&problem, 1024);
    (void)snprintf(text, sizeof text, "%.*s", (int)(bytes.size < URL_BYTES_MAX ? bytes.size : URL_BYTES_MAX),
                   (const char *)bytes.at);
    if (url_read(text, &url, &problem)) {
        size_t size = strlen(url.folder);
        check(url.host[0] && url.port > 0 && url.folder[0] == '/' && url.folder[size - 1] == '/');
        check(url_read(url.text, &again, &problem) || strlen(url.text) > URL_BYTES_MAX);
        check(strlen(url.text) > URL_BYTES_MAX || strcmp(again.text, url.text) == 0);
    } else {
        check(problem.size > 0);
    }
    builder_done(&problem);
}

static void check_said(const struct findings *findings, const char *subject)
{
    char fault[JSON_FAULT_BYTES];
    struct builder said;

    builder_init(&said, SAID_BYTES_MAX);
    tell_programs(findings, subject, &said);
    json_t *object = json_read_object(builder_view(&said), fault);
    check(object && json_array_size(json_object_get(object, "checks")) == findings->count);
    json_decref(object);
    builder_clear(&said);
    tell_people(findings, subject, false, &said);
    check(builder_ok(&said));
    for (size_t i = 0; i < said.size; i++)
        check(said.at[i] == '\n' || (said.at[i] >= ' ' && said.at[i] != 0x7f));
    builder_done(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    static const char *const pages[] = {"http://127.0.0.1/", "https://127.0.0.1/chat/"};
    const struct observe_options options = {.is_insecure = true, .is_quick = true};
    struct observations *seen = malloc(sizeof *seen);
    struct findings findings;
    struct builder problem;
    struct url url;

    check(seen);
    if (size < 2) {
        free(seen);
        return 0;
    }
    struct view bytes = view_of(at, size);
    uint8_t which = fuzz_take_byte(&bytes);
    check_answer(bytes);
    check_url(bytes);
    os_random_init();
    builder_init(&problem, 1024);
    check(url_read(pages[which & 1], &url, &problem));
    fake_link_begin(bytes, which);
    check(observe(&url, &options, seen, &problem));
    judge(seen, &findings);
    check(findings.count > 0);
    check_said(&findings, url.text);
    builder_done(&problem);
    free(seen);
    return 0;
}
