/* SPDX-License-Identifier: Apache-2.0 */
/* What people read about settings, made from the table. */
#include "serve/config_table.h"

enum { HELP_COLUMN = 44 };

static void add_first_sentence(const char *text, struct builder *out)
{
    size_t size = strcspn(text, ";.");

    while (text[size] == '.' && text[size + 1] && text[size + 1] != ' ')
        size += 1 + strcspn(text + size + 1, ";.");
    builder_add(out, text, size);
}

void config_help(struct builder *out)
{
    builder_add_string(
        out, "Starts the server.\n\n    natter serve [--config FILE] [--SETTING VALUE] ...\n\n"
             "Example: natter serve --listen :8080 --data /var/lib/natter\n\n"
             "Each setting can also be a variable (--chat-text-max is NATTER_CHAT_TEXT_MAX) or stand in the file.\n\n");
    for (size_t i = 0; i < setting_count; i++) {
        size_t start = out->size;
        builder_add_string(out, "  ");
        setting_add_flag(&settings[i], out);
        builder_format(out, " %s", settings[i].standard);
        do {
            builder_add_byte(out, ' ');
        } while (builder_ok(out) && out->size < start + HELP_COLUMN);
        add_first_sentence(settings[i].text, out);
        builder_add_byte(out, '\n');
    }
}

void config_sample(struct builder *out)
{
    const char *section = "";

    builder_add_string(out, "# The settings of natter, each with its default. Take the # away to change one.\n"
                            "# natter check-config tells whether a file is right.\n");
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        bool is_new = strcmp(section, setting->section) != 0;
        if (is_new && section[0])
            builder_add_string(out, "}\n");
        if (is_new)
            builder_format(out, "\n%s {\n", setting->section);
        section = setting->section;
        const char *indent = section[0] ? "    " : "";
        builder_format(out, "%s%s# %s\n%s# %s = \"%s\"\n", section[0] ? "" : "\n", indent, setting->text, indent,
                       setting->key, setting->standard);
    }
    builder_add_string(out, section[0] ? "}\n" : "");
}

static void add_range(const struct setting *setting, struct builder *out)
{
    if (setting->words) {
        for (const char *at = setting->words; *at; at++)
            builder_add_string(out, *at == ' ' ? ", " : (char[]){*at, 0});
        return;
    }
    switch (setting->type) {
    case SETTING_SWITCH: builder_add_string(out, "on, off"); break;
    case SETTING_RATE: builder_add_string(out, "per second/at once"); break;
    case SETTING_SIZE:
    case SETTING_COUNT:
    case SETTING_COUNT_32:
    case SETTING_INT:
    case SETTING_TIME_32:
    case SETTING_TIME_64:
        setting_write_amount(setting->least, setting->type, out);
        builder_add_string(out, " to ");
        setting_write_amount(setting->most, setting->type, out);
        break;
    default: break;
    }
}

void config_reference(struct builder *out)
{
    const char *section = NULL;

    builder_add_string(
        out,
        "# Settings\n\n"
        "Made by `natter config reference`; do not edit it by hand.\n\n"
        "Flags win over variables, variables over the file, the file over defaults. The file is the one that "
        "`--config` (or the variable\n"
        "`NATTER_CONFIG`) names, or `/etc/natter/natter.conf` if it is there; none is needed. `natter config "
        "sample` prints one with every\n"
        "setting, `natter check-config` checks one, `natter config dump` prints what is in force. Sizes take `KiB`, "
        "`MiB`, `GiB`; times `ms`, `s`, `min`, `h`, `d`.\n");
    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        if (!section || strcmp(section, setting->section) != 0) {
            section = setting->section;
            builder_format(
                out,
                "\n## %s\n\n| setting | flag, variable | default | allowed | what it is for |\n| --- | --- | --- | "
                "--- | --- |\n",
                section[0] ? section : "At the top");
        }
        builder_add_string(out, "| `");
        setting_name(setting, '.', out);
        builder_add_string(out, "` | `");
        setting_add_flag(setting, out);
        builder_add_string(out, "`<br>`");
        setting_add_variable(setting, out);
        builder_format(out, "` | %s%s%s | ", setting->standard[0] ? "`" : "",
                       setting->standard[0] ? setting->standard : "none", setting->standard[0] ? "`" : "");
        add_range(setting, out);
        builder_format(out, " | %s |\n", setting->text);
    }
}

/* Within double quotes a file's reader understands backslashes and replaces ${NAME}. */
static void add_escaped(const struct setting *setting, const struct config *config, struct builder *out)
{
    struct builder value;

    builder_init(&value, 64 * 1024);
    setting_write(setting, config, &value);
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] == '"' || value.at[i] == '\\' || value.at[i] == '$')
            builder_add_byte(out, '\\');
        builder_add_byte(out, value.at[i]);
    }
    builder_done(&value);
}

void config_dump(const struct config *config, struct builder *out)
{
    const char *section = "";

    for (size_t i = 0; i < setting_count; i++) {
        const struct setting *setting = &settings[i];
        bool is_new = strcmp(section, setting->section) != 0;
        if (is_new && section[0])
            builder_add_string(out, "}\n");
        if (is_new)
            builder_format(out, "%s {\n", setting->section);
        section = setting->section;
        builder_format(out, "%s%s = \"", section[0] ? "    " : "", setting->key);
        add_escaped(setting, config, out);
        builder_add_string(out, "\"\n");
    }
    builder_add_string(out, section[0] ? "}\n" : "");
}
