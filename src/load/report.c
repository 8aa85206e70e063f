/* SPDX-License-Identifier: Apache-2.0 */
#include "load/report.h"

enum { SATURATED_PERCENT = 85, NS_PER_US = 1000, NS_PER_MS = 1000 * 1000, NS_PER_SECOND = 1000 * 1000 * 1000 };

static const double quantiles[] = {0.5, 0.9, 0.99, 0.999};
static const char *const quantile_names[] = {"p50", "p90", "p99", "p99.9"};
static const char *const quantile_keys[] = {"p50", "p90", "p99", "p999"};

enum { QUANTILE_COUNT = sizeof(quantiles) / sizeof(quantiles[0]) };

bool report_is_clean(const struct load_report *report)
{
    return report->failure[0] == '\0' && ledger_is_clean(&report->ledger) && report->ended == 0
           && report->unanswered == 0;
}

bool report_is_saturated(const struct load_report *report)
{
    return report->window_ns > 0 && report->generator_busiest_ns > report->window_ns / 100 * SATURATED_PERCENT;
}

/* Three digits that count. */
static void add_scaled(struct builder *out, double value, const char *unit)
{
    int digits = value < 10 ? 2 : value < 100 ? 1 : 0;
    builder_format(out, "%.*f %s", digits, value, unit);
}

void report_add_time(struct builder *out, uint64_t ns)
{
    if (ns < NS_PER_MS)
        add_scaled(out, (double)ns / NS_PER_US, "µs");
    else if (ns < NS_PER_SECOND)
        add_scaled(out, (double)ns / NS_PER_MS, "ms");
    else
        add_scaled(out, (double)ns / NS_PER_SECOND, "s");
}

static void add_bytes(struct builder *out, uint64_t bytes)
{
    if (bytes < 10240)
        builder_format(out, "%llu bytes", (unsigned long long)bytes);
    else if (bytes < 10U << 20)
        builder_format(out, "%.1f KiB", (double)bytes / 1024);
    else
        builder_format(out, "%.1f MiB", (double)bytes / (1 << 20));
}

static double per_second(const struct load_report *report, uint64_t count)
{
    return report->window_ns == 0 ? 0 : (double)count * NS_PER_SECOND / (double)report->window_ns;
}

static double per_delivery(const struct load_report *report, uint64_t count)
{
    return report->delivered == 0 ? 0 : (double)count / (double)report->delivered;
}

static double share_of_core(const struct load_report *report, uint64_t cpu_ns)
{
    return report->window_ns == 0 ? 0 : 100.0 * (double)cpu_ns / (double)report->window_ns;
}

static uint64_t above(uint64_t value, uint64_t base)
{
    return value > base ? value - base : 0;
}

static void add_head(struct builder *out, const struct load_report *report)
{
    const struct load_options *options = report->options;
    builder_format(out, "natter bench %s\n  load        ", options->url);
    builder_add_count(out, options->rooms, "room, ", "rooms, each with ");
    builder_add_count(out, options->subscribers, "subscriber and ", "subscribers and ");
    builder_add_count(out, options->publishers, "publisher", "publishers");
    if (options->rate_milli > 0)
        builder_format(out, ", %g messages/s", (double)options->rate_milli / 1000);
    else if (options->publishers > 0)
        builder_format(out, ", %llu in flight each (until %s)", (unsigned long long)options->window, options->until);
    builder_format(out, "; texts of %llu bytes; seed %u\n", (unsigned long long)options->text_size, report->run_id);
    if (report->connect_ns == 0)
        return;
    builder_add_string(out, "  connected   ");
    builder_add_grouped(out, report->connected);
    builder_add_string(out, " in ");
    report_add_time(out, report->connect_ns);
    builder_add_string(out, " (");
    builder_add_grouped(out, (uint64_t)((double)report->connected * NS_PER_SECOND / (double)report->connect_ns));
    builder_add_string(out, "/s)");
    if (report->compressed > 0) {
        builder_add_string(out, ", compressed: ");
        builder_add_grouped(out, report->compressed);
    }
    if (report->stalled > 0) {
        builder_add_string(out, ", never reading: ");
        builder_add_grouped(out, report->stalled);
        builder_format(out, " (%llu of them ended by the server)", (unsigned long long)report->stalled_ended);
    }
    builder_add_byte(out, '\n');
}

static void add_delays(struct builder *out, const char *name, const struct histogram *histogram, const char *what)
{
    if (counter_get(&histogram->count) == 0)
        return;
    builder_format(out, "  %-11s", name);
    for (size_t index = 0; index < QUANTILE_COUNT; index++) {
        builder_format(out, " %s ", quantile_names[index]);
        report_add_time(out, histogram_quantile(histogram, quantiles[index]));
        builder_add_byte(out, ' ');
    }
    builder_add_string(out, " max ");
    report_add_time(out, counter_get(&histogram->max));
    builder_format(out, "   (%s)\n", what);
}

static void add_traffic(struct builder *out, const struct load_report *report)
{
    builder_add_string(out, "  deliveries  ");
    builder_add_grouped(out, (uint64_t)per_second(report, report->delivered));
    builder_add_string(out, "/s   (");
    builder_add_grouped(out, report->delivered);
    builder_add_string(out, " in ");
    report_add_time(out, report->window_ns);
    if (report->delivered > 0 && report->reads > 0)
        builder_format(out, ", %.0f bytes each, %.1f per read", per_delivery(report, report->delivered_bytes),
                       (double)report->delivered / (double)report->reads);
    builder_format(out, ")\n  %s        ", report->options->is_raw ? "echo" : "acks");
    builder_add_grouped(out, (uint64_t)per_second(report, report->acked));
    builder_add_string(out, "/s\n");
    add_delays(out, "delay", &report->delays,
               report->options->rate_milli > 0 ? "from the time when it was due to each receipt"
                                               : "from sending to each receipt");
    add_delays(out, "ack delay", &report->ack_delays, "to the ack");
}

/* What a reader that does not read costs the server: what the kernel holds for both ends, without the reader's own. */
static uint64_t stalled_cost(const struct load_report *report)
{
    uint64_t both = above(report->server_quiet.kernel_bytes, report->server_ready.kernel_bytes);
    return report->stalled == 0 ? 0 : above(both, report->stalled_bytes) / report->stalled;
}

static void add_server(struct builder *out, const struct load_report *report)
{
    uint64_t cpu_ns = above(report->server_to.cpu_ns, report->server_from.cpu_ns);
    builder_format(out, "  server      %.3f µs CPU per delivery, %.0f %% of a core\n  memory      ",
                   per_delivery(report, cpu_ns) / NS_PER_US, share_of_core(report, cpu_ns));
    add_bytes(out, report->server_before.resident_bytes);
    builder_add_string(out, " resident before, ");
    add_bytes(out, report->server_ready.resident_bytes);
    builder_add_string(out, " with all connected");
    if (report->connected > 0) {
        builder_add_string(out, " (");
        builder_add_grouped(out, above(report->server_ready.resident_bytes, report->server_before.resident_bytes)
                                     / report->connected);
        builder_add_string(out, " bytes per connection)");
    }
    builder_add_string(out, ", at most ");
    add_bytes(out, report->server_resident_max);
    builder_add_string(out, "; TCP in the kernel, both ends: ");
    add_bytes(out, above(report->server_ready.kernel_bytes, report->server_before.kernel_bytes));
    builder_add_string(out, " more with all connected, at most ");
    add_bytes(out, above(report->server_kernel_max, report->server_before.kernel_bytes));
    builder_add_string(out, " more\n");
    if (report->stalled == 0)
        return;
    builder_add_string(out, "              for each that never reads: ");
    add_bytes(out, stalled_cost(report));
    builder_add_string(out, " in the kernel at the server's end, ");
    add_bytes(out, report->stalled_bytes / report->stalled);
    builder_add_string(out, " at its own\n");
}

static void add_storms(struct builder *out, const struct load_report *report)
{
    builder_add_string(out, "  storm       ");
    builder_add_count(out, report->returned, "return", "returns");
    builder_add_string(out, ", all back after at most ");
    report_add_time(out, report->storm_ns_max);
    builder_add_string(out, "; ");
    builder_add_count(out, report->replayed, "message", "messages");
    builder_format(out, " replayed; %llu had missed more than is replayed\n", (unsigned long long)report->truncated);
    add_delays(out, "back after", &report->returns, "from the storm's beginning until joined again");
}

static void add_verdict(struct builder *out, const struct load_report *report)
{
    const struct ledger *ledger = &report->ledger;
    builder_add_string(out, "  ledger      ");
    if (report->was_interrupted)
        builder_add_string(out, "stopped early, so what was on its way is not judged; ");
    if (report_is_clean(report))
        builder_add_string(out, "clean: each once and in order, ");
    else
        builder_add_string(out, "NOT CLEAN: ");
    builder_add_count(out, ledger->received, "delivery", "deliveries");
    builder_format(out, "; lost %llu, doubled %llu, reordered %llu, mismatched %llu, unanswered %llu",
                   (unsigned long long)ledger->lost, (unsigned long long)ledger->doubled,
                   (unsigned long long)ledger->reordered, (unsigned long long)ledger->mismatched,
                   (unsigned long long)report->unanswered);
    if (ledger->gaps > 0) {
        builder_add_string(out, "; ");
        builder_add_count(out, ledger->gaps, "gap", "gaps");
        builder_add_string(out, " announced, ");
        builder_add_grouped(out, ledger->skipped);
        builder_add_string(out, " skipped");
    }
    builder_add_byte(out, '\n');
    if (report->ended > 0) {
        builder_add_string(out, "  WARNING     ");
        builder_add_count(out, report->ended, "connection", "connections");
        builder_format(out, " ended early; the first: %s\n", report->end_text);
    }
    if (report->repeats > 0)
        builder_format(out, "  note        the server was busy: %llu messages were sent again\n",
                       (unsigned long long)report->repeats);
    if (ledger->foreign > 0)
        builder_format(out, "  note        %llu messages in our rooms were not ours: somebody else used them\n",
                       (unsigned long long)ledger->foreign);
}

void report_text(const struct load_report *report, struct builder *out)
{
    add_head(out, report);
    if (report->is_measured) {
        add_traffic(out, report);
        if (report->options->storms > 0)
            add_storms(out, report);
        if (report->has_server)
            add_server(out, report);
        builder_format(out, "  generator   %.0f %% of a core\n", share_of_core(report, report->generator_cpu_ns));
        if (report_is_saturated(report))
            builder_format(out,
                           "  WARNING     the generator itself had no time left (over %d %% of a core in a thread): "
                           "the server may be faster\n              than this shows. Give it a core of its own, more "
                           "--threads, or less load.\n",
                           SATURATED_PERCENT);
    }
    if (report->ledger.received > 0 || report->is_measured)
        add_verdict(out, report);
    if (report->failure[0] != '\0')
        builder_format(out, "  FAILED      %s\n", report->failure);
}

static void json_number(struct builder *out, const char *key, uint64_t number)
{
    builder_format(out, "\"%s\":%llu,", key, (unsigned long long)number);
}

static void json_text(struct builder *out, const char *key, const char *text)
{
    builder_format(out, "\"%s\":\"", key);
    for (const char *at = text; *at != '\0'; at++) {
        uint8_t byte = (uint8_t)*at;
        if (byte == '"' || byte == '\\')
            builder_add_byte(out, '\\');
        if (byte < ' ' || byte >= 0x7f)
            builder_add_byte(out, '?');
        else
            builder_add_byte(out, byte);
    }
    builder_add_string(out, "\",");
}

/* Takes the comma off that the last member has left, and closes the object. */
static void json_end(struct builder *out, const char *end)
{
    if (builder_ok(out) && out->size > 0 && out->at[out->size - 1] == ',')
        out->size--;
    builder_add_string(out, end);
}

static void json_delays(struct builder *out, const char *key, const struct histogram *histogram)
{
    builder_format(out, "\"%s\":{", key);
    for (size_t index = 0; index < QUANTILE_COUNT; index++)
        json_number(out, quantile_keys[index], histogram_quantile(histogram, quantiles[index]));
    json_number(out, "max", counter_get(&histogram->max));
    json_number(out, "count", counter_get(&histogram->count));
    json_end(out, "},");
}

static void json_options(struct builder *out, const struct load_options *options)
{
    builder_add_string(out, "\"options\":{");
    json_number(out, "rooms", options->rooms);
    json_number(out, "subscribers", options->subscribers);
    json_number(out, "publishers", options->publishers);
    json_number(out, "size", options->text_size);
    json_number(out, "window", options->rate_milli > 0 ? 0 : options->window);
    builder_format(out, "\"rate\":%g,", (double)options->rate_milli / 1000);
    json_text(out, "until", options->until);
    json_text(out, "room_prefix", options->is_raw ? "" : options->room_prefix);
    builder_format(out, "\"is_raw\":%s,", options->is_raw ? "true" : "false");
    json_end(out, "},");
}

static void json_server(struct builder *out, const struct load_report *report)
{
    uint64_t cpu_ns = above(report->server_to.cpu_ns, report->server_from.cpu_ns);
    builder_add_string(out, "\"server\":{");
    json_number(out, "cpu_ns", cpu_ns);
    builder_format(out, "\"cpu_us_per_delivery\":%.4f,", per_delivery(report, cpu_ns) / NS_PER_US);
    builder_format(out, "\"cpu_us_per_ack\":%.4f,",
                   report->acked == 0 ? 0 : (double)cpu_ns / (double)report->acked / NS_PER_US);
    json_number(out, "connect_cpu_ns", above(report->server_ready.cpu_ns, report->server_before.cpu_ns));
    builder_format(out, "\"core_percent\":%.1f,", share_of_core(report, cpu_ns));
    json_number(out, "resident_before", report->server_before.resident_bytes);
    json_number(out, "resident_ready", report->server_ready.resident_bytes);
    json_number(out, "resident_end", report->server_to.resident_bytes);
    json_number(out, "resident_max", report->server_resident_max);
    json_number(out, "kernel_before", report->server_before.kernel_bytes);
    json_number(out, "kernel_ready", report->server_ready.kernel_bytes);
    json_number(out, "kernel_max", report->server_kernel_max);
    json_number(out, "kernel_quiet", report->server_quiet.kernel_bytes);
    json_number(out, "kernel_per_stalled", stalled_cost(report));
    json_end(out, "},");
}

static void json_storm(struct builder *out, const struct load_report *report)
{
    builder_add_string(out, "\"storm\":{");
    json_number(out, "storms", report->options->storms);
    json_number(out, "returned", report->returned);
    json_number(out, "replayed", report->replayed);
    json_number(out, "truncated", report->truncated);
    json_number(out, "all_back_ns", report->storm_ns_max);
    json_delays(out, "return_ns", &report->returns);
    json_end(out, "},");
}

void report_json(const struct load_report *report, struct builder *out)
{
    const struct ledger *ledger = &report->ledger;
    builder_add_byte(out, '{');
    json_text(out, "url", report->options->url);
    json_options(out, report->options);
    json_number(out, "seed", report->run_id);
    builder_format(out, "\"is_clean\":%s,", report_is_clean(report) ? "true" : "false");
    builder_format(out, "\"is_saturated\":%s,", report_is_saturated(report) ? "true" : "false");
    builder_format(out, "\"was_interrupted\":%s,", report->was_interrupted ? "true" : "false");
    json_text(out, "failure", report->failure);
    json_number(out, "connections", report->connected);
    json_number(out, "connect_ns", report->connect_ns);
    json_number(out, "compressed", report->compressed);
    json_number(out, "stalled", report->stalled);
    json_number(out, "stalled_ended", report->stalled_ended);
    json_number(out, "stalled_bytes", report->stalled_bytes);
    json_number(out, "window_ns", report->window_ns);
    json_number(out, "delivered", report->delivered);
    json_number(out, "delivered_bytes", report->delivered_bytes);
    json_number(out, "reads", report->reads);
    json_number(out, "sent", report->sent);
    json_number(out, "acked", report->acked);
    builder_format(out, "\"deliveries_per_second\":%.1f,\"acks_per_second\":%.1f,",
                   per_second(report, report->delivered), per_second(report, report->acked));
    json_delays(out, "delay_ns", &report->delays);
    json_delays(out, "ack_delay_ns", &report->ack_delays);
    if (report->options->storms > 0)
        json_storm(out, report);
    if (report->has_server)
        json_server(out, report);
    json_number(out, "generator_cpu_ns", report->generator_cpu_ns);
    builder_format(out, "\"generator_core_percent\":%.1f,", share_of_core(report, report->generator_cpu_ns));
    builder_add_string(out, "\"ledger\":{");
    json_number(out, "received", ledger->received);
    json_number(out, "lost", ledger->lost);
    json_number(out, "doubled", ledger->doubled);
    json_number(out, "reordered", ledger->reordered);
    json_number(out, "mismatched", ledger->mismatched);
    json_number(out, "gaps", ledger->gaps);
    json_number(out, "skipped", ledger->skipped);
    json_number(out, "foreign", ledger->foreign);
    json_end(out, "},");
    json_number(out, "ended", report->ended);
    json_text(out, "end_text", report->end_text);
    json_number(out, "unanswered", report->unanswered);
    json_number(out, "repeats", report->repeats);
    json_end(out, "}\n");
}
