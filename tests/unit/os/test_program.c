/* SPDX-License-Identifier: Apache-2.0 */
/* This test program starts itself: where it finds a channel in its environment it is the second one, and does what it
 * is told there (program_is_second). */
#include "os/program.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "os/channel.h"
#include "os/clock.h"
#include "os/service.h"
#include "os_test.h"

#define VARIABLE "CHANNEL_OF_TEST_PROGRAM"

static struct channel_packet packet;

static uint64_t soon_ms(void)
{
    return os_clock_monotonic_ms() + PATIENCE_MS;
}

bool program_is_second(void)
{
    int channel = os_program_channel(VARIABLE);

    if (channel < 0)
        return false;
    while (os_channel_receive(channel, &packet, soon_ms()) == RESULT_OK) {
        if (packet.bytes[0] == 'q')
            os_program_leave(7);
        sigset_t blocked;
        (void)sigprocmask(SIG_BLOCK, NULL, &blocked);
        bool is_clean = !getenv(VARIABLE) && !sigismember(&blocked, SIGTERM) && os_program_channel(VARIABLE) < 0;
        if (os_channel_send(channel, is_clean ? VIEW("clean") : VIEW("dirty"), NULL, 0, soon_ms()) != RESULT_OK)
            os_program_leave(8);
    }
    os_program_leave(9);
}

static int start(struct os_program *program)
{
    int ends[2];

    assert_int_equal(os_channel_open(ends), RESULT_OK);
    assert_int_equal(os_program_start(VARIABLE, ends[1], program), RESULT_OK);
    os_channel_close(ends[1]);
    return ends[0];
}

static void a_second_one_speaks_over_its_channel(void **state)
{
    struct os_program program;
    int status = 0;
    sigset_t set, before;

    (void)state;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    assert_int_equal(sigprocmask(SIG_BLOCK, &set, &before), 0);
    int channel = start(&program);
    assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
    assert_true(program.pid > 0 && program.pid != os_process_id());
    assert_false(os_program_has_ended(&program, &status));
    assert_int_equal(os_channel_send(channel, VIEW("hello"), NULL, 0, soon_ms()), RESULT_OK);
    assert_int_equal(os_channel_receive(channel, &packet, soon_ms()), RESULT_OK);
    assert_true(view_equal(view_of(packet.bytes, packet.size), VIEW("clean")));
    assert_int_equal(os_channel_send(channel, VIEW("quit"), NULL, 0, soon_ms()), RESULT_OK);
    assert_int_equal(os_channel_receive(channel, &packet, soon_ms()), RESULT_CLOSED);
    for (uint64_t end_ms = soon_ms(); !os_program_has_ended(&program, &status);)
        assert_true(os_clock_monotonic_ms() < end_ms);
    assert_int_equal(status, 7);
    assert_false(os_program_has_ended(&program, &status)); /* it is told once */
    os_program_kill(&program);                             /* nobody is there, and nobody else is hit */
    os_channel_close(channel);
}

static void one_that_is_killed_is_gone_when_the_call_returns(void **state)
{
    struct os_program program;

    (void)state;
    int channel = start(&program);
    os_program_kill(&program);
    assert_int_equal(program.pid, 0);
    assert_int_equal(os_channel_receive(channel, &packet, soon_ms()), RESULT_CLOSED);
    os_channel_close(channel);
}

static void whom_nobody_started_so_has_no_channel(void **state)
{
    (void)state;
    assert_int_equal(os_program_channel(VARIABLE), -1);
    assert_int_equal(setenv(VARIABLE, "nonsense", 1), 0);
    assert_int_equal(os_program_channel(VARIABLE), -1);
    assert_int_equal(setenv(VARIABLE, "1000000", 1), 0);
    assert_int_equal(os_program_channel(VARIABLE), -1);
    (void)unsetenv(VARIABLE);
    assert_int_equal(os_program_is_first(), getpid() == 1);
}

int test_program(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_second_one_speaks_over_its_channel),
        cmocka_unit_test(one_that_is_killed_is_gone_when_the_call_returns),
        cmocka_unit_test(whom_nobody_started_so_has_no_channel),
    };

    return cmocka_run_group_tests_name("program", tests, NULL, NULL);
}
