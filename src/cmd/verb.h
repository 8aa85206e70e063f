/* SPDX-License-Identifier: Apache-2.0 */
/* The verbs of the command line. Arguments come without the program's name and the verb; the result is the exit status:
 * 0, 1 (failed), 2 (usage), 78 (configuration). */
#pragma once

#include <stddef.h>

enum { STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_CONFIG = 78 };

struct verb {
    const char *name;
    const char *text;
    int (*run)(int count, char **arguments);
};

extern const struct verb verbs[];
extern const size_t verb_count;

int cmd_serve(int count, char **arguments);
int cmd_check_config(int count, char **arguments);
int cmd_config(int count, char **arguments);
int cmd_version(int count, char **arguments);
int cmd_help(int count, char **arguments);
