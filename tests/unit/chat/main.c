/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor chat/. */
#include "base/table.h"
#include "chat_test.h"
#include "os/random.h"

int main(void)
{
    static const uint8_t secret[16] = "a fixed secret.";
    int failures = 0;

    os_random_init();
    table_seed(secret);
    failures += test_mention();
    failures += test_mentions();
    failures += test_name();
    failures += test_name_shape();
    failures += test_token();
    failures += test_rate();
    failures += test_people();
    failures += test_roster();
    failures += test_presence();
    failures += test_chat();
    failures += test_report();
    failures += test_survey();
    failures += test_pack_hub();
    failures += test_spender();
    failures += test_door_session();
    return failures > 0;
}
