/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter rooms [--data DIR] [--json]: the rooms of a data folder, newest activity first, whether a server is live on it
 * or not. Arguments after the verb; returns the exit code. */
int cmd_rooms(int count, char **arguments);
