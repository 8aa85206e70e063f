/* SPDX-License-Identifier: Apache-2.0 */
#include "load/process.h"

#include "load_test.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void cpu_time_is_read_whatever_the_name_is(void **state)
{
    uint64_t ns = 0;
    (void)state;
    assert_true(process_read_cpu(VIEW("42 (a) b 1 2) S 1 42 42 0 -1 4194304 99 0 0 0 150 25 0 0 20 0 3\n"), &ns));
    assert_int_equal(ns, 175 * 10000000ULL);
    assert_false(process_read_cpu(VIEW("42 (a) S 1 42"), &ns));
    assert_false(process_read_cpu(VIEW("nothing"), &ns));
    assert_false(process_read_cpu(VIEW(""), &ns));
}

static void memory_is_read_from_either_file(void **state)
{
    uint64_t bytes = 0;
    (void)state;
    assert_true(
        process_read_resident(VIEW("5555-7ffc ---p 00 00:00 0 [rollup]\nRss:  9 kB\nAnonymous:    2040 kB\n"), &bytes));
    assert_int_equal(bytes, 2040 * 1024);
    assert_true(process_read_resident(VIEW("Name:\tx\nVmRSS:\t 9 kB\nRssAnon:\t   7 kB\n"), &bytes));
    assert_int_equal(bytes, 7 * 1024);
    assert_false(process_read_resident(VIEW("Name:\tx\n"), &bytes));
    assert_false(process_read_resident(VIEW("Anonymous:"), &bytes));
}

static void the_kernels_share_is_read(void **state)
{
    uint64_t bytes = 0;
    (void)state;
    assert_true(
        process_read_kernel(VIEW("sockets: used 9\nTCP: inuse 5 orphan 0 tw 0 alloc 8 mem 3\nUDP: mem 4\n"), &bytes));
    assert_int_equal(bytes, 3 * 4096);
    assert_false(process_read_kernel(VIEW("sockets: used 9\nTCP: inuse 5\nUDP: inuse 2 mem 4\n"), &bytes));
    assert_false(process_read_kernel(VIEW(""), &bytes));
}

static void process_1_is_there_and_one_of_that_number_is_not(void **state)
{
    struct process_sample sample;
    (void)state;
    assert_true(process_sample(1, &sample));
    assert_false(process_sample(4194304, &sample));
}

int test_process(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cpu_time_is_read_whatever_the_name_is),
        cmocka_unit_test(memory_is_read_from_either_file),
        cmocka_unit_test(the_kernels_share_is_read),
        cmocka_unit_test(process_1_is_there_and_one_of_that_number_is_not),
    };
    return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
