/* SPDX-License-Identifier: Apache-2.0 */
/* Bringing the tables of a data folder up to date, apart from a server's start, which does it as well. */
#pragma once

#include "base/result.h"

/* What step n to n + 1 does, in words; NULL: there is none. */
const char *migrate_step_text(int version);
/* The version that this natter's tables have. */
int migrate_newest(void);
/* Takes the folder's lock, and brings its database from whatever version to the newest, in one transaction. Results and
 * diag lines as of store_open(). */
enum result migrate_run(const char *folder) MUST_USE;
