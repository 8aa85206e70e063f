/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter backup FILE [--data DIR] …: a copy of a data folder in one file, while the server runs or not. Arguments after
 * the verb. 0: the file is there, whole and proved; 1: it is not; 2: usage; 3: the copy has faults. */
int cmd_backup(int count, char **values);
/* natter restore FILE [--data DIR] …: the way back. The same statuses. */
int cmd_restore(int count, char **values);
