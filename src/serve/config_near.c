/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_near.h"

enum { NAME_BYTES_MAX = 64, NEAR_ENOUGH = 3 };

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static uint8_t plain(uint8_t letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return (uint8_t)(letter + 32);
    return letter == '-' || letter == '.' ? '_' : letter;
}

/* The rows of the classic table, one at a time: row[j] is the distance of a's first i letters to b's first j. */
size_t name_distance(struct view a, struct view b)
{
    size_t row[NAME_BYTES_MAX + 1];

    if (a.size > NAME_BYTES_MAX || b.size > NAME_BYTES_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b.size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.size; j++) {
            size_t changed = diagonal + (plain(a.at[i - 1]) != plain(b.at[j - 1]));
            diagonal = row[j];
            row[j] = least(changed, least(row[j], row[j - 1]) + 1);
        }
    }
    return row[b.size];
}

static size_t distance_of(const struct setting *setting, struct view typed, const char *section)
{
    struct builder name;

    if (section && strcmp(section, setting->section) != 0)
        return SIZE_MAX;
    if (section)
        return name_distance(typed, view_of_string(setting->key));
    builder_init(&name, NAME_BYTES_MAX);
    setting_name(setting, '_', &name);
    size_t distance = builder_ok(&name) ? name_distance(typed, builder_view(&name)) : SIZE_MAX;
    builder_done(&name);
    return distance;
}

const struct setting *setting_nearest(struct view typed, const char *section)
{
    const struct setting *nearest = NULL;
    size_t best = least(NEAR_ENOUGH, typed.size / 2) + 1; /* short names are all near to each other */

    for (size_t i = 0; i < setting_count; i++) {
        size_t distance = distance_of(&settings[i], typed, section);
        if (distance < best) {
            best = distance;
            nearest = &settings[i];
        }
    }
    return nearest;
}
