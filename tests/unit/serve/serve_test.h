/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of serve/ share. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "serve/config.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int test_config(void);
int test_config_doc(void);
int test_config_file(void);
int test_config_near(void);
int test_config_place(void);
int test_config_table(void);
int test_config_value(void);
int test_listening(void);
int test_passed(void);
int test_service(void);
int test_parcel(void);

/* A configuration as read from some flags and variables; `text` is the fault, with a NUL. */
struct attempt {
    struct config config;
    enum config_outcome outcome;
    struct builder fault;
    const char *text;
};
enum { ATTEMPT_WORDS_MAX = 16 };

/* `flags` and `variables` are words with a line end between; NULL: none. */
void attempt_read(struct attempt *attempt, const char *flags, const char *variables);
void attempt_done(struct attempt *attempt);
/* A file of its own in a folder of its own, removed by attempt_file_done(). Returns its path. */
const char *attempt_file(const char *content, size_t size);
void attempt_file_done(void);

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part))
        fail_msg("\"%s\" is not in: %s", part, text);
}
