/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of observe.c that have a file of their own. */
#pragma once

#include "doctor/observe.h"

/* A message of the size that natter takes, in both directions; where it does not come through, how large one does. */
void observe_sizes(const struct target *target, struct observations *seen);
/* Small messages at an interval: do they come at that interval? */
void observe_drip(const struct target *target, struct observations *seen);
/* Three connections at once, on which nobody, only natter, or only we speak: which are cut, and when. */
void observe_silence(const struct target *target, int64_t watched_ms,
                     void (*progress)(const char *what, int done_s, int of_s), struct observations *seen);
