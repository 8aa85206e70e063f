/* SPDX-License-Identifier: Apache-2.0 */
/* A grid of cells, and the few bytes that turn what a terminal shows into it. Text of strangers goes into cells only:
 * nothing in it can move the cursor. Pure. */
#pragma once

#include "base/builder.h"
#include "base/result.h"

enum { SCREEN_COLUMNS_MAX = 400, SCREEN_ROWS_MAX = 200, CELL_BYTES_MAX = 15 };

enum style { STYLE_PLAIN, STYLE_BOLD, STYLE_DIM, STYLE_REVERSE, STYLE_GOOD, STYLE_WARN, STYLE_BAD, STYLE_COUNT };

struct cell {
    char bytes[CELL_BYTES_MAX]; /* a character and its marks; size 0: the right half of a wide one */
    uint8_t size : 4;
    uint8_t style : 4;
};

struct screen {
    int columns, rows;
    struct cell *cells; /* row by row */
    struct cell *shown; /* what the terminal shows; NULL: not known */
};

/* RESULT_OK, RESULT_NO_MEMORY. Sizes are held within their bounds. */
enum result screen_init(struct screen *screen, int columns, int rows) MUST_USE;
void screen_done(struct screen *screen);
/* All blank. */
void screen_clear(struct screen *screen);
/* Puts text into the cells of `width` columns from there on; what does not fit is cut, with '~' in its last cell.
 * Outside the grid nothing happens. Returns the columns that it took. */
int screen_put(struct screen *screen, int row, int column, int width, enum style style, struct view text);
/* The same at the right end of these columns. */
void screen_put_right(struct screen *screen, int row, int column, int width, enum style style, struct view text);
/* Gives all cells of a row that style. */
void screen_style_row(struct screen *screen, int row, enum style style);
/* Appends what must be sent: of rows that have changed, or of all where `is_whole`. */
void screen_paint(struct screen *screen, bool is_whole, struct builder *out);
/* Appends the grid as plain lines, without blanks at their ends. */
void screen_write(const struct screen *screen, struct builder *out);
/* Columns that the text takes. */
int screen_width(struct view text);
