/* SPDX-License-Identifier: Apache-2.0 */
/* What clients call themselves, shortened, each text kept once however many have it: a crowd of one browser costs one
 * entry. Bounded; who comes when all entries are taken is kept without. One shard's thread. */
#pragma once

#include "base/view.h"

enum { AGENTS_MAX = 255, AGENT_BYTES_MAX = 47 };

struct agents {
    struct agent {
        uint32_t references; /* 0: free */
        uint8_t size;
        char text[AGENT_BYTES_MAX + 1];
    } entries[AGENTS_MAX];
};

/* The number of that text, with one reference more; 0: there is none, or no entry is free. What is no printable ASCII
 * is shown as '?', and what is long is cut. */
uint8_t agents_take(struct agents *agents, struct view text);
/* Accepts 0. */
void agents_give(struct agents *agents, uint8_t number);
/* Empty for 0. */
struct view agents_text(const struct agents *agents, uint8_t number);
