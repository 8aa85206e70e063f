/* SPDX-License-Identifier: Apache-2.0 */
/* What `natter doctor` can be told. */
#pragma once

#include "doctor/observe.h"

struct doctor_options {
    const char *url; /* NULL: look at this machine */
    struct observe_options observe;
    bool is_json;
};

enum doctor_options_read { DOCTOR_OPTIONS_READ, DOCTOR_OPTIONS_HELP, DOCTOR_OPTIONS_WRONG };

/* Reads the arguments after the verb, which the options then point into. Flags that are not known, and their values,
 * are given to `out_rest` (as large as `count`): settings of natter, for a look at this machine. WRONG: `out_problem`
 * says what. */
enum doctor_options_read doctor_options_read(int count, char **arguments, struct doctor_options *out_options,
                                             char **out_rest, int *out_rest_count, struct builder *out_problem);
void doctor_options_help(struct builder *out);
