/* SPDX-License-Identifier: Apache-2.0 */
/* How to read the metrics: when a number is a reason to worry, and what to do then. For the reference page. */
#pragma once

/* By the name without prefix and ending, "commit_seconds". Where a number by itself is never a reason: what it is good
 * for. */
const char *metrics_worry(const char *name);
/* "s", "bytes" or "", from the name. */
const char *metrics_unit(const char *name);
