/* SPDX-License-Identifier: Apache-2.0 */
/* Arguments of a verb by a table, for verbs that have options of their own. Not here: settings of the server
 * (settings.h). */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum argument_kind {
    ARGUMENT_SWITCH, /* bool: the name alone */
    ARGUMENT_TEXT,   /* const char *: a value follows */
    ARGUMENT_NUMBER, /* uint64_t: a whole number follows */
};

struct argument {
    const char *name; /* "--data"; NULL: one without a name, in the order of the table */
    enum argument_kind kind;
    void *out;
};

/* Reads all of them. `usage` is printed for --help and with an error. -1: go on; otherwise the exit status. What is not
 * given keeps its value. */
int arguments_read(const struct argument *table, size_t size, const char *usage, int count, char **values);
/* NATTER_DATA, or the server's default: what --data is without it. */
const char *arguments_folder(void);
