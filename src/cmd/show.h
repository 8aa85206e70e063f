/* SPDX-License-Identifier: Apache-2.0 */
/* What the commands share that show the content of a data folder (rooms, history): their arguments, and text that is
 * safe on a terminal. */
#pragma once

#include <stdint.h>

#include "base/builder.h"

struct show_arguments {
    const char *folder; /* --data DIR, or NATTER_DATA, or the server's default */
    const char *room;   /* the one argument without a name; NULL: none was given */
    bool is_json;
    bool has_after;
    uint64_t after;
    uint64_t limit;
};

#define SHOW_FOLDER_DEFAULT "data"
enum { SHOW_LIMIT_DEFAULT = 50 };

/* Reads the arguments after the verb. `usage` is printed for --help and with an error. -1: go on; otherwise the exit
 * code. */
int show_read_arguments(struct show_arguments *arguments, const char *usage, int count, char **values);
/* Prints why the command cannot go on. */
void show_error(const char *usage, const char *why);

/* "2026-01-31 23:59:59", UTC. */
void show_time(struct builder *out, int64_t at_ms);
/* Appends text of strangers so that it can neither move the cursor nor hide or turn around what follows: control
 * characters, line ends, marks of direction and invalid bytes become \n, \u{…} or \x…; a backslash is doubled. */
void show_text(struct builder *out, struct view text);
/* Prints to stdout and empties. */
void show_flush(struct builder *out);
