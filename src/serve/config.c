/* SPDX-License-Identifier: Apache-2.0 */
/* Where settings come from: defaults, the file, variables, flags, in rising order of weight. */
#include "serve/config.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/file.h"
#include "serve/config_table.h"

static const char default_file[] = "/etc/natter/natter.conf";

enum { SECTIONS_MAX = 32, KEYS_MAX = 64, NAME_BYTES_MAX = 128, ENVIRONMENT_PREFIX = 7 /* "NATTER_" */ };

/* A name compared without regard to how it is joined: "chat-text-max", "CHAT_TEXT_MAX" and "chat.text_max" are the same. */
static bool is_same_name(const char *a, const char *b)
{
    for (; *a && *b; a++, b++) {
        char x = *a >= 'A' && *a <= 'Z' ? (char)(*a + 32) : *a;
        char y = *b;
        if (x == '-' || x == '.')
            x = '_';
        if (y == '-' || y == '.')
            y = '_';
        if (x != y)
            return false;
    }
    return *a == *b;
}

static const struct setting *find_setting(const char *name)
{
    for (size_t i = 0; i < setting_count; i++) {
        struct builder own;
        builder_init(&own, NAME_BYTES_MAX);
        setting_name(&settings[i], '_', &own);
        builder_add_byte(&own, 0);
        bool is_it = builder_ok(&own) && is_same_name(name, (const char *)own.at);
        builder_done(&own);
        if (is_it)
            return &settings[i];
    }
    return NULL;
}

/* Reads one value; a fault names the place it came from. */
static bool apply(struct config *config, const struct setting *setting, const char *value, const char *place, struct builder *out_fault)
{
    struct builder why;

    builder_init(&why, 1024);
    bool is_fine = setting_read(setting, config, value, &why);
    if (!is_fine) {
        builder_format(out_fault, "%s: the setting ", place);
        setting_name(setting, '.', out_fault);
        builder_format(out_fault, " cannot be \"%.200s\": ", value);
        builder_add_view(out_fault, builder_view(&why));
    }
    builder_done(&why);
    return is_fine;
}

bool config_init(struct config *config)
{
    struct builder fault;

    *config = (struct config){0};
    builder_init(&fault, 4096);
    for (size_t i = 0; i < setting_count; i++) {
        bool is_fine = apply(config, &settings[i], settings[i].standard, "default", &fault);
        if (!is_fine && settings[i].type == SETTING_TEXT) { /* text fails for lack of memory only */
            builder_done(&fault);
            return false;
        }
        check(is_fine);
    }
    builder_done(&fault);
    return true;
}

void config_done(struct config *config)
{
    for (size_t i = 0; i < config->string_count; i++)
        free(config->strings[i]);
    config->string_count = 0;
}

/* libconfuse wants its table of options; ours is turned into it: every value is text, and is read by setting_read. */
struct file_table {
    cfg_opt_t top[KEYS_MAX];
    cfg_opt_t sections[SECTIONS_MAX][KEYS_MAX];
    const char *section_names[SECTIONS_MAX];
    size_t section_count;
};

static cfg_opt_t *section_of(struct file_table *table, const char *name)
{
    size_t i = 0;

    while (i < table->section_count && strcmp(table->section_names[i], name) != 0)
        i++;
    check(i < SECTIONS_MAX);
    if (i == table->section_count)
        table->section_names[table->section_count++] = name;
    return table->sections[i];
}

static void add_option(cfg_opt_t *options, cfg_opt_t option)
{
    size_t i = 0;

    while (options[i].name)
        i++;
    check(i + 1 < KEYS_MAX);
    options[i] = option;
}

static void build_table(struct file_table *table)
{
    for (size_t i = 0; i < setting_count; i++) {
        cfg_opt_t option = CFG_STR((char *)settings[i].key, NULL, CFGF_NONE);
        add_option(settings[i].section[0] ? section_of(table, settings[i].section) : table->top, option);
    }
    for (size_t i = 0; i < table->section_count; i++) {
        cfg_opt_t section = CFG_SEC((char *)table->section_names[i], table->sections[i], CFGF_NONE);
        add_option(table->top, section);
    }
}

/* libconfuse reports through a callback without a context of ours. Parsing happens once, in one thread, before anything else runs. */
static struct builder *file_fault;

static void report(cfg_t *cfg, const char *format, va_list arguments)
{
    char text[512];

    (void)vsnprintf(text, sizeof text, format, arguments);
    if (file_fault && file_fault->size == 0)
        builder_format(file_fault, "%s:%d: %s; natter config sample prints all settings", cfg && cfg->filename ? cfg->filename : "the file",
                       cfg ? cfg->line : 0, text);
}

static bool apply_file_values(struct config *config, cfg_t *cfg, const char *path, struct builder *out_fault)
{
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        cfg_t *section = setting->section[0] ? cfg_getsec(cfg, setting->section) : cfg;
        const char *value = section && cfg_size(section, setting->key) > 0 ? cfg_getstr(section, setting->key) : NULL;
        if (value && !apply(config, setting, value, path, out_fault))
            return false;
    }
    return true;
}

static bool read_file(struct config *config, const char *path, struct builder *out_fault)
{
    struct file_table *table = calloc(1, sizeof *table);
    bool is_fine = false;

    if (!table) {
        builder_add_string(out_fault, "out of memory");
        return false;
    }
    build_table(table);
    cfg_t *cfg = cfg_init(table->top, CFGF_NONE);
    file_fault = out_fault;
    if (cfg)
        cfg_set_error_function(cfg, report);
    int outcome = cfg ? cfg_parse(cfg, path) : CFG_FILE_ERROR;
    if (outcome == CFG_SUCCESS)
        is_fine = apply_file_values(config, cfg, path, out_fault);
    else if (out_fault->size == 0)
        builder_format(out_fault, "%s: the file cannot be read; check that it is there and readable", path);
    file_fault = NULL;
    if (cfg)
        cfg_free(cfg);
    free(table);
    return is_fine;
}

static bool read_variables(struct config *config, char **environment, struct builder *out_fault)
{
    for (; *environment; environment++) {
        const char *value = strchr(*environment, '=');
        char name[NAME_BYTES_MAX];

        if (!value || strncmp(*environment, "NATTER_", ENVIRONMENT_PREFIX) != 0)
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)(value - *environment), *environment);
        if (strcmp(name, "NATTER_CONFIG") == 0)
            continue;
        const struct setting *setting = find_setting(name + ENVIRONMENT_PREFIX);
        if (!setting) {
            builder_format(out_fault, "the variable %s: there is no such setting; natter serve --help lists them", name);
            return false;
        }
        char place[NAME_BYTES_MAX + 16];
        (void)snprintf(place, sizeof place, "the variable %s", name);
        if (!apply(config, setting, value + 1, place, out_fault))
            return false;
    }
    return true;
}

/* "--name VALUE" or "--name=VALUE": the value, and how many words it took. NULL: none. */
static const char *flag_value(int count, char **arguments, int i, int *out_words)
{
    const char *equals = strchr(arguments[i], '=');

    *out_words = equals ? 1 : 2;
    if (equals)
        return equals + 1;
    return i + 1 < count ? arguments[i + 1] : NULL;
}

static enum config_outcome read_flag(struct config *config, const char *word, const char *value, struct builder *out_fault)
{
    char name[NAME_BYTES_MAX], place[NAME_BYTES_MAX + 16];

    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    const struct setting *setting = strncmp(name, "--", 2) == 0 ? find_setting(name + 2) : NULL;
    if (!setting) {
        builder_format(out_fault, "there is no flag \"%s\"; natter serve --help lists them", name);
        return CONFIG_USAGE;
    }
    if (!value) {
        builder_format(out_fault, "the flag %s needs a value", name);
        return CONFIG_USAGE;
    }
    (void)snprintf(place, sizeof place, "the flag %s", name);
    return apply(config, setting, value, place, out_fault) ? CONFIG_READY : CONFIG_BAD;
}

/* Finds --config and --help before anything is read. */
static enum config_outcome scan_flags(struct config *config, int count, char **arguments, struct builder *out_fault)
{
    int words = 1;

    for (int i = 0; i < count; i += words) {
        if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
            return CONFIG_HELP;
        const char *value = flag_value(count, arguments, i, &words);
        if (strncmp(arguments[i], "--config", 8) == 0 && (arguments[i][8] == 0 || arguments[i][8] == '=')) {
            if (!value) {
                builder_add_string(out_fault, "the flag --config needs a file");
                return CONFIG_USAGE;
            }
            config->file = value;
        }
    }
    return CONFIG_READY;
}

static enum config_outcome read_flags(struct config *config, int count, char **arguments, struct builder *out_fault)
{
    int words = 1;

    for (int i = 0; i < count; i += words) {
        const char *value = flag_value(count, arguments, i, &words);
        if (strncmp(arguments[i], "--config", 8) == 0 && (arguments[i][8] == 0 || arguments[i][8] == '='))
            continue;
        enum config_outcome outcome = read_flag(config, arguments[i], value, out_fault);
        if (outcome != CONFIG_READY)
            return outcome;
    }
    return CONFIG_READY;
}

/* What follows from the settings together. */
static enum config_outcome finish(struct config *config, struct builder *out_fault)
{
    if (!config->has_limits) {
        config->net.connections_per_address_max = 0;
        config->net.control_frames_per_second_max = 0;
    }
    config->chat.has_limits = config->has_limits;
    config->chat.frame_bytes_max = config->net.message_bytes_max;
    config->chat.heartbeat_s = (config->net.heartbeat_ms + 999) / 1000;
    config->store.folder = config->data;
    if (config->chat.text_bytes_max + 1024 > config->net.message_bytes_max) {
        builder_add_string(out_fault, "chat.text_max must be at least 1 KiB below connection.message_max: raise the latter or lower the former");
        return CONFIG_BAD;
    }
    if (config->chat.history_bytes_max * 2 > config->net.outbox_bytes_max) {
        builder_add_string(out_fault, "connection.outbox_max must be at least twice chat.history_bytes_max: raise it or lower the latter");
        return CONFIG_BAD;
    }
    return CONFIG_READY;
}

enum config_outcome config_read(struct config *config, int count, char **arguments, char **environment, struct builder *out_fault)
{
    enum config_outcome outcome = scan_flags(config, count, arguments, out_fault);

    if (outcome != CONFIG_READY)
        return outcome;
    for (char **entry = environment; *entry && !config->file; entry++) {
        if (strncmp(*entry, "NATTER_CONFIG=", 14) == 0)
            config->file = *entry + 14;
    }
    if (!config->file && os_file_exists(default_file))
        config->file = default_file;
    if (config->file && !read_file(config, config->file, out_fault))
        return CONFIG_BAD;
    if (!read_variables(config, environment, out_fault))
        return CONFIG_BAD;
    outcome = read_flags(config, count, arguments, out_fault);
    return outcome == CONFIG_READY ? finish(config, out_fault) : outcome;
}
