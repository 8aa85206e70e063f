/* SPDX-License-Identifier: Apache-2.0 */
/* The tables: columns in the order of their weight, as many as the terminal has room for. */
#include "top/text.h"
#include "top/view.h"

enum { CELL_TEXT_BYTES_MAX = 512 };

struct column {
    const char *title;
    int width;
    bool is_right;
    void (*write)(const json_t *row, struct builder *out);
};

/* ---- cells ---- */

#define TEXT_CELL(name, path)                                \
    static void name(const json_t *row, struct builder *out) \
    {                                                        \
        builder_add_string(out, data_text(row, path));       \
    }
#define NUMBER_CELL(name, path, add)                         \
    static void name(const json_t *row, struct builder *out) \
    {                                                        \
        add(out, data_number(row, path));                    \
    }
/* A number that may be unknown: null. */
#define MAYBE_CELL(name, path, add)                          \
    static void name(const json_t *row, struct builder *out) \
    {                                                        \
        if (json_is_number(json_object_get(row, path)))      \
            add(out, data_number(row, path));                \
        else                                                 \
            builder_add_byte(out, '-');                      \
    }

TEXT_CELL(cell_id, "id")
TEXT_CELL(cell_user, "user.name")
TEXT_CELL(cell_state, "state")
TEXT_CELL(cell_address, "address")
TEXT_CELL(cell_agent, "agent")
TEXT_CELL(cell_room, "room")
TEXT_CELL(cell_reason, "reason")
TEXT_CELL(cell_error, "error")
TEXT_CELL(cell_loop, "loop")
NUMBER_CELL(cell_age, "age_ms", text_duration)
NUMBER_CELL(cell_open, "open_ms", text_duration)
NUMBER_CELL(cell_idle, "idle_ms", text_duration)
NUMBER_CELL(cell_lag, "lag_events", text_count)
NUMBER_CELL(cell_laps, "laps", text_count)
NUMBER_CELL(cell_messages_in, "messages_in", text_count)
NUMBER_CELL(cell_messages_out, "messages_out", text_count)
NUMBER_CELL(cell_traffic, "events_per_s", text_count)
NUMBER_CELL(cell_members, "members", text_count)
NUMBER_CELL(cell_connections, "connections", text_count)
NUMBER_CELL(cell_behind, "behind", text_count)
NUMBER_CELL(cell_feed, "feed_bytes", text_bytes)
NUMBER_CELL(cell_turns, "turns", text_count)
NUMBER_CELL(cell_p50, "p50_ms", text_milliseconds)
NUMBER_CELL(cell_p99, "p99_ms", text_milliseconds)
NUMBER_CELL(cell_max, "max_ms", text_milliseconds)
NUMBER_CELL(cell_slow, "slow", text_count)
NUMBER_CELL(cell_queue, "waiting", text_count)
MAYBE_CELL(cell_rtt, "rtt_ms", text_milliseconds)
MAYBE_CELL(cell_ping, "ping_ms", text_count)
MAYBE_CELL(cell_bytes_in, "bytes_in", text_bytes)
MAYBE_CELL(cell_bytes_out, "bytes_out", text_bytes)

static void cell_seq(const json_t *row, struct builder *out)
{
    builder_format(out, "%.0f", data_number(row, "seq"));
}

static void cell_rooms(const json_t *row, struct builder *out)
{
    const json_t *rooms = json_object_get(row, "rooms");
    double more = data_number(row, "room_count") - 1;

    if (json_array_size(rooms) == 0)
        return;
    builder_add_string(out, json_string_value(json_array_get(rooms, 0)));
    if (more > 0)
        builder_format(out, " +%.0f", more);
}

static void cell_waiting(const json_t *row, struct builder *out)
{
    text_bytes(out, data_number(row, "outbox_bytes") + data_number(row, "unsent_bytes"));
}

static void cell_ago(const json_t *row, struct builder *out)
{
    text_duration(out, data_number(row, "ago_ms"));
}

static void cell_codes(const json_t *row, struct builder *out)
{
    builder_format(out, "%.0f/%.0f", data_number(row, "code_sent"), data_number(row, "code_received"));
}

/* The client's half: its code, and what it saw. */
static void cell_client(const json_t *row, struct builder *out)
{
    const json_t *client = json_object_get(row, "client");
    const json_t *saw = json_object_get(client, "saw");

    if (!json_is_object(client)) {
        builder_add_string(out, "not told");
        return;
    }
    builder_format(out, "%.0f", data_number(client, "code"));
    for (size_t i = 0; i < json_array_size(saw); i++)
        builder_format(out, " %s", json_string_value(json_array_get(saw, i)));
}

/* Of the worst turn, the phase that took most. */
static void cell_worst(const json_t *row, struct builder *out)
{
    const json_t *phases = json_object_get(json_object_get(row, "worst"), "phases_ms");
    const char *name, *longest = "";
    const json_t *value;
    double most = -1;

    json_object_foreach((json_t *)(uintptr_t)phases, name, value)
    {
        if (json_number_value(value) > most) {
            most = json_number_value(value);
            longest = name;
        }
    }
    builder_add_string(out, longest);
    if (most >= 0) {
        builder_add_byte(out, ' ');
        text_milliseconds(out, most);
        builder_add_string(out, " ms");
    }
}

static const struct column connection_columns[] = {
    {"id", 13, false, cell_id},
    {"user", 14, false, cell_user},
    {"room", 11, false, cell_rooms},
    {"age", 5, true, cell_age},
    {"idle", 5, true, cell_idle},
    {"wait", 6, true, cell_waiting},
    {"lag", 5, true, cell_lag},
    {"rtt", 5, true, cell_rtt},
    {"laps", 4, true, cell_laps},
    {"state", 7, false, cell_state},
    {"address", 21, false, cell_address},
    {"out", 6, true, cell_bytes_out},
    {"in", 6, true, cell_bytes_in},
    {"msg out", 7, true, cell_messages_out},
    {"msg in", 6, true, cell_messages_in},
    {"ping", 5, true, cell_ping},
    {"agent", 32, false, cell_agent},
};
static const struct column room_columns[] = {
    {"room", 24, false, cell_room},       {"event/s", 8, true, cell_traffic}, {"members", 7, true, cell_members},
    {"conns", 6, true, cell_connections}, {"behind", 6, true, cell_behind},   {"lag", 6, true, cell_lag},
    {"seq", 11, true, cell_seq},          {"feed", 6, true, cell_feed},
};
static const struct column ended_columns[] = {
    {"ago", 5, true, cell_ago},           {"reason", 13, false, cell_reason},
    {"sent/got", 9, false, cell_codes},   {"the client", 23, false, cell_client},
    {"open", 5, true, cell_open},         {"idle", 5, true, cell_idle},
    {"error", 10, false, cell_error},     {"id", 13, false, cell_id},
    {"address", 21, false, cell_address}, {"rtt", 5, true, cell_rtt},
    {"agent", 32, false, cell_agent},
};
static const struct column loop_columns[] = {
    {"loop", 9, false, cell_loop},  {"turns", 7, true, cell_turns},
    {"p50 ms", 7, true, cell_p50},  {"p99 ms", 7, true, cell_p99},
    {"max ms", 7, true, cell_max},  {"slow", 5, true, cell_slow},
    {"queue", 6, true, cell_queue}, {"longest phase", 19, false, cell_worst},
};

#define TABLE(columns)                            \
    {                                             \
        columns, sizeof columns / sizeof *columns \
    }

static const struct {
    const struct column *columns;
    size_t count;
} tables[PANE_COUNT] = {
    [PANE_CONNECTIONS] = TABLE(connection_columns),
    [PANE_ROOMS] = TABLE(room_columns),
    [PANE_ENDED] = TABLE(ended_columns),
    [PANE_LOOPS] = TABLE(loop_columns),
};

/* Calls with each column that fits, and where it begins. NULL `row`: the titles. */
static void draw_row(struct screen *screen, enum pane pane, const json_t *row, int at, struct builder *text)
{
    int column = 0;

    for (size_t i = 0; i < tables[pane].count; i++) {
        const struct column *it = &tables[pane].columns[i];
        if (column + it->width > screen->columns)
            break;
        builder_clear(text);
        if (row)
            it->write(row, text);
        else
            builder_add_string(text, it->title);
        if (it->is_right)
            screen_put_right(screen, at, column, it->width, STYLE_PLAIN, builder_view(text));
        else
            (void)screen_put(screen, at, column, it->width, STYLE_PLAIN, builder_view(text));
        column += it->width + 1;
    }
}

static enum style style_of(const json_t *row)
{
    const char *state = data_text(row, "state");
    bool is_slow = data_number(row, "blocked_ms") > 0 || data_number(row, "behind") > 0;

    if (is_slow)
        return STYLE_WARN;
    return strcmp(state, "closing") == 0 ? STYLE_DIM : STYLE_PLAIN;
}

void view_list(struct screen *screen, struct top_state *state, const struct top_data *data, int row)
{
    const json_t *rows = data_rows(data->list);
    struct builder text;

    builder_init(&text, CELL_TEXT_BYTES_MAX);
    state->count = (int)json_array_size(rows);
    state->height = screen->rows - row - 1 - VIEW_FOOT_ROWS;
    top_state_settle(state);
    state->marked[0] = 0;
    draw_row(screen, state->pane, NULL, row, &text);
    screen_style_row(screen, row, STYLE_BOLD);
    for (int i = 0; i < state->height && state->first + i < state->count; i++) {
        const json_t *item = json_array_get(rows, (size_t)(state->first + i));
        draw_row(screen, state->pane, item, row + 1 + i, &text);
        screen_style_row(screen, row + 1 + i, style_of(item));
        if (state->first + i != state->selected)
            continue;
        screen_style_row(screen, row + 1 + i, STYLE_REVERSE);
        (void)snprintf(state->marked, sizeof state->marked, "%s",
                       state->pane == PANE_CONNECTIONS ? data_text(item, "id") : "");
    }
    if (state->count == 0 && data->list)
        (void)screen_put(screen, row + 2, 2, screen->columns - 2, STYLE_DIM,
                         state->filter[0] ? VIEW("Nothing fits the filter. Esc takes it away.")
                                          : VIEW("There is nothing yet."));
    builder_done(&text);
}
