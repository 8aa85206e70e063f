/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <string.h>

#include "cmd/settings.h"
#include "cmd/verb.h"
#include "ops/metrics.h"
#include "os/file.h"

static void help(struct builder *out)
{
    builder_add_string(out, "Prints texts about settings and metrics.\n\n"
                            "    natter config sample       a file with every setting and its default\n"
                            "    natter config reference    the page of the documentation\n"
                            "    natter config metrics      the page about metrics\n"
                            "    natter config dump [--config FILE] [--SETTING VALUE] ...\n"
                            "                               the settings in force\n\n"
                            "Example: natter config sample > natter.conf\n");
}

static int dump(int count, char **arguments)
{
    struct config config;
    struct builder text;
    int status = 0;

    if (!settings_load(&config, count, arguments, help, &status))
        return status;
    builder_init(&text, 1024 * 1024);
    config_dump(&config, &text);
    os_print(1, builder_view(&text));
    builder_done(&text);
    config_done(&config);
    return 0;
}

int cmd_config(int count, char **arguments)
{
    const char *what = count > 0 ? arguments[0] : "";

    if (strcmp(what, "sample") == 0) {
        settings_print(config_sample);
        return 0;
    }
    if (strcmp(what, "reference") == 0) {
        settings_print(config_reference);
        return 0;
    }
    if (strcmp(what, "metrics") == 0) {
        settings_print(metrics_reference);
        return 0;
    }
    if (strcmp(what, "dump") == 0)
        return dump(count - 1, arguments + 1);
    settings_print(help);
    return strcmp(what, "--help") == 0 || strcmp(what, "-h") == 0 ? 0 : STATUS_USAGE;
}
