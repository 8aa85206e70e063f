/* SPDX-License-Identifier: Apache-2.0 */
#include "base/check.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base_test.h"

static void a_check_that_holds_does_nothing(void **state)
{
    (void)state;
    int evaluated = 0;
    check(++evaluated == 1);
    assert_int_equal(evaluated, 1);
}

/* In a child process, whose stderr is a pipe to us. */
static void a_check_that_fails_names_its_place_and_aborts(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        (void)signal(SIGABRT, SIG_DFL);
        (void)dup2(ends[1], STDERR_FILENO);
        check(1 + 1 == 3);
        _exit(0);
    }
    (void)close(ends[1]);
    char text[1024];
    size_t size = 0;
    for (ssize_t got = 1; got > 0; size += (size_t)got) {
        got = read(ends[0], text + size, sizeof(text) - 1 - size);
        assert_true(got >= 0);
    }
    text[size] = '\0';
    (void)close(ends[0]);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGABRT);
    assert_non_null(strstr(text, "test_check.c:"));
    assert_non_null(strstr(text, "1 + 1 == 3"));
}

int test_check(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_check_that_holds_does_nothing),
        cmocka_unit_test(a_check_that_fails_names_its_place_and_aborts),
    };
    return cmocka_run_group_tests_name("check", tests, NULL, NULL);
}
