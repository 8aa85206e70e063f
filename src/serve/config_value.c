/* SPDX-License-Identifier: Apache-2.0 */
/* One setting: its text to its place in the config, and back. */
#include <stdlib.h>

#include "serve/config_place.h"
#include "serve/config_table.h"
#include "wire/http1.h"

enum { SHOWN_BYTES_MAX = 200 };

void setting_name(const struct setting *setting, char separator, struct builder *out)
{
    if (setting->section[0]) {
        builder_add_string(out, setting->section);
        builder_add_byte(out, (uint8_t)separator);
    }
    builder_add_string(out, setting->key);
}

void setting_add_flag(const struct setting *setting, struct builder *out)
{
    size_t start;

    builder_add_string(out, "--");
    start = out->size;
    setting_name(setting, '-', out);
    for (size_t i = start; builder_ok(out) && i < out->size; i++) {
        if (out->at[i] == '_')
            out->at[i] = '-';
    }
}

void setting_add_variable(const struct setting *setting, struct builder *out)
{
    size_t start;

    builder_add_string(out, "NATTER_");
    start = out->size;
    setting_name(setting, '_', out);
    for (size_t i = start; builder_ok(out) && i < out->size; i++) {
        if (out->at[i] >= 'a' && out->at[i] <= 'z')
            out->at[i] -= 32;
    }
}

void setting_add_shown(struct builder *out, const char *text)
{
    size_t size = strlen(text);

    for (size_t i = 0; i < size && i < SHOWN_BYTES_MAX; i++)
        builder_add_byte(out, text[i] >= 0x20 && text[i] < 0x7f ? (uint8_t)text[i] : '?');
    if (size > SHOWN_BYTES_MAX)
        builder_add_string(out, "...");
}

struct unit {
    const char *name;
    double factor;
};

static const struct unit size_units[] = {
    {"", 1},     {"B", 1},       {"KiB", 1024},     {"MiB", 1048576}, {"GiB", 1073741824},
    {"K", 1024}, {"M", 1048576}, {"G", 1073741824},
};
static const struct unit time_units[] = {{"ms", 1},    {"s", 1000},    {"min", 60000},
                                         {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
static const struct unit no_units[] = {{"", 1}};

struct scale {
    const struct unit *units;
    size_t count;
    const char *example;
};

static struct scale scale_of(enum setting_type type)
{
    switch (type) {
    case SETTING_SIZE:
        return (struct scale){size_units, sizeof size_units / sizeof *size_units, "such as 64KiB or 1MiB"};
    case SETTING_TIME_32:
    case SETTING_TIME_64:
        return (struct scale){time_units, sizeof time_units / sizeof *time_units, "such as 200ms, 5s, 10min or 1h"};
    default: return (struct scale){no_units, 1, "a whole number"};
    }
}

void setting_write_amount(double amount, enum setting_type type, struct builder *out)
{
    struct scale scale = scale_of(type);
    const struct unit *best = &scale.units[0];

    for (size_t i = 0; i < scale.count; i++) {
        bool divides = amount > 0
                       && amount / scale.units[i].factor == (double)(uint64_t)(amount / scale.units[i].factor);
        if (divides && scale.units[i].factor > best->factor)
            best = &scale.units[i];
    }
    builder_add_number(out, (uint64_t)(amount / best->factor));
    builder_add_string(out, best->name);
}

static bool explain_amount(const struct setting *setting, struct builder *fault)
{
    builder_format(fault, "it must be %s, from ", scale_of(setting->type).example);
    setting_write_amount(setting->least, setting->type, fault);
    builder_add_string(fault, " to ");
    setting_write_amount(setting->most, setting->type, fault);
    return false;
}

static bool read_amount(const struct setting *setting, const char *value, double *out_amount, struct builder *fault)
{
    struct scale scale = scale_of(setting->type);
    char *end = NULL;
    bool has_digit = value[0] >= '0' && value[0] <= '9';
    unsigned long long number = has_digit ? strtoull(value, &end, 10) : 0;

    if (!has_digit)
        return explain_amount(setting, fault);
    while (*end == ' ')
        end++;
    for (size_t i = 0; i < scale.count; i++) {
        double amount = (double)number * scale.units[i].factor;
        bool is_unit = strcmp(end, scale.units[i].name) == 0 || (number == 0 && !*end);
        if (is_unit && amount >= setting->least && amount <= setting->most) {
            *out_amount = amount;
            return true;
        }
    }
    return explain_amount(setting, fault);
}

static bool read_word(const struct setting *setting, const char *value, int *out, struct builder *fault)
{
    const char *at = setting->words;

    for (int index = 0; *at; index++) {
        size_t size = strcspn(at, " ");
        if (strlen(value) == size && memcmp(at, value, size) == 0) {
            *out = index;
            return true;
        }
        at += size + (at[size] == ' ');
    }
    builder_format(fault, "it must be one of: %s", setting->words);
    return false;
}

static bool read_switch(const char *value, bool *out, struct builder *fault)
{
    bool is_on = strcmp(value, "on") == 0 || strcmp(value, "true") == 0 || strcmp(value, "yes") == 0;
    bool is_off = strcmp(value, "off") == 0 || strcmp(value, "false") == 0 || strcmp(value, "no") == 0;

    if (is_on || is_off)
        *out = is_on;
    else
        builder_add_string(fault, "it must be on or off");
    return is_on || is_off;
}

/* As browsers send it (RFC 6454 section 7): one with a path would never be met. */
static bool is_origin(struct view text)
{
    size_t scheme = view_starts_with(text, VIEW("https://")) ? 8 : view_starts_with(text, VIEW("http://")) ? 7 : 0;

    return view_equal(text, VIEW("*")) || (scheme > 0 && http_host_is_valid(view_skip(text, scheme)));
}

static bool read_origins(struct config *config, const char *value, struct builder *fault)
{
    struct view rest = view_of_string(value), item;
    size_t count = 0;

    while (config_next_item(&rest, &item)) {
        if (!is_origin(item) || count == CHAT_ORIGINS_MAX) {
            builder_format(
                fault,
                "each must be https://NAME or http://NAME, with a port where it is no usual one and nothing behind "
                "it (or *), "
                "and there can be at most %d",
                CHAT_ORIGINS_MAX);
            return false;
        }
        config->chat.origins[count] = config_keep(config, item);
        if (!config->chat.origins[count++]) {
            builder_add_string(fault, "there is no memory for it");
            return false;
        }
    }
    config->chat.origin_count = count;
    return true;
}

static bool read_rate(const char *value, struct chat_rate_option *out, struct builder *fault)
{
    char *end = NULL;
    double per_second = strtod(value, &end);
    bool is_right = end != value && *end == '/' && per_second > 0 && per_second <= 1000000;
    unsigned long burst = is_right ? strtoul(end + 1, &end, 10) : 0;

    if (!is_right || *end || burst < 1 || burst > 1000000) {
        builder_add_string(fault, "it must be PER_SECOND/BURST, such as 5/20 or 0.5/10");
        return false;
    }
    *out = (struct chat_rate_option){.per_second = per_second, .burst = (uint32_t)burst};
    return true;
}

static bool read_text(struct config *config, const char *value, const char **out, struct builder *fault)
{
    if (!value[0]) {
        builder_add_string(fault, "it must not be empty");
        return false;
    }
    const char *kept = config_keep(config, view_of_string(value));
    if (!kept) {
        builder_add_string(fault, "there is no memory for it");
        return false;
    }
    *out = kept;
    return true;
}

static void store_amount(const struct setting *setting, void *place, double amount)
{
    switch (setting->type) {
    case SETTING_SIZE:
    case SETTING_COUNT: *(size_t *)place = (size_t)amount; break;
    case SETTING_TIME_64: *(uint64_t *)place = (uint64_t)amount; break;
    case SETTING_INT: *(int *)place = (int)amount; break;
    default: *(uint32_t *)place = (uint32_t)amount; break;
    }
}

static double load_amount(const struct setting *setting, const void *place)
{
    switch (setting->type) {
    case SETTING_SIZE:
    case SETTING_COUNT: return (double)*(const size_t *)place;
    case SETTING_TIME_64: return (double)*(const uint64_t *)place;
    case SETTING_INT: return *(const int *)place;
    default: return *(const uint32_t *)place;
    }
}

static bool read_metrics_listen(struct config *config, const char *value, struct builder *fault)
{
    config->ops.is_on = strcmp(value, "off") != 0;
    config->ops.path = NULL;
    if (strncmp(value, "unix:/", 6) == 0)
        return read_text(config, value + 5, &config->ops.path, fault);
    return !config->ops.is_on || config_read_address(view_of_string(value), &config->ops.listen, fault);
}

bool setting_read(const struct setting *setting, struct config *config, const char *value, struct builder *out_fault)
{
    void *place = (uint8_t *)config + setting->offset;
    double amount = 0;

    switch (setting->type) {
    case SETTING_TEXT: return read_text(config, value, place, out_fault);
    case SETTING_LISTEN: return config_read_listen(config, value, out_fault);
    case SETTING_PUBLIC_URL: return config_read_public_url(config, value, out_fault);
    case SETTING_PAIRS: return config_read_pairs(config, value, out_fault);
    case SETTING_TRUST: return config_read_trust(config, value, out_fault);
    case SETTING_ADDRESS: return read_metrics_listen(config, value, out_fault);
    case SETTING_ORIGINS: return read_origins(config, value, out_fault);
    case SETTING_SWITCH: return read_switch(value, place, out_fault);
    case SETTING_WORD: return read_word(setting, value, place, out_fault);
    case SETTING_RATE: return read_rate(value, place, out_fault);
    case SETTING_SIZE:
    case SETTING_COUNT:
    case SETTING_COUNT_32:
    case SETTING_INT:
    case SETTING_TIME_32:
    case SETTING_TIME_64:
        if (!read_amount(setting, value, &amount, out_fault))
            return false;
        store_amount(setting, place, amount);
        return true;
    }
    return false;
}

static void write_word(const struct setting *setting, int index, struct builder *out)
{
    const char *at = setting->words;

    for (; index > 0; index--)
        at += strcspn(at, " ") + 1;
    builder_add(out, at, strcspn(at, " "));
}

void setting_write(const struct setting *setting, const struct config *config, struct builder *out)
{
    const void *place = (const uint8_t *)config + setting->offset;
    const struct chat_rate_option *rate = place;
    char text[64];

    switch (setting->type) {
    case SETTING_TEXT:
    case SETTING_PUBLIC_URL: builder_add_string(out, *(const char *const *)place); break;
    case SETTING_LISTEN: config_write_listen(config, out); break;
    case SETTING_PAIRS: config_write_pairs(config, out); break;
    case SETTING_TRUST: trust_write(place, out); break;
    case SETTING_ADDRESS:
        if (config->ops.path)
            builder_add_string(out, "unix:");
        builder_add_string(out, config->ops.path    ? config->ops.path
                                : config->ops.is_on ? os_address_format(place, true, text)
                                                    : "off");
        break;
    case SETTING_ORIGINS:
        for (size_t i = 0; i < config->chat.origin_count; i++)
            builder_format(out, "%s%s", i > 0 ? ", " : "", config->chat.origins[i]);
        break;
    case SETTING_SWITCH: builder_add_string(out, *(const bool *)place ? "on" : "off"); break;
    case SETTING_WORD: write_word(setting, *(const int *)place, out); break;
    case SETTING_RATE: builder_format(out, "%g/%u", rate->per_second, rate->burst); break;
    case SETTING_SIZE:
    case SETTING_COUNT:
    case SETTING_COUNT_32:
    case SETTING_INT:
    case SETTING_TIME_32:
    case SETTING_TIME_64: setting_write_amount(load_amount(setting, place), setting->type, out); break;
    }
}

bool setting_apply(const struct setting *setting, struct config *config, const char *value, const char *place,
                   struct builder *out_fault)
{
    struct builder why;

    builder_init(&why, 1024);
    bool is_fine = setting_read(setting, config, value, &why);
    if (!is_fine) {
        builder_format(out_fault, "%s: the setting ", place);
        setting_name(setting, '.', out_fault);
        builder_add_string(out_fault, " cannot be \"");
        setting_add_shown(out_fault, value);
        builder_add_string(out_fault, "\": ");
        builder_add_view(out_fault, builder_view(&why));
    }
    builder_done(&why);
    return is_fine;
}
