/* SPDX-License-Identifier: Apache-2.0 */
/* The file of settings, read with libConfuse: sections of keys and values, each value as text that setting_read()
 * understands. Not here: what values mean, and other sources. */
#pragma once

#include "serve/config.h"

/* False: `out_fault` is one line that names the file, the line in it, the setting, and what is allowed. */
bool config_file_read(struct config *config, const char *path, struct builder *out_fault);
/* The same for text that is there already, called `name` in faults. `text` is changed: comments are blanked. */
bool config_text_read(struct config *config, const char *name, struct builder *text, struct builder *out_fault);
