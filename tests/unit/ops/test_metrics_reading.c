/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/metrics_reading.h"

#include "ops_test.h"

static void every_metric_can_be_read(void **state)
{
    (void)state;
    assert_non_null(strstr(metrics_worry("store_healthy"), "At once"));
    assert_non_null(strstr(metrics_worry("commands"), "Never by itself"));
    assert_string_equal(metrics_unit("commit_seconds"), "s");
    assert_string_equal(metrics_unit("bytes_sent"), "bytes");
    assert_string_equal(metrics_unit("wal_bytes"), "bytes");
    assert_string_equal(metrics_unit("rooms"), "");
}

int test_metrics_reading(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_metric_can_be_read)};

    return cmocka_run_group_tests_name("ops/metrics_reading", tests, NULL, NULL);
}
