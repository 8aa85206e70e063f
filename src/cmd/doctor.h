/* SPDX-License-Identifier: Apache-2.0 */
/* `natter doctor`: what is wrong with a deployment, seen from outside, or with an installation, seen on this machine.
 */
#pragma once

#include "doctor/judge.h"
#include "serve/config.h"

int cmd_doctor(int count, char **arguments);

/* Looks at this machine with the settings that `arguments` and the usual places give. False: the settings cannot be
 * read (said, and `*out_status` is the exit status). */
bool doctor_look_here(int count, char **arguments, struct findings *out_findings, char *out_subject,
                      size_t subject_size, int *out_status);
/* Asks the server that runs on this machine what it has noticed by itself. Waits for its answer. */
void doctor_look_at_notices(const struct config *config, struct findings *out_findings);
