/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/settings.h"

#include <unistd.h>

#include "cmd/verb.h"
#include "os/file.h"

enum { TEXT_BYTES_MAX = 1024 * 1024, OUT = 1, ERR = 2 };

void settings_print(void (*make)(struct builder *out))
{
    struct builder text;

    builder_init(&text, TEXT_BYTES_MAX);
    make(&text);
    os_print(OUT, builder_view(&text));
    builder_done(&text);
}

static void print_fault(const struct builder *fault)
{
    os_print(ERR, VIEW("natter: "));
    os_print(ERR, builder_view(fault));
    os_print(ERR, VIEW("\n"));
}

bool settings_load(struct config *config, int count, char **arguments, void (*help)(struct builder *out),
                   int *out_status)
{
    struct builder fault;

    builder_init(&fault, TEXT_BYTES_MAX);
    if (!config_init(config)) {
        os_print(ERR, VIEW("natter: out of memory\n"));
        *out_status = STATUS_FAILED;
        return false;
    }
    enum config_outcome outcome = config_read(config, count, arguments, environ, &fault);
    switch (outcome) {
    case CONFIG_READY: break;
    case CONFIG_HELP:
        settings_print(help);
        *out_status = 0;
        break;
    case CONFIG_USAGE:
        print_fault(&fault);
        *out_status = STATUS_USAGE;
        break;
    case CONFIG_BAD:
        print_fault(&fault);
        *out_status = STATUS_CONFIG;
        break;
    }
    builder_done(&fault);
    if (outcome == CONFIG_READY)
        return true;
    config_done(config);
    return false;
}
