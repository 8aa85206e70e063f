/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor load/. */
#include "load_test.h"
#include "os/random.h"

int main(void)
{
    int failures = 0;
    os_random_init();
    failures += test_marker();
    failures += test_scan() + test_storm();
    failures += test_options();
    failures += test_client_frame();
    failures += test_client_handshake();
    failures += test_ledger();
    failures += test_publisher();
    failures += test_recall();
    failures += test_process();
    failures += test_progress();
    failures += test_report();
    failures += test_delivery();
    failures += test_client();
    failures += test_worker();
    failures += test_storm();
    failures += test_load();
    return failures > 0;
}
