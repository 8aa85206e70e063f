/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/observe.h"

#include <stdio.h>

#include "doctor/observe_inside.h"
#include "os/clock.h"
#include "os/resolve.h"
#include "wire/deflate.h"

enum { PING_MS = 5000, IDLE_MORE_MS = 10000, PAGE_BYTES_MAX = 4 * 1024 * 1024, DEFLATED_BYTES = 20000 };

static void tell(const struct observe_options *options, const char *what)
{
    if (options->progress)
        options->progress(what, 0, 0);
}

static void copy_printable(struct view from, char *out, size_t size)
{
    size_t used = 0;

    for (size_t i = 0; i < from.size && used + 1 < size; i++)
        out[used++] = (char)(from.at[i] >= ' ' && from.at[i] < 0x7f ? from.at[i] : ' ');
    out[used] = 0;
}

static bool has_small_names(const struct answer *answer)
{
    for (size_t i = 0; i < answer->field_count; i++) {
        struct view name = answer->fields[i].name;
        for (size_t at = 0; at < name.size; at++) {
            if (name.at[at] >= 'A' && name.at[at] <= 'Z')
                return false;
        }
    }
    return answer->field_count > 0;
}

static int count_fields(const struct answer *answer, const char *name)
{
    int count = 0;

    for (size_t i = 0; i < answer->field_count; i++)
        count += view_equal_ignoring_case(answer->fields[i].name, view_of_string(name));
    return count;
}

static void note(const struct exchange *exchange, struct observed_answer *out)
{
    const struct answer *answer = &exchange->answer;

    out->is_answered = exchange->is_answered;
    (void)snprintf(out->problem, sizeof out->problem, "%s", exchange->problem);
    if (!exchange->is_answered)
        return;
    out->status = answer->status;
    out->minor_version = answer->minor_version;
    out->has_small_names = has_small_names(answer);
    copy_printable(answer_field(answer, "Server"), out->server, sizeof out->server);
    copy_printable(answer_field(answer, "Via"), out->via, sizeof out->via);
    copy_printable(answer_field(answer, "Location"), out->location, sizeof out->location);
    copy_printable(answer_field(answer, "Content-Encoding"), out->coding, sizeof out->coding);
    copy_printable(answer_field(answer, "Strict-Transport-Security"), out->hsts, sizeof out->hsts);
    out->hsts_count = count_fields(answer, "Strict-Transport-Security");
}

static void note_body(struct view body, struct observed_answer *out)
{
    copy_printable(body, out->snippet, sizeof out->snippet);
    (void)seen_read(body, &out->seen);
    out->is_coding_right = body.size < 2 || body.at[0] != 0x1f || body.at[1] != 0x8b;
}

/* What stands behind the header of gzip (RFC 1952), which here has no options: servers send none. */
static void unpack(struct view packed, struct builder *out)
{
    enum { GZIP_HEADER_SIZE = 10 };
    struct inflater *inflater = packed.size > GZIP_HEADER_SIZE ? inflater_new() : NULL;

    builder_init(out, PAGE_BYTES_MAX);
    if (inflater)
        (void)inflater_run(inflater, view_skip(packed, GZIP_HEADER_SIZE), false, out); /* the sum behind it is left */
    inflater_free(inflater);
}

/* Asked as a browser asks: with the page's origin, and willing to take compressed answers. */
static void ask(const struct target *target, const char *path, struct observed_answer *out)
{
    struct exchange exchange;
    char fields[512];

    (void)snprintf(fields, sizeof fields, "Origin: %s\r\nAccept-Encoding: " OBSERVED_ACCEPT_ENCODING "\r\n",
                   target->url.origin);
    exchange_run(&exchange, target, path, fields);
    note(&exchange, out);
    if (out->is_answered && strcasestr(out->coding, "gzip")) {
        struct builder text;
        unpack(builder_view(&exchange.body), &text);
        note_body(builder_view(&text), out);
        builder_done(&text);
    } else {
        note_body(builder_view(&exchange.body), out);
    }
    exchange_done(&exchange);
}

/* The same page for those who leave https:// out. */
static void ask_plainly(const struct target *secure, uint16_t port, struct observations *seen)
{
    struct target target = {.address = secure->address};
    bool is_six = strchr(secure->url.host, ':') != NULL;
    char text[URL_BYTES_MAX + 300];
    struct builder problem;

    builder_init(&problem, 512);
    (void)snprintf(text, sizeof text, "http://%s%s%s:%u%s", is_six ? "[" : "", secure->url.host, is_six ? "]" : "",
                   port, secure->url.folder);
    if (url_read(text, &target.url, &problem)) {
        target.address.port = port;
        seen->plain_port = port;
        ask(&target, target.url.folder, &seen->plain);
    }
    builder_done(&problem);
}

static bool find_address(struct target *target, struct observations *seen)
{
    struct os_address addresses[OBSERVED_ADDRESSES_MAX];
    const char *why = "";
    size_t used = 0;
    char text[64];

    enum result result =
        os_resolve(seen->url.host, seen->url.port, addresses, OBSERVED_ADDRESSES_MAX, &seen->address_count, &why);
    seen->is_resolved = result == RESULT_OK;
    if (!seen->is_resolved) {
        (void)snprintf(seen->resolve_problem, sizeof seen->resolve_problem, "%s", why);
        return false;
    }
    for (size_t i = 0; i < seen->address_count && used < sizeof seen->addresses; i++)
        used += (size_t)snprintf(seen->addresses + used, sizeof seen->addresses - used, "%s%s", i ? ", " : "",
                                 os_address_format(&addresses[i], false, text));
    /* The first that answers, as browsers do; the last one's trouble is what is told. */
    for (size_t i = 0; i < seen->address_count; i++) {
        struct link link;
        target->address = addresses[i];
        bool is_open = link_open(&link, &addresses[i], target->tls, seen->url.host, &seen->link);
        link_close(&link);
        if (is_open)
            return true;
        if (seen->link.is_connected)
            return false;
    }
    return false;
}

static void sort(double *numbers, int count)
{
    for (int i = 1; i < count; i++) {
        double number = numbers[i];
        int at = i;
        for (; at > 0 && numbers[at - 1] > number; at--)
            numbers[at] = numbers[at - 1];
        numbers[at] = number;
    }
}

static int64_t pong_at(const struct talk *talk)
{
    const char *at = memmem(talk->message.at, talk->message.size, "\"at\":", 5);
    const char *end = (const char *)talk->message.at + talk->message.size;
    uint64_t number = 0;
    size_t digits = 0;

    while (at && at + 5 + digits < end && at[5 + digits] >= '0' && at[5 + digits] <= '9')
        digits++;
    return at && view_to_number(view_of(at + 5, digits), UINT64_C(1) << 53, &number) ? (int64_t)number : 0;
}

static void measure_clock(struct talk *talk, struct observations *seen)
{
    double round_trips[OBSERVED_PINGS];
    double best_ms = 1e9;

    for (int i = 0; i < OBSERVED_PINGS; i++) {
        int64_t wall_ms = os_clock_wall_ms();
        uint64_t begun_ns = os_clock_monotonic_ns();
        if (!talk_command(talk, "{\"type\":\"ping\"}") || !talk_hear(talk, PING_MS) || !talk_heard(talk, "pong"))
            break;
        double trip_ms = (double)(os_clock_monotonic_ns() - begun_ns) / 1e6;
        round_trips[seen->ping_count++] = trip_ms;
        if (trip_ms < best_ms) {
            best_ms = trip_ms;
            seen->clock_skew_ms = pong_at(talk) - wall_ms - (int64_t)(trip_ms / 2);
        }
    }
    sort(round_trips, seen->ping_count);
    if (seen->ping_count > 0)
        seen->round_trip_ms = round_trips[seen->ping_count / 2];
}

/* A compressed message each way. */
static bool compression_works(struct talk *talk)
{
    static uint8_t bytes[DEFLATED_BYTES];

    if (!talk_say_compressed(talk, view_of(bytes, sizeof bytes)) || !talk_hear(talk, PING_MS)
        || !talk_heard(talk, "got") || !memmem(talk->message.at, talk->message.size, "20000", 5))
        return false;
    return talk_command(talk, "{\"type\":\"echo\",\"bytes\":20000}") && talk_hear(talk, PING_MS)
           && talk->message.size == sizeof bytes;
}

static void observe_upgrades(const struct target *target, struct observations *seen)
{
    struct talk talk;

    if (talk_open(&talk, target, false, &seen->upgrade))
        measure_clock(&talk, seen);
    talk_done(&talk);
    if (!seen->upgrade.is_open)
        return;
    if (talk_open(&talk, target, true, &seen->compressed) && seen->compressed.extensions[0])
        seen->is_compression_right = compression_works(&talk);
    talk_done(&talk);
}

static void observe_target(const struct target *target, const struct observe_options *options,
                           struct observations *seen)
{
    char path[URL_BYTES_MAX + 32];

    tell(options, "asking natter what it sees");
    (void)snprintf(path, sizeof path, "%s?doctor", target->url.socket);
    ask(target, path, &seen->report);
    ask(target, target->url.folder, &seen->page);
    uint16_t plain_port = options->plain_port > 0 ? options->plain_port : target->url.port == 443 ? 80 : 0;
    if (target->tls && plain_port > 0)
        ask_plainly(target, plain_port, seen);
    if (!seen->report.is_answered)
        return;
    tell(options, "opening a WebSocket");
    observe_upgrades(target, seen);
    if (!seen->upgrade.is_open)
        return;
    tell(options, "sending large messages");
    observe_sizes(target, seen);
    tell(options, "looking for buffers");
    observe_drip(target, seen);
    if (options->is_quick)
        return;
    int64_t watched_ms = options->idle_ms_max;
    if (watched_ms == 0)
        watched_ms = 2 * seen->upgrade.seen.heartbeat_ms + IDLE_MORE_MS;
    observe_silence(target, watched_ms, options->progress, seen);
}

bool observe(const struct url *url, const struct observe_options *options, struct observations *out_seen,
             struct builder *out_problem)
{
    struct target target = {.url = *url};
    struct tls_client tls;

    *out_seen = (struct observations){.url = *url};
    if (url->is_secure && !tls_client_init(&tls, options->ca_file, options->is_insecure, out_problem))
        return false;
    target.tls = url->is_secure ? &tls : NULL;
    tell(options, "connecting");
    if (find_address(&target, out_seen))
        observe_target(&target, options, out_seen);
    if (url->is_secure)
        tls_client_done(&tls);
    return true;
}
