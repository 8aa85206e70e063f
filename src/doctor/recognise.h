/* SPDX-License-Identifier: Apache-2.0 */
/* Whose answer is it: natter's own, or that of a proxy, and of which? By the fields Server and Via, and by how their
 * own pages begin. */
#pragma once

#include "doctor/observations.h"

enum proxy recognise(const struct observations *seen);
/* Is that an answer of natter's, by its own words? */
bool recognise_natter(const struct observed_answer *answer);
/* Do the answers show that something stands between? */
bool recognise_is_proxied(const struct observations *seen);
