/* SPDX-License-Identifier: Apache-2.0 */
/* Findings as text for people and as JSON for programs. */
#pragma once

#include "doctor/judge.h"

/* `subject`: what was looked at. */
void tell_people(const struct findings *findings, const char *subject, bool has_colours, struct builder *out);
void tell_programs(const struct findings *findings, const char *subject, struct builder *out);
