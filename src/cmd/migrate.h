/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter migrate [--data DIR] [--dry-run] [--backup FILE]: brings the tables of a data folder up to date. Arguments
 * after the verb. 0: they are; 1: not; 2: usage; 3: the backup, or what came out, has faults. */
int cmd_migrate(int count, char **values);
