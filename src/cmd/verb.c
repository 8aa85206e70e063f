/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/verb.h"

#include <stdio.h>

#include "cmd/backup.h"
#include "cmd/bench.h"
#include "cmd/doctor.h"
#include "cmd/export.h"
#include "cmd/health.h"
#include "cmd/history.h"
#include "cmd/migrate.h"
#include "cmd/retention.h"
#include "cmd/rooms.h"
#include "cmd/top.h"
#include "cmd/verify.h"

const struct verb verbs[] = {
    {"serve", "start the server", cmd_serve},
    {"rooms", "list the rooms of a data folder", cmd_rooms},
    {"history", "print the events of a room", cmd_history},
    {"verify", "prove that a data folder is sound", cmd_verify},
    {"backup", "copy a data folder into one file", cmd_backup},
    {"restore", "put a backup into a data folder", cmd_restore},
    {"export", "write a data folder as lines of JSON", cmd_export},
    {"import", "read such lines into a data folder", cmd_import},
    {"migrate", "bring a data folder up to date", cmd_migrate},
    {"retention", "limits of rooms, beyond which old events go", cmd_retention},
    {"check-config", "tell whether the settings are right", cmd_check_config},
    {"config", "print a sample file, the reference, or the settings in force", cmd_config},
    {"top", "watch a running server: connections, rooms, ends, loops", cmd_top},
    {"health", "ask a running server whether it is ready", cmd_health},
    {"doctor", "find out what is wrong with a deployment, or with this machine", cmd_doctor},
    {"bench", "load a server and check every delivery", cmd_bench},
    {"version", "print the version", cmd_version},
    {"help", "print this list", cmd_help},
};
const size_t verb_count = sizeof verbs / sizeof *verbs;

int cmd_help(int count, char **arguments)
{
    (void)count;
    (void)arguments;
    (void)puts("natter, a chat-room server.\n\n    natter VERB [--help]\n");
    for (size_t i = 0; i < verb_count; i++)
        (void)printf("  %-14s %s\n", verbs[i].name, verbs[i].text);
    (void)puts("\nExample: natter serve --listen :8080 --data data");
    return 0;
}
