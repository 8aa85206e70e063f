/* SPDX-License-Identifier: Apache-2.0 */
/* A moment as people read it, in UTC and the proleptic Gregorian calendar. Arithmetic only: no clock, no time zone. */
#pragma once

#include <stdint.h>

enum { UTC_TEXT_SIZE = 25 };

/* "2026-01-31T23:59:59.123Z" for milliseconds since the Unix epoch. Moments outside the years 0 to 9999 are written
 * as the first or last moment inside them. */
void utc_format(int64_t wall_ms, char out[UTC_TEXT_SIZE]);
