/* SPDX-License-Identifier: Apache-2.0 */
#include "top/screen.h"

#include <stdlib.h>
#include <utf8proc.h>

static const char *const style_codes[STYLE_COUNT] = {
    [STYLE_PLAIN] = "0",   [STYLE_BOLD] = "0;1",  [STYLE_DIM] = "0;2",  [STYLE_REVERSE] = "0;7",
    [STYLE_GOOD] = "0;32", [STYLE_WARN] = "0;33", [STYLE_BAD] = "0;31",
};

static int between(int value, int least, int most)
{
    return value < least ? least : value > most ? most : value;
}

enum result screen_init(struct screen *screen, int columns, int rows)
{
    *screen =
        (struct screen){.columns = between(columns, 1, SCREEN_COLUMNS_MAX), .rows = between(rows, 1, SCREEN_ROWS_MAX)};
    size_t count = (size_t)screen->columns * (size_t)screen->rows;
    screen->cells = calloc(count, sizeof *screen->cells);
    screen->shown = calloc(count, sizeof *screen->shown);
    if (!screen->cells || !screen->shown) {
        screen_done(screen);
        return RESULT_NO_MEMORY;
    }
    screen_clear(screen);
    return RESULT_OK;
}

void screen_done(struct screen *screen)
{
    free(screen->cells);
    free(screen->shown);
    *screen = (struct screen){0};
}

static struct cell *cell_at(const struct screen *screen, int row, int column)
{
    return &screen->cells[(size_t)row * (size_t)screen->columns + (size_t)column];
}

static void set_cell(struct cell *cell, struct view bytes, enum style style)
{
    *cell = (struct cell){.size = (uint8_t)bytes.size & 15u, .style = (uint8_t)style & 15u};
    if (bytes.size > 0)
        memcpy(cell->bytes, bytes.at, bytes.size);
}

void screen_clear(struct screen *screen)
{
    for (int row = 0; row < screen->rows; row++)
        for (int column = 0; column < screen->columns; column++)
            set_cell(cell_at(screen, row, column), VIEW(" "), STYLE_PLAIN);
}

/* One character: its bytes (replaced where they are none that may be shown), and how wide it is. */
static struct view next_character(struct view *rest, int *out_width)
{
    utf8proc_int32_t character = -1;
    utf8proc_ssize_t size = utf8proc_iterate(rest->at, (utf8proc_ssize_t)rest->size, &character);
    struct view bytes;

    if (size <= 0) {
        *rest = view_skip(*rest, 1);
        *out_width = 1;
        return VIEW("?");
    }
    bytes = view_first(*rest, (size_t)size);
    *rest = view_skip(*rest, (size_t)size);
    utf8proc_category_t category = utf8proc_category(character);
    bool is_hidden = category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF
                     || category == UTF8PROC_CATEGORY_CS || category == UTF8PROC_CATEGORY_CN
                     || category == UTF8PROC_CATEGORY_ZL || category == UTF8PROC_CATEGORY_ZP;
    *out_width = is_hidden ? 1 : utf8proc_charwidth(character);
    return is_hidden ? VIEW("?") : bytes;
}

int screen_width(struct view text)
{
    int width = 0, one = 0;

    while (text.size > 0) {
        (void)next_character(&text, &one);
        width += one;
    }
    return width;
}

/* A mark joins the character before it, as far as its cell has room. */
static void add_mark(struct cell *cell, struct view bytes)
{
    if (cell->size + bytes.size > CELL_BYTES_MAX)
        return;
    memcpy(cell->bytes + cell->size, bytes.at, bytes.size);
    cell->size = (uint8_t)(cell->size + bytes.size) & 15u;
}

int screen_put(struct screen *screen, int row, int column, int width, enum style style, struct view text)
{
    int end = column + width < screen->columns ? column + width : screen->columns;
    int at = column, one = 0;
    int last = -1;

    if (row < 0 || row >= screen->rows || column < 0)
        return 0;
    while (text.size > 0) {
        struct view bytes = next_character(&text, &one);
        if (one == 0) {
            if (last >= 0)
                add_mark(cell_at(screen, row, last), bytes);
            continue;
        }
        if (at + one > end) {
            if (end > column)
                set_cell(cell_at(screen, row, end - 1), VIEW("~"), style);
            return end - column;
        }
        last = at;
        set_cell(cell_at(screen, row, at), bytes, style);
        if (one == 2)
            set_cell(cell_at(screen, row, at + 1), VIEW(""), style);
        at += one;
    }
    return at - column;
}

void screen_put_right(struct screen *screen, int row, int column, int width, enum style style, struct view text)
{
    int own = screen_width(text);
    int shift = own < width ? width - own : 0;

    (void)screen_put(screen, row, column + shift, width - shift, style, text);
}

void screen_style_row(struct screen *screen, int row, enum style style)
{
    for (int column = 0; row >= 0 && row < screen->rows && column < screen->columns; column++)
        cell_at(screen, row, column)->style = (uint8_t)style & 15u;
}

static void paint_row(const struct screen *screen, int row, struct builder *out)
{
    int style = -1;

    builder_format(out, "\x1b[%d;1H", row + 1);
    for (int column = 0; column < screen->columns; column++) {
        const struct cell *cell = cell_at(screen, row, column);
        if (cell->style != style) {
            style = cell->style;
            builder_format(out, "\x1b[%sm", style_codes[style]);
        }
        builder_add(out, cell->bytes, cell->size);
    }
    builder_add_string(out, "\x1b[0m");
}

void screen_paint(struct screen *screen, bool is_whole, struct builder *out)
{
    size_t row_bytes = (size_t)screen->columns * sizeof *screen->cells;

    if (is_whole)
        builder_add_string(out, "\x1b[0m\x1b[2J");
    for (int row = 0; row < screen->rows; row++) {
        struct cell *shown = &screen->shown[(size_t)row * (size_t)screen->columns];
        if (!is_whole && memcmp(shown, cell_at(screen, row, 0), row_bytes) == 0)
            continue;
        paint_row(screen, row, out);
        memcpy(shown, cell_at(screen, row, 0), row_bytes);
    }
}

void screen_write(const struct screen *screen, struct builder *out)
{
    for (int row = 0; row < screen->rows; row++) {
        int end = screen->columns;
        while (end > 0 && cell_at(screen, row, end - 1)->size == 1 && cell_at(screen, row, end - 1)->bytes[0] == ' ')
            end--;
        for (int column = 0; column < end; column++)
            builder_add(out, cell_at(screen, row, column)->bytes, cell_at(screen, row, column)->size);
        builder_add_byte(out, '\n');
    }
}
