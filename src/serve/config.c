/* SPDX-License-Identifier: Apache-2.0 */
/* Where settings come from: defaults, the file, variables, flags, in rising order of weight. */
#include "serve/config.h"

#include <stdio.h>
#include <stdlib.h>

#include "chat/name.h"
#include "os/file.h"
#include "os/thread.h"
#include "serve/config_file.h"
#include "serve/config_near.h"
#include "serve/config_place.h"
#include "serve/config_table.h"

static const char default_file[] = "/etc/natter/natter.conf";

enum { NAME_BYTES_MAX = 128, ENVIRONMENT_PREFIX = 7 /* "NATTER_" */, DESCRIPTORS_SPARE = 100 };

/* A name compared without regard to how it is joined: "chat-text-max", "CHAT_TEXT_MAX" and "chat.text_max" are the
 * same. */
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

bool config_init(struct config *config)
{
    struct builder fault;

    *config = (struct config){0};
    builder_init(&fault, 4096);
    for (size_t i = 0; i < setting_count; i++) {
        bool is_fine = setting_apply(&settings[i], config, settings[i].standard, "default", &fault);
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

/* Where a service is called natter, Kubernetes gives every container NATTER_PORT and NATTER_SERVICE_HOST and more of
 * these. They are not meant for us. */
static bool is_of_kubernetes(const char *name)
{
    return strcmp(name, "NATTER_PORT") == 0 || strncmp(name, "NATTER_PORT_", 12) == 0
           || strncmp(name, "NATTER_SERVICE_", 15) == 0;
}

static void add_nearest(const char *name, bool is_flag, struct builder *out)
{
    const struct setting *nearest = setting_nearest(view_of_string(name), NULL);

    if (!nearest)
        return;
    builder_add_string(out, "; did you mean ");
    if (is_flag)
        setting_add_flag(nearest, out);
    else
        setting_add_variable(nearest, out);
    builder_add_byte(out, '?');
}

static bool read_variables(struct config *config, char **environment, struct builder *out_fault)
{
    for (; *environment; environment++) {
        const char *value = strchr(*environment, '=');
        char name[NAME_BYTES_MAX];

        /* An empty variable is as good as none: that is how compose files and units leave one out. */
        if (!value || !value[1] || strncmp(*environment, "NATTER_", ENVIRONMENT_PREFIX) != 0)
            continue;
        (void)snprintf(name, sizeof name, "%.*s", (int)(value - *environment), *environment);
        if (strcmp(name, "NATTER_CONFIG") == 0 || is_of_kubernetes(name))
            continue;
        const struct setting *setting = find_setting(name + ENVIRONMENT_PREFIX);
        if (!setting) {
            builder_add_string(out_fault, "the variable ");
            setting_add_shown(out_fault, name);
            builder_add_string(out_fault, ": there is no such setting");
            add_nearest(name + ENVIRONMENT_PREFIX, false, out_fault);
            builder_add_string(out_fault, "; natter config reference lists them");
            return false;
        }
        char place[NAME_BYTES_MAX + 16];
        (void)snprintf(place, sizeof place, "the variable %s", name);
        if (!setting_apply(setting, config, value + 1, place, out_fault))
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

static enum config_outcome read_flag(struct config *config, const char *word, const char *value,
                                     struct builder *out_fault)
{
    char name[NAME_BYTES_MAX], place[NAME_BYTES_MAX + 16];

    (void)snprintf(name, sizeof name, "%.*s", (int)strcspn(word, "="), word);
    const struct setting *setting = strncmp(name, "--", 2) == 0 ? find_setting(name + 2) : NULL;
    if (!setting) {
        builder_add_string(out_fault, "there is no flag \"");
        setting_add_shown(out_fault, name);
        builder_add_byte(out_fault, '"');
        if (strncmp(name, "--", 2) == 0)
            add_nearest(name + 2, true, out_fault);
        builder_add_string(out_fault, "; natter serve --help lists them");
        return CONFIG_USAGE;
    }
    if (!value || (value != strchr(word, '=') + 1 && strncmp(value, "--", 2) == 0)) {
        builder_format(out_fault, "the flag %s needs a value", name);
        return CONFIG_USAGE;
    }
    (void)snprintf(place, sizeof place, "the flag %s", name);
    return setting_apply(setting, config, value, place, out_fault) ? CONFIG_READY : CONFIG_BAD;
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

/* For programs that measure: as many connections as there are descriptors. */
static void lift_limits(struct config *config)
{
    size_t descriptors = os_descriptor_limit_raise();

    config->net.connections_per_address_max = 0;
    config->upgrade_rate = (struct chat_rate_option){0};
    config->net.control_frames_per_second_max = 0;
    if (config->net.connections_max + DESCRIPTORS_SPARE < descriptors)
        config->net.connections_max = descriptors - DESCRIPTORS_SPARE;
}

/* What follows from the settings together. */
static enum config_outcome finish(struct config *config, struct builder *out_fault)
{
    bool is_ephemeral;

    if (!config->has_limits)
        lift_limits(config);
    config->chat.has_limits = config->has_limits;
    config->chat.frame_bytes_max = config->net.message_bytes_max;
    config->chat.heartbeat_s = (config->net.heartbeat_ms + 999) / 1000;
    config->chat.reports_max = config->net.ended_max;
    config->store.folder = config->data;
    config->net.trust = &config->trust;
    config->net.base_path = config->base_path;
    config->chat.base_path = config->base_path;
    if (!config_check_places(config, out_fault))
        return CONFIG_BAD;
    enum name_fault fault = name_check_room(view_of_string(config->chat.default_room), &is_ephemeral);
    if (fault != NAME_FINE) {
        builder_format(out_fault, "chat.default_room cannot be a room's name: %s", name_fault_text(fault));
        return CONFIG_BAD;
    }
    if (config->chat.text_bytes_max + 1024 > config->net.message_bytes_max) {
        builder_add_string(
            out_fault,
            "chat.text_max must be at least 1 KiB below connection.message_max: raise the latter or lower the former");
        return CONFIG_BAD;
    }
    if (config->chat.history_bytes_max * 2 > config->net.outbox_bytes_max) {
        builder_add_string(
            out_fault,
            "connection.outbox_max must be at least twice chat.history_bytes_max: raise it or lower the latter");
        return CONFIG_BAD;
    }
    return CONFIG_READY;
}

enum config_outcome config_read(struct config *config, int count, char **arguments, char **environment,
                                struct builder *out_fault)
{
    enum config_outcome outcome = scan_flags(config, count, arguments, out_fault);

    if (outcome != CONFIG_READY)
        return outcome;
    for (char **entry = environment; *entry && !config->file; entry++) {
        if (strncmp(*entry, "NATTER_CONFIG=", 14) == 0 && (*entry)[14])
            config->file = *entry + 14;
    }
    if (!config->file && os_file_exists(default_file))
        config->file = default_file;
    if (config->file && !config_file_read(config, config->file, out_fault))
        return CONFIG_BAD;
    if (!read_variables(config, environment, out_fault))
        return CONFIG_BAD;
    outcome = read_flags(config, count, arguments, out_fault);
    return outcome == CONFIG_READY ? finish(config, out_fault) : outcome;
}
