/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/service.h"

#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/diag.h"
#include "os/clock.h"
#include "os/service.h"
#include "serve_test.h"

/* The service manager's end, under a name of its own. */
static int ear = -1;
static char name[64];
static int lines_told;

static void count_line(void *context, const char *line)
{
    (void)context;
    assert_has(line, "service.unheard");
    lines_told++;
}

static int begin(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    (void)state;
    (void)snprintf(name, sizeof name, "@natter-service-%d", os_process_id());
    memcpy(address.sun_path + 1, name + 1, strlen(name + 1));
    ear = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(ear, (struct sockaddr *)&address, (socklen_t)(sizeof address.sun_family + strlen(name))), 0);
    (void)setenv("NOTIFY_SOCKET", name, 1);
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    lines_told = 0;
    diag_set_sink(count_line, NULL);
    return 0;
}

static int end(void **state)
{
    (void)state;
    (void)close(ear);
    (void)unsetenv("NOTIFY_SOCKET");
    (void)unsetenv("WATCHDOG_USEC");
    (void)unsetenv("WATCHDOG_PID");
    diag_set_sink(NULL, NULL);
    return 0;
}

/* The next thing that was told, or "". */
static const char *heard(void)
{
    static char text[1024];
    ssize_t size = recv(ear, text, sizeof text - 1, 0);

    text[size > 0 ? size : 0] = 0;
    return text;
}

static void a_life_is_told_in_order(void **state)
{
    struct service service;

    (void)state;
    service_init(&service);
    service_ready(&service, "Serving: 0 connections");
    assert_string_equal(heard(), "READY=1\nSTATUS=Serving: 0 connections");
    service_status(&service, "Serving: 0 connections");
    assert_string_equal(heard(), "");
    service_status(&service, "Serving: 1 connections\nMAINPID=1");
    assert_string_equal(heard(), "STATUS=Serving: 1 connections");
    uint64_t before_us = os_clock_monotonic_ns() / 1000;
    service_reloading(&service);
    const char *text = heard();
    assert_has(text, "RELOADING=1\nMONOTONIC_USEC=");
    uint64_t at_us = strtoull(strstr(text, "_USEC=") + 6, NULL, 10);
    assert_true(at_us >= before_us && at_us <= os_clock_monotonic_ns() / 1000);
    service_ready(&service, "Serving: 1 connections");
    assert_has(heard(), "READY=1\n");
    service_stopping(&service);
    assert_has(heard(), "STOPPING=1\n");
    assert_has(heard(), "EXTEND_TIMEOUT_USEC=");
    assert_string_equal(heard(), "");
}

static void who_takes_over_is_the_main_process(void **state)
{
    char main_pid[64];
    struct service old, new;

    (void)state;
    (void)setenv("WATCHDOG_USEC", "2000000", 1);
    (void)setenv("WATCHDOG_PID", "1", 1);
    service_init(&old);
    old.watchdog_ms = 2000; /* as if it were process 1, whose environment the new one has */
    service_replacing(&old);
    assert_has(heard(), "RELOADING=1\nMONOTONIC_USEC=");
    service_replaced(&old, 4712);
    assert_string_equal(heard(), "MAINPID=4712\nREADY=1\nSTATUS=Serving");
    service_status(&old, "Serving: 3 connections");
    service_stopping(&old);
    service_alive(&old);
    assert_string_equal(heard(), "");

    service_init(&new);
    assert_int_equal(new.watchdog_ms, 0);
    service_inherit(&new, 2000);
    service_alive(&new);
    assert_string_equal(heard(), "WATCHDOG=1");
    service_ready(&new, "Serving: 3 connections");
    (void)snprintf(main_pid, sizeof main_pid, "MAINPID=%d\nREADY=1\n", os_process_id());
    assert_has(heard(), main_pid);
    service_ready(&new, "Serving: 3 connections"); /* after a reload */
    assert_string_equal(heard(), "READY=1\nSTATUS=Serving: 3 connections");
}

static void more_time_is_asked_for_once_a_second(void **state)
{
    struct service service;

    (void)state;
    service_init(&service);
    for (int i = 0; i < 1000; i++)
        service_busy(&service);
    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=15000000");
    assert_string_equal(heard(), "");
    service.extended_ms -= 1000; /* a second later */
    service_busy(&service);
    assert_string_equal(heard(), "EXTEND_TIMEOUT_USEC=15000000");
}

static void life_is_told_four_times_in_a_watchdogs_period(void **state)
{
    struct service service;

    (void)state;
    (void)setenv("WATCHDOG_USEC", "30000000", 1);
    service_init(&service);
    assert_int_equal(service_alive_interval_ms(&service), 7500);
    assert_int_equal(service_patience_ms(&service), 15000);
    service_alive(&service);
    service_alive(&service);
    assert_string_equal(heard(), "WATCHDOG=1");
    assert_string_equal(heard(), "");
    service.told_ms -= 7500;
    service_alive(&service);
    assert_string_equal(heard(), "WATCHDOG=1");
}

static uint64_t watchdog_of(const char *period, const char *pid)
{
    struct service service;

    (void)setenv("WATCHDOG_USEC", period, 1);
    if (pid)
        (void)setenv("WATCHDOG_PID", pid, 1);
    else
        (void)unsetenv("WATCHDOG_PID");
    service_init(&service);
    return service.watchdog_ms;
}

static void a_watchdog_that_is_not_ours_is_left_alone(void **state)
{
    char mine[16], other[16];
    struct service service;

    (void)state;
    (void)snprintf(mine, sizeof mine, "%d", os_process_id());
    (void)snprintf(other, sizeof other, "%d", os_process_id() + 1);
    assert_int_equal(watchdog_of("2000000", mine), 2000);
    assert_int_equal(watchdog_of("2000000", NULL), 2000);
    assert_int_equal(watchdog_of("2000000", other), 0);
    assert_int_equal(watchdog_of("2000000", "nobody"), 0);
    assert_int_equal(watchdog_of("soon", mine), 0);
    assert_int_equal(watchdog_of("", mine), 0);
    (void)unsetenv("NOTIFY_SOCKET"); /* there is nobody to tell */
    assert_int_equal(watchdog_of("2000000", mine), 0);
    service_init(&service);
    assert_int_equal(service_alive_interval_ms(&service), UINT64_MAX);
    service_ready(&service, "Serving");
    service_alive(&service);
    service_busy(&service);
    assert_string_equal(heard(), "");
    assert_int_equal(lines_told, 0);
}

static void a_manager_that_does_not_hear_is_told_of_once(void **state)
{
    struct service service;

    (void)state;
    (void)setenv("NOTIFY_SOCKET", "relative/path", 1);
    service_init(&service);
    service_ready(&service, "Serving");
    service_stopping(&service);
    assert_int_equal(lines_told, 1);
}

int test_service(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_life_is_told_in_order, begin, end),
        cmocka_unit_test_setup_teardown(who_takes_over_is_the_main_process, begin, end),
        cmocka_unit_test_setup_teardown(more_time_is_asked_for_once_a_second, begin, end),
        cmocka_unit_test_setup_teardown(life_is_told_four_times_in_a_watchdogs_period, begin, end),
        cmocka_unit_test_setup_teardown(a_watchdog_that_is_not_ours_is_left_alone, begin, end),
        cmocka_unit_test_setup_teardown(a_manager_that_does_not_hear_is_told_of_once, begin, end),
    };

    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
