/* SPDX-License-Identifier: Apache-2.0 */
#include "os/service.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os_test.h"

enum { PASSED_AT = 3, PLACES_MAX = 24 };

static char folder[] = "/tmp/natter-service-XXXXXX";

static int set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    return rmdir(folder);
}

/* A socket at `address` ("/path" or "@name"). */
static int bound_socket(int type, const char *address)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int descriptor = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

    memcpy(name.sun_path, address, strlen(address));
    if (address[0] == '@')
        name.sun_path[0] = '\0';
    assert_int_equal(bind(descriptor, (struct sockaddr *)&name,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(address))),
                     0);
    return descriptor;
}

/* ---- passed descriptors: in a child, whose descriptors from 3 on are what the case says ---- */

struct hand {
    int descriptors[PLACES_MAX];
    int count;
    const char *names, *count_text; /* LISTEN_FDNAMES and LISTEN_FDS; NULL: not set */
    bool is_for_another;
};

static void set_variables(const struct hand *hand)
{
    char pid[16];

    (void)snprintf(pid, sizeof pid, "%d", os_process_id() + (hand->is_for_another ? 1 : 0));
    (void)setenv("LISTEN_PID", pid, 1);
    (void)setenv("LISTEN_FDS", hand->count_text, 1);
    if (hand->names)
        (void)setenv("LISTEN_FDNAMES", hand->names, 1);
    else
        (void)unsetenv("LISTEN_FDNAMES");
}

/* Runs `look` in a child that was passed these descriptors; it leaves with the number of what is wrong, 0: nothing. */
static void in_a_child(const struct hand *hand, int (*look)(enum result result, struct os_passed *passed, size_t count))
{
    static struct os_passed passed[OS_PASSED_MAX];
    size_t count = 0;
    int status;

    (void)fflush(stdout);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int high[PLACES_MAX];
        for (int i = 0; i < hand->count; i++)
            high[i] = fcntl(hand->descriptors[i], F_DUPFD, 100);
        for (int i = 0; i < hand->count; i++)
            (void)(dup2(high[i], PASSED_AT + i) < 0 && close(PASSED_AT + i)); /* passed closed, in one case */
        set_variables(hand);
        enum result result = os_passed_take(passed, &count);
        _exit(look(result, passed, count));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static int look_at_all_kinds(enum result result, struct os_passed *passed, size_t count)
{
    static const enum os_passed_kind kinds[] = {OS_PASSED_TCP,           OS_PASSED_UNIX,  OS_PASSED_UNIX,
                                                OS_PASSED_NOT_LISTENING, OS_PASSED_OTHER, OS_PASSED_OTHER};

    if (result != RESULT_OK || count != COUNT(kinds))
        return 1;
    for (size_t i = 0; i < count; i++) {
        if (passed[i].kind != kinds[i] || passed[i].descriptor != PASSED_AT + (int)i)
            return 10 + (int)i;
        if ((fcntl(passed[i].descriptor, F_GETFD) & FD_CLOEXEC) == 0
            || (fcntl(passed[i].descriptor, F_GETFL) & O_NONBLOCK) == 0)
            return 20 + (int)i;
    }
    if (!os_address_is_loopback(&passed[0].address) || passed[0].address.port == 0)
        return 2;
    if (strncmp(passed[1].path, folder, strlen(folder)) != 0 || passed[2].path[0] != '@')
        return 3;
    if (strcmp(passed[0].name, "web") != 0 || strcmp(passed[1].name, "unknown") != 0
        || strcmp(passed[2].name, "hidden") != 0 || strcmp(passed[5].name, "unknown") != 0)
        return 4;
    return getenv("LISTEN_FDS") != NULL || getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDNAMES") != NULL ? 5 : 0;
}

static void passed_descriptors_are_told_apart(void **state)
{
    struct os_address bound;
    char path[64], name[64];
    int tcp, pipes[2];

    (void)state;
    listen_on_loopback(&tcp, &bound);
    (void)snprintf(path, sizeof path, "%s/listening", folder);
    (void)snprintf(name, sizeof name, "@%s", folder);
    int local = bound_socket(SOCK_STREAM, path), abstract = bound_socket(SOCK_STREAM, name);
    assert_int_equal(listen(local, 1) + listen(abstract, 1), 0);
    int deaf = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0),
        datagrams = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(pipe(pipes), 0);
    in_a_child(&(struct hand){.descriptors = {tcp, local, abstract, deaf, datagrams, pipes[0]},
                              .count = 6,
                              .names = "web::hidden:deaf:datagrams",
                              .count_text = "6"},
               look_at_all_kinds);
    (void)unlink(path);
    const int all[] = {tcp, local, abstract, deaf, datagrams, pipes[0], pipes[1]};
    for (size_t i = 0; i < COUNT(all); i++)
        os_socket_close(all[i]);
}

static int look_for_none(enum result result, struct os_passed *passed, size_t count)
{
    (void)passed;
    return result != RESULT_OK || count != 0;
}

static int look_for_nonsense(enum result result, struct os_passed *passed, size_t count)
{
    (void)passed;
    return result != RESULT_INVALID || count != 0;
}

static int look_for_too_many(enum result result, struct os_passed *passed, size_t count)
{
    (void)passed;
    return result != RESULT_FULL || count != 0;
}

static int look_for_a_hole(enum result result, struct os_passed *passed, size_t count)
{
    return result != RESULT_OK || count != 1 || passed[0].kind != OS_PASSED_OTHER;
}

static void what_was_not_passed_to_us_is_not_taken(void **state)
{
    (void)state;
    in_a_child(&(struct hand){.count_text = "1", .is_for_another = true}, look_for_none);
    in_a_child(&(struct hand){.count_text = "0"}, look_for_none);
    in_a_child(&(struct hand){.count_text = "many"}, look_for_nonsense);
    in_a_child(&(struct hand){.count_text = "-1"}, look_for_nonsense);
    in_a_child(&(struct hand){.count_text = "17"}, look_for_too_many);
    int closed = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(closed >= 0);
    (void)close(closed);
    in_a_child(&(struct hand){.descriptors = {closed}, .count = 1, .count_text = "1"}, look_for_a_hole);
}

/* ---- telling ---- */

static void assert_heard(const char *address)
{
    char bytes[64];
    int ear = bound_socket(SOCK_DGRAM, address);

    assert_int_equal(os_notify(address, VIEW("READY=1\nSTATUS=serving")), RESULT_OK);
    ssize_t size = recv(ear, bytes, sizeof bytes, MSG_DONTWAIT);
    assert_int_equal(size, 22);
    assert_memory_equal(bytes, "READY=1\nSTATUS=serving", 22);
    os_socket_close(ear);
}

static void a_path_and_an_abstract_name_are_heard(void **state)
{
    char path[64], name[64];

    (void)state;
    (void)snprintf(path, sizeof path, "%s/notify", folder);
    (void)snprintf(name, sizeof name, "@%s/notify", folder);
    assert_heard(path);
    assert_int_equal(os_notify(path, VIEW("READY=1")), RESULT_FAILED); /* nobody is there any longer */
    (void)unlink(path);
    assert_heard(name);
    assert_int_equal(os_notify(path, VIEW("READY=1")), RESULT_FAILED);
}

static void an_address_of_another_kind_is_refused(void **state)
{
    static const char *const wrong[] = {"",
                                        "/",
                                        "@",
                                        "relative",
                                        "vsock:2:1234",
                                        "/a/path/that/is/far/too/long/for/a/unix/socket/because/it/has/more/than/one/"
                                        "hundred/and/eight/bytes/of/path/as/this/one/has"};

    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        assert_int_equal(os_notify(wrong[i], VIEW("READY=1")), RESULT_INVALID);
}

static void the_journal_is_known_by_device_and_inode(void **state)
{
    struct stat status;
    char text[64];
    int pipes[2];

    (void)state;
    assert_int_equal(pipe(pipes), 0);
    (void)unsetenv("JOURNAL_STREAM");
    assert_false(os_is_journal(pipes[1]));
    assert_int_equal(fstat(pipes[1], &status), 0);
    (void)snprintf(text, sizeof text, "%llu:%llu", (unsigned long long)status.st_dev,
                   (unsigned long long)status.st_ino);
    (void)setenv("JOURNAL_STREAM", text, 1);
    assert_true(os_is_journal(pipes[1]));
    assert_false(os_is_journal(open("/dev/null", O_WRONLY | O_CLOEXEC)));
    (void)unsetenv("JOURNAL_STREAM");
    os_socket_close(pipes[0]);
    os_socket_close(pipes[1]);
}

int test_service(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passed_descriptors_are_told_apart),
        cmocka_unit_test(what_was_not_passed_to_us_is_not_taken),
        cmocka_unit_test(a_path_and_an_abstract_name_are_heard),
        cmocka_unit_test(an_address_of_another_kind_is_refused),
        cmocka_unit_test(the_journal_is_known_by_device_and_inode),
    };

    return cmocka_run_group_tests_name("service", tests, set_up, tear_down);
}
