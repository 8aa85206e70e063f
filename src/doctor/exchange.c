/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/exchange.h"

#include <stdio.h>

#include "os/clock.h"

enum { ANSWER_MS = 15000, ANSWER_BYTES_MAX = 8 * 1024 * 1024 };

static void give_up(struct exchange *exchange, const char *problem)
{
    (void)snprintf(exchange->problem, sizeof exchange->problem, "%s", problem);
}

/* True: the answer is whole, or as whole as it gets. */
static bool is_whole(struct exchange *exchange, bool is_at_end)
{
    struct view bytes = builder_view(&exchange->bytes);

    switch (answer_read(bytes, &exchange->answer)) {
    case DECODE_NEED_MORE: return false;
    case DECODE_BAD: give_up(exchange, "what answers there is no HTTP server"); return true;
    case DECODE_DONE: break;
    }
    exchange->answered_ms = exchange->answered_ms ? exchange->answered_ms : os_clock_wall_ms();
    if (exchange->answer.status == 101) {
        exchange->is_answered = true;
        return true;
    }
    exchange->is_answered =
        answer_body(&exchange->answer, view_skip(bytes, exchange->answer.head_size), is_at_end, &exchange->body);
    return exchange->is_answered;
}

static void read_answer(struct exchange *exchange)
{
    uint64_t end_ms = os_clock_monotonic_ms() + ANSWER_MS;

    for (;;) {
        uint64_t now_ms = os_clock_monotonic_ms();
        enum result result = now_ms < end_ms ? link_read(&exchange->link, &exchange->bytes, (int)(end_ms - now_ms))
                                             : RESULT_AGAIN;
        bool is_at_end = result == RESULT_CLOSED || result == RESULT_FAILED;
        if (!builder_ok(&exchange->bytes)) {
            give_up(exchange, "the answer is longer than 8 MiB");
            return;
        }
        if (exchange->bytes.size > 0 && is_whole(exchange, is_at_end))
            return;
        if (is_at_end) {
            give_up(exchange, "the connection was ended without an answer");
            return;
        }
        if (result == RESULT_AGAIN) {
            give_up(exchange, "no answer within 15 s");
            return;
        }
    }
}

void exchange_run(struct exchange *exchange, const struct target *target, const char *path, const char *fields)
{
    struct link_facts facts;
    struct builder request;

    *exchange = (struct exchange){.link = {.descriptor = -1}};
    builder_init(&exchange->bytes, ANSWER_BYTES_MAX);
    builder_init(&exchange->body, ANSWER_BYTES_MAX);
    if (!link_open(&exchange->link, &target->address, target->tls, target->url.host, &facts)) {
        give_up(exchange, facts.problem[0] ? facts.problem : "the connection cannot be opened");
        return;
    }
    builder_init(&request, 16384);
    builder_format(&request, "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: natter-doctor/%s\r\n%s\r\n", path,
                   target->url.authority, NATTER_VERSION, fields);
    exchange->begun_ms = os_clock_wall_ms();
    if (!link_write(&exchange->link, builder_view(&request), ANSWER_MS))
        give_up(exchange, "the request could not be sent");
    else
        read_answer(exchange);
    builder_done(&request);
    if (!exchange->is_answered || exchange->answer.status != 101)
        link_close(&exchange->link);
}

void exchange_done(struct exchange *exchange)
{
    link_close(&exchange->link);
    builder_done(&exchange->bytes);
    builder_done(&exchange->body);
}
