/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter history ROOM [--data DIR] [--after N] [--limit N] [--json]: the events of a room, oldest first, whether a
 * server is live on the folder or not. Arguments after the verb; returns the exit code. */
int cmd_history(int count, char **arguments);
