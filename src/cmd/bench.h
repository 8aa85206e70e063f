/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter bench: the arguments after the verb; returns the exit code. */
int cmd_bench(int count, char **arguments);
