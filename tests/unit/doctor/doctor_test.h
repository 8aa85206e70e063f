/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of doctor/ share: each group runs one file's tests and returns how many failed. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "doctor/observations.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

int test_answer(void);
int test_cure(void);
int test_judge(void);
int test_judge_secure(void);
int test_options(void);
int test_recognise(void);
int test_seen(void);
int test_tell(void);
int test_url(void);

/* What is seen of a natter behind Nginx where all is well. */
void healthy(struct observations *out_seen);
