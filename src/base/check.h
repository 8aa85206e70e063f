/* SPDX-License-Identifier: Apache-2.0 */
/* Two ranks of "this must hold": check() for bugs, kept in release; and MUST_USE results for what the world can do. */
#pragma once

/* Prints file, line and condition to stderr and aborts. What a byte from outside can cause is never a check. */
#define check(condition) (__builtin_expect(!!(condition), 1) ? (void)0 : check_failed(__FILE__, __LINE__, #condition))

void check_failed(const char *file, int line, const char *condition) __attribute__((noreturn, cold));

#define MUST_USE __attribute__((warn_unused_result))
