/* SPDX-License-Identifier: Apache-2.0 */
/* What `natter top` shows, and what keys make of that. Pure: it knows neither a terminal nor a server. */
#pragma once

#include "base/builder.h"
#include "top/keys.h"

enum pane { PANE_CONNECTIONS, PANE_ROOMS, PANE_ENDED, PANE_LOOPS, PANE_COUNT };
enum top_mode { MODE_LIST, MODE_DETAIL, MODE_FILTER, MODE_CONFIRM, MODE_HELP };

enum { FILTER_BYTES_MAX = 64, TOP_ID_BYTES_MAX = 40, TOP_SORTS_MAX = 11, TOP_NOTE_BYTES_MAX = 160 };

struct top_state {
    enum pane pane;
    enum top_mode mode;
    int sort[PANE_COUNT]; /* index into top_sorts */
    bool is_rising[PANE_COUNT];
    char filter[FILTER_BYTES_MAX]; /* UTF-8, with a NUL */
    char typed[FILTER_BYTES_MAX];  /* while it is being typed */
    int selected, first;           /* rows of the list: marked, and the first that is shown */
    int count, height;             /* that there are, and that fit: told by whoever draws */
    char marked[TOP_ID_BYTES_MAX]; /* the id of the marked connection, "" where there is none; told as well */
    char detail[TOP_ID_BYTES_MAX]; /* the one that is looked at */
    bool is_paused;
    bool has_ended;                /* q */
    bool must_fetch;               /* what is shown is no longer what is wanted */
    bool must_redraw;              /* all of it */
    bool must_kick;                /* `detail`, or else `marked`; whoever does it says so in `note` */
    char note[TOP_NOTE_BYTES_MAX]; /* in the last line, until the next key */
};

void top_state_init(struct top_state *state);
void top_state_key(struct top_state *state, const struct key *key);
/* After the list is known: holds mark and window within it. */
void top_state_settle(struct top_state *state);
/* The name of the order at work; NULL: the pane has none. */
const char *top_state_sort(const struct top_state *state);
/* "/api/v1/connections?…": where the list comes from. */
void top_state_path(const struct top_state *state, struct builder *out);
/* "connections", …; false: there is no such pane. */
bool top_pane_read(const char *name, enum pane *out_pane);
const char *top_pane_text(enum pane pane);
