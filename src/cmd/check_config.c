/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/settings.h"
#include "cmd/verb.h"

static void help(struct builder *out)
{
    builder_add_string(
        out,
        "Tells whether the settings are right, from all places where they are read; says where the first wrong one "
        "stands.\n\n"
        "    natter check-config [--config FILE] [--SETTING VALUE] ...\n\n"
        "Example: natter check-config --config natter.conf\n");
}

int cmd_check_config(int count, char **arguments)
{
    struct config config;
    int status = 0;

    if (!settings_load(&config, count, arguments, help, &status))
        return status;
    (void)printf("The settings are right%s%s.\n", config.file ? ": " : "", config.file ? config.file : "");
    config_done(&config);
    return 0;
}
