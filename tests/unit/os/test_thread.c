/* SPDX-License-Identifier: Apache-2.0 */
#include "os/thread.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock.h"
#include "os_test.h"

struct seen {
    char name[32];
    bool blocks_signals;
};

static void look_around(void *context)
{
    struct seen *seen = context;
    sigset_t blocked;
    (void)pthread_getname_np(pthread_self(), seen->name, sizeof(seen->name));
    (void)pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    seen->blocks_signals = sigismember(&blocked, SIGTERM) == 1 && sigismember(&blocked, SIGUSR2) == 1;
}

static void a_thread_has_a_name_and_gets_no_signals(void **state)
{
    (void)state;
    struct os_thread thread;
    struct seen seen = {.blocks_signals = false};
    sigset_t before;
    sigset_t after;
    (void)pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(os_thread_start(&thread, "a name of more than 15 bytes", look_around, &seen), RESULT_OK);
    assert_true(thread.is_running);
    os_thread_join(&thread);
    assert_false(thread.is_running);
    os_thread_join(&thread);
    assert_string_equal(seen.name, "a name of more ");
    assert_true(seen.blocks_signals);
    (void)pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&after, SIGTERM), sigismember(&before, SIGTERM));
}

static void a_thread_never_started_is_joined_at_once(void **state)
{
    (void)state;
    struct os_thread thread = {.is_running = false};
    os_thread_join(&thread);
    os_thread_yield();
}

static void the_machine_has_a_processor_and_we_use_some_of_it(void **state)
{
    (void)state;
    assert_true(os_cpu_count() >= 1);
    assert_true(os_memory_resident_bytes() > 100000);
    uint64_t before = os_process_cpu_ms();
    uint64_t deadline_ms = os_clock_monotonic_ms() + PATIENCE_MS;
    while (os_process_cpu_ms() <= before)
        assert_true(os_clock_monotonic_ms() < deadline_ms);
}

static void descriptors_are_counted(void **state)
{
    (void)state;
    size_t before = os_descriptor_count();
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(descriptor >= 0);
    assert_int_equal(os_descriptor_count(), before + 1);
    (void)close(descriptor);
    assert_int_equal(os_descriptor_count(), before);
}

static void connections_are_counted_and_listeners_are_not(void **state)
{
    (void)state;
    size_t before = os_connection_count(NULL, 0);
    struct os_address bound;
    int listener;
    listen_on_loopback(&listener, &bound);
    assert_int_equal(os_connection_count(NULL, 0), before);
    struct test_pair pair = connect_pair();
    assert_int_equal(os_connection_count(NULL, 0), before + 2);
    assert_int_equal(os_connection_count(&pair.peer.port, 1), 1); /* the one end of the two that has this port */
    uint16_t other = 1;
    assert_int_equal(os_connection_count(&other, 1), 0);
    os_socket_close(pair.client);
    assert_int_equal(os_connection_count(NULL, 0), before + 1);
    os_socket_close(pair.server);
    os_socket_close(listener);
    assert_int_equal(os_connection_count(NULL, 0), before);
}

static void the_limit_of_descriptors_rises_to_the_hard_one(void **state)
{
    (void)state;
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit lowered = {.rlim_cur = limit.rlim_max / 2, .rlim_max = limit.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    assert_int_equal(os_descriptor_limit_raise(), limit.rlim_max);
    assert_int_equal(os_descriptor_limit_raise(), limit.rlim_max);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

/* In a child process, as it changes how signals reach the whole program. Its answer is a bit for each thing that held.
 */
static void signals_wait_to_be_asked_for(void **state)
{
    (void)state;
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        int held = 0;
        os_signals_init();
        held |= os_signal_wait(0) == 0 ? 1 : 0;
        (void)kill(getpid(), SIGTERM);
        held |= os_signal_wait(-1) == SIGTERM ? 2 : 0;
        (void)kill(getpid(), SIGUSR1);
        held |= os_signal_wait(PATIENCE_MS) == SIGUSR1 ? 4 : 0;
        (void)kill(getpid(), SIGPIPE);
        held |= os_signal_wait(1) == 0 ? 8 : 0;
        _exit(held);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 15);
}

static void a_file_is_no_terminal(void **state)
{
    (void)state;
    int descriptor = open("/dev/null", O_RDONLY | O_CLOEXEC);
    assert_true(descriptor >= 0);
    assert_false(os_is_terminal(descriptor));
    (void)close(descriptor);
    assert_false(os_is_terminal(descriptor));
}

int test_thread(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thread_has_a_name_and_gets_no_signals),
        cmocka_unit_test(a_thread_never_started_is_joined_at_once),
        cmocka_unit_test(the_machine_has_a_processor_and_we_use_some_of_it),
        cmocka_unit_test(descriptors_are_counted),
        cmocka_unit_test(connections_are_counted_and_listeners_are_not),
        cmocka_unit_test(the_limit_of_descriptors_rises_to_the_hard_one),
        cmocka_unit_test(signals_wait_to_be_asked_for),
        cmocka_unit_test(a_file_is_no_terminal),
    };
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
