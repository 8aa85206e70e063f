/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the page, built into the program. tools/embed.mjs writes the table; http/assets.c serves it.
 *
 * `etag` is a strong validator of the plain form, with its quotes. A strong validator names one sequence of bytes, so a
 * response in another encoding needs another one: whoever sends `gzip` or `brotli` puts the encoding's name before the
 * closing quote. A form of size 0 is not there. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "base/view.h"

struct asset {
    const char *path;         /* from the page's root, "/index.html" */
    const char *content_type; /* with its charset */
    const char *etag;
    bool is_immutable; /* the name holds a hash of the content, so it may be kept for ever */
    struct view plain;
    struct view gzip;
    struct view brotli;
};

/* Ordered by `path`, byte by byte. */
extern const struct asset assets_data[];
extern const size_t assets_data_count;
