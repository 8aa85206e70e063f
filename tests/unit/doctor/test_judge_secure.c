/* SPDX-License-Identifier: Apache-2.0 */
/* What is told to browsers about TLS, and what becomes of those who come without. */
#include "doctor/judge.h"

#include "doctor_test.h"

#define SET(member, text) (void)snprintf(seen.member, sizeof seen.member, "%s", text)

static struct observations seen;
static struct findings findings;

static const struct finding *judged(const char *check)
{
    findings = (struct findings){.proxy = PROXY_UNKNOWN};
    judge_secure(&seen, &findings);
    for (size_t i = 0; i < findings.count; i++) {
        if (strcmp(findings.list[i].check, check) == 0)
            return &findings.list[i];
    }
    return NULL;
}

static void strict_transport_security_is_read_as_browsers_read_it(void **state)
{
    static const struct {
        const char *field;
        int count;
        enum fault fault;
        const char *says;
    } cases[] = {
        {"", 0, FAULT_NONE, "a choice"},
        {"max-age=86400", 1, FAULT_NONE, "1.0 days"},
        {"max-age=3600", 1, FAULT_NONE, "1.0 hours"},
        {" includeSubDomains ; MAX-AGE=\"172800\"; preload", 1, FAULT_NONE, "2.0 days"},
        {"max-age=0", 1, FAULT_NONE, "forget"},
        {"max-age=", 1, FAULT_HSTS_WRONG, "no right max-age"},
        {"max-age=12d", 1, FAULT_HSTS_WRONG, "no right max-age"},
        {"includeSubDomains", 1, FAULT_HSTS_WRONG, "no right max-age"},
        {"xmax-age=5; max-ag", 1, FAULT_HSTS_WRONG, "no right max-age"},
        {";;", 1, FAULT_HSTS_WRONG, "no right max-age"},
        {"max-age=5", 2, FAULT_HSTS_WRONG, "2 times"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        healthy(&seen);
        SET(page.hsts, cases[i].field);
        seen.page.hsts_count = cases[i].count;
        const struct finding *found = judged("hsts");
        assert_non_null(found);
        if (found->fault != cases[i].fault || !strstr(found->text, cases[i].says))
            fail_msg("%s: %s", cases[i].field, found->text);
        assert_true((found->cure != NULL) == (found->fault != FAULT_NONE));
    }
}

static void plain_http_belongs_to_the_page_over_tls(void **state)
{
    static const struct {
        int status; /* 0: no answer */
        const char *location;
        enum fault fault;
        enum verdict verdict;
    } cases[] = {
        {0, "", FAULT_NONE, VERDICT_SKIPPED},
        {308, "https://chat.example.org/", FAULT_NONE, VERDICT_PASS},
        {301, "HTTPS://Chat.Example.org", FAULT_NONE, VERDICT_PASS},
        {200, "", FAULT_NOT_REDIRECTED, VERDICT_WARN},
        {404, "", FAULT_NOT_REDIRECTED, VERDICT_WARN},
        {302, "http://chat.example.org/", FAULT_REDIRECTED_ELSEWHERE, VERDICT_WARN},
        {308, "https://chat.example.org:8443/", FAULT_REDIRECTED_ELSEWHERE, VERDICT_WARN},
        {308, "https://chat.example.org.evil/", FAULT_REDIRECTED_ELSEWHERE, VERDICT_WARN},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        healthy(&seen);
        seen.plain_port = 80;
        seen.plain.is_answered = cases[i].status > 0;
        seen.plain.status = cases[i].status;
        SET(plain.location, cases[i].location);
        const struct finding *found = judged("redirect");
        assert_non_null(found);
        if (found->fault != cases[i].fault || found->verdict != cases[i].verdict)
            fail_msg("%d %s: %s", cases[i].status, cases[i].location, found->text);
    }
}

static void without_tls_there_is_nothing_to_say(void **state)
{
    (void)state;
    healthy(&seen);
    seen.url.is_secure = false;
    seen.plain_port = 80;
    assert_null(judged("hsts"));
    assert_int_equal(findings.count, 0);
    healthy(&seen);
    assert_null(judged("redirect")); /* nobody knows the port */
}

int test_judge_secure(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(strict_transport_security_is_read_as_browsers_read_it),
        cmocka_unit_test(plain_http_belongs_to_the_page_over_tls),
        cmocka_unit_test(without_tls_there_is_nothing_to_say),
    };

    return cmocka_run_group_tests_name("judge_secure", tests, NULL, NULL);
}
