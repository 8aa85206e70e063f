/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/judge.h"

#include <stdio.h>
#include <stdlib.h>

#include "doctor/recognise.h"

enum { DAYS_LEFT_WANTED = 14, SKEW_MS_MAX = 5000, FIRST_DROP_LATE_MS = 1500 };

/* What all the judges look at. */
struct court {
    const struct observations *seen;
    struct findings *findings;
    bool is_proxied;
};

static void add(struct court *court, const char *check, enum verdict verdict, enum fault fault, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

static void fill(struct finding *finding, const char *format, va_list arguments)
{
    (void)vsnprintf(finding->text, sizeof finding->text, format, arguments);
}

static struct finding *next(struct findings *findings, const char *check, enum verdict verdict, enum fault fault)
{
    check(findings->count < FINDINGS_MAX);
    struct finding *finding = &findings->list[findings->count++];
    *finding = (struct finding){.check = check, .verdict = verdict, .fault = fault};
    finding->cure = verdict == VERDICT_PASS || verdict == VERDICT_SKIPPED ? NULL : cure_for(fault, findings->proxy);
    return finding;
}

static void add(struct court *court, const char *check, enum verdict verdict, enum fault fault, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(next(court->findings, check, verdict, fault), format, arguments);
    va_end(arguments);
}

void findings_add(struct findings *findings, const char *check, enum verdict verdict, enum fault fault,
                  const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fill(next(findings, check, verdict, fault), format, arguments);
    va_end(arguments);
}

#define PASS(check, ...)        add(court, check, VERDICT_PASS, FAULT_NONE, __VA_ARGS__)
#define WARN(check, fault, ...) add(court, check, VERDICT_WARN, FAULT_##fault, __VA_ARGS__)
#define FAIL(check, fault, ...) add(court, check, VERDICT_FAIL, FAULT_##fault, __VA_ARGS__)
#define SKIP(check, ...)        add(court, check, VERDICT_SKIPPED, FAULT_NONE, __VA_ARGS__)

/* Each judge returns false where there is no sense in looking further. */

static bool judge_name(struct court *court)
{
    const struct observations *seen = court->seen;

    if (!seen->is_resolved) {
        FAIL("name", NAME_UNKNOWN, "%s has no address: %s.", seen->url.host, seen->resolve_problem);
        return false;
    }
    if (strcmp(seen->addresses, seen->url.host) != 0)
        PASS("name", "%s is %s.", seen->url.host, seen->addresses);
    if (!seen->link.is_connected) {
        FAIL("connect", NOT_CONNECTED, "Port %u does not answer: %s.", seen->url.port, seen->link.problem);
        return false;
    }
    PASS("connect", "Port %u answers in %lld ms.", seen->url.port, (long long)seen->link.connect_ms);
    return true;
}

static bool judge_tls(struct court *court)
{
    const struct link_facts *link = &court->seen->link;
    bool is_right = link->is_chain_right && link->is_name_right && link->is_in_time;

    if (!court->seen->url.is_secure)
        return true;
    if (!link->is_secured) {
        FAIL("tls", TLS_FAILED, "TLS does not come about: %s.", link->problem);
        return false;
    }
    if (!link->is_in_time)
        FAIL("tls", TLS_TIME, "The certificate is out of its time: it ended %d days ago, or has not begun.",
             -link->days_left);
    if (!link->is_name_right)
        FAIL("tls", TLS_NAME, "The certificate is not for %s.", court->seen->url.host);
    if (!link->is_chain_right)
        FAIL("tls", TLS_CHAIN, "Nobody whom this machine trusts vouches for the certificate: %s.", link->problem);
    if (is_right && link->days_left < DAYS_LEFT_WANTED)
        WARN("tls", TLS_EXPIRES_SOON, "The certificate is good for only %d more days.", link->days_left);
    else if (is_right)
        PASS("tls", "%s, a certificate for %s, good for %d more days.", link->protocol, court->seen->url.host,
             link->days_left);
    return court->seen->report.is_answered || court->seen->report.problem[0] || is_right;
}

/* An answer that is none of natter's diagnosis. */
static void judge_stranger(struct court *court)
{
    const struct observed_answer *answer = &court->seen->report;
    const char *proxy = proxy_label(court->findings->proxy);

    if (answer->status >= 300 && answer->status < 400)
        FAIL("natter", REDIRECTED, "%s is redirected to %s: WebSockets follow no redirect. Use that address.",
             court->seen->url.socket, answer->location);
    else if (answer->status == 429)
        FAIL("natter", LIMITED, "natter, or what is in front of it, says that this address asks too much (429).");
    else if (answer->status == 404 && recognise_natter(answer))
        FAIL("natter", PREFIX_KEPT, "natter is there, but sees another path than /ws: %s reaches it unchanged.",
             court->seen->url.socket);
    else if (recognise_natter(answer))
        FAIL("natter", NATTER_OLD, "natter is there, but too old to tell what it sees.");
    else if (answer->status >= 502 && answer->status <= 504)
        FAIL("natter", NATTER_UNREACHED, "%s does not reach natter (%d).", proxy, answer->status);
    else
        FAIL("natter", NOT_NATTER, "%s answers by itself (%d): the path %s does not lead to natter.", proxy,
             answer->status, court->seen->url.socket);
}

static bool judge_reach(struct court *court)
{
    const struct observed_answer *answer = &court->seen->report;
    enum proxy proxy = court->findings->proxy;

    if (!answer->is_answered) {
        FAIL("natter", NO_ANSWER, "A request gets no answer: %s.", answer->problem);
        return false;
    }
    if (!answer->seen.is_there) {
        judge_stranger(court);
        return false;
    }
    PASS("natter", "%s answers%s%s.", answer->seen.server,
         proxy != PROXY_UNKNOWN ? ", behind "
         : court->is_proxied    ? ", behind a proxy"
                                : ", directly",
         proxy != PROXY_UNKNOWN ? proxy_label(proxy) : "");
    return true;
}

static void judge_request(struct court *court)
{
    const struct seen *report = &court->seen->report.seen;

    if (strcmp(report->http, "1.1") == 0)
        PASS("http", "Requests reach natter in HTTP/1.1.");
    else
        FAIL("http", HTTP_1_0, "Requests reach natter in HTTP/%s, which has no upgrade.", report->http);
    if (strcmp(report->origin, "allowed") == 0)
        PASS("origin", "The page may connect: its Origin fits the Host that natter sees.");
    else
        FAIL("origin", ORIGIN_REFUSED,
             "Browsers are refused: the page is from %s, and natter sees Host: %s. They must be the same.",
             court->seen->url.origin, report->host[0] ? report->host : "(nothing)");
}

static void judge_forwarded(struct court *court)
{
    const struct seen *report = &court->seen->report.seen;
    bool is_named = report->forwarded_for[0] || report->forwarded[0];
    bool is_believed = strcmp(report->client, "forwarded") == 0;

    if (!court->is_proxied)
        return;
    if (is_believed)
        PASS("forwarded", "natter is told the client's address%s, and believes it.",
             strcmp(report->behind, "proxy_header") == 0 ? " in a PROXY header" : "");
    else if (is_named)
        WARN("forwarded", FORWARDED_NOT_BELIEVED,
             "The proxy says whom it speaks for, but natter does not believe it: all clients share their limits.");
    else
        WARN("forwarded", FORWARDED_MISSING,
             "The proxy does not say whom it speaks for: to natter all clients are one, and share their limits.");
    if (!court->seen->url.is_secure)
        return;
    if (report->forwarded_proto[0] || report->forwarded[0] || strcmp(report->scheme, "https") == 0)
        PASS("scheme", "natter is told that the client came over TLS.");
    else
        WARN("scheme", SCHEME_MISSING,
             "natter is not told that the client came over TLS, so its cookie is not marked Secure.");
}

/* The upgrade arrived, but not whole. */
static void judge_faulty_upgrade(struct court *court)
{
    const struct seen *upgrade = &court->seen->upgrade.seen;

    if (strcmp(upgrade->http, "1.0") == 0)
        FAIL("upgrade", HTTP_1_0, "The upgrade reaches natter in HTTP/1.0, which has none.");
    else if (!upgrade->upgrade_field[0])
        FAIL("upgrade", UPGRADE_DROPPED, "The upgrade reaches natter without Upgrade: the proxy drops it%s.",
             strcasestr(upgrade->connection, "upgrade") ? "" : ", and Connection: Upgrade with it");
    else if (!strcasestr(upgrade->connection, "upgrade"))
        FAIL("upgrade", CONNECTION_DROPPED,
             "The upgrade reaches natter with Connection: %s instead of Connection: Upgrade.",
             upgrade->connection[0] ? upgrade->connection : "(nothing)");
    else
        FAIL("upgrade", UPGRADE_FAULTY, "The upgrade reaches natter changed: %s", upgrade->fault);
}

static bool judge_upgrade(struct court *court)
{
    const struct talk_facts *upgrade = &court->seen->upgrade;

    if (upgrade->is_open) {
        PASS("upgrade", "A WebSocket opens.");
        return true;
    }
    if (!upgrade->is_answered)
        FAIL("upgrade", NO_ANSWER, "The upgrade gets no answer: %s.", upgrade->problem);
    else if (upgrade->seen.is_there)
        judge_faulty_upgrade(court);
    else if (upgrade->status == 429)
        FAIL("upgrade", LIMITED, "The upgrade is refused: this address asks too much (429).");
    else if (upgrade->status == 101)
        FAIL("upgrade", UPGRADE_FAULTY, "The upgrade is answered with 101, but %s.",
             upgrade->is_accept_right ? "what follows is not what natter sends"
                                      : "by something that is not a WebSocket server");
    else
        FAIL("upgrade", UPGRADE_REFUSED, "Plain requests reach natter, but the upgrade is answered with %d: %s",
             upgrade->status, upgrade->snippet);
    return false;
}

static void judge_headers(struct court *court)
{
    const struct talk_facts *plain = &court->seen->upgrade, *packed = &court->seen->compressed;

    if (strcmp(plain->protocol, "natter.doctor") == 0)
        PASS("protocol", "The subprotocol comes through, both ways.");
    else
        FAIL("protocol", PROTOCOL_EATEN, "Sec-WebSocket-Protocol is lost on the way %s natter.",
             plain->seen.protocol[0] ? "back from" : "to");
    if (!plain->seen.has_compression)
        SKIP("compression", "natter does not compress messages (connection.compression).");
    else if (!packed->is_open)
        FAIL("compression", COMPRESSION_BROKEN, "A WebSocket that offers compression does not open.");
    else if (!packed->extensions[0])
        WARN("compression", EXTENSIONS_EATEN,
             "Sec-WebSocket-Extensions is lost on the way %s natter: messages go uncompressed.",
             packed->seen.extensions[0] ? "back from" : "to");
    else if (!court->seen->is_compression_right)
        FAIL("compression", COMPRESSION_BROKEN,
             "permessage-deflate is agreed on, but compressed messages do not pass.");
    else
        PASS("compression", "Compressed messages come through, both ways.");
}

static void judge_page(struct court *court)
{
    const struct observed_answer *page = &court->seen->page;
    bool is_packed = page->coding[0] != 0;

    if (!page->is_answered || page->status != 200)
        return;
    if (!page->is_coding_right || strchr(page->coding, ','))
        FAIL("page", COMPRESSED_TWICE, "The page is compressed twice: no browser can read it.");
    else if (is_packed && strcmp(court->seen->report.seen.accept_encoding, OBSERVED_ACCEPT_ENCODING) != 0)
        WARN("page", COMPRESSED_AGAIN,
             "The proxy hides Accept-Encoding from natter and compresses the page itself, each time anew.");
    else
        PASS("page", "The page comes%s.", is_packed ? ", compressed once" : "");
}

static void judge_distance(struct court *court)
{
    const struct observations *seen = court->seen;
    long long skew_ms = seen->clock_skew_ms;

    if (seen->ping_count == 0)
        return;
    PASS("distance", "An answer takes %.2f ms.", seen->round_trip_ms);
    if (skew_ms > SKEW_MS_MAX || skew_ms < -SKEW_MS_MAX)
        WARN("clock", CLOCK_WRONG, "natter's clock is %.1f s %s this one: times of messages are shown wrong.",
             (double)llabs(skew_ms) / 1000, skew_ms > 0 ? "ahead of" : "behind");
    else
        PASS("clock", "Both clocks agree.");
}

static const char *ending(enum talk_end end, int close_code, char *out, size_t size)
{
    if (end == TALK_CLOSED)
        (void)snprintf(out, size, "closed with %d", close_code);
    else
        (void)snprintf(out, size, "%s", end == TALK_CUT ? "cut without a word" : "no answer");
    return out;
}

static void judge_sizes(struct court *court)
{
    const struct observed_size *up = &court->seen->up, *down = &court->seen->down;
    const struct observed_size *worse = up->failed ? up : down;
    char text[48];

    if (!up->was_tried || !down->was_tried)
        return;
    if (!up->failed && !down->failed)
        PASS("size", "Messages of %lld bytes, as large as natter takes, come through, both ways.",
             (long long)up->wanted);
    else
        FAIL("size", SIZE_LIMITED,
             "Messages %s natter of more than %lld bytes do not come through (%s); it takes %lld.",
             up->failed ? "to" : "from", (long long)worse->passed,
             ending(worse->end, worse->close_code, text, sizeof text), (long long)worse->wanted);
}

/* Drops were sent at an interval. In a row that was held back most come together; on a busy line now and then two do.
 */
static void judge_drip(struct court *court)
{
    const struct observations *seen = court->seen;

    if (!seen->is_drip_tried)
        return;
    if (seen->drops_come < seen->drops_sent || seen->drops_late > seen->drops_sent / 2
        || seen->first_drop_ms > FIRST_DROP_LATE_MS)
        FAIL("buffering", BUFFERED,
             "Small messages are held back: of %d at an interval %d came, %d in bursts, the first %lld ms late.",
             seen->drops_sent, seen->drops_come, seen->drops_late, (long long)seen->first_drop_ms);
    else
        PASS("buffering", "Small messages come at once.");
}

static double seconds(int64_t ms)
{
    return (double)ms / 1000;
}

/* natter pings after the heartbeat; that and the answer must come in time. */
static bool is_too_early(const struct observed_silence *silence, int64_t heartbeat_ms)
{
    return silence->was_tried && silence->is_cut && silence->after_ms <= heartbeat_ms + heartbeat_ms / 10;
}

static void judge_silence(struct court *court)
{
    const struct observations *seen = court->seen;
    int64_t heartbeat_ms = seen->upgrade.seen.heartbeat_ms;
    char text[48];

    if (!seen->is_silence_tried) {
        SKIP("idle", "Nobody waited for idle connections to be cut (--quick).");
        return;
    }
    int64_t watched_ms = seen->both.after_ms;
    const struct observed_silence *one = is_too_early(&seen->ours, heartbeat_ms) ? &seen->ours : &seen->theirs;
    if (is_too_early(&seen->both, heartbeat_ms))
        FAIL("idle", IDLE_CUT, "A silent connection is cut after %.1f s (%s), before natter's heartbeat (%.1f s).",
             seconds(seen->both.after_ms), ending(seen->both.end, seen->both.close_code, text, sizeof text),
             seconds(heartbeat_ms));
    else if (is_too_early(one, heartbeat_ms))
        WARN("idle", IDLE_CUT_ONE_WAY, "A connection is cut when only %s speaks, after %.1f s (heartbeat: %.1f s).",
             one == &seen->ours ? "natter" : "the client", seconds(one->after_ms), seconds(heartbeat_ms));
    else if (seen->both.is_cut)
        PASS("idle", "A silent connection is cut after %.1f s; natter's heartbeat comes before (%.1f s).",
             seconds(seen->both.after_ms), seconds(heartbeat_ms));
    else if (watched_ms < heartbeat_ms)
        SKIP("idle", "No silent connection was cut within %.0f s, but natter's heartbeat comes only after %.1f s.",
             seconds(watched_ms), seconds(heartbeat_ms));
    else
        PASS("idle", "No silent connection was cut within %.0f s; natter's heartbeat comes after %.1f s.",
             seconds(watched_ms), seconds(heartbeat_ms));
}

void judge(const struct observations *seen, struct findings *out_findings)
{
    struct court hall = {.seen = seen, .findings = out_findings}, *court = &hall;

    *out_findings = (struct findings){.proxy = recognise(seen)};
    hall.is_proxied = recognise_is_proxied(seen);
    if (!judge_name(court) || !judge_tls(court) || !judge_reach(court))
        return;
    judge_request(court);
    judge_forwarded(court);
    judge_page(court);
    judge_secure(seen, out_findings);
    if (!judge_upgrade(court))
        return;
    judge_headers(court);
    judge_sizes(court);
    judge_drip(court);
    judge_silence(court);
    judge_distance(court);
}

enum verdict findings_worst(const struct findings *findings)
{
    enum verdict worst = VERDICT_PASS;

    for (size_t i = 0; i < findings->count; i++) {
        enum verdict verdict = findings->list[i].verdict;
        if (verdict != VERDICT_SKIPPED && verdict > worst)
            worst = verdict;
    }
    return worst;
}
