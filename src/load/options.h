/* SPDX-License-Identifier: Apache-2.0 */
/* What the load generator can be told. One table in options.c gives the parser, the help text and the bounds. */
#pragma once

#include "base/builder.h"
#include "os/socket.h"

enum { LOAD_ROOMS_MAX = 100000, LOAD_CONNECTIONS_MAX = 1000000, LOAD_TEXT_BYTES_MAX = 16384 };

/* Numbers are 64 bits wide so that the table can fill them in. A share or a rate is kept in thousandths. */
struct load_options {
    const char *url;
    struct view host; /* "127.0.0.1:8080", as in the URL */
    struct view path; /* "/ws" unless the URL has one */
    struct os_address address;

    uint64_t rooms;
    uint64_t connections; /* in all, instead of subscribers; 0: not asked for */
    uint64_t subscribers; /* per room, in addition to the publishers */
    uint64_t publishers;  /* per room */
    uint64_t text_size;
    uint64_t rate_milli; /* messages per 1,000 s and room; 0: as fast as the window allows */
    uint64_t window;     /* messages in flight per publisher */
    uint64_t warmup_ms;
    uint64_t duration_ms;
    uint64_t stalled_milli;
    uint64_t compressed_milli;
    uint64_t storms;      /* how often all subscribers drop their connections at once and come back */
    uint64_t handshakes;  /* begun and not yet complete */
    uint64_t patience_ms; /* how long nothing may move before it gives up waiting */
    uint64_t threads;
    uint64_t server_pid; /* 0: unknown */
    uint64_t seed;       /* 0: drawn */

    const char *room_prefix; /* NULL: chosen by is_durable */
    const char *until;       /* what ends a message's flight: "ack", "echo" or "all" */
    bool is_durable;
    bool is_raw;
    bool is_upgrade_only; /* connections are upgraded and join nothing */
    bool is_json;
    bool is_quiet;
    bool is_insecure; /* takes any certificate */
    bool is_secure;   /* the URL begins with wss:// */
};

enum load_options_read { LOAD_OPTIONS_READ, LOAD_OPTIONS_HELP, LOAD_OPTIONS_WRONG };

/* Reads the arguments after the verb. The options point into them. WRONG: `out_problem` has one line that says what is
 * wrong and what to write instead. */
enum load_options_read load_options_read(int count, char **arguments, struct load_options *out_options,
                                         struct builder *out_problem);
void load_options_help(struct builder *out);

/* Connections that the options ask for. */
static inline uint64_t load_options_connections(const struct load_options *options)
{
    return options->rooms * (options->subscribers + options->publishers);
}
