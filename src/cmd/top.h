/* SPDX-License-Identifier: Apache-2.0 */
/* `natter top`: what goes on inside a running server, live on a terminal. */
#pragma once

int cmd_top(int count, char **arguments);
