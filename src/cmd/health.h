/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter health [URL]: the arguments after the verb; returns the exit status. */
int cmd_health(int count, char **arguments);
