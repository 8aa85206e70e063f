/* SPDX-License-Identifier: Apache-2.0 */
#include "base/utc.h"

#include <string.h>

enum { MS_PER_SECOND = 1000, MS_PER_DAY = 86400 * MS_PER_SECOND };

static const int64_t WALL_MS_MIN = -62167219200000; /* 0000-01-01T00:00:00.000Z */
static const int64_t WALL_MS_MAX = 253402300799999; /* 9999-12-31T23:59:59.999Z */
static const int64_t DAYS_TO_YEAR_0 = 719468;       /* from 0000-03-01 to 1970-01-01 */

struct day {
    int64_t year;
    int64_t month; /* 1 to 12 */
    int64_t day;   /* 1 to 31 */
};

/* Years are counted from March here, so that a leap day is the last of its year, and the lengths of the months before
 * it repeat every five: 153 days. A cycle of 400 years has 146,097 days. */
static struct day day_of(int64_t days_since_epoch)
{
    int64_t days = days_since_epoch + DAYS_TO_YEAR_0;
    int64_t cycle = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_cycle = days - cycle * 146097;
    int64_t leap_days = day_of_cycle / 1460 - day_of_cycle / 36524 + day_of_cycle / 146096;
    int64_t year_of_cycle = (day_of_cycle - leap_days) / 365;
    int64_t day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    int64_t month_from_march = (5 * day_of_year + 2) / 153;
    int64_t month = month_from_march < 10 ? month_from_march + 3 : month_from_march - 9;
    return (struct day){
        .year = cycle * 400 + year_of_cycle + (month <= 2 ? 1 : 0),
        .month = month,
        .day = day_of_year - (153 * month_from_march + 2) / 5 + 1,
    };
}

static void put_digits(char *out, int count, int64_t number)
{
    for (int index = count - 1; index >= 0; index--) {
        out[index] = (char)('0' + number % 10);
        number /= 10;
    }
}

void utc_format(int64_t wall_ms, char out[UTC_TEXT_SIZE])
{
    if (wall_ms < WALL_MS_MIN)
        wall_ms = WALL_MS_MIN;
    if (wall_ms > WALL_MS_MAX)
        wall_ms = WALL_MS_MAX;
    int64_t days = (wall_ms >= 0 ? wall_ms : wall_ms - (MS_PER_DAY - 1)) / MS_PER_DAY;
    int64_t ms = wall_ms - days * MS_PER_DAY;
    struct day day = day_of(days);
    memcpy(out, "0000-00-00T00:00:00.000Z", UTC_TEXT_SIZE);
    put_digits(out, 4, day.year);
    put_digits(out + 5, 2, day.month);
    put_digits(out + 8, 2, day.day);
    put_digits(out + 11, 2, ms / (3600 * MS_PER_SECOND));
    put_digits(out + 14, 2, ms / (60 * MS_PER_SECOND) % 60);
    put_digits(out + 17, 2, ms / MS_PER_SECOND % 60);
    put_digits(out + 20, 3, ms % MS_PER_SECOND);
}
