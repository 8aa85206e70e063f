/* SPDX-License-Identifier: Apache-2.0 */
/* Draws what is known into a screen, as the state says. Tells the state what it must know of the list. Pure. */
#pragma once

#include "top/data.h"
#include "top/screen.h"
#include "top/state.h"

enum { VIEW_HEAD_ROWS = 6, VIEW_FOOT_ROWS = 1 };

void view_draw(struct screen *screen, struct top_state *state, const struct top_data *data);
/* view_list.c: the table of a pane, from that row on. */
void view_list(struct screen *screen, struct top_state *state, const struct top_data *data, int row);
/* view_detail.c: one connection. */
void view_detail(struct screen *screen, const struct top_state *state, const struct top_data *data, int row);
void view_help(struct screen *screen, int row);
