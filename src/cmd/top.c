/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/top.h"

#include <stdio.h>
#include <stdlib.h>

#include "cmd/verb.h"
#include "os/file.h"
#include "top/run.h"

static const char usage[] =
    "Usage: natter top [--url PLACE] [--pane NAME] [--filter TEXT] [--interval SECONDS] [--once | --json]\n"
    "Shows what goes on inside a running server: connections, rooms, ends with their reasons, loops. ? is help.\n"
    "  --url PLACE          the operator's listener: 127.0.0.1:9180 unless told, http://HOST:PORT, or unix:/PATH\n"
    "  --token-file FILE    with the word that api.token_file holds; only from elsewhere, or through a proxy\n"
    "  --pane NAME          connections, rooms, ended or loops\n"
    "  --filter TEXT        only those with this text\n"
    "  --interval SECONDS   between two looks; 1 unless told\n"
    "  --once               one screen as text; --size 120x40 sets how large\n"
    "  --json               the pane as /api/v1 answers it\n";

enum { TOKEN_BYTES_MAX = 512, INTERVAL_DEFAULT_MS = 1000, MS_PER_S = 1000 };

struct arguments {
    struct top_options options;
    const char *url;
    const char *token_file;
};

static bool complain(const char *what, const char *value)
{
    (void)fprintf(stderr, "natter top: %s: %s\n%s", what, value, usage);
    return false;
}

static bool read_interval(const char *value, uint32_t *out_ms)
{
    char *end;
    double seconds = strtod(value, &end);

    if (end == value || *end || !(seconds >= 0.25 && seconds <= 3600))
        return complain("--interval is from 0.25 to 3600 seconds, not", value);
    *out_ms = (uint32_t)(seconds * MS_PER_S);
    return true;
}

static bool read_size(const char *value, struct top_options *out)
{
    if (sscanf(value, "%4dx%4d", &out->columns, &out->rows) == 2 && out->columns >= 40 && out->rows >= 10)
        return true;
    return complain("--size is like 120x40, not", value);
}

static bool read_filter(const char *value, struct top_options *out)
{
    if (strlen(value) >= sizeof out->filter)
        return complain("--filter is too long", value);
    (void)snprintf(out->filter, sizeof out->filter, "%s", value);
    return true;
}

/* A flag with its value. */
static bool read_pair(struct arguments *arguments, const char *name, const char *value)
{
    struct top_options *options = &arguments->options;

    if (strcmp(name, "--url") == 0)
        arguments->url = value;
    else if (strcmp(name, "--token-file") == 0)
        arguments->token_file = value;
    else if (strcmp(name, "--pane") == 0)
        return top_pane_read(value, &options->pane) || complain("there is no pane", value);
    else if (strcmp(name, "--filter") == 0)
        return read_filter(value, options);
    else if (strcmp(name, "--interval") == 0)
        return read_interval(value, &options->interval_ms);
    else if (strcmp(name, "--size") == 0)
        return read_size(value, options);
    else
        return complain("there is no flag", name);
    return true;
}

static bool read_arguments(struct arguments *arguments, int count, char **words)
{
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], "--once") == 0)
            arguments->options.is_once = true;
        else if (strcmp(words[i], "--json") == 0)
            arguments->options.is_json = true;
        else if (i + 1 == count)
            return complain("this needs a value, or is no flag", words[i]);
        else if (!read_pair(arguments, words[i], words[i + 1]))
            return false;
        else
            i++;
    }
    return true;
}

static bool read_token(const char *file, struct builder *out)
{
    if (os_file_read(file, out) != RESULT_OK)
        return complain("cannot read", file);
    while (out->size > 0 && (out->at[out->size - 1] == '\n' || out->at[out->size - 1] == '\r'))
        out->size--;
    for (size_t i = 0; i < out->size; i++) {
        if (out->at[i] <= ' ' || out->at[i] >= 0x7f)
            return complain("there must be one word in", file);
    }
    builder_add_byte(out, 0);
    return true;
}

int cmd_top(int count, char **words)
{
    struct arguments arguments = {.options = {.interval_ms = INTERVAL_DEFAULT_MS}, .url = "127.0.0.1:9180"};
    struct builder token;
    int status = STATUS_USAGE;

    if (count > 0 && (strcmp(words[0], "--help") == 0 || strcmp(words[0], "-h") == 0)) {
        os_print(1, view_of_string(usage));
        return 0;
    }
    if (!read_arguments(&arguments, count, words))
        return STATUS_USAGE;
    if (!fetch_target_read(arguments.url, &arguments.options.target)) {
        (void)complain("--url is 127.0.0.1:9180, http://HOST:PORT with an address for HOST, or unix:/PATH, not",
                       arguments.url);
        return STATUS_USAGE;
    }
    builder_init(&token, TOKEN_BYTES_MAX + 2);
    if (!arguments.token_file || read_token(arguments.token_file, &token)) {
        arguments.options.target.token = arguments.token_file ? (const char *)token.at : NULL;
        status = top_run(&arguments.options);
    }
    builder_done(&token);
    return status;
}
