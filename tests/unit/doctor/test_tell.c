/* SPDX-License-Identifier: Apache-2.0 */
#include "doctor/tell.h"

#include "doctor_test.h"
#include "wire/json.h"

static void some_findings(struct findings *findings)
{
    *findings = (struct findings){.proxy = PROXY_NGINX};
    findings_add(findings, "natter", VERDICT_PASS, FAULT_NONE, "natter/%d answers.", 9);
    findings_add(
        findings, "http", VERDICT_FAIL, FAULT_HTTP_1_0,
        "Requests reach natter in HTTP/1.0, which has no upgrade, and this sentence is so long that it needs a "
        "second line, if not a third one \"quoted\".");
    findings_add(findings, "idle", VERDICT_SKIPPED, FAULT_NONE, "Nobody waited.");
}

static void people_get_lines_that_fit_and_the_lines_to_change(void **state)
{
    struct findings findings;
    struct builder out;

    (void)state;
    some_findings(&findings);
    builder_init(&out, 16384);
    tell_people(&findings, "https://a/", false, &out);
    builder_add_byte(&out, 0);
    const char *text = (const char *)out.at;
    assert_non_null(strstr(text, "  ok    natter       natter/9 answers.\n"));
    assert_non_null(strstr(text, "  FAIL  http"));
    assert_non_null(strstr(text, "proxy_http_version 1.1;\n"));
    assert_non_null(strstr(text, "1 failed, 0 warnings, 1 passed, 1 not looked at.\n"));
    assert_null(strchr(text, 0x1b));
    for (const char *line = text; *line; line += strcspn(line, "\n") + 1)
        assert_true(strcspn(line, "\n") <= 100);
    builder_done(&out);
}

static void colours_are_for_terminals(void **state)
{
    struct findings findings;
    struct builder out;

    (void)state;
    some_findings(&findings);
    builder_init(&out, 16384);
    tell_people(&findings, "https://a/", true, &out);
    assert_non_null(memmem(out.at, out.size, "\x1b[31;1mFAIL\x1b[0m", 15));
    builder_done(&out);
}

static void programs_get_json(void **state)
{
    struct findings findings;
    struct builder out;
    char why[JSON_FAULT_BYTES];

    (void)state;
    some_findings(&findings);
    builder_init(&out, 16384);
    tell_programs(&findings, "https://a/", &out);
    json_t *object = json_read_object(builder_view(&out), why);
    assert_non_null(object);
    assert_string_equal(json_string_value(json_object_get(object, "verdict")), "fail");
    assert_string_equal(json_string_value(json_object_get(object, "proxy")), "Nginx");
    const json_t *checks = json_object_get(object, "checks");
    assert_int_equal(json_array_size(checks), 3);
    assert_string_equal(json_string_value(json_object_get(json_array_get(checks, 1), "fault")), "http_1_0");
    assert_string_equal(json_string_value(json_object_get(json_array_get(checks, 1), "cure")),
                        "proxy_http_version 1.1;");
    json_decref(object);
    builder_done(&out);
}

int test_tell(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(people_get_lines_that_fit_and_the_lines_to_change),
        cmocka_unit_test(colours_are_for_terminals),
        cmocka_unit_test(programs_get_json),
    };

    return cmocka_run_group_tests_name("tell", tests, NULL, NULL);
}
