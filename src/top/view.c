/* SPDX-License-Identifier: Apache-2.0 */
#include "top/view.h"

#include "top/text.h"

enum { LINE_BYTES_MAX = 2048 };

static void put_line(struct screen *screen, int row, enum style style, struct builder *line)
{
    (void)screen_put(screen, row, 0, screen->columns, style, builder_view(line));
    builder_clear(line);
}

static void add_rate(struct builder *line, const struct top_data *data, const char *path, const char *what)
{
    builder_add_string(line, "  ");
    text_count(line, data_rate(data, path));
    builder_format(line, "/s %s", what);
}

static void draw_process(struct screen *screen, const struct top_state *state, const struct top_data *data,
                         struct builder *line)
{
    const json_t *overview = data->overview;
    bool is_ready = json_is_true(json_object_get(overview, "ready"));

    builder_format(line, "natter %s  up ", data_text(overview, "version"));
    text_duration(line, data_number(overview, "uptime_ms"));
    builder_format(line, "  %.0f shards  ", data_number(overview, "shards"));
    text_bytes(line, data_number(overview, "memory_bytes"));
    builder_format(line, "  cpu %.0f%%  %.0f descriptors", data_rate(data, "cpu_ms") / 10,
                   data_number(overview, "descriptors"));
    put_line(screen, 0, STYLE_BOLD, line);
    const char *word = state->is_paused ? "paused" : is_ready ? "ready" : "NOT READY";
    enum style style = state->is_paused ? STYLE_WARN : is_ready ? STYLE_GOOD : STYLE_BAD;
    screen_put_right(screen, 0, screen->columns - 10, 10, style, view_of_string(word));
}

static void draw_connections(struct screen *screen, const struct top_data *data, struct builder *line)
{
    static const char *const states[] = {"open", "closing", "http", "request", "tls", "proxy"};

    builder_add_string(line, "conns  ");
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        char path[32];
        (void)snprintf(path, sizeof path, "connections.%s", states[i]);
        builder_add_string(line, i > 0 ? "  " : "");
        text_count(line, data_number(data->overview, path));
        builder_format(line, " %s", states[i]);
    }
    add_rate(line, data, "accepted", "accepted");
    put_line(screen, 1, STYLE_PLAIN, line);
}

static void draw_traffic(struct screen *screen, const struct top_data *data, struct builder *line)
{
    builder_add_string(line, "chat   ");
    text_count(line, data_number(data->overview, "users"));
    builder_add_string(line, " users  ");
    text_count(line, data_number(data->overview, "rooms"));
    builder_add_string(line, " rooms");
    add_rate(line, data, "messages_in", "in");
    add_rate(line, data, "deliveries", "out");
    builder_add_string(line, "  ");
    text_bytes(line, data_rate(data, "bytes_out"));
    builder_add_string(line, "/s  ");
    text_count(line, data_number(data->overview, "laps"));
    builder_add_string(line, " laps");
    put_line(screen, 2, STYLE_PLAIN, line);
}

static void draw_commits(struct screen *screen, const struct top_data *data, struct builder *line)
{
    const json_t *commits = json_object_get(data->overview, "commits");
    double slow = data_number(data->overview, "slow_turns");
    bool is_fine = !data->overview || json_is_true(json_object_get(commits, "healthy"));

    builder_add_string(line, "store ");
    add_rate(line, data, "commits.count", "commits");
    builder_add_string(line, "  p50 ");
    text_milliseconds(line, data_number(commits, "p50_ms"));
    builder_add_string(line, "  p99 ");
    text_milliseconds(line, data_number(commits, "p99_ms"));
    builder_add_string(line, "  max ");
    text_milliseconds(line, data_number(commits, "max_ms"));
    builder_add_string(line, " ms  ");
    text_count(line, data_number(commits, "waiting"));
    builder_add_string(line, " waiting  ");
    text_count(line, slow);
    builder_add_string(line, " slow turns");
    put_line(screen, 3, is_fine ? STYLE_PLAIN : STYLE_BAD, line);
}

static void draw_tabs(struct screen *screen, const struct top_state *state, const struct top_data *data,
                      struct builder *line)
{
    const char *sort = top_state_sort(state);
    int column = 0;

    for (int i = 0; i < PANE_COUNT; i++) {
        builder_format(line, " %d %s ", i + 1, top_pane_text((enum pane)i));
        column += screen_put(screen, 4, column, screen->columns - column,
                             i == (int)state->pane ? STYLE_REVERSE : STYLE_DIM, builder_view(line));
        builder_clear(line);
    }
    if (json_object_get(data->list, "found"))
        builder_format(line, "%.0f found", data_number(data->list, "found"));
    if (sort)
        builder_format(line, "  by %s%s", sort, state->is_rising[state->pane] ? ", rising" : "");
    if (state->filter[0])
        builder_format(line, "  with \"%s\"", state->filter);
    screen_put_right(screen, 4, column + 1, screen->columns - column - 1, STYLE_PLAIN, builder_view(line));
    builder_clear(line);
}

static void draw_foot(struct screen *screen, const struct top_state *state, const struct top_data *data,
                      struct builder *line)
{
    enum style style = STYLE_DIM;

    if (state->mode == MODE_FILTER) {
        builder_format(line, "show those with: %s_", state->typed);
        style = STYLE_BOLD;
    } else if (state->mode == MODE_CONFIRM) {
        builder_format(line, "End the connection %s? y: yes, any other key: no", state->detail);
        style = STYLE_BAD;
    } else if (state->note[0]) {
        builder_add_string(line, state->note);
        style = STYLE_WARN;
    } else if (data->problem[0]) {
        builder_add_string(line, data->problem);
        style = STYLE_BAD;
    } else if (state->mode == MODE_DETAIL) {
        builder_add_string(line, "Esc back   x end it   ? help");
    } else {
        builder_add_string(line, "? help   1-4 panes   s sort   r reverse   / filter   Enter look   x end   q quit");
    }
    put_line(screen, screen->rows - 1, style, line);
}

void view_draw(struct screen *screen, struct top_state *state, const struct top_data *data)
{
    struct builder line;

    builder_init(&line, LINE_BYTES_MAX);
    screen_clear(screen);
    draw_process(screen, state, data, &line);
    draw_connections(screen, data, &line);
    draw_traffic(screen, data, &line);
    draw_commits(screen, data, &line);
    if (state->mode == MODE_HELP) {
        view_help(screen, VIEW_HEAD_ROWS - 1);
    } else if (state->mode == MODE_DETAIL || (state->mode == MODE_CONFIRM && data->detail)) {
        view_detail(screen, state, data, VIEW_HEAD_ROWS - 1);
    } else {
        draw_tabs(screen, state, data, &line);
        view_list(screen, state, data, VIEW_HEAD_ROWS - 1);
    }
    draw_foot(screen, state, data, &line);
    builder_done(&line);
}
