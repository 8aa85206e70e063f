/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers in few characters, for columns. Each appends to `out`. Pure. */
#pragma once

#include "base/builder.h"

void text_count(struct builder *out, double number);              /* "0", "999", "12.3k", "4.5M" */
void text_bytes(struct builder *out, double bytes);               /* "0B", "12kB", "4.5MB" */
void text_duration(struct builder *out, double milliseconds);     /* "5ms", "12s", "3m", "2h", "5d" */
void text_milliseconds(struct builder *out, double milliseconds); /* "0.35", "12.3", "1234" */
