/* SPDX-License-Identifier: Apache-2.0 */
#include "store/migrate.h"

#include "store/sqlite.h"

enum { LETTERS = 64, WAL_BYTES_MAX = 64 << 20 };

const char *migrate_step_text(int version)
{
    static const char *const texts[SQLITE_SCHEMA_VERSION] = {
        "makes the tables",
        "keys move into an index of their own, which is filled late",
        "messages carry whom they name",
        "unread messages and mentions are counted, and who belongs to which room is kept",
        "direct rooms have their members",
        "rooms may forget: where a log begins, limits of rooms, and their sizes",
    };
    return version >= 0 && version < SQLITE_SCHEMA_VERSION ? texts[version] : NULL;
}

int migrate_newest(void)
{
    return SQLITE_SCHEMA_VERSION;
}

/* As a server's start does it. */
enum result migrate_run(const char *folder)
{
    const struct store_options options = {.folder = folder,
                                          .queue_letters = LETTERS,
                                          .batch_letters_max = 1,
                                          .wal_bytes_max = WAL_BYTES_MAX,
                                          .keys_recent_max = LETTERS};
    const struct store_events nothing = {0};
    struct store *store;
    enum result result = store_open(&options, &nothing, &store);
    if (result == RESULT_OK)
        store_free(store);
    return result;
}
