/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter retention [ROOM …]: the limits that rooms have of their own, while the server runs or not. Arguments after the
 * verb; returns the exit status. */
int cmd_retention(int count, char **values);
