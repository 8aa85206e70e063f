/* SPDX-License-Identifier: Apache-2.0 */
/* One connection's whole life, and the help. */
#include "top/text.h"
#include "top/view.h"

enum { VALUE_BYTES_MAX = 1024, LABEL_WIDTH = 11, COLUMN_WIDTH = 39 };

struct page {
    struct screen *screen;
    int row, column;
    struct builder value;
};

/* A label and what `value` holds, in the next half of a line. */
static void put(struct page *page, const char *label, bool is_wide)
{
    int width = is_wide ? page->screen->columns - LABEL_WIDTH : COLUMN_WIDTH - LABEL_WIDTH - 1;

    if (is_wide && page->column > 0) {
        page->column = 0;
        page->row++;
    }
    if (page->row < page->screen->rows - VIEW_FOOT_ROWS) {
        (void)screen_put(page->screen, page->row, page->column, LABEL_WIDTH, STYLE_DIM, view_of_string(label));
        (void)screen_put(page->screen, page->row, page->column + LABEL_WIDTH, width, STYLE_PLAIN,
                         builder_view(&page->value));
    }
    builder_clear(&page->value);
    page->column = is_wide || page->column > 0 ? 0 : COLUMN_WIDTH + 1;
    page->row += page->column == 0;
}

static void put_text(struct page *page, const char *label, const char *text, bool is_wide)
{
    builder_add_string(&page->value, text[0] ? text : "-");
    put(page, label, is_wide);
}

static void put_times(struct page *page, const json_t *it)
{
    text_duration(&page->value, data_number(it, "age_ms"));
    builder_add_string(&page->value, ", open ");
    text_duration(&page->value, data_number(it, "open_ms"));
    put(page, "age", false);
    text_duration(&page->value, data_number(it, "idle_ms"));
    builder_format(&page->value, "; %s in ", data_text(it, "deadline.what"));
    text_duration(&page->value, data_number(it, "deadline.in_ms"));
    put(page, "silent", false);
    text_milliseconds(&page->value, data_number(it, "rtt_ms"));
    builder_format(&page->value, " ms, %.0f sent again", data_number(it, "resends"));
    put(page, "way (tcp)", false);
    if (json_is_number(json_object_get(it, "ping_ms")))
        builder_format(&page->value, "%.0f ms", data_number(it, "ping_ms"));
    else
        builder_add_string(&page->value, "not yet");
    put(page, "heartbeat", false);
}

static void put_traffic(struct page *page, const json_t *it)
{
    text_count(&page->value, data_number(it, "messages_in"));
    builder_add_string(&page->value, " messages, ");
    text_bytes(&page->value, data_number(it, "bytes_in"));
    put(page, "in", false);
    text_count(&page->value, data_number(it, "messages_out"));
    builder_add_string(&page->value, " messages, ");
    text_bytes(&page->value, data_number(it, "bytes_out"));
    put(page, "out", false);
    text_count(&page->value, data_number(it, "lag_events"));
    builder_add_string(&page->value, " events; lapped ");
    text_count(&page->value, data_number(it, "laps"));
    builder_format(&page->value, " times, %.0f lost", data_number(it, "lapped_events"));
    put(page, "behind", false);
    text_bytes(&page->value, data_number(it, "outbox_bytes"));
    builder_add_string(&page->value, " here, ");
    text_bytes(&page->value, data_number(it, "unsent_bytes"));
    builder_add_string(&page->value, " in kernel");
    put(page, "unsent", false);
    builder_format(&page->value, "%.0f joins, %.0f resumed", data_number(it, "joins"), data_number(it, "resumes"));
    put(page, "rooms", false);
    builder_format(&page->value, "%.0f answers%s", data_number(it, "answers_pending"),
                   json_is_true(json_object_get(it, "reading_paused")) ? ", reading paused" : "");
    put(page, "pending", false);
}

static void put_rooms(struct page *page, const json_t *it)
{
    const json_t *rooms = json_object_get(it, "rooms");

    for (size_t i = 0; i < json_array_size(rooms); i++)
        builder_format(&page->value, "%s%s", i > 0 ? ", " : "", json_string_value(json_array_get(rooms, i)));
    put(page, "in", true);
}

/* Each station with the time since the one before it. */
static void put_life(struct page *page, const json_t *it)
{
    const json_t *life = json_object_get(it, "life");
    double before = 0;

    for (size_t i = 0; i < json_array_size(life); i++) {
        const json_t *station = json_array_get(life, i);
        double at = data_number(station, "at");
        builder_format(&page->value, "%s%s", i > 0 ? " -> " : "", data_text(station, "what"));
        if (i > 0) {
            builder_add_string(&page->value, at >= before ? " +" : " -");
            text_duration(&page->value, at >= before ? at - before : before - at);
        }
        before = at;
    }
    put(page, "life", true);
}

static void put_who(struct page *page, const json_t *it)
{
    put_text(page, "connection", data_text(it, "id"), false);
    put_text(page, "state", data_text(it, "state"), false);
    put_text(page, "user", data_text(it, "user.name"), false);
    put_text(page, "its id", data_text(it, "user.id"), false);
    put_text(page, "address", data_text(it, "address"), false);
    builder_format(&page->value, "%s %s%s%s", data_text(it, "way"), data_text(it, "proxy"),
                   json_is_true(json_object_get(it, "tls")) ? " TLS" : "",
                   json_is_true(json_object_get(it, "compression")) ? " deflate" : "");
    put(page, "by", false);
    put_text(page, "agent", data_text(it, "agent"), true);
}

void view_detail(struct screen *screen, const struct top_state *state, const struct top_data *data, int row)
{
    struct page page = {.screen = screen, .row = row};

    if (!data->detail) {
        builder_init(&page.value, VALUE_BYTES_MAX);
        builder_format(&page.value, "The connection %s is gone. Pane 3 may tell why it ended.", state->detail);
        (void)screen_put(screen, row + 1, 2, screen->columns - 2, STYLE_WARN, builder_view(&page.value));
        builder_done(&page.value);
        return;
    }
    builder_init(&page.value, VALUE_BYTES_MAX);
    put_who(&page, data->detail);
    page.row++;
    put_times(&page, data->detail);
    put_traffic(&page, data->detail);
    put_rooms(&page, data->detail);
    page.row++;
    put_life(&page, data->detail);
    builder_done(&page.value);
}

void view_help(struct screen *screen, int row)
{
    static const char *const lines[] = {
        "1 2 3 4, Tab, <- ->   connections, rooms, ended ones, loops",
        "up down j k           move the mark; PgUp PgDn Home End further",
        "Enter                 the marked connection's whole life; Esc back",
        "s                     the next order; r the other way round",
        "/                     show only those with a text; Esc all again",
        "x                     end the marked connection, after a question",
        "space                 stand still, or go on; Ctrl-L draw anew",
        "q, Ctrl-C             quit",
        "",
        "wait: bytes that its answers and the kernel hold for it   rtt: ms, of TCP",
        "lag: events of its rooms still to come   laps: times it was moved forward",
        "sent/got: close codes that we sent and got   the client: what it told later",
        "Yellow: takes nothing at the moment, or behind. Any key: back.",
    };

    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        (void)screen_put(screen, row + 1 + (int)i, 2, screen->columns - 2, STYLE_PLAIN, view_of_string(lines[i]));
}
