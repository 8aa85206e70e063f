/* SPDX-License-Identifier: Apache-2.0 */
/* The three answers of every decoder on this floor. */
#pragma once

enum decode {
    DECODE_DONE,      /* one whole thing was read; it says how many bytes it took */
    DECODE_NEED_MORE, /* the bytes so far are right, but it is not complete; nothing was consumed */
    DECODE_BAD,       /* it can never become right; a fault says why */
};
