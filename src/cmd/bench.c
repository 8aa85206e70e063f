/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/bench.h"

#include <stdlib.h>

#include "load/load.h"
#include "os/file.h"

enum { OUT = 1, ERROR = 2, EXIT_USAGE = 2, TEXT_BYTES_MAX = 16384 };

int cmd_bench(int count, char **arguments)
{
    struct load_options options;
    struct builder text;
    int code = EXIT_SUCCESS;
    builder_init(&text, TEXT_BYTES_MAX);
    builder_add_string(&text, "natter bench: ");
    switch (load_options_read(count, arguments, &options, &text)) {
    case LOAD_OPTIONS_READ: code = load_run(&options); break;
    case LOAD_OPTIONS_HELP:
        builder_clear(&text);
        load_options_help(&text);
        os_print(OUT, builder_view(&text));
        break;
    case LOAD_OPTIONS_WRONG:
        builder_add_byte(&text, '\n');
        os_print(ERROR, builder_view(&text));
        code = EXIT_USAGE;
        break;
    }
    builder_done(&text);
    return code;
}
