/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/config_file.h"

#include <confuse.h>
#include <stdio.h>
#include <stdlib.h>

#include "os/file.h"
#include "serve/config_near.h"
#include "serve/config_table.h"

enum { SECTIONS_MAX = 32, KEYS_MAX = 64, FILE_BYTES_MAX = 1024 * 1024, PLACE_BYTES_MAX = 1024 };

struct reading {
    struct config *config;
    const char *path;
    struct builder *fault;
    int *lines; /* by setting: where it was seen; 0: not yet */
};

/* libConfuse's callbacks bring no context of the caller's. Set while a file is parsed. */
static _Thread_local struct reading *reading_now;

/* Its table of options, made from ours. */
struct options {
    cfg_opt_t top[KEYS_MAX];
    cfg_opt_t sections[SECTIONS_MAX][KEYS_MAX];
    const char *names[SECTIONS_MAX];
    size_t section_count;
};

static const char *section_name(cfg_t *cfg)
{
    return strcmp(cfg_name(cfg), "root") == 0 ? "" : cfg_name(cfg);
}

static const struct setting *find(const char *section, const char *key)
{
    for (size_t i = 0; i < setting_count; i++) {
        if (strcmp(settings[i].section, section) == 0 && strcmp(settings[i].key, key) == 0)
            return &settings[i];
    }
    return NULL;
}

/* Called for each value while the line that it stands on is known. -1 ends the parse; the fault is told already. */
static int take_value(cfg_t *cfg, cfg_opt_t *option, const char *value, void *result)
{
    struct reading *reading = reading_now;
    const struct setting *setting = find(section_name(cfg), cfg_opt_name(option));
    char place[PLACE_BYTES_MAX];

    check(setting != NULL);
    int *line = &reading->lines[setting - settings];
    (void)snprintf(place, sizeof place, "%s:%d", reading->path, cfg->line);
    if (*line > 0) {
        builder_format(reading->fault, "%s: the setting ", place);
        setting_name(setting, '.', reading->fault);
        builder_format(reading->fault, " is set already in line %d; keep one of the two", *line);
        return -1;
    }
    *line = cfg->line;
    *(const char **)result = value;
    return setting_apply(setting, reading->config, value, place, reading->fault) ? 0 : -1;
}

static void explain_unknown(cfg_t *cfg, const char *key)
{
    struct builder *fault = reading_now->fault;
    const char *section = section_name(cfg);
    const struct setting *nearest = setting_nearest(view_of_string(key), section);

    builder_add_string(fault, "there is no setting \"");
    setting_add_shown(fault, key);
    builder_add_byte(fault, '"');
    if (section[0])
        builder_format(fault, " in %s", section);
    if (nearest)
        builder_format(fault, "; did you mean %s?", nearest->key);
    builder_add_string(fault, "; natter config sample prints all");
}

/* Only the first complaint counts: the others follow from it. */
static void report(cfg_t *cfg, const char *format, va_list arguments)
{
    struct builder *fault = reading_now->fault;
    char text[512];

    if (fault->size > 0)
        return;
    builder_format(fault, "%s:%d: ", reading_now->path, cfg->line);
    if (strcmp(format, "no such option '%s'") == 0) {
        explain_unknown(cfg, va_arg(arguments, const char *));
        return;
    }
    (void)vsnprintf(text, sizeof text, format, arguments);
    setting_add_shown(fault, text);
    builder_add_string(fault, "; a line is: key = \"value\", a section: name { lines }");
}

static cfg_opt_t *options_of(struct options *options, const char *name)
{
    size_t i = 0;

    while (i < options->section_count && strcmp(options->names[i], name) != 0)
        i++;
    check(i < SECTIONS_MAX);
    if (i == options->section_count)
        options->names[options->section_count++] = name;
    return options->sections[i];
}

static void add_option(cfg_opt_t *options, const cfg_opt_t *option)
{
    size_t i = 0;

    while (options[i].name)
        i++;
    check(i + 1 < KEYS_MAX);
    options[i] = *option;
}

static void fill_options(struct options *options)
{
    for (size_t i = 0; i < setting_count; i++) {
        const char *section = settings[i].section;
        const cfg_opt_t option = CFG_STR_CB(settings[i].key, NULL, CFGF_NODEFAULT, take_value);
        add_option(section[0] ? options_of(options, section) : options->top, &option);
    }
    for (size_t i = 0; i < options->section_count; i++) {
        const cfg_opt_t section = CFG_SEC(options->names[i], options->sections[i], CFGF_NONE);
        add_option(options->top, &section);
    }
}

static bool parse(struct reading *reading, const char *text)
{
    struct options *options = calloc(1, sizeof *options);
    int *lines = calloc(setting_count, sizeof *lines);
    cfg_t *cfg = NULL;

    if (options && lines) {
        fill_options(options);
        cfg = cfg_init(options->top, CFGF_NONE);
    }
    if (cfg) {
        reading->lines = lines;
        reading_now = reading;
        cfg_set_error_function(cfg, report);
        if (cfg_parse_buf(cfg, text) != CFG_SUCCESS && reading->fault->size == 0)
            builder_format(reading->fault, "%s: this is no file of settings", reading->path);
        reading_now = NULL;
        cfg_free(cfg);
    } else {
        builder_add_string(reading->fault, "out of memory");
    }
    free(lines);
    free(options);
    return reading->fault->size == 0;
}

/* Blanks from `at` to the line's end, or behind the closing mark, keeping line ends. Returns where it stopped. */
static char *blank_until(char *at, const char *end)
{
    for (; at < end; at++) {
        if (*at != '\n')
            *at = ' ';
    }
    return at;
}

/* Behind the closing quote, or at the text's end where there is none. */
static char *skip_quoted(char *at)
{
    char quote = *at++;

    while (*at && *at != quote)
        at += *at == '\\' && at[1] ? 2 : 1;
    return *at ? at + 1 : at;
}

/* libConfuse 3.3 counts two lines too many for each comment, and takes none between a "=" and its value. So it never
 * sees one. A comment begins with a "#", and where no word goes on, as in https://, with two slashes or a slash and a
 * star. False: one of the latter never ends. */
static bool blank_comments(char *text)
{
    bool is_word = false;
    char *at = text;

    while (*at) {
        bool is_slashes = !is_word && at[0] == '/' && at[1] == '/';
        bool is_star = !is_word && at[0] == '/' && at[1] == '*';
        if (*at == '"' || *at == '\'') {
            at = skip_quoted(at);
            is_word = false;
        } else if (*at == '#' || is_slashes) {
            at = blank_until(at, at + strcspn(at, "\n"));
        } else if (is_star) {
            const char *close = strstr(at + 2, "*/");
            if (!close)
                return false;
            at = blank_until(at, close + 2);
        } else {
            is_word = !strchr(" \t\r\n{}=+,;()", *at);
            at++;
        }
    }
    return true;
}

static const char *why_unreadable(enum result result)
{
    switch (result) {
    case RESULT_NOT_FOUND: return "there is no such file; name another one, or none, with --config or NATTER_CONFIG";
    case RESULT_REFUSED: return "this user may not read it; check the rights of the file and of its folders";
    case RESULT_FULL: return "it is larger than 1 MiB, so it is no file of settings";
    default: return "it cannot be read; is it a file?";
    }
}

bool config_text_read(struct config *config, const char *name, struct builder *text, struct builder *out_fault)
{
    struct reading reading = {.config = config, .path = name, .fault = out_fault};
    bool is_text = text->size == 0 || !memchr(text->at, 0, text->size);

    builder_add_string(text, "\n");
    builder_add_byte(text, 0);
    if (!builder_ok(text)) {
        builder_format(out_fault, "%s: %s", name, why_unreadable(RESULT_FULL));
        return false;
    }
    if (!is_text) {
        builder_format(out_fault, "%s: it holds NUL bytes, so it is no file of settings", name);
        return false;
    }
    if (!blank_comments((char *)text->at)) {
        builder_format(out_fault, "%s: a comment that begins with /* never ends; close it with */", name);
        return false;
    }
    return parse(&reading, (const char *)text->at);
}

/* libConfuse's own way to a file ends the process where the path is a folder, so the file is read here. */
bool config_file_read(struct config *config, const char *path, struct builder *out_fault)
{
    struct builder text;
    bool is_fine = false;

    builder_init(&text, FILE_BYTES_MAX);
    enum result result = os_file_read(path, &text);
    if (result == RESULT_OK)
        is_fine = config_text_read(config, path, &text, out_fault);
    else
        builder_format(out_fault, "%s: %s", path, why_unreadable(result));
    builder_done(&text);
    return is_fine;
}
