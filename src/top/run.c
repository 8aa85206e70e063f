/* SPDX-License-Identifier: Apache-2.0 */
#include "top/run.h"

#include <signal.h>
#include <stdio.h>

#include "os/clock.h"
#include "os/file.h"
#include "os/terminal.h"
#include "os/thread.h"
#include "top/view.h"

enum { IN = 0, OUT = 1, ERR = 2, PAINT_BYTES_MAX = 4 << 20, KEY_REST_MS = 50, TICK_MS = 100, PATH_BYTES_MAX = 1024 };
enum { ONCE_COLUMNS = 100, ONCE_ROWS = 40, ONCE_PAUSE_MS = 1000 };

/* Switches to a screen of its own and hides the cursor, and back. */
static const char enter_text[] = "\x1b[?1049h\x1b[?25l";
static const char leave_text[] = "\x1b[?25h\x1b[?1049l";

struct top {
    const struct top_options *options;
    struct top_state state;
    struct top_data data;
    struct screen screen;
    struct builder out;
    struct keys keys;
    uint64_t fetched_ms; /* 0: never */
};

/* ---- asking ---- */

/* How long ago an end was, by the server's clock: added to each row, for the table. */
static void add_ages(struct top *top)
{
    const json_t *rows = data_rows(top->data.list);
    double now = data_number(top->data.overview, "at");

    for (size_t i = 0; top->state.pane == PANE_ENDED && i < json_array_size(rows); i++) {
        json_t *row = json_array_get(rows, i);
        double ago_ms = now - data_number(row, "at");
        (void)json_object_set_new(row, "ago_ms", json_real(ago_ms > 0 ? ago_ms : 0)); /* no memory: 0 is shown */
    }
}

static json_t *ask(struct top *top, const char *method, const char *path, int *out_status)
{
    return fetch(&top->options->target, method, path, out_status, top->data.problem);
}

static void fetch_detail(struct top *top)
{
    char path[PATH_BYTES_MAX];
    int status = 0;

    json_decref(top->data.detail);
    top->data.detail = NULL;
    if (top->state.mode != MODE_DETAIL && top->state.mode != MODE_CONFIRM)
        return;
    (void)snprintf(path, sizeof path, "/api/v1/connections/%s", top->state.detail);
    json_t *detail = ask(top, "GET", path, &status);
    if (status == 404) {
        json_decref(detail);
        detail = NULL;
    }
    top->data.detail = detail;
}

static void fetch_all(struct top *top)
{
    struct builder path;
    int status = 0;

    top->state.must_fetch = false;
    top->fetched_ms = os_clock_monotonic_ms();
    json_t *overview = ask(top, "GET", "/api/v1/overview", &status);
    if (!overview)
        return; /* what was known stays, and `problem` is shown */
    top->data.problem[0] = 0;
    top_data_overview(&top->data, overview);
    builder_init(&path, PATH_BYTES_MAX);
    top_state_path(&top->state, &path);
    builder_add_byte(&path, 0);
    json_t *list = builder_ok(&path) ? ask(top, "GET", (const char *)path.at, &status) : NULL;
    builder_done(&path);
    if (list) {
        json_decref(top->data.list);
        top->data.list = list;
        add_ages(top);
    }
    fetch_detail(top);
}

static void kick(struct top *top)
{
    char path[PATH_BYTES_MAX];
    int status = 0;

    top->state.must_kick = false;
    (void)snprintf(path, sizeof path, "/api/v1/connections/%s", top->state.detail);
    json_t *answer = ask(top, "DELETE", path, &status);
    (void)snprintf(top->state.note, sizeof top->state.note, "%s %s.",
                   status == 200   ? "Ended:"
                   : status == 404 ? "It was gone already:"
                                   : "It could not be ended:",
                   top->state.detail);
    json_decref(answer);
    top->state.must_fetch = true;
}

/* ---- drawing ---- */

static bool fit_screen(struct top *top)
{
    int columns = top->screen.columns > 0 ? top->screen.columns : 80,
        rows = top->screen.rows > 0 ? top->screen.rows : 24;

    (void)os_terminal_size(OUT, &columns, &rows); /* where it does not know, as before */
    if (columns == top->screen.columns && rows == top->screen.rows)
        return true;
    screen_done(&top->screen);
    top->state.must_redraw = true;
    return screen_init(&top->screen, columns, rows) == RESULT_OK;
}

static void draw(struct top *top)
{
    view_draw(&top->screen, &top->state, &top->data);
    builder_clear(&top->out);
    screen_paint(&top->screen, top->state.must_redraw, &top->out);
    top->state.must_redraw = false;
    if (top->out.size > 0)
        os_print(OUT, builder_view(&top->out));
}

/* ---- keys ---- */

static void take_keys(struct top *top, const struct os_terminal *terminal)
{
    uint8_t bytes[64];
    size_t size = 0;
    struct key key;

    switch (os_terminal_read(terminal, bytes, sizeof bytes, top->keys.size > 0 ? KEY_REST_MS : TICK_MS, &size)) {
    case RESULT_OK:
        for (size_t i = 0; i < size; i++) {
            if (keys_take(&top->keys, bytes[i], &key))
                top_state_key(&top->state, &key);
        }
        break;
    case RESULT_AGAIN:
        if (top->keys.size > 0 && keys_rest(&top->keys, &key))
            top_state_key(&top->state, &key);
        break;
    default: top->state.has_ended = true; break; /* the terminal is gone */
    }
}

static bool is_time(const struct top *top)
{
    uint64_t passed_ms = os_clock_monotonic_ms() - top->fetched_ms;

    return top->state.must_fetch || (!top->state.is_paused && passed_ms >= top->options->interval_ms);
}

static int run_live(struct top *top)
{
    struct os_terminal terminal;

    if (os_terminal_open(&terminal, IN) != RESULT_OK) {
        os_print(ERR, VIEW("natter top: this is no terminal; use --once or --json\n"));
        return 2;
    }
    os_signals_init(); /* so that an end by a signal gives the terminal back as well */
    os_print(OUT, view_of_string(enter_text));
    while (!top->state.has_ended && fit_screen(top)) {
        if (is_time(top))
            fetch_all(top);
        draw(top);
        take_keys(top, &terminal);
        if (top->state.must_kick)
            kick(top);
        int signal = os_signal_wait(0);
        if (signal == SIGTERM || signal == SIGINT || signal == SIGHUP)
            break;
    }
    os_print(OUT, view_of_string(leave_text));
    os_terminal_close(&terminal);
    return 0;
}

/* ---- once ---- */

static int fail(const struct top *top)
{
    (void)fprintf(stderr, "natter top: %s\n", top->data.problem);
    return 1;
}

/* Twice, a second apart, so that there are rates. */
static int run_once(struct top *top)
{
    int columns = top->options->columns, rows = top->options->rows;

    fetch_all(top);
    if (!top->data.overview)
        return fail(top);
    os_sleep_ms(ONCE_PAUSE_MS);
    fetch_all(top);
    if (screen_init(&top->screen, columns > 0 ? columns : ONCE_COLUMNS, rows > 0 ? rows : ONCE_ROWS) != RESULT_OK)
        return 1;
    view_draw(&top->screen, &top->state, &top->data);
    screen_write(&top->screen, &top->out);
    os_print(OUT, builder_view(&top->out));
    return 0;
}

static int run_json(struct top *top)
{
    struct builder path;
    int status = 0;

    builder_init(&path, PATH_BYTES_MAX);
    top_state_path(&top->state, &path);
    builder_add_byte(&path, 0);
    bool is_there =
        fetch_text(&top->options->target, "GET", (const char *)path.at, &status, &top->out, top->data.problem);
    builder_done(&path);
    if (!is_there)
        return fail(top);
    os_print(OUT, builder_view(&top->out));
    return status == 200 ? 0 : 1;
}

int top_run(const struct top_options *options)
{
    static struct top top; /* large, and there is one */
    int status;

    top = (struct top){.options = options};
    top_state_init(&top.state);
    top.state.pane = options->pane;
    memcpy(top.state.filter, options->filter, sizeof top.state.filter);
    builder_init(&top.out, FETCH_BYTES_MAX);
    status = options->is_json ? run_json(&top) : options->is_once ? run_once(&top) : run_live(&top);
    builder_done(&top.out);
    screen_done(&top.screen);
    top_data_done(&top.data);
    return status;
}
