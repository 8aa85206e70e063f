/* SPDX-License-Identifier: Apache-2.0 */
#include "chat/token.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/diag.h"
#include "chat_test.h"

enum { DAY_MS = 24 * 60 * 60 * 1000 };

static const struct token_key key = {{1, 2, 3}};
static const struct token_claims claims = {
    .user = {0xff, 0, 7}, .joined_ms = 1700000000001, .issued_ms = 1700000000002};

static enum token_verdict read_token(const struct token_key *with, struct view text, int64_t now_ms,
                                     struct token_claims *out)
{
    struct view copy = exact_copy(text);
    enum token_verdict verdict = token_read(with, copy, now_ms, DAY_MS, out);

    free_copy(copy);
    return verdict;
}

static void a_token_comes_back_as_it_was_signed(void **state)
{
    struct token_claims back = {0};
    char text[TOKEN_TEXT_MAX];

    (void)state;
    token_sign(&key, &claims, text);
    assert_int_equal(strlen(text), 66);
    assert_int_equal(strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"), 66);
    assert_int_equal(read_token(&key, view_of_string(text), claims.issued_ms, &back), TOKEN_RIGHT);
    assert_memory_equal(back.user, claims.user, sizeof back.user);
    assert_int_equal(back.joined_ms, claims.joined_ms);
    assert_int_equal(back.issued_ms, claims.issued_ms);
}

static void times_of_every_kind_come_back(void **state)
{
    static const int64_t times[] = {0, 1, -1, 255, 256, INT64_MAX, -123456789};
    struct token_claims back;
    char text[TOKEN_TEXT_MAX];

    (void)state;
    for (size_t i = 0; i < COUNT(times); i++) {
        token_sign(&key, &(struct token_claims){.joined_ms = times[i], .issued_ms = 5}, text);
        assert_int_equal(read_token(&key, view_of_string(text), 5, &back), TOKEN_RIGHT);
        assert_true(back.joined_ms == times[i]);
    }
}

static void any_changed_character_makes_a_token_wrong(void **state)
{
    struct token_claims back, untouched;
    char text[TOKEN_TEXT_MAX];

    (void)state;
    memset(&back, 0x5a, sizeof back);
    untouched = back;
    token_sign(&key, &claims, text);
    for (size_t i = 0; i < 66; i++) {
        char was = text[i];
        for (int other = 0; other <= UINT8_MAX; other++) {
            if ((char)other == was)
                continue;
            text[i] = (char)other;
            assert_int_equal(read_token(&key, view_of(text, 66), claims.issued_ms, &back), TOKEN_WRONG);
        }
        text[i] = was;
    }
    assert_memory_equal(&back, &untouched, sizeof back);
}

static void a_token_of_another_length_is_wrong(void **state)
{
    struct token_claims back;
    char text[2 * TOKEN_TEXT_MAX];

    (void)state;
    token_sign(&key, &claims, text);
    for (size_t size = 0; size < 66; size++)
        assert_int_equal(read_token(&key, view_of(text, size), claims.issued_ms, &back), TOKEN_WRONG);
    assert_int_equal(read_token(&key, (struct view){NULL, 0}, claims.issued_ms, &back), TOKEN_WRONG);
    for (size_t size = 67; size < sizeof text; size++) {
        memset(text + 66, 'A', size - 66);
        assert_int_equal(read_token(&key, view_of(text, size), claims.issued_ms, &back), TOKEN_WRONG);
    }
    memset(text + 66, '=', 2);
    assert_int_equal(read_token(&key, view_of(text, 68), claims.issued_ms, &back), TOKEN_WRONG);
}

static void a_token_of_another_server_is_wrong(void **state)
{
    struct token_key other = key;
    struct token_claims back;
    char text[TOKEN_TEXT_MAX];

    (void)state;
    other.bytes[31] ^= 1;
    token_sign(&other, &claims, text);
    assert_int_equal(read_token(&key, view_of_string(text), claims.issued_ms, &back), TOKEN_WRONG);
    assert_int_equal(read_token(&other, view_of_string(text), claims.issued_ms, &back), TOKEN_RIGHT);
}

static void a_token_is_outdated_after_its_time_and_not_before(void **state)
{
    struct token_claims back, untouched;
    char text[TOKEN_TEXT_MAX];

    (void)state;
    token_sign(&key, &claims, text);
    assert_int_equal(read_token(&key, view_of_string(text), claims.issued_ms + DAY_MS, &back), TOKEN_RIGHT);
    memset(&back, 0x5a, sizeof back);
    untouched = back;
    assert_int_equal(read_token(&key, view_of_string(text), claims.issued_ms + DAY_MS + 1, &back), TOKEN_OUTDATED);
    assert_memory_equal(&back, &untouched, sizeof back);
    assert_int_equal(read_token(&key, view_of_string(text), claims.issued_ms - DAY_MS, &back),
                     TOKEN_RIGHT); /* our clock went back */
}

static void a_users_id_is_26_characters_and_its_own(void **state)
{
    static const struct {
        uint8_t user[16];
        const char *text;
    } cases[] = {
        {{0}, "aaaaaaaaaaaaaaaaaaaaaaaaaa"},
        {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
         "77777777777777777777777774"},
        {"fooba\0\0\0\0\0\0\0\0\0\0", "mzxw6ytbaaaaaaaaaaaaaaaaaa"}, /* RFC 4648 section 10 */
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, "aaaaaaaaaaaaaaaaaaaaaaaaae"},
    };
    char text[TOKEN_USER_TEXT_BYTES];

    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        memset(text, 'x', sizeof text);
        token_user_text(cases[i].user, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* The folder of a test, and what diag() said in it. */
static char folder[64], path[96], lines[8192];
static size_t line_count;

static void keep_line(void *context, const char *line)
{
    (void)context;
    line_count++;
    (void)snprintf(lines, sizeof lines, "%s", line);
}

static int folder_begin(void **state)
{
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/natter-test-XXXXXX");
    if (!mkdtemp(folder))
        return -1;
    (void)snprintf(path, sizeof path, "%s/secret", folder);
    line_count = 0;
    lines[0] = 0;
    diag_set_sink(keep_line, NULL);
    return 0;
}

static int folder_end(void **state)
{
    (void)state;
    diag_set_sink(NULL, NULL);
    (void)chmod(folder, 0700);
    (void)unlink(path);
    (void)rmdir(path);
    return rmdir(folder);
}

static void write_secret(size_t size, mode_t mode)
{
    FILE *file = fopen(path, "w");

    assert_non_null(file);
    for (size_t i = 0; i < size; i++)
        (void)fputc((int)i, file);
    assert_int_equal(fclose(file), 0);
    assert_int_equal(chmod(path, mode), 0);
}

static void the_first_start_makes_a_key_and_the_next_finds_it(void **state)
{
    struct token_key first = {{0}}, second = {{0}}, none = {{0}};
    struct stat status;

    (void)state;
    assert_int_equal(token_key_load(folder, &first), RESULT_OK);
    assert_non_null(strstr(lines, "secret.made"));
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(status.st_size, 32);
    assert_memory_not_equal(&first, &none, sizeof first);
    assert_int_equal(token_key_load(folder, &second), RESULT_OK);
    assert_memory_equal(&first, &second, sizeof first);
    assert_int_equal(line_count, 1);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(token_key_load(folder, &second), RESULT_OK);
    assert_memory_not_equal(&first, &second, sizeof first);
}

/* Refused with one line that says what to do, and the caller's key is not touched. */
static void expect_refusal(enum result expected, const char *advice)
{
    struct token_key read_key = key;

    line_count = 0;
    assert_int_equal(token_key_load(folder, &read_key), expected);
    assert_memory_equal(&read_key, &key, sizeof key);
    assert_int_equal(line_count, 1);
    if (!strstr(lines, advice))
        fail_msg("%s", lines);
}

static void a_key_that_others_can_read_is_refused(void **state)
{
    static const mode_t modes[] = {0640, 0604, 0644, 0666, 0620, 0602};

    (void)state;
    for (size_t i = 0; i < COUNT(modes); i++) {
        write_secret(32, modes[i]);
        expect_refusal(RESULT_REFUSED, "chmod 600");
    }
}

static void a_key_of_another_size_is_refused(void **state)
{
    static const size_t sizes[] = {0, 1, 31, 33, 64, 5000};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        write_secret(sizes[i], 0600);
        expect_refusal(RESULT_INVALID, "backup");
    }
}

static void a_folder_in_the_keys_place_is_refused(void **state)
{
    struct token_key read_key;

    (void)state;
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_not_equal(token_key_load(folder, &read_key), RESULT_OK);
    assert_int_equal(line_count, 1);
}

static void a_folder_that_is_not_there_is_told(void **state)
{
    struct token_key read_key;
    char name[8000];

    (void)state;
    (void)snprintf(name, sizeof name, "%s/nowhere", folder);
    assert_int_not_equal(token_key_load(name, &read_key), RESULT_OK);
    assert_int_equal(line_count, 1);
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = 0;
    assert_int_equal(token_key_load(name, &read_key), RESULT_FAILED);
    assert_int_equal(line_count, 2);
}

static void a_users_id_is_read_back_and_nothing_else_is(void **state)
{
    uint64_t random = seed_of("a_users_id_is_read_back_and_nothing_else_is");
    char text[TOKEN_USER_TEXT_BYTES];
    uint8_t user[16], found[16];

    (void)state;
    for (int round = 0; round < 2000; round++) {
        for (int i = 0; i < 16; i++)
            user[i] = (uint8_t)next_random(&random);
        token_user_text(user, text);
        assert_true(token_user_read(view_of(text, 26), found));
        assert_memory_equal(found, user, sizeof user);
        assert_false(token_user_read(view_of(text, 25), found));
        text[next_random(&random) % 26] = "A19!\xff@"[next_random(&random) % 6];
        assert_false(token_user_read(view_of(text, 26), found));
    }
    assert_false(token_user_read(VIEW("aaaaaaaaaaaaaaaaaaaaaaaaab"), found)); /* bits beyond the 128th */
}

int test_token(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_comes_back_as_it_was_signed),
        cmocka_unit_test(times_of_every_kind_come_back),
        cmocka_unit_test(any_changed_character_makes_a_token_wrong),
        cmocka_unit_test(a_token_of_another_length_is_wrong),
        cmocka_unit_test(a_token_of_another_server_is_wrong),
        cmocka_unit_test(a_token_is_outdated_after_its_time_and_not_before),
        cmocka_unit_test(a_users_id_is_26_characters_and_its_own),
        cmocka_unit_test_setup_teardown(the_first_start_makes_a_key_and_the_next_finds_it, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_key_that_others_can_read_is_refused, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_key_of_another_size_is_refused, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_folder_in_the_keys_place_is_refused, folder_begin, folder_end),
        cmocka_unit_test_setup_teardown(a_folder_that_is_not_there_is_told, folder_begin, folder_end),
        cmocka_unit_test(a_users_id_is_read_back_and_nothing_else_is),
    };

    return cmocka_run_group_tests_name("token", tests, NULL, NULL);
}
