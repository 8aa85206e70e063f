/* SPDX-License-Identifier: Apache-2.0 */
#include "os/file.h"
#include "serve/config_table.h"
#include "serve_test.h"

/* A file of this project, whether the tests run in its folder or in a build folder (then this file's own name helps).
 */
static void read_project_file(const char *path, struct builder *out)
{
    static const char own[] = "tests/unit/serve/test_config_doc.c";
    char full[1024];

    builder_init(out, 1024 * 1024);
    if (os_file_read(path, out) == RESULT_OK)
        return;
    builder_clear(out);
    size_t root_size = strlen(__FILE__) > sizeof own - 1 ? strlen(__FILE__) - (sizeof own - 1) : 0;
    (void)snprintf(full, sizeof full, "%.*s%s", (int)root_size, __FILE__, path);
    if (os_file_read(full, out) != RESULT_OK)
        fail_msg("%s cannot be read", path);
}

static void assert_file_is(const char *path, void (*make)(struct builder *out), const char *command)
{
    struct builder file, made;

    builder_init(&made, 1024 * 1024);
    make(&made);
    assert_true(builder_ok(&made));
    read_project_file(path, &file);
    if (!view_equal(builder_view(&file), builder_view(&made)))
        fail_msg("%s is not what the table gives; run: %s > %s", path, command, path);
    builder_done(&file);
    builder_done(&made);
}

static void the_reference_is_what_the_table_gives(void **state)
{
    (void)state;
    assert_file_is("docs/reference/configuration.md", config_reference, "build/natter config reference");
}

static void the_sample_file_is_what_the_table_gives(void **state)
{
    (void)state;
    assert_file_is("deploy/natter.conf", config_sample, "build/natter config sample");
}

static void help_and_reference_name_every_setting(void **state)
{
    struct builder help, reference, name;

    (void)state;
    builder_init(&help, 1024 * 1024);
    builder_init(&reference, 1024 * 1024);
    builder_init(&name, 128);
    config_help(&help);
    config_reference(&reference);
    builder_add_byte(&help, 0);
    builder_add_byte(&reference, 0);
    for (size_t i = 0; i < setting_count; i++) {
        builder_clear(&name);
        setting_add_flag(&settings[i], &name);
        builder_add_byte(&name, 0);
        assert_has((const char *)help.at, (const char *)name.at);
        assert_has((const char *)reference.at, (const char *)name.at);
        builder_clear(&name);
        setting_add_variable(&settings[i], &name);
        builder_add_byte(&name, 0);
        assert_has((const char *)reference.at, (const char *)name.at);
    }
    builder_done(&help);
    builder_done(&reference);
    builder_done(&name);
}

/* Reads `text` as a file and gives back what is in force then. */
static void dump_of(struct view text, const char *flags_before, struct builder *out)
{
    struct attempt attempt;
    char flags[512];

    (void)snprintf(flags, sizeof flags, "%s--config\n%s", flags_before, attempt_file((const char *)text.at, text.size));
    attempt_read(&attempt, flags, NULL);
    attempt_file_done();
    assert_string_equal(attempt.text, "");
    builder_init(out, 1024 * 1024);
    config_dump(&attempt.config, out);
    assert_true(builder_ok(out));
    attempt_done(&attempt);
}

static void the_sample_with_every_sign_taken_away_sets_the_defaults(void **state)
{
    struct builder sample, plain, defaults, set;

    (void)state;
    builder_init(&sample, 1024 * 1024);
    builder_init(&plain, 1024 * 1024);
    config_sample(&sample);
    builder_add_byte(&sample, 0);
    for (const char *line = (const char *)sample.at; *line;) {
        int size = (int)strcspn(line, "\n");
        const char *sign = memmem(line, (size_t)size, "# ", 2);
        bool is_setting = sign && line[size - 1] == '"' && memmem(line, (size_t)size, " = \"", 4);
        int skipped = is_setting ? (int)(sign - line) + 2 : 0;
        builder_format(&plain, "%.*s\n", size - skipped, line + skipped);
        line += size + 1;
    }
    dump_of(VIEW(""), "", &defaults);
    dump_of(builder_view(&plain), "", &set);
    assert_true(view_equal(builder_view(&defaults), builder_view(&set)));
    builder_done(&sample);
    builder_done(&plain);
    builder_done(&defaults);
    builder_done(&set);
}

/* Flags change some, with signs that a file must escape; the dump read as a file gives the same dump. */
static void a_dump_read_again_gives_the_same(void **state)
{
    struct builder first, second;

    (void)state;
    dump_of(VIEW(""),
            "--data\na \"b\" \\ ${HOME} # c\n--listen\n:1,127.0.0.1:2\n--rate-send\n0.25/3\n--metrics-listen\noff\n"
            "--chat-origins\nhttps://a.example,*\n--connection-slow\nclose\n",
            &first);
    dump_of(builder_view(&first), "", &second);
    assert_true(view_equal(builder_view(&first), builder_view(&second)));
    builder_done(&first);
    builder_done(&second);
}

int test_config_doc(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_reference_is_what_the_table_gives),
        cmocka_unit_test(the_sample_file_is_what_the_table_gives),
        cmocka_unit_test(help_and_reference_name_every_setting),
        cmocka_unit_test(the_sample_with_every_sign_taken_away_sets_the_defaults),
        cmocka_unit_test(a_dump_read_again_gives_the_same),
    };

    return cmocka_run_group_tests_name("config_doc", tests, NULL, NULL);
}
