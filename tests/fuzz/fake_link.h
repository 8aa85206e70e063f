/* SPDX-License-Identifier: Apache-2.0 */
/* Connections of doctor/link.h to a world that is a list of bytes. Each connection takes its answer from it: a byte
 * that says how (FAKE_…), two bytes of length, and that many bytes, which come in pieces. When the list is at its end,
 * nobody listens any more. */
#pragma once

#include "base/view.h"

enum {
    FAKE_UPGRADES = 1, /* an upgrade is answered rightly first, as only who saw the key can */
    FAKE_RESETS = 2,   /* the end is a reset, not a FIN … */
    FAKE_HANGS = 4,    /* … or does not come */
    FAKE_TLS_WRONG = 8,
};

void fake_link_begin(struct view world, uint8_t cuts);
