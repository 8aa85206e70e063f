/* SPDX-License-Identifier: Apache-2.0 */
/* What a run found, and how it is told: as text for people, as JSON for programs. */
#pragma once

#include "base/builder.h"
#include "base/histogram.h"
#include "load/ledger.h"
#include "load/options.h"
#include "load/process.h"

enum { REPORT_TEXT_SIZE = 640 };

/* Figures without another word are of the measured time; those of the ledger are of the whole run. */
struct load_report {
    const struct load_options *options;
    uint32_t run_id;
    bool was_interrupted;
    bool is_measured;
    char failure[REPORT_TEXT_SIZE];  /* empty: it ran to its end */
    char end_text[REPORT_TEXT_SIZE]; /* why the first connection ended early */

    uint64_t connected;
    uint64_t connect_ns; /* until all were open and joined */
    uint64_t compressed; /* connections that agreed to compression */
    uint64_t stalled;
    uint64_t stalled_ended; /* of them, by the server */
    uint64_t stalled_bytes; /* that the kernel holds at their own ends */

    uint64_t window_ns;
    uint64_t delivered;
    uint64_t delivered_bytes;
    uint64_t reads;
    uint64_t sent;
    uint64_t acked;
    struct histogram delays;
    struct histogram ack_delays;

    struct histogram returns; /* from a storm's beginning until a subscriber was back */
    uint64_t storm_ns_max;    /* until the last one was */
    uint64_t returned;
    uint64_t replayed;
    uint64_t truncated; /* resumptions that had missed more than the server replays */

    bool has_server;
    struct process_sample server_before; /* before the first connection */
    struct process_sample server_ready;  /* with all connections, before the first message */
    struct process_sample server_from;   /* the measured time's edges */
    struct process_sample server_to;
    struct process_sample server_quiet; /* when nothing was in flight any more, but to those who never read */
    uint64_t server_resident_max;
    uint64_t server_kernel_max;
    uint64_t generator_cpu_ns;
    uint64_t generator_busiest_ns; /* of its busiest thread */

    struct ledger ledger;
    uint64_t ended;
    uint64_t unanswered;
    uint64_t repeats;
};

/* The ledger is clean, all connections held, and the run came to its end. */
bool report_is_clean(const struct load_report *report);
/* A thread of the generator had no time left: its own figures limit the server's. */
bool report_is_saturated(const struct load_report *report);
void report_text(const struct load_report *report, struct builder *out);
void report_json(const struct load_report *report, struct builder *out);

/* "812 µs", "3.25 ms", "12.1 s": for the progress lines as well. */
void report_add_time(struct builder *out, uint64_t ns);
