/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor os/. */
#include "os_test.h"

#include "os/random.h"

int main(void)
{
    int failures = 0;

    if (program_is_second())
        return 0;
    os_random_init();
    failures += test_clock();
    failures += test_random();
    failures += test_poller();
    failures += test_socket();
    failures += test_resolve();
    failures += test_service();
    failures += test_thread();
    failures += test_tree();
    failures += test_mailbox();
    failures += test_file();
    failures += test_channel();
    failures += test_program();
    return failures > 0;
}
