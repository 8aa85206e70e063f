/* SPDX-License-Identifier: Apache-2.0 */
/* What the program tells its operator: one event per line, on stderr, with keys and values. Human-readable on a
 * terminal, JSON lines otherwise. Never message text, tokens or names of users. Any thread; a line is one write, so
 * lines do not mix.
 *
 *     diag(DIAG_INFO, "conn.ended", "reason", "slow", NULL)        values are strings; diag_number() makes one
 *
 *     2026-01-31 12:00:00 info  conn.ended reason=slow
 *     {"ts":"2026-01-31T12:00:00.000Z","level":"info","event":"conn.ended","reason":"slow"}
 *     <6>conn.ended reason=slow                  for the journal, which has the time and the level of its own
 *
 * In all forms, what could move a terminal's cursor, turn its writing round or is no UTF-8 is escaped. A line holds
 * at most 4,096 bytes: pairs that do not fit are left out, and "cut=true" stands in their place. */
#pragma once

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

enum diag_level { DIAG_DEBUG, DIAG_INFO, DIAG_WARNING, DIAG_ERROR };
enum diag_form { DIAG_HUMAN, DIAG_JSON, DIAG_JOURNAL };

/* Sets the form and the least level that is printed. Before it is called: human, info. Any thread. */
void diag_setup(enum diag_form form, enum diag_level least);

/* Begins each line with its priority as syslog counts them: "<3>" for errors, "<6>" for what is normal. The journal
 * takes that off again. DIAG_JOURNAL has it in any case. Any thread. */
void diag_set_priorities(bool has_priorities);

/* Where the time at the start of a line comes from: milliseconds since the Unix epoch. NULL, as at first: lines have no
 * time. Before other threads start. */
void diag_set_clock(int64_t (*wall_ms)(void));

/* Pairs of key and value follow, ended by a NULL key. A NULL value prints as empty. */
void diag(enum diag_level level, const char *event, ...) __attribute__((sentinel));

/* A number as text, for the arguments of diag() in the same statement: one of eight rotating buffers of this thread. */
const char *diag_number(int64_t number);
/* printf into the same rotating buffers, cut at 511 bytes. */
const char *diag_format(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For tests: lines go to this function instead of stderr, without their line end; NULL restores. While other threads
 * write lines the function is called on those threads. */
void diag_set_sink(void (*sink)(void *context, const char *line), void *context);
