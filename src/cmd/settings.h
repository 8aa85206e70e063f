/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs that read settings share. */
#pragma once

#include "serve/config.h"

/* Reads settings from all sources. True: the caller config_done()s them. False: help was printed, or the fault was;
 * `*out_status` is the exit status. */
bool settings_load(struct config *config, int count, char **arguments, void (*help)(struct builder *out),
                   int *out_status);
/* Prints the text that `make` makes, to stdout. */
void settings_print(void (*make)(struct builder *out));
