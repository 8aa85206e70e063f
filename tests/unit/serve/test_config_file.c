/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_file.h"

#include "serve_test.h"

static void read_text(struct attempt *attempt, const char *content)
{
    char flags[256];

    (void)snprintf(flags, sizeof flags, "--config\n%s", attempt_file(content, strlen(content)));
    attempt_read(attempt, flags, NULL);
    attempt_file_done();
}

static void a_file_sets_what_it_names_and_nothing_else(void **state)
{
    struct attempt attempt;

    (void)state;
    read_text(&attempt, "# first a remark\n"
                        "listen = \"127.0.0.1:1, [::1]:2\"\n"
                        "shards = 3\n"
                        "chat {\n"
                        "    text_max = 8KiB // behind a value\n"
                        "    default_room = 'hall'\n"
                        "}\n"
                        "log { level = debug }\n"
                        "/* over\n   two lines */ connection { slow = close }");
    assert_string_equal(attempt.text, "");
    assert_int_equal(attempt.outcome, CONFIG_READY);
    assert_int_equal(attempt.config.listen_count, 2);
    assert_int_equal(attempt.config.listen[1].address.port, 2);
    assert_int_equal(attempt.config.net.shard_count, 3);
    assert_int_equal(attempt.config.chat.text_bytes_max, 8192);
    assert_string_equal(attempt.config.chat.default_room, "hall");
    assert_int_equal(attempt.config.ops.log_level, DIAG_DEBUG);
    assert_int_equal(attempt.config.net.slow_policy, NET_SLOW_CLOSE);
    assert_int_equal(attempt.config.net.heartbeat_ms, 25000);
    attempt_done(&attempt);
}

static void an_empty_file_sets_nothing(void **state)
{
    static const char *const cases[] = {"", "\n\n", "# only a remark", "log {\n}\n", "// x", "/**/"};
    struct attempt attempt;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        read_text(&attempt, cases[i]);
        assert_string_equal(attempt.text, "");
        assert_int_equal(attempt.outcome, CONFIG_READY);
        attempt_done(&attempt);
    }
}

static void signs_of_remarks_within_a_value_belong_to_it(void **state)
{
    static const struct {
        const char *content, *data;
    } cases[] = {
        {"data = \"a # b\"", "a # b"},
        {"data = 'a /* b'", "a /* b"},
        {"data = a//b", "a//b"},
        {"data = \"a \\\" # b\"", "a \" # b"},
        {"data = 'it\\'s # here'", "it's # here"},
        {"data = /* no */ x # no", "x"},
        {"data = \"\\${HOME}\"", "${HOME}"},
    };
    struct attempt attempt;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        read_text(&attempt, cases[i].content);
        assert_string_equal(attempt.text, "");
        assert_string_equal(attempt.config.data, cases[i].data);
        attempt_done(&attempt);
    }
}

static void a_fault_names_the_file_the_line_the_setting_and_what_is_allowed(void **state)
{
    static const struct {
        const char *content;
        const char *parts[3];
    } cases[] = {
        {"log {\n  level = loud\n}\n", {"natter.conf:2: ", "log.level", "debug info warning error"}},
        {"# one\n/* two\nthree */\nlog {\n  # five\n  level = loud\n}\n", {"natter.conf:6: ", "log.level", "\"loud\""}},
        {"shards = 1\n\nshards = 2\n", {"natter.conf:3: ", "shards", "already in line 1"}},
        {"log { level = info }\nlog { level = info }\n", {"natter.conf:2: ", "log.level", "already in line 1"}},
        {"\nlisen = x\n", {"natter.conf:2: ", "\"lisen\"", "did you mean listen?"}},
        {"log {\nlevle = info }\n", {"natter.conf:2: ", "\"levle\" in log", "did you mean level?"}},
        {"logs { level = info }\n", {"natter.conf:1: ", "\"logs\"", "natter config sample"}},
        {"log.level = info\n", {"natter.conf:1: ", "\"log.level\"", "natter config sample"}},
        {"include(\"/etc/passwd\")\n", {"natter.conf:1: ", "\"include\"", "natter config sample"}},
        {"listen = { \":1\" }\n", {"natter.conf:1: ", "unexpected token", "key = \"value\""}},
        {"listen\n", {"natter.conf:", "", "key = \"value\""}},
        {"log { level += info }\n", {"natter.conf:1: ", "level", "key = \"value\""}},
        {"data = \"x\n", {"natter.conf:", "", "key = \"value\""}},
        {"data = 'x\\", {"natter.conf:", "", "key = \"value\""}},
        {"log {\n}\n}\n", {"natter.conf:3: ", "", "key = \"value\""}},
        {"shards = 1 /* two\n", {"natter.conf: ", "never ends", "*/"}},
        {"a\x1b[31mb = 1\n", {"natter.conf:1: ", "\"a?[31mb\"", ""}},
    };
    struct attempt attempt;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        read_text(&attempt, cases[i].content);
        if (attempt.outcome != CONFIG_BAD)
            fail_msg("was taken: %s", cases[i].content);
        for (size_t part = 0; part < COUNT(cases[i].parts); part++)
            assert_has(attempt.text, cases[i].parts[part]);
        assert_null(strchr(attempt.text, '\n'));
        attempt_done(&attempt);
    }
}

static void a_file_that_is_none_is_refused_in_a_line(void **state)
{
    static const struct {
        const char *path, *fault;
    } cases[] = {
        {"/tmp", "is it a file?"},
        {"/tmp/natter-there-is-no-such-file", "there is no such file"},
    };
    char flags[256];
    struct attempt attempt;

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        (void)snprintf(flags, sizeof flags, "--config\n%s", cases[i].path);
        attempt_read(&attempt, flags, NULL);
        assert_int_equal(attempt.outcome, CONFIG_BAD);
        assert_has(attempt.text, cases[i].path);
        assert_has(attempt.text, cases[i].fault);
        attempt_done(&attempt);
    }
}

static void bytes_that_are_no_text_are_refused(void **state)
{
    static const char content[] = "shards = 1\0\nshards = 2";
    struct attempt attempt;
    char flags[256];

    (void)state;
    (void)snprintf(flags, sizeof flags, "--config\n%s", attempt_file(content, sizeof content));
    attempt_read(&attempt, flags, NULL);
    attempt_file_done();
    assert_int_equal(attempt.outcome, CONFIG_BAD);
    assert_has(attempt.text, "NUL");
    attempt_done(&attempt);
}

static void a_file_beyond_a_mebibyte_is_refused(void **state)
{
    size_t size = 1024 * 1024 + 1;
    char *content = malloc(size);
    struct attempt attempt;
    char flags[256];

    (void)state;
    assert_non_null(content);
    memset(content, '\n', size);
    (void)snprintf(flags, sizeof flags, "--config\n%s", attempt_file(content, size));
    attempt_read(&attempt, flags, NULL);
    attempt_file_done();
    free(content);
    assert_int_equal(attempt.outcome, CONFIG_BAD);
    assert_has(attempt.text, "1 MiB");
    attempt_done(&attempt);
}

/* Every cut of a right file: the answer is "right" or one line, and nothing else happens. */
static void a_file_cut_anywhere_is_an_answer(void **state)
{
    static const char content[] = "# r\nlisten = \":1\"\nlog { level = 'info' /* x */ }\nchat { text_max = 8KiB }\n";
    char part[sizeof content];

    (void)state;
    for (size_t size = 0; size < sizeof content; size++) {
        struct attempt attempt;
        memcpy(part, content, size);
        part[size] = 0;
        read_text(&attempt, part);
        assert_true((attempt.outcome == CONFIG_READY) == (attempt.text[0] == 0));
        assert_null(strchr(attempt.text, '\n'));
        attempt_done(&attempt);
    }
}

int test_config_file(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_sets_what_it_names_and_nothing_else),
        cmocka_unit_test(an_empty_file_sets_nothing),
        cmocka_unit_test(signs_of_remarks_within_a_value_belong_to_it),
        cmocka_unit_test(a_fault_names_the_file_the_line_the_setting_and_what_is_allowed),
        cmocka_unit_test(a_file_that_is_none_is_refused_in_a_line),
        cmocka_unit_test(bytes_that_are_no_text_are_refused),
        cmocka_unit_test(a_file_beyond_a_mebibyte_is_refused),
        cmocka_unit_test(a_file_cut_anywhere_is_an_answer),
    };

    return cmocka_run_group_tests_name("config_file", tests, NULL, NULL);
}
