/* SPDX-License-Identifier: Apache-2.0 */
#include "top/text.h"

enum { THOUSAND = 1000, MS_PER_S = 1000, S_PER_MIN = 60, S_PER_H = 3600, S_PER_DAY = 86400 };

static void scaled(struct builder *out, double number, const char *unit)
{
    static const char *const scales[] = {"", "k", "M", "G", "T"};
    size_t scale = 0;

    while (number >= 999.5 && scale + 1 < sizeof scales / sizeof *scales) {
        number /= THOUSAND;
        scale++;
    }
    builder_format(out, scale > 0 && number < 9.95 ? "%.1f%s%s" : "%.0f%s%s", number, scales[scale], unit);
}

void text_count(struct builder *out, double number)
{
    if (number > 0 && number < 9.95 && number != (double)(long)number)
        builder_format(out, "%.1f", number);
    else
        scaled(out, number, "");
}

void text_bytes(struct builder *out, double bytes)
{
    scaled(out, bytes, "B");
}

void text_duration(struct builder *out, double milliseconds)
{
    double seconds = milliseconds / MS_PER_S;

    if (milliseconds < MS_PER_S)
        builder_format(out, "%.0fms", milliseconds);
    else if (seconds < 2 * S_PER_MIN)
        builder_format(out, "%.0fs", seconds);
    else if (seconds < 2 * S_PER_H)
        builder_format(out, "%.0fm", seconds / S_PER_MIN);
    else if (seconds < 2 * S_PER_DAY)
        builder_format(out, "%.0fh", seconds / S_PER_H);
    else
        builder_format(out, "%.0fd", seconds / S_PER_DAY);
}

void text_milliseconds(struct builder *out, double milliseconds)
{
    builder_format(out, milliseconds < 9.995 ? "%.2f" : milliseconds < 99.95 ? "%.1f" : "%.0f", milliseconds);
}
