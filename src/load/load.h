/* SPDX-License-Identifier: Apache-2.0 */
/* The load generator: opens connections, lets publishers publish, checks every delivery and measures, then ends what it
 * began. Bounded in time whatever the server does. It is for servers that speak natter.v1 and, with --raw, for plain
 * broadcasters to compare them with. */
#pragma once

#include "load/report.h"

/* Runs to the end, until SIGINT or SIGTERM (where os_signals_init has been called), or until it cannot go on; then
 * out_report->failure says why. Progress goes to stderr unless options->is_quiet. Main thread. The options must live as
 * long as the report. */
void load_measure(const struct load_options *options, struct load_report *out_report);

/* The whole command: measures, prints the report on stdout. 0: clean; 1: not, or it could not run. */
int load_run(const struct load_options *options);
