/* SPDX-License-Identifier: Apache-2.0 */
#include "load/options.h"

#include "load/marker.h"

enum option_kind {
    OPTION_COUNT, /* a whole number */
    OPTION_MILLI, /* a decimal number, kept in thousandths */
    OPTION_SHARE, /* "0.5" or "50%", kept in thousandths */
    OPTION_TEXT,
    OPTION_FLAG,
};

struct option_row {
    const char *name;
    const char *argument;
    enum option_kind kind;
    size_t offset;
    uint64_t least, most, fallback;
    const char *doc;
};

#define AT(field) offsetof(struct load_options, field)

/* Most: a day for times, so that sums of milliseconds stay small; the rest are what one process can hold. */
static const struct option_row rows[] = {
    {"--rooms", "N", OPTION_COUNT, AT(rooms), 1, LOAD_ROOMS_MAX, 1, "rooms (1)"},
    {"--subscribers", "N", OPTION_COUNT, AT(subscribers), 0, LOAD_CONNECTIONS_MAX, 100,
     "connections per room that only read (100)"},
    {"--connections", "N", OPTION_COUNT, AT(connections), 1, LOAD_CONNECTIONS_MAX, 0,
     "instead of --subscribers: connections in all, publishers among them, spread over the rooms"},
    {"--publishers", "N", OPTION_COUNT, AT(publishers), 0, 100000, 1, "connections per room that also send (1)"},
    {"--size", "BYTES", OPTION_COUNT, AT(text_size), MARKER_SIZE, LOAD_TEXT_BYTES_MAX, 128,
     "length of a message's text, at least 41 (128)"},
    {"--window", "N", OPTION_COUNT, AT(window), 1, 65536, 8,
     "messages that each publisher has in flight, as fast as they come back (8)"},
    {"--until", "WHAT", OPTION_TEXT, AT(until), 0, 0, 0,
     "a message's flight ends with its ack (ack), with its sender's own copy too (echo),\n"
     "                          or when every subscriber that reads has it (all) (echo)"},
    {"--rate", "N", OPTION_MILLI, AT(rate_milli), 1, 1000000000, 0,
     "instead of --window: N messages/s per room at fixed times, whatever the server does"},
    {"--warmup", "SECONDS", OPTION_MILLI, AT(warmup_ms), 0, 86400000, 1000, "load before anything is measured (1)"},
    {"--duration", "SECONDS", OPTION_MILLI, AT(duration_ms), 100, 86400000, 10000, "how long is measured (10)"},
    {"--stalled", "SHARE", OPTION_SHARE, AT(stalled_milli), 0, 1000, 0,
     "this share of the subscribers (0.5 or 50%) joins and then never reads (0)"},
    {"--compressed", "SHARE", OPTION_SHARE, AT(compressed_milli), 0, 1000, 0,
     "this share of the connections offers permessage-deflate (0)"},
    {"--storm", "N", OPTION_COUNT, AT(storms), 0, 100, 0,
     "so many times in the run all subscribers drop their connections at once, come back as the same\n"
     "                          users and resume behind the last message that they saw (0)"},
    {"--durable", NULL, OPTION_FLAG, AT(is_durable), 0, 0, 0,
     "rooms whose messages are stored (bench-0 …) instead of ephemeral ones (~bench-0 …)"},
    {"--room-prefix", "NAME", OPTION_TEXT, AT(room_prefix), 0, 0, 0,
     "the rooms' names are NAME-0, NAME-1 …; a ~ at the front makes them ephemeral (~bench)"},
    {"--raw", NULL, OPTION_FLAG, AT(is_raw), 0, 0, 0,
     "the server is a plain broadcaster: whatever one connection sends, all get; with --rooms, all that\n"
     "                          have the same path (/0, /1 … behind the address's own)"},
    {"--upgrade-only", NULL, OPTION_FLAG, AT(is_upgrade_only), 0, 0, 0,
     "connections are upgraded and join no room: what an upgrade alone takes; without publishers"},
    {"--pid", "PID", OPTION_COUNT, AT(server_pid), 1, 4194304, 0,
     "the server's process on this machine: its CPU time and memory are reported"},
    {"--handshakes", "N", OPTION_COUNT, AT(handshakes), 1, 4096, 256, "connections being opened at a time (256)"},
    {"--patience", "SECONDS", OPTION_MILLI, AT(patience_ms), 100, 3600000, 10000,
     "gives up waiting when nothing has moved for so long (10)"},
    {"--threads", "N", OPTION_COUNT, AT(threads), 1, 64, 1, "threads that share the connections (1)"},
    {"--seed", "N", OPTION_COUNT, AT(seed), 1, UINT32_MAX, 0, "makes texts and keys the same again (drawn)"},
    {"--insecure", NULL, OPTION_FLAG, AT(is_insecure), 0, 0, 0,
     "with wss://: takes certificates that nobody vouches for"},
    {"--json", NULL, OPTION_FLAG, AT(is_json), 0, 0, 0, "the report as one JSON object"},
    {"--quiet", NULL, OPTION_FLAG, AT(is_quiet), 0, 0, 0, "no progress lines"},
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]), HELP_COLUMN = 26 };

static uint64_t *number_of(struct load_options *options, const struct option_row *row)
{
    return (uint64_t *)(void *)((uint8_t *)options + row->offset);
}

static bool *flag_of(struct load_options *options, const struct option_row *row)
{
    return (bool *)(void *)((uint8_t *)options + row->offset);
}

static const char **text_of(struct load_options *options, const struct option_row *row)
{
    return (const char **)(void *)((uint8_t *)options + row->offset);
}

void load_options_help(struct builder *out)
{
    builder_add_string(out,
                       "Usage: natter bench [OPTIONS] ws[s]://HOST:PORT[/PATH]\n"
                       "Puts load on a server and checks that every message arrives once and in order.\n"
                       "Exit status: 0 if all arrived so, 1 if not or if the run failed, 2 for wrong arguments.\n\n");
    for (size_t index = 0; index < ROW_COUNT; index++) {
        const struct option_row *row = &rows[index];
        size_t start = out->size;
        builder_format(out, "  %s", row->name);
        if (row->argument != NULL)
            builder_format(out, " %s", row->argument);
        do {
            builder_add_byte(out, ' ');
        } while (builder_ok(out) && out->size - start < HELP_COLUMN);
        builder_format(out, "%s\n", row->doc);
    }
    builder_add_string(out,
                       "\nA server's own limits would stop most runs: start natter with --limits off to measure it.\n");
}

/* "12", "12.5", "0.125": at most three digits after the point. */
static bool read_milli(struct view text, uint64_t most, uint64_t *out)
{
    const uint8_t *point = memchr(text.at, '.', text.size);
    struct view whole = point == NULL ? text : view_of(text.at, (size_t)(point - text.at));
    uint64_t number;
    if (!view_to_number(whole, most / 1000, &number))
        return false;
    number *= 1000;
    if (point != NULL) {
        struct view digits = view_skip(text, whole.size + 1);
        uint64_t fraction;
        if (digits.size > 3 || !view_to_number(digits, 999, &fraction))
            return false;
        for (size_t size = digits.size; size < 3; size++)
            fraction *= 10;
        number += fraction;
    }
    if (number > most)
        return false;
    *out = number;
    return true;
}

static bool read_share(struct view text, uint64_t *out)
{
    if (text.size > 1 && text.at[text.size - 1] == '%') {
        uint64_t percent_milli;
        if (!read_milli(view_first(text, text.size - 1), 100000, &percent_milli))
            return false;
        *out = percent_milli / 100;
        return true;
    }
    return read_milli(text, 1000, out);
}

static bool read_value(struct load_options *options, const struct option_row *row, const char *value,
                       struct builder *problem)
{
    struct view text = view_of_string(value);
    uint64_t *number = number_of(options, row);
    bool is_right = false;
    switch (row->kind) {
    case OPTION_COUNT: is_right = view_to_number(text, row->most, number) && *number >= row->least; break;
    case OPTION_MILLI: is_right = read_milli(text, row->most, number) && *number >= row->least; break;
    case OPTION_SHARE: is_right = read_share(text, number); break;
    case OPTION_TEXT: *text_of(options, row) = value; return true;
    case OPTION_FLAG: return true; /* has no value; set where it was found */
    }
    if (is_right)
        return true;
    bool is_whole = row->kind == OPTION_COUNT;
    if (row->kind == OPTION_SHARE)
        builder_format(problem, "%s takes a share, such as 0.5 or 50%%, not \"%s\"", row->name, value);
    else
        builder_format(problem, "%s takes a %s from %.10g to %.10g, not \"%s\"", row->name,
                       is_whole ? "whole number" : "number", (double)row->least / (is_whole ? 1 : 1000),
                       (double)row->most / (is_whole ? 1 : 1000), value);
    return false;
}

static const struct option_row *find_row(const char *name)
{
    for (size_t index = 0; index < ROW_COUNT; index++)
        if (strcmp(rows[index].name, name) == 0)
            return &rows[index];
    return NULL;
}

static bool read_url(struct load_options *options, struct builder *problem)
{
    struct view rest = view_of_string(options->url);
    options->is_secure = view_starts_with(rest, VIEW("wss://"));
    if (!options->is_secure && options->is_insecure) {
        builder_add_string(problem, "--insecure is about certificates: it goes with wss://");
        return false;
    }
    if (!options->is_secure && !view_starts_with(rest, VIEW("ws://"))) {
        builder_format(problem, "\"%s\" is no address: write ws://127.0.0.1:8080/ws", options->url);
        return false;
    }
    rest = view_skip(rest, options->is_secure ? 6 : 5);
    const uint8_t *slash = memchr(rest.at, '/', rest.size);
    options->host = slash == NULL ? rest : view_of(rest.at, (size_t)(slash - rest.at));
    options->path = slash == NULL ? VIEW("/ws") : view_skip(rest, options->host.size);
    for (size_t index = 0; index < options->path.size; index++) {
        if (options->path.at[index] <= ' ' || options->path.at[index] >= 0x7f) {
            builder_add_string(problem, "the address has blanks or other characters that no path may have");
            return false;
        }
    }
    if (os_address_parse(options->host, &options->address) == RESULT_OK && options->address.port != 0
        && options->host.at[0] != ':' && options->host.at[0] != '*')
        return true;
    builder_format(problem, "\"%.*s\" is not HOST:PORT: write an IP address or localhost, and a port",
                   (int)options->host.size, (const char *)options->host.at);
    return false;
}

/* The prefix stands in JSON and in room names: what neither needs is refused. */
static bool is_room_prefix(const char *prefix)
{
    size_t size = strlen(prefix);
    for (size_t index = 0; index < size; index++) {
        uint8_t byte = (uint8_t)prefix[index];
        if (byte <= ' ' || byte == '"' || byte == '\\' || byte == 0x7f || (byte == '~' && index > 0))
            return false;
    }
    return size > 0 && size <= 48;
}

/* What does not go with --raw, --storm or --upgrade-only; or NULL. */
static const char *problem_of_kind(const struct load_options *options, bool is_ack)
{
    if (options->is_raw && (options->room_prefix != NULL || options->is_durable || is_ack))
        return "a plain broadcaster (--raw) has no names of rooms and no acks: leave out what is about them";
    if (options->is_raw && options->publishers * load_options_connections(options) > 16000000)
        return "with --raw, publishers times connections must stay below 16 million";
    if (options->storms > 0 && (options->is_raw || options->is_upgrade_only || options->stalled_milli > 0))
        return "--storm needs subscribers that read and a server that lets them resume: leave out --raw, "
               "--upgrade-only and --stalled";
    if (options->is_upgrade_only && options->publishers > 0)
        return "--upgrade-only joins no room, so nobody can publish: add --publishers 0";
    return NULL;
}

static bool check_together(struct load_options *options, bool has_window, struct builder *problem)
{
    bool is_ack = options->until != NULL && strcmp(options->until, "ack") == 0;
    bool is_all = options->until != NULL && strcmp(options->until, "all") == 0;
    const char *wrong = NULL;
    if (options->url == NULL)
        wrong = "name the server: natter bench ws://127.0.0.1:8080/ws";
    else if (options->until != NULL && !is_ack && !is_all && strcmp(options->until, "echo") != 0)
        wrong = "--until is ack, echo or all";
    else if (is_all && options->threads > 1)
        wrong = "--until all needs all connections in one thread: leave out --threads";
    else if (options->rate_milli > 0 && has_window)
        wrong = "--rate and --window exclude each other: choose one";
    else if (options->rate_milli > 0 && options->publishers == 0)
        wrong = "--rate needs at least one publisher";
    else if (load_options_connections(options) == 0)
        wrong = "no connections are asked for: give --subscribers or --publishers";
    else if (load_options_connections(options) > LOAD_CONNECTIONS_MAX)
        wrong = "more than 1,000,000 connections are asked for: take fewer rooms or subscribers";
    else if (options->room_prefix != NULL && options->is_durable)
        wrong = "--durable chooses the rooms' names: leave it or --room-prefix out";
    else if (options->room_prefix != NULL && !is_room_prefix(options->room_prefix))
        wrong = "--room-prefix takes 1 to 48 bytes of a room's name, a ~ only at its front";
    else
        wrong = problem_of_kind(options, is_ack);
    if (wrong != NULL)
        builder_add_string(problem, wrong);
    return wrong == NULL;
}

/* --connections, as subscribers of each room. */
static bool spread_connections(struct load_options *options, struct builder *problem)
{
    if (options->connections == 0)
        return true;
    uint64_t per_room = options->connections / options->rooms;
    if (options->connections % options->rooms == 0 && per_room >= options->publishers) {
        options->subscribers = per_room - options->publishers;
        return true;
    }
    builder_format(
        problem,
        "%llu connections cannot be spread evenly over %llu rooms with %llu publishers each: take a multiple "
        "of the rooms, and no fewer than publishers",
        (unsigned long long)options->connections, (unsigned long long)options->rooms,
        (unsigned long long)options->publishers);
    return false;
}

static void set_fallbacks(struct load_options *options)
{
    *options = (struct load_options){.url = NULL};
    for (size_t index = 0; index < ROW_COUNT; index++)
        if (rows[index].kind != OPTION_TEXT && rows[index].kind != OPTION_FLAG)
            *number_of(options, &rows[index]) = rows[index].fallback;
}

enum load_options_read load_options_read(int count, char **arguments, struct load_options *out_options,
                                         struct builder *out_problem)
{
    struct load_options options;
    bool has_window = false;
    set_fallbacks(&options);
    for (int index = 0; index < count; index++) {
        const char *name = arguments[index];
        const struct option_row *row = find_row(name);
        if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
            return LOAD_OPTIONS_HELP;
        if (row == NULL && name[0] != '-' && options.url == NULL) {
            options.url = name;
            continue;
        }
        if (row == NULL) {
            builder_format(out_problem, "\"%s\" is not known: natter bench --help lists the options", name);
            return LOAD_OPTIONS_WRONG;
        }
        if (row->kind == OPTION_FLAG) {
            *flag_of(&options, row) = true;
            continue;
        }
        if (index + 1 == count) {
            builder_format(out_problem, "%s needs a value: %s %s", name, name, row->argument);
            return LOAD_OPTIONS_WRONG;
        }
        if (!read_value(&options, row, arguments[++index], out_problem))
            return LOAD_OPTIONS_WRONG;
        has_window |= row->offset == AT(window);
    }
    if (!spread_connections(&options, out_problem) || !check_together(&options, has_window, out_problem)
        || !read_url(&options, out_problem))
        return LOAD_OPTIONS_WRONG;
    if (options.until == NULL)
        options.until = "echo";
    if (options.room_prefix == NULL)
        options.room_prefix = options.is_durable ? "bench" : "~bench";
    *out_options = options;
    return LOAD_OPTIONS_READ;
}
