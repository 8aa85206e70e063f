/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor base/. */
#include "base_test.h"

int main(void)
{
    int failures = 0;
    failures += test_check();
    failures += test_result();
    failures += test_view();
    failures += test_builder();
    failures += test_base64();
    failures += test_list();
    failures += test_counter();
    failures += test_snapshot();
    failures += test_table();
    failures += test_wheel();
    failures += test_due();
    failures += test_histogram();
    failures += test_turns();
    failures += test_pool();
    failures += test_pack();
    failures += test_utc();
    failures += test_diag();
    return failures > 0;
}
