/* SPDX-License-Identifier: Apache-2.0 */
/* A file of settings: what is taken can be written down and read again with the same outcome; what is refused is
 * explained in one line that names the place. No file is opened, whatever the text says. */
#include "serve/config_file.h"

#include "fuzz.h"

enum { TEXT_BYTES_MAX = 1 << 20 };

static const char name[] = "natter.conf";

static bool read_text(struct config *config, struct view bytes, struct builder *fault)
{
    struct builder text;

    check(config_init(config));
    builder_init(&text, TEXT_BYTES_MAX);
    builder_add_view(&text, bytes);
    bool is_fine = config_text_read(config, name, &text, fault);
    builder_done(&text);
    return is_fine;
}

static void check_fault(const struct builder *fault)
{
    check(builder_ok(fault) && fault->size > sizeof name);
    check(view_starts_with(builder_view(fault), view_of_string(name)));
    for (size_t i = 0; i < fault->size; i++)
        check(fault->at[i] >= 0x20 && fault->at[i] != 0x7f);
}

/* What it came to, written down: read again it says the same. */
static void check_dump(const struct config *config, struct builder *fault)
{
    struct builder dump, dump_again;
    struct config again;

    builder_init(&dump, TEXT_BYTES_MAX);
    builder_init(&dump_again, TEXT_BYTES_MAX);
    config_dump(config, &dump);
    check(builder_ok(&dump));
    check(read_text(&again, builder_view(&dump), fault));
    config_dump(&again, &dump_again);
    check(view_equal(builder_view(&dump), builder_view(&dump_again)));
    config_done(&again);
    builder_done(&dump);
    builder_done(&dump_again);
}

int LLVMFuzzerTestOneInput(const uint8_t *at, size_t size)
{
    struct config config;
    struct builder fault;

    builder_init(&fault, 1 << 16);
    if (read_text(&config, view_of(at, size), &fault)) {
        check(fault.size == 0);
        check_dump(&config, &fault);
    } else {
        check_fault(&fault);
    }
    config_done(&config);
    builder_done(&fault);
    return 0;
}
