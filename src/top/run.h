/* SPDX-License-Identifier: Apache-2.0 */
/* `natter top`: asks, draws, and does what keys say, until q. Main thread. */
#pragma once

#include "top/fetch.h"
#include "top/state.h"

enum { TOP_INTERVAL_MS_MIN = 250 };

struct top_options {
    struct fetch_target target;
    enum pane pane;
    char filter[FILTER_BYTES_MAX];
    uint32_t interval_ms;
    bool is_once;      /* one screen as text, and out */
    bool is_json;      /* one answer as it is, and out */
    int columns, rows; /* of that screen; 0: as the terminal has it, or 100 by 40 */
};

/* The exit status. */
int top_run(const struct top_options *options);
