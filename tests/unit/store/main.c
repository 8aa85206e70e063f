/* SPDX-License-Identifier: Apache-2.0 */
/* All tests of the floor store/. */
#include "store_test.h"

int main(void)
{
    int failures = 0;

    failures += test_record();
    failures += test_recent();
    failures += test_append();
    failures += test_attention();
    failures += test_rooms();
    failures += test_pack_room();
    failures += test_writer();
    failures += test_memory();
    failures += test_key_window();
    failures += test_sqlite();
    failures += test_sqlite_schema();
    failures += test_sqlite_keys();
    failures += test_sqlite_read();
    failures += test_sqlite_wal();
    failures += test_checkpoint();
    failures += test_recover();
    failures += test_reader();
    failures += test_inspect();
    failures += test_verify();
    failures += test_retain();
    failures += test_backup();
    return failures > 0;
}
