/* SPDX-License-Identifier: Apache-2.0 */
#include "top/state.h"

#include <stdio.h>

static const char *const sorts[PANE_COUNT][TOP_SORTS_MAX + 1] = {
    [PANE_CONNECTIONS] = {"waiting", "lag", "laps", "rtt", "ping", "bytes_out", "bytes_in", "messages_out",
                          "messages_in", "idle", "age", NULL},
    [PANE_ROOMS] = {"traffic", "connections", "members", "seq", NULL},
    [PANE_ENDED] = {NULL},
    [PANE_LOOPS] = {NULL},
};

static const char *const panes[PANE_COUNT] = {"connections", "rooms", "ended", "loops"};

enum { LIST_LIMIT = 500 };

const char *top_pane_text(enum pane pane)
{
    return panes[pane];
}

bool top_pane_read(const char *name, enum pane *out_pane)
{
    for (int i = 0; i < PANE_COUNT; i++) {
        if (strcmp(name, panes[i]) == 0) {
            *out_pane = (enum pane)i;
            return true;
        }
    }
    return false;
}

void top_state_init(struct top_state *state)
{
    *state = (struct top_state){.must_fetch = true, .must_redraw = true, .height = 1};
}

const char *top_state_sort(const struct top_state *state)
{
    return sorts[state->pane][state->sort[state->pane]];
}

static void show_pane(struct top_state *state, enum pane pane)
{
    state->pane = pane;
    state->mode = MODE_LIST;
    state->filter[0] = 0; /* a text of one pane says little in another */
    state->selected = state->first = 0;
    state->must_fetch = true;
}

void top_state_settle(struct top_state *state)
{
    if (state->selected >= state->count)
        state->selected = state->count - 1;
    if (state->selected < 0)
        state->selected = 0;
    if (state->first > state->selected)
        state->first = state->selected;
    if (state->height > 0 && state->selected >= state->first + state->height)
        state->first = state->selected - state->height + 1;
}

static void next_sort(struct top_state *state)
{
    int *sort = &state->sort[state->pane];

    if (!sorts[state->pane][0])
        return;
    *sort = sorts[state->pane][*sort + 1] ? *sort + 1 : 0;
    state->must_fetch = true;
}

static void begin_filter(struct top_state *state)
{
    state->mode = MODE_FILTER;
    memcpy(state->typed, state->filter, sizeof state->typed);
}

static void begin_kick(struct top_state *state)
{
    const char *id = state->mode == MODE_DETAIL ? state->detail : state->marked;

    if (state->pane != PANE_CONNECTIONS || !id[0]) {
        (void)snprintf(state->note, sizeof state->note, "Mark a connection first (pane 1).");
        return;
    }
    if (state->mode != MODE_DETAIL)
        memcpy(state->detail, state->marked, sizeof state->detail);
    state->mode = MODE_CONFIRM;
}

static void list_character(struct top_state *state, uint32_t character)
{
    switch (character) {
    case '1':
    case '2':
    case '3':
    case '4': show_pane(state, (enum pane)(character - '1')); break;
    case 'j': state->selected++; break;
    case 'k': state->selected--; break;
    case 's': next_sort(state); break;
    case 'r':
        state->is_rising[state->pane] = !state->is_rising[state->pane];
        state->must_fetch = true;
        break;
    case '/': begin_filter(state); break;
    case 'x': begin_kick(state); break;
    case ' ': state->is_paused = !state->is_paused; break;
    case '?': state->mode = MODE_HELP; break;
    case 'q': state->has_ended = true; break;
    default: break;
    }
}

static void open_detail(struct top_state *state)
{
    if (state->pane != PANE_CONNECTIONS || !state->marked[0])
        return;
    memcpy(state->detail, state->marked, sizeof state->detail);
    state->mode = MODE_DETAIL;
    state->must_fetch = true;
}

static void key_in_list(struct top_state *state, const struct key *key)
{
    switch (key->kind) {
    case KEY_CHARACTER: list_character(state, key->character); break;
    case KEY_UP: state->selected--; break;
    case KEY_DOWN: state->selected++; break;
    case KEY_PAGE_UP: state->selected -= state->height; break;
    case KEY_PAGE_DOWN: state->selected += state->height; break;
    case KEY_HOME: state->selected = 0; break;
    case KEY_END: state->selected = state->count - 1; break;
    case KEY_LEFT: show_pane(state, state->pane == 0 ? PANE_COUNT - 1 : state->pane - 1); break;
    case KEY_RIGHT:
    case KEY_TAB: show_pane(state, (state->pane + 1) % PANE_COUNT); break;
    case KEY_ENTER: open_detail(state); break;
    case KEY_ESCAPE:
        if (state->filter[0])
            state->must_fetch = true;
        state->filter[0] = 0;
        break;
    case KEY_NONE:
    case KEY_BACKSPACE:
    case KEY_INTERRUPT:
    case KEY_REDRAW: break;
    }
    top_state_settle(state);
}

/* Back to the list, and what it shows is old by then. */
static void leave(struct top_state *state)
{
    state->mode = MODE_LIST;
    state->must_fetch = true;
}

static void key_in_detail(struct top_state *state, const struct key *key)
{
    if (key->kind == KEY_ESCAPE || key->kind == KEY_ENTER || key->kind == KEY_LEFT
        || (key->kind == KEY_CHARACTER && key->character == 'q'))
        leave(state);
    else if (key->kind == KEY_CHARACTER && key->character == 'x')
        begin_kick(state);
    else if (key->kind == KEY_CHARACTER && key->character == '?')
        state->mode = MODE_HELP;
}

static size_t put_utf8(uint32_t character, char out[4])
{
    if (character < 0x80) {
        out[0] = (char)character;
        return 1;
    }
    size_t size = character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, character >>= 6)
        out[i] = (char)(0x80 | (character & 0x3f));
    out[0] = (char)((0xf00u >> size & 0xf0u) | character);
    return size;
}

static void type(struct top_state *state, uint32_t character)
{
    size_t size = strlen(state->typed);
    char bytes[4];
    size_t more = put_utf8(character, bytes);

    if (size + more >= sizeof state->typed)
        return;
    memcpy(state->typed + size, bytes, more);
    state->typed[size + more] = 0;
}

static void untype(struct top_state *state)
{
    size_t size = strlen(state->typed);

    while (size > 0 && ((uint8_t)state->typed[--size] & 0xc0) == 0x80) {
    }
    state->typed[size] = 0;
}

static void key_in_filter(struct top_state *state, const struct key *key)
{
    switch (key->kind) {
    case KEY_CHARACTER: type(state, key->character); break;
    case KEY_BACKSPACE: untype(state); break;
    case KEY_ENTER:
        memcpy(state->filter, state->typed, sizeof state->filter);
        state->selected = state->first = 0;
        leave(state);
        break;
    case KEY_ESCAPE: state->mode = MODE_LIST; break;
    default: break;
    }
}

static void key_in_confirm(struct top_state *state, const struct key *key)
{
    if (key->kind == KEY_NONE)
        return;
    state->must_kick = key->kind == KEY_CHARACTER && (key->character == 'y' || key->character == 'Y');
    if (!state->must_kick)
        (void)snprintf(state->note, sizeof state->note, "Nothing was done.");
    leave(state);
}

void top_state_key(struct top_state *state, const struct key *key)
{
    if (key->kind == KEY_NONE)
        return;
    state->note[0] = 0;
    if (key->kind == KEY_INTERRUPT) {
        state->has_ended = true;
        return;
    }
    if (key->kind == KEY_REDRAW) {
        state->must_redraw = true;
        return;
    }
    switch (state->mode) {
    case MODE_LIST: key_in_list(state, key); break;
    case MODE_DETAIL: key_in_detail(state, key); break;
    case MODE_FILTER: key_in_filter(state, key); break;
    case MODE_CONFIRM: key_in_confirm(state, key); break;
    case MODE_HELP: leave(state); break;
    }
}

/* What a query may hold as it is; all else is percent-encoded. */
static void add_encoded(struct builder *out, const char *text)
{
    for (; *text; text++) {
        uint8_t byte = (uint8_t)*text;
        bool is_plain = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9')
                        || byte == '-' || byte == '_' || byte == '.' || byte == '~';
        if (is_plain)
            builder_add_byte(out, byte);
        else
            builder_format(out, "%%%02X", byte);
    }
}

void top_state_path(const struct top_state *state, struct builder *out)
{
    const char *sort = top_state_sort(state);

    builder_format(out, "/api/v1/%s", panes[state->pane]);
    if (state->pane == PANE_LOOPS)
        return;
    builder_format(out, "?limit=%d", LIST_LIMIT);
    if (sort)
        builder_format(out, "&sort=%s&order=%s", sort, state->is_rising[state->pane] ? "rising" : "falling");
    if (state->filter[0]) {
        builder_add_string(out, state->pane == PANE_ROOMS ? "&room=" : "&any=");
        add_encoded(out, state->filter);
    }
}
