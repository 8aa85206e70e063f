/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter export FILE|- …: a data folder as lines of JSON, while the server runs or not. Arguments after the verb. 0:
 * all of it was written; 1: not; 2: usage. */
int cmd_export(int count, char **values);
/* natter import FILE|- …: such lines into a data folder without a server, all or nothing. 3: lines have faults. */
int cmd_import(int count, char **values);
