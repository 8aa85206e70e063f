/* SPDX-License-Identifier: Apache-2.0 */
/* The verdicts: what is seen of a healthy deployment, changed in one point, and the one fault that this must be. */
#include "doctor/judge.h"

#include "doctor_test.h"

#define SET(member, text) (void)snprintf(seen->member, sizeof seen->member, "%s", text)

static void not_resolved(struct observations *seen)
{
    seen->is_resolved = false;
    SET(resolve_problem, "Name or service not known");
}

static void not_connected(struct observations *seen)
{
    seen->link.is_connected = false;
}

static void not_secured(struct observations *seen)
{
    seen->link.is_secured = false;
}

static void chain_wrong(struct observations *seen)
{
    seen->link.is_chain_right = false;
    seen->report = (struct observed_answer){0};
}

static void chain_wrong_but_insecure(struct observations *seen)
{
    seen->link.is_chain_right = false;
}

static void name_wrong(struct observations *seen)
{
    seen->link.is_name_right = false;
}

static void time_wrong(struct observations *seen)
{
    seen->link.is_in_time = false;
    seen->link.days_left = -3;
}

static void ends_soon(struct observations *seen)
{
    seen->link.days_left = 13;
}

static void no_answer(struct observations *seen)
{
    seen->report.is_answered = false;
    SET(report.problem, "no answer within 15 s");
}

static void answered_by_stranger(struct observations *seen, int status)
{
    seen->report.seen.is_there = false;
    seen->report.status = status;
}

static void redirected(struct observations *seen)
{
    answered_by_stranger(seen, 301);
}

static void bad_gateway(struct observations *seen)
{
    answered_by_stranger(seen, 502);
}

static void unavailable(struct observations *seen)
{
    answered_by_stranger(seen, 503);
}

static void not_found(struct observations *seen)
{
    answered_by_stranger(seen, 404);
}

static void page_of_somebody(struct observations *seen)
{
    answered_by_stranger(seen, 200);
    SET(report.snippet, "<html>It works!");
}

static void prefix_kept(struct observations *seen)
{
    answered_by_stranger(seen, 404);
    SET(report.snippet, "There is nothing here. The chat is at /");
}

static void natter_old(struct observations *seen)
{
    answered_by_stranger(seen, 426);
    SET(report.snippet, "This is a WebSocket address. A client must send");
}

static void limited(struct observations *seen)
{
    answered_by_stranger(seen, 429);
}

static void http_1_0(struct observations *seen)
{
    SET(report.seen.http, "1.0");
}

static void origin_refused(struct observations *seen)
{
    SET(report.seen.origin, "refused");
}

static void forwarded_missing(struct observations *seen)
{
    SET(report.seen.forwarded_for, "");
    SET(report.seen.client, "silent");
}

static void forwarded_not_believed(struct observations *seen)
{
    SET(report.seen.client, "direct");
}

static void scheme_missing(struct observations *seen)
{
    SET(report.seen.forwarded_proto, "");
    SET(report.seen.scheme, "unknown");
}

static void upgrade_lost(struct observations *seen)
{
    seen->upgrade.is_open = false;
    seen->upgrade.status = 426;
    SET(upgrade.seen.upgrade_field, "");
}

static void connection_lost(struct observations *seen)
{
    seen->upgrade.is_open = false;
    seen->upgrade.status = 400;
    SET(upgrade.seen.connection, "close");
}

static void upgrade_in_1_0(struct observations *seen)
{
    upgrade_lost(seen);
    SET(upgrade.seen.http, "1.0");
}

static void version_lost(struct observations *seen)
{
    seen->upgrade.is_open = false;
    seen->upgrade.status = 400;
    SET(upgrade.seen.version, "");
    SET(upgrade.seen.fault, "Send exactly one Sec-WebSocket-Version field, with 13.");
}

static void upgrade_answered_by_proxy(struct observations *seen)
{
    seen->upgrade.is_open = false;
    seen->upgrade.status = 500;
    seen->upgrade.seen.is_there = false;
}

static void upgrade_answered_by_liar(struct observations *seen)
{
    seen->upgrade.is_open = false;
    seen->upgrade.is_accept_right = false;
    seen->upgrade.seen.is_there = false;
}

static void protocol_lost_there(struct observations *seen)
{
    SET(upgrade.protocol, "");
    SET(upgrade.seen.protocol, "");
}

static void protocol_lost_back(struct observations *seen)
{
    SET(upgrade.protocol, "");
}

static void extensions_lost(struct observations *seen)
{
    SET(compressed.extensions, "");
}

static void compression_broken(struct observations *seen)
{
    seen->is_compression_right = false;
}

static void compressed_again(struct observations *seen)
{
    SET(report.seen.accept_encoding, "gzip");
}

static void compressed_twice(struct observations *seen)
{
    seen->page.is_coding_right = false;
}

static void large_ones_lost(struct observations *seen)
{
    seen->up = (struct observed_size){
        .was_tried = true, .wanted = 65536, .passed = 16000, .failed = 16100, .end = TALK_CLOSED, .close_code = 1009};
}

static void bursts(struct observations *seen)
{
    seen->drops_late = 6;
}

static void drops_lost(struct observations *seen)
{
    seen->drops_come = 7;
}

static void held_back_at_first(struct observations *seen)
{
    seen->first_drop_ms = 2000;
}

static void cut(struct observed_silence *silence, int64_t after_ms)
{
    *silence = (struct observed_silence){.was_tried = true, .is_cut = true, .after_ms = after_ms, .end = TALK_CUT};
}

static void cut_early(struct observations *seen)
{
    cut(&seen->both, 20000);
    cut(&seen->ours, 20000);
}

static void cut_with_the_heartbeat(struct observations *seen)
{
    cut(&seen->both, 25100);
}

static void cut_one_way(struct observations *seen)
{
    cut(&seen->theirs, 10000);
}

static void clock_ahead(struct observations *seen)
{
    seen->clock_skew_ms = 60000;
}

static void clock_behind(struct observations *seen)
{
    seen->clock_skew_ms = -60000;
}

static const struct {
    void (*change)(struct observations *seen);
    enum verdict verdict;
    enum fault fault;
} cases[] = {
    {not_resolved, VERDICT_FAIL, FAULT_NAME_UNKNOWN},
    {not_connected, VERDICT_FAIL, FAULT_NOT_CONNECTED},
    {not_secured, VERDICT_FAIL, FAULT_TLS_FAILED},
    {chain_wrong, VERDICT_FAIL, FAULT_TLS_CHAIN},
    {chain_wrong_but_insecure, VERDICT_FAIL, FAULT_TLS_CHAIN},
    {name_wrong, VERDICT_FAIL, FAULT_TLS_NAME},
    {time_wrong, VERDICT_FAIL, FAULT_TLS_TIME},
    {ends_soon, VERDICT_WARN, FAULT_TLS_EXPIRES_SOON},
    {no_answer, VERDICT_FAIL, FAULT_NO_ANSWER},
    {redirected, VERDICT_FAIL, FAULT_REDIRECTED},
    {bad_gateway, VERDICT_FAIL, FAULT_NATTER_UNREACHED},
    {unavailable, VERDICT_FAIL, FAULT_NATTER_UNREACHED},
    {not_found, VERDICT_FAIL, FAULT_NOT_NATTER},
    {page_of_somebody, VERDICT_FAIL, FAULT_NOT_NATTER},
    {prefix_kept, VERDICT_FAIL, FAULT_PREFIX_KEPT},
    {natter_old, VERDICT_FAIL, FAULT_NATTER_OLD},
    {limited, VERDICT_FAIL, FAULT_LIMITED},
    {http_1_0, VERDICT_FAIL, FAULT_HTTP_1_0},
    {origin_refused, VERDICT_FAIL, FAULT_ORIGIN_REFUSED},
    {forwarded_missing, VERDICT_WARN, FAULT_FORWARDED_MISSING},
    {forwarded_not_believed, VERDICT_WARN, FAULT_FORWARDED_NOT_BELIEVED},
    {scheme_missing, VERDICT_WARN, FAULT_SCHEME_MISSING},
    {upgrade_lost, VERDICT_FAIL, FAULT_UPGRADE_DROPPED},
    {connection_lost, VERDICT_FAIL, FAULT_CONNECTION_DROPPED},
    {upgrade_in_1_0, VERDICT_FAIL, FAULT_HTTP_1_0},
    {version_lost, VERDICT_FAIL, FAULT_UPGRADE_FAULTY},
    {upgrade_answered_by_proxy, VERDICT_FAIL, FAULT_UPGRADE_REFUSED},
    {upgrade_answered_by_liar, VERDICT_FAIL, FAULT_UPGRADE_FAULTY},
    {protocol_lost_there, VERDICT_FAIL, FAULT_PROTOCOL_EATEN},
    {protocol_lost_back, VERDICT_FAIL, FAULT_PROTOCOL_EATEN},
    {extensions_lost, VERDICT_WARN, FAULT_EXTENSIONS_EATEN},
    {compression_broken, VERDICT_FAIL, FAULT_COMPRESSION_BROKEN},
    {compressed_again, VERDICT_WARN, FAULT_COMPRESSED_AGAIN},
    {compressed_twice, VERDICT_FAIL, FAULT_COMPRESSED_TWICE},
    {large_ones_lost, VERDICT_FAIL, FAULT_SIZE_LIMITED},
    {bursts, VERDICT_FAIL, FAULT_BUFFERED},
    {drops_lost, VERDICT_FAIL, FAULT_BUFFERED},
    {held_back_at_first, VERDICT_FAIL, FAULT_BUFFERED},
    {cut_early, VERDICT_FAIL, FAULT_IDLE_CUT},
    {cut_with_the_heartbeat, VERDICT_FAIL, FAULT_IDLE_CUT},
    {cut_one_way, VERDICT_WARN, FAULT_IDLE_CUT_ONE_WAY},
    {clock_ahead, VERDICT_WARN, FAULT_CLOCK_WRONG},
    {clock_behind, VERDICT_WARN, FAULT_CLOCK_WRONG},
};

static void each_change_is_that_fault_and_no_other(void **state)
{
    static struct observations seen;
    struct findings findings;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t found = 0;
        healthy(&seen);
        cases[i].change(&seen);
        judge(&seen, &findings);
        for (size_t at = 0; at < findings.count; at++) {
            const struct finding *finding = &findings.list[at];
            if (finding->fault == FAULT_NONE)
                continue;
            if (finding->fault != cases[i].fault || finding->verdict != cases[i].verdict)
                fail_msg("case %zu, %s, is judged %s: %s", i, fault_word(cases[i].fault), fault_word(finding->fault),
                         finding->text);
            found++;
        }
        if (found != 1)
            fail_msg("case %zu, %s, was found %zu times", i, fault_word(cases[i].fault), found);
        assert_int_equal(findings_worst(&findings), cases[i].verdict);
    }
}

static void where_all_is_well_nothing_is_blamed(void **state)
{
    static struct observations seen;
    struct findings findings;

    (void)state;
    healthy(&seen);
    judge(&seen, &findings);
    for (size_t i = 0; i < findings.count; i++)
        assert_int_equal(findings.list[i].verdict, VERDICT_PASS);
    assert_int_equal(findings.count, 18);
    assert_int_equal(findings.proxy, PROXY_NGINX);
}

/* A cut that comes after the heartbeat hurts nobody; a look that was too short says so. */
static void silence_is_judged_by_the_heartbeat(void **state)
{
    static struct observations seen;
    struct findings findings;

    (void)state;
    healthy(&seen);
    cut(&seen.both, 60000);
    judge(&seen, &findings);
    assert_int_equal(findings_worst(&findings), VERDICT_PASS);
    healthy(&seen);
    seen.both.after_ms = 3000;
    judge(&seen, &findings);
    assert_int_equal(findings_worst(&findings), VERDICT_PASS);
    size_t skipped = 0;
    for (size_t i = 0; i < findings.count; i++)
        skipped += findings.list[i].verdict == VERDICT_SKIPPED;
    assert_int_equal(skipped, 1);
}

static void natter_without_a_proxy_needs_no_forwarded_address(void **state)
{
    static struct observations seen;
    struct findings findings;
    struct builder problem;

    (void)state;
    healthy(&seen);
    builder_init(&problem, 1024);
    assert_true(url_read("http://chat.example.org/", &seen.url, &problem));
    builder_done(&problem);
    (void)snprintf(seen.report.seen.client, sizeof seen.report.seen.client, "direct");
    (void)snprintf(seen.report.seen.scheme, sizeof seen.report.seen.scheme, "unknown");
    seen.report.server[0] = seen.report.seen.forwarded_for[0] = seen.report.seen.forwarded_proto[0] = 0;
    judge(&seen, &findings);
    assert_int_equal(findings_worst(&findings), VERDICT_PASS);
    for (size_t i = 0; i < findings.count; i++)
        assert_string_not_equal(findings.list[i].check, "forwarded");
}

int test_judge(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(where_all_is_well_nothing_is_blamed),
        cmocka_unit_test(each_change_is_that_fault_and_no_other),
        cmocka_unit_test(silence_is_judged_by_the_heartbeat),
        cmocka_unit_test(natter_without_a_proxy_needs_no_forwarded_address),
    };

    return cmocka_run_group_tests_name("judge", tests, NULL, NULL);
}
