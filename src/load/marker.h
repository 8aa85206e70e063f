/* SPDX-License-Identifier: Apache-2.0 */
/* What each message of ours carries at the start of its text, so that whoever receives it knows which it is and when it
 * was meant to be sent. Fixed places, hexadecimal:
 *
 *     0   3         11      17        25                41
 *     @nb rrrrrrrr  pppppp  nnnnnnnn  tttttttttttttttt  filling…
 *         run       sender  number    nanoseconds of the monotonic clock
 */
#pragma once

#include "base/view.h"

enum { MARKER_SIZE = 41, MARKER_KEY_SIZE = 22, MARKER_PUBLISHERS_MAX = 1 << 24 };

struct marker {
    uint32_t run;       /* which process's which run */
    uint32_t publisher; /* below MARKER_PUBLISHERS_MAX */
    uint32_t number;    /* of this publisher's messages, from 1 */
    uint64_t at_ns;     /* when it was meant to be sent */
};

void marker_write(const struct marker *marker, uint8_t out[MARKER_SIZE]);
/* False: the text does not begin with a marker. */
bool marker_read(struct view text, struct marker *out_marker);

/* The message's key in the protocol: run, publisher and number. */
void marker_key_write(const struct marker *marker, uint8_t out[MARKER_KEY_SIZE]);
/* Leaves at_ns alone. False: not such a key. */
bool marker_key_read(struct view key, struct marker *out_marker);
