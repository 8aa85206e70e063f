/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor serve/, and what they share. */
#include <unistd.h>

#include "base/table.h"
#include "os/file.h"
#include "serve_test.h"

static char file_folder[64];
static char file_path[96];

/* Cuts the text into words at its line ends, ended by NULL. */
static size_t cut(char *text, char *words[ATTEMPT_WORDS_MAX])
{
    size_t count = 0;

    while (text && *text) {
        assert_true(count + 1 < ATTEMPT_WORDS_MAX);
        words[count++] = text;
        text += strcspn(text, "\n");
        if (*text)
            *text++ = 0;
    }
    words[count] = NULL;
    return count;
}

void attempt_read(struct attempt *attempt, const char *flags, const char *variables)
{
    /* They stay until the next attempt, as a process's own do until its end. */
    static char flag_text[8192], variable_text[8192];
    char *flag_words[ATTEMPT_WORDS_MAX], *variable_words[ATTEMPT_WORDS_MAX];

    (void)snprintf(flag_text, sizeof flag_text, "%s", flags ? flags : "");
    (void)snprintf(variable_text, sizeof variable_text, "%s", variables ? variables : "");
    size_t count = cut(flag_text, flag_words);
    (void)cut(variable_text, variable_words);
    builder_init(&attempt->fault, 65536);
    assert_true(config_init(&attempt->config));
    attempt->outcome = config_read(&attempt->config, (int)count, flag_words, variable_words, &attempt->fault);
    builder_add_byte(&attempt->fault, 0);
    assert_true(builder_ok(&attempt->fault));
    attempt->text = (const char *)attempt->fault.at;
}

void attempt_done(struct attempt *attempt)
{
    config_done(&attempt->config);
    builder_done(&attempt->fault);
}

const char *attempt_file(const char *content, size_t size)
{
    (void)snprintf(file_folder, sizeof file_folder, "/tmp/natter-config-XXXXXX");
    assert_non_null(mkdtemp(file_folder));
    (void)snprintf(file_path, sizeof file_path, "%s/natter.conf", file_folder);
    assert_int_equal(os_file_write_new(file_path, view_of(content, size)), RESULT_OK);
    return file_path;
}

void attempt_file_done(void)
{
    (void)unlink(file_path);
    (void)rmdir(file_folder);
}

int main(void)
{
    static const uint8_t secret[16] = "a secret of test";
    int failures = 0;

    table_seed(secret);
    failures += test_config_near();
    failures += test_config_table();
    failures += test_config_value();
    failures += test_config_file();
    failures += test_config_place();
    failures += test_config();
    failures += test_config_doc();
    failures += test_listening();
    failures += test_passed();
    failures += test_service();
    failures += test_parcel();
    return failures > 0;
}
