/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>

#include "cmd/settings.h"
#include "cmd/verb.h"
#include "serve/server.h"

int cmd_serve(int count, char **arguments)
{
    struct config config;
    int status = 0;

    if (!settings_load(&config, count, arguments, config_help, &status))
        return status;
    status = server_run(&config);
    config_done(&config);
    return status;
}
