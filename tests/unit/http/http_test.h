/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of http/ share: a request as text, and its answer. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "http/routes.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int test_assets(void);
int test_health(void);
int test_public_notices(void);
int test_routes(void);

struct exchange {
    struct http_site site;
    bool is_store_healthy;
    struct http_reply reply;
    char fields[8192]; /* of the answer, with a NUL */
    char text[2048];
};

/* Answers "METHOD TARGET" with further field lines (each with CRLF; NULL: none). Set `is_store_healthy` and
 * `site.is_draining` after exchange_init(). */
void exchange_init(struct exchange *exchange);
void exchange_ask(struct exchange *exchange, const char *line, const char *fields);
void exchange_done(struct exchange *exchange);

/* The value of one field of the answer, up to its line's end; fails where it is not there exactly once. */
const char *exchange_field(const struct exchange *exchange, const char *name, char out[1024]);
bool exchange_has_field(const struct exchange *exchange, const char *name);
