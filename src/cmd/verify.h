/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

/* natter verify [DIR] [--limit N] [--json]: proves a data folder. 0: sound, 1: faults, or it cannot be read, 2: usage.
 */
int cmd_verify(int count, char **values);
