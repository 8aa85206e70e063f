/* SPDX-License-Identifier: Apache-2.0 */
/* What the server said, as `natter top` shows it: JSON documents, and rates from two of them. Pure. */
#pragma once

#include <jansson.h>

#include "base/builder.h"

struct top_data {
    json_t *overview;  /* NULL: not known yet */
    json_t *before;    /* the overview before that, for rates; NULL: none */
    json_t *list;      /* of the pane that is shown; NULL: not known */
    json_t *detail;    /* of one connection; NULL: none */
    char problem[200]; /* why nothing is known, or no longer; "" */
};

void top_data_done(struct top_data *data);
/* Takes over the reference; the one before is kept for rates. */
void top_data_overview(struct top_data *data, json_t *overview);

/* "commits.p99_ms" of a document; 0 or "" where it is not there. */
double data_number(const json_t *document, const char *path);
const char *data_text(const json_t *document, const char *path);
/* The first array of the document: the rows. NULL: it has none. */
const json_t *data_rows(const json_t *document);
/* Of a number that rises, by how much a second; 0 where that is not known. */
double data_rate(const struct top_data *data, const char *path);
