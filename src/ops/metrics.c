/* SPDX-License-Identifier: Apache-2.0 */
#include "ops/metrics.h"

#include "ops/api.h"
#include "ops/metrics_inside.h"
#include "ops/metrics_reading.h"
#include "os/thread.h"

enum source { FROM_SHARDS, FROM_STORE, FROM_HUB, FROM_DOORS, FROM_DESKS };
enum kind { KIND_COUNTER, KIND_GAUGE };

/* One number, or an array of them with a label each. */
struct row {
    const char *name; /* without the prefix, and without _total */
    enum kind kind;
    enum source source;
    size_t offset;
    const char *label; /* of the array's index; NULL: one number */
    size_t count;      /* of the array */
    const char *(*label_text)(size_t index);
    const char *help;
};

static const char *state_text(size_t index)
{
    return conn_state_label((enum conn_state)index);
}

static const char *reason_text(size_t index)
{
    return end_reason_label((enum end_reason)index);
}

static const char *phase_text(size_t index)
{
    return shard_phase_label((enum shard_phase)index);
}

static const char *store_phase_text(size_t index)
{
    return store_phase_label((enum store_phase)index);
}

static const char *command_text(size_t index)
{
    return command_type_text((enum command_type)index);
}

static const char *error_text(size_t index)
{
    return error_code_text((enum error_code)index);
}

static const char *sign_text(size_t index)
{
    return last_sign_text((enum last_sign)index);
}

static const char *rate_text(size_t index)
{
    static const char *const texts[RATE_CLASS_COUNT] = {
#define X(symbol, label) label,
        RATE_CLASSES(X)
#undef X
    };

    return texts[index];
}

#define SHARD(member) FROM_SHARDS, offsetof(struct shard_counters, member), NULL, 1, NULL
#define STORE(member) FROM_STORE, offsetof(struct store_counters, member), NULL, 1, NULL
#define HUB(member)   FROM_HUB, offsetof(struct hub_counters, member), NULL, 1, NULL
#define DOOR(member)  FROM_DOORS, offsetof(struct door_counters, member), NULL, 1, NULL
#define DESK(member)  FROM_DESKS, offsetof(struct diagnosis_counters, member), NULL, 1, NULL

static const struct row rows[] = {
    {"accepted", KIND_COUNTER, SHARD(accepted),
     "Sockets accepted. Always the sum of natter_connections and natter_ended (P3)."},
    {"connections", KIND_GAUGE, FROM_SHARDS, offsetof(struct shard_counters, live), "state", CONN_ENDED, state_text,
     "Live connections by state."},
    {"ended", KIND_COUNTER, FROM_SHARDS, offsetof(struct shard_counters, ended), "reason", END_REASON_COUNT,
     reason_text, "Connections that ended, each with one reason."},
    {"taken_over", KIND_COUNTER, SHARD(taken_over),
     "Of the accepted, those that the process before this one had accepted and handed over."},
    {"accept_pauses", KIND_COUNTER, SHARD(accept_pauses),
     "Times that accepting paused because no descriptor was free."},
    {"http_requests", KIND_COUNTER, SHARD(requests), "HTTP requests, upgrades among them."},
    {"upgrades", KIND_COUNTER, SHARD(upgrades), "WebSocket upgrades answered with 101."},
    {"upgrades_refused", KIND_COUNTER, SHARD(upgrades_refused), "WebSocket upgrades refused."},
    {"upgrades_put_off", KIND_COUNTER, SHARD(upgrades_put_off),
     "Of the refused, those that were told to come back: too many connected at that moment "
     "(connections.upgrade_rate)."},
    {"forwarded", KIND_COUNTER, SHARD(forwarded), "Requests whose client a trusted proxy named in fields."},
    {"forwarded_missing", KIND_COUNTER, SHARD(forwarded_missing),
     "Requests of trusted proxies that named no client: they count as the proxy's own."},
    {"tls_handshakes", KIND_COUNTER, SHARD(tls_handshakes), "TLS handshakes done in full."},
    {"tls_resumed", KIND_COUNTER, SHARD(tls_resumed), "TLS handshakes done with a ticket of an earlier one."},
    {"tls_put_off", KIND_COUNTER, SHARD(tls_put_off),
     "Turns that left TLS handshakes to the next one, because their slice (tls.handshake_slice) was over."},
    {"bytes_received", KIND_COUNTER, SHARD(bytes_in), "Bytes read from clients."},
    {"bytes_sent", KIND_COUNTER, SHARD(bytes_out), "Bytes that the kernel took for clients."},
    {"frames_received", KIND_COUNTER, SHARD(frames_in), "WebSocket frames from clients."},
    {"messages_received", KIND_COUNTER, SHARD(messages_in), "Whole WebSocket messages from clients."},
    {"control_frames_received", KIND_COUNTER, SHARD(control_frames_in), "Pings, pongs and closes from clients."},
    {"deliveries", KIND_COUNTER, SHARD(deliveries), "Frames of rooms handed to subscribers, each subscriber counted."},
    {"replies", KIND_COUNTER, SHARD(replies_out), "Frames to one client alone that have left."},
    {"chunks", KIND_COUNTER, SHARD(chunks), "Chunks of ready frames that came from the store's thread."},
    {"feed_lapped", KIND_COUNTER, SHARD(lapped), "Times that a slow reader was moved forward in its room."},
    {"feed_lapped_events", KIND_COUNTER, SHARD(lapped_events),
     "Events that slow readers skipped so, and were told of."},
    {"feeds", KIND_GAUGE, SHARD(feeds), "Rooms that shards hold newest events of."},
    {"feed_bytes", KIND_GAUGE, SHARD(feed_bytes), "Bytes of these events."},
    {"subscriptions", KIND_GAUGE, SHARD(subscriptions), "Connections in rooms."},
    {"silence_cuts", KIND_COUNTER, SHARD(silence_cuts),
     "WebSockets that ended in silence, without a Close: what the heartbeat learns from."},
    {"silence_deaf", KIND_COUNTER, SHARD(silence_deaf), "WebSockets that ended because a ping was not answered."},
    {"silence_learned", KIND_COUNTER, SHARD(silence_learned),
     "Times that a shard found out how soon a path (a proxy, a network of clients) that cuts silence must be pinged."},
    {"silence_paths", KIND_GAUGE, SHARD(silence_paths), "Such paths, known now; each shard counts its own."},
    {"writes", KIND_COUNTER, SHARD(writes), "System calls that sent."},
    {"writes_blocked", KIND_COUNTER, SHARD(writes_blocked), "Times that a socket took no more, or not all."},
    {"compressions", KIND_COUNTER, SHARD(compressions), "Replies compressed for one client."},
    {"room_compressions", KIND_COUNTER, SHARD(room_compressions),
     "Events of rooms compressed, each once for all who get it so."},
    {"outbox_overflows", KIND_COUNTER, SHARD(outbox_overflows), "Connections ended because their answers piled up."},
    {"reading_paused", KIND_COUNTER, SHARD(reading_paused),
     "Times that a connection's commands were not read because answers were pending."},
    {"turns", KIND_COUNTER, SHARD(turns.count), "Turns of the shards' loops."},
    {"slow_turns", KIND_COUNTER, FROM_SHARDS, offsetof(struct shard_counters, turns.slow), "phase", SHARD_PHASE_COUNT,
     phase_text, "Turns of over 10 ms (`watchdog.turn`), by what took longest in them (P5)."},
    {"slow_batches", KIND_COUNTER, FROM_STORE, offsetof(struct store_counters, batch_turns.slow), "phase",
     STORE_PHASE_COUNT, store_phase_text,
     "Batches of the store of over 100 ms (`watchdog.batch`), by what took longest in them; a slow disk is no fault."},
    {"store_letters", KIND_COUNTER, STORE(letters), "Commands that reached the store's thread."},
    {"store_batches", KIND_COUNTER, STORE(batches), "Batches of commands."},
    {"commits", KIND_COUNTER, STORE(commits), "Commits to the database."},
    {"commits_failed", KIND_COUNTER, STORE(commits_failed),
     "Commits that failed: disk full, or an error. Nothing of them was acknowledged."},
    {"events_appended", KIND_COUNTER, STORE(appended), "Events added to rooms."},
    {"events_duplicate", KIND_COUNTER, STORE(duplicates), "Retries that were recognised by their key."},
    {"events_expired", KIND_COUNTER, STORE(expired), "Old events that went for good, beyond a room's limits."},
    {"retention_rounds", KIND_COUNTER, STORE(expiries), "Looks at all rooms for what has to go."},
    {"events_refused", KIND_COUNTER, STORE(refused), "Events of failed commits."},
    {"store_reads", KIND_COUNTER, STORE(reads), "Look-ups that went to the database."},
    {"store_jobs", KIND_COUNTER, STORE(jobs), "Reads by reader threads."},
    {"store_jobs_refused", KIND_COUNTER, STORE(jobs_refused), "Reads refused because too many waited."},
    {"checkpoints", KIND_COUNTER, STORE(checkpoints), "Times that the write-ahead log was moved into the database."},
    {"recent_bytes", KIND_GAUGE, STORE(recent_bytes), "Bytes of the newest events that are kept in memory."},
    {"wal_bytes", KIND_GAUGE, STORE(wal_bytes), "Size of the write-ahead log."},
    {"users", KIND_GAUGE, HUB(users), "Users who are here, or were within the presence lease."},
    {"sessions", KIND_GAUGE, HUB(sessions), "Open connections as the chat knows them."},
    {"rooms", KIND_GAUGE, HUB(rooms), "Rooms that are open in memory."},
    {"members", KIND_GAUGE, HUB(members), "Users in rooms, each room counted."},
    {"joins", KIND_COUNTER, HUB(joins), "Joins."},
    {"resumes", KIND_COUNTER, HUB(resumes), "Joins that said what they had seen: reconnects."},
    {"replays_from_memory", KIND_COUNTER, HUB(replays_from_memory), "Joins whose replay came from memory."},
    {"replays_from_disk", KIND_COUNTER, HUB(replays_from_disk), "Joins whose replay was read from the database."},
    {"replays_truncated", KIND_COUNTER, HUB(replays_truncated), "Joins that had missed more than a replay holds."},
    {"acks", KIND_COUNTER, HUB(acks), "Acknowledgements sent."},
    {"settled", KIND_COUNTER, HUB(settled), "Messages taken whose sender speaks plain text, and so gets no ack."},
    {"adopted", KIND_COUNTER, HUB(adopted),
     "Events whose senders were told of a failure, and which the disk turned out to have."},
    {"presence_frames", KIND_COUNTER, HUB(presence_frames), "Presence frames, each room counted once."},
    {"typing_frames", KIND_COUNTER, HUB(typing_frames), "Typing frames, each room counted once."},
    {"directs", KIND_COUNTER, HUB(directs), "Direct rooms made."},
    {"unread_frames", KIND_COUNTER, HUB(unread_frames),
     "Frames that told a user's other connections what one of them has read, joined or left."},
    {"belongings", KIND_COUNTER, HUB(belongings), "Rooms that users belong to from then on."},
    {"belongings_refused", KIND_COUNTER, HUB(belongings_refused),
     "Joins of users who belong to too many rooms (`chat.rooms_per_user_max`)."},
    {"mentions", KIND_COUNTER, HUB(mentions), "Users named with @ in messages and edits."},
    {"mentions_cut", KIND_COUNTER, HUB(mentions_cut),
     "Texts that name more users than are looked for (`chat.mentions_max`)."},
    {"errors", KIND_COUNTER, FROM_HUB, offsetof(struct hub_counters, errors), "code", ERROR_CODE_COUNT, error_text,
     "Errors that the rooms' side answered."},
    {"input_errors", KIND_COUNTER, FROM_DOORS, offsetof(struct door_counters, errors), "code", ERROR_CODE_COUNT,
     error_text, "Errors answered before a command reached the rooms."},
    {"commands", KIND_COUNTER, FROM_DOORS, offsetof(struct door_counters, commands), "type", COMMAND_TYPE_COUNT,
     command_text, "Commands by type."},
    {"plain_messages", KIND_COUNTER, DOOR(plain_messages), "Lines of plain text from walk-ins."},
    {"rate_limited", KIND_COUNTER, FROM_DOORS, offsetof(struct door_counters, rate_limited), "class", RATE_CLASS_COUNT,
     rate_text, "Commands over the rate of their connection."},
    {"rate_limited_address", KIND_COUNTER, DOOR(rate_limited_address), "Commands over the rate of their address."},
    {"busy", KIND_COUNTER, DOOR(busy), "Commands answered busy because the store's queue was full."},
    {"tokens_wrong", KIND_COUNTER, DOOR(tokens_wrong), "Tokens that this server did not make."},
    {"tokens_outdated", KIND_COUNTER, DOOR(tokens_outdated), "Tokens and cookies that are no longer good."},
    {"origins_refused", KIND_COUNTER, DOOR(origins_refused), "Upgrades from pages of other origins."},
    {"guests_new", KIND_COUNTER, DOOR(guests_new), "Guests who came without an identity."},
    {"last_told", KIND_COUNTER, DOOR(last_told),
     "Clients that came back and told how their last connection had ended."},
    {"last_saw", KIND_COUNTER, FROM_DOORS, offsetof(struct door_counters, last_saw), "sign", LAST_SIGN_COUNT, sign_text,
     "What these clients had seen before that end."},
    {"doctor_reports", KIND_COUNTER, DESK(reports), "Requests to /ws?doctor that were told how they arrived."},
    {"doctor_reports_refused", KIND_COUNTER, DESK(reports_refused), "Such requests over the rate of their address."},
    {"doctor_talks", KIND_COUNTER, DESK(talks), "Test connections of natter doctor."},
    {"doctor_talks_live", KIND_GAUGE, DESK(talks_live), "Test connections that are open."},
    {"doctor_talks_refused", KIND_COUNTER, DESK(talks_refused),
     "Test connections refused: too many, or over the rate of their address."},
    {"doctor_talk_messages", KIND_COUNTER, DESK(talk_messages), "Messages of test connections, in both directions."},
    {"doctor_talk_bytes", KIND_COUNTER, DESK(talk_bytes), "Bytes of these messages."},
};

/* The sum over all places where that number is kept. */
static uint64_t value_of(const struct metrics_sources *sources, const struct row *row, size_t index)
{
    size_t offset = row->offset + index * sizeof(struct counter);
    size_t places =
        row->source == FROM_SHARDS || row->source == FROM_DOORS || row->source == FROM_DESKS ? sources->shard_count : 1;
    uint64_t sum = 0;

    for (size_t i = 0; i < places; i++) {
        const void *base = NULL;
        switch (row->source) {
        case FROM_SHARDS: base = shard_counters(sources->shards[i]); break;
        case FROM_STORE: base = store_counters(sources->store); break;
        case FROM_HUB: base = chat_hub_counters(sources->chat); break;
        case FROM_DOORS: base = chat_door_counters(sources->chat, i); break;
        case FROM_DESKS: base = diagnosis_counters(sources->diagnosis, i); break;
        }
        sum += counter_get((const struct counter *)(const void *)((const uint8_t *)base + offset));
    }
    return sum;
}

void metrics_write_head(struct builder *out, const char *name, const char *type, const char *help)
{
    builder_format(out, "# TYPE natter_%s %s\n# HELP natter_%s %s\n", name, type, name, help);
}

static void write_row(const struct metrics_sources *sources, const struct row *row, struct builder *out)
{
    const char *suffix = row->kind == KIND_COUNTER ? "_total" : "";

    metrics_write_head(out, row->name, row->kind == KIND_COUNTER ? "counter" : "gauge", row->help);
    for (size_t index = 0; index < row->count; index++) {
        builder_format(out, "natter_%s%s", row->name, suffix);
        if (row->label)
            builder_format(out, "{%s=\"%s\"}", row->label, row->label_text(index));
        builder_add_byte(out, ' ');
        builder_add_number(out, value_of(sources, row, index));
        builder_add_byte(out, '\n');
    }
}

const double metrics_second_edges[] = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025,
                                       0.05,   0.1,     0.25,   0.5,   1,      2.5,   5,    10};
static const double count_edges[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

enum {
    SECOND_EDGES = sizeof metrics_second_edges / sizeof *metrics_second_edges,
    COUNT_EDGES = sizeof count_edges / sizeof *count_edges
};

const size_t metrics_second_edge_count = SECOND_EDGES;

static const struct histogram_row commit_seconds = {"commit_seconds", 1e-9, metrics_second_edges, SECOND_EDGES,
                                                    "Time of one commit."};
static const struct histogram_row commit_events = {"commit_events", 1, count_edges, COUNT_EDGES,
                                                   "Events of one commit."};
static const struct histogram_row chunk_events = {"chunk_events", 1, count_edges, COUNT_EDGES,
                                                  "Events of one chunk: what one commit adds to one room."};

/* An edge is always written with a point, "1.0", so that it is the same label for whoever compares text. */
static void write_bucket(const char *name, double edge, unsigned long long count, struct builder *out)
{
    bool is_whole = edge == (double)(uint64_t)edge;

    builder_format(out, "natter_%s_bucket{le=\"%g%s\"} %llu\n", name, edge, is_whole ? ".0" : "", count);
}

void metrics_write_histogram(const struct histogram_row *row, const struct histogram *histogram, struct builder *out)
{
    unsigned long long up_to_edge = 0;

    metrics_write_head(out, row->name, "histogram", row->help);
    for (size_t i = 0; i < row->edge_count; i++) {
        up_to_edge = histogram_count_up_to(histogram, (uint64_t)(row->edges[i] / row->unit));
        write_bucket(row->name, row->edges[i], up_to_edge, out);
    }
    unsigned long long count = counter_get(&histogram->count);
    if (count < up_to_edge)
        count = up_to_edge; /* its writer was between the two */
    builder_format(out, "natter_%s_bucket{le=\"+Inf\"} %llu\n", row->name, count);
    builder_format(out, "natter_%s_sum %.9g\n", row->name, (double)counter_get(&histogram->sum) * row->unit);
    builder_format(out, "natter_%s_count %llu\n", row->name, count);
}

#define SILENCE_HELP "The shortest heartbeat that a shard has learned for a path; 0: none."

static void write_shards(const struct metrics_sources *sources, struct builder *out)
{
    metrics_write_head(out, "queue_letters", "gauge", "Letters that wait in a queue between threads.");
    for (size_t i = 0; i < sources->shard_count; i++)
        builder_format(out, "natter_queue_letters{queue=\"shard-%zu\"} %zu\n", i,
                       shard_mailbox_count(sources->shards[i]));
    builder_format(out, "natter_queue_letters{queue=\"store\"} %zu\n", store_queue_count(sources->store));
    metrics_write_head(out, "silence_heartbeat_seconds", "gauge", SILENCE_HELP);
    for (size_t i = 0; i < sources->shard_count; i++)
        builder_format(out, "natter_silence_heartbeat_seconds{shard=\"%zu\"} %g\n", i,
                       (double)counter_get(&shard_counters(sources->shards[i])->silence_ms) / 1000);
}

#define HANDOVERS_HELP \
    "Hand-overs of this server from process to process, and attempts after which the old one went on."
#define HANDOVER_PAUSE_HELP \
    "How long nothing was served during the hand-over that made this process; 0: it began by itself."
#define HANDOVER_CONNECTIONS_HELP \
    "Connections of that hand-over: passed on, bidden farewell in the middle of a message, left behind (TLS)."

static void write_handovers(const struct handover_counters *counters, struct builder *out)
{
    if (!counters)
        return;
    metrics_write_head(out, "handovers", "counter", HANDOVERS_HELP);
    builder_format(out, "natter_handovers_total{result=\"done\"} %llu\n",
                   (unsigned long long)counter_get(&counters->done));
    builder_format(out, "natter_handovers_total{result=\"failed\"} %llu\n",
                   (unsigned long long)counter_get(&counters->failed));
    metrics_write_head(out, "handover_pause_seconds", "gauge", HANDOVER_PAUSE_HELP);
    builder_format(out, "natter_handover_pause_seconds %.6f\n", (double)counter_get(&counters->pause_ns) / 1e9);
    metrics_write_head(out, "handover_connections", "gauge", HANDOVER_CONNECTIONS_HELP);
    builder_format(out, "natter_handover_connections{what=\"passed\"} %llu\n",
                   (unsigned long long)counter_get(&counters->passed));
    builder_format(out, "natter_handover_connections{what=\"farewell\"} %llu\n",
                   (unsigned long long)counter_get(&counters->farewells));
    builder_format(out, "natter_handover_connections{what=\"left\"} %llu\n",
                   (unsigned long long)counter_get(&counters->left_behind));
}

static void write_process(const struct metrics_sources *sources, struct builder *out)
{
    metrics_write_head(out, "build", "info", "The version of this program.");
    builder_format(out, "natter_build_info{version=\"%s\"} 1\n", NATTER_VERSION);
    metrics_write_head(out, "store_healthy", "gauge", "1 while the store can write.");
    builder_format(out, "natter_store_healthy %d\n", store_is_healthy(sources->store));
    builder_add_string(out, "# TYPE process_cpu_seconds counter\n# HELP process_cpu_seconds CPU time used.\n");
    builder_format(out, "process_cpu_seconds_total %.3f\n", (double)os_process_cpu_ms() / 1000);
    builder_add_string(
        out, "# TYPE process_resident_memory_bytes gauge\n# HELP process_resident_memory_bytes Memory in use.\n");
    builder_format(out, "process_resident_memory_bytes %zu\n", os_memory_resident_bytes());
    builder_add_string(out, "# TYPE process_open_fds gauge\n# HELP process_open_fds Open descriptors.\n");
    builder_format(out, "process_open_fds %zu\n", os_descriptor_count());
}

void metrics_write(const struct metrics_sources *sources, struct builder *out)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        write_row(sources, &rows[i], out);
    metrics_write_histogram(&commit_seconds, &store_counters(sources->store)->commit_ns, out);
    metrics_write_histogram(&commit_events, &store_counters(sources->store)->commit_events, out);
    metrics_write_histogram(&chunk_events, &chat_hub_counters(sources->chat)->chunk_events, out);
    metrics_write_turns(sources, out);
    metrics_write_notices(sources, out);
    write_shards(sources, out);
    write_handovers(sources->handovers, out);
    write_process(sources, out);
    builder_add_string(out, "# EOF\n");
}

void metrics_reference_line(struct builder *out, const char *name, const char *suffix, const char *label,
                            const char *type, const char *help)
{
    builder_format(out, "| `natter_%s%s%s%s%s` | %s | %s | %s | %s |\n", name, suffix, label ? "{" : "",
                   label ? label : "", label ? "}" : "", type, metrics_unit(name), help, metrics_worry(name));
}

static const struct {
    const char *name, *type, *help;
} process_rows[] = {
    {"process_cpu_seconds_total", "counter", "CPU time used."},
    {"process_resident_memory_bytes", "gauge", "Memory in use."},
    {"process_open_fds", "gauge", "Open descriptors."},
};

void metrics_reference(struct builder *out)
{
    enum { HISTOGRAMS = 3 };
    static const struct histogram_row *const histograms[HISTOGRAMS] = {&commit_seconds, &commit_events, &chunk_events};

    builder_add_string(
        out,
        "# Metrics\n\nMade by `natter config metrics`; do not edit it by hand.\n\n"
        "`GET /metrics` on the operator's listener (`metrics.listen`, 127.0.0.1:9180 unless configured) answers in "
        "the OpenMetrics text format.\n\n"
        "Alert rules and a dashboard: [monitoring](../howto/monitoring.md). Counters count from the start of the "
        "process.\n\n"
        "| metric | type | unit | what it tells | when to worry |\n| --- | --- | --- | --- | --- |\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        bool is_counter = rows[i].kind == KIND_COUNTER;
        metrics_reference_line(out, rows[i].name, is_counter ? "_total" : "", rows[i].label,
                               is_counter ? "counter" : "gauge", rows[i].help);
    }
    for (size_t i = 0; i < HISTOGRAMS; i++)
        metrics_reference_line(out, histograms[i]->name, "", NULL, "histogram", histograms[i]->help);
    metrics_reference_turns(out);
    metrics_reference_notices(out);
    metrics_reference_line(out, "queue_letters", "", "queue", "gauge", "Letters that wait in a queue between threads.");
    metrics_reference_line(out, "silence_heartbeat_seconds", "", "shard", "gauge", SILENCE_HELP);
    metrics_reference_line(out, "handovers", "_total", "result", "counter", HANDOVERS_HELP);
    metrics_reference_line(out, "handover_pause_seconds", "", NULL, "gauge", HANDOVER_PAUSE_HELP);
    metrics_reference_line(out, "handover_connections", "", "what", "gauge", HANDOVER_CONNECTIONS_HELP);
    metrics_reference_line(out, "build_info", "", "version", "info", "The version of this program.");
    metrics_reference_line(out, "store_healthy", "", NULL, "gauge", "1 while the store can write.");
    for (size_t i = 0; i < sizeof process_rows / sizeof *process_rows; i++)
        builder_format(out, "| `%s` | %s | %s | %s | %s |\n", process_rows[i].name, process_rows[i].type,
                       metrics_unit(process_rows[i].name), process_rows[i].help, metrics_worry(process_rows[i].name));
}

static void answer(struct conn *conn, int status, struct view fields, struct view body)
{
    conn_answer(conn, &(struct http_answer){.status = status, .fields = fields, .body = body});
}

void metrics_serve(void *context, struct conn *conn, const struct http_request *request, struct view body)
{
    static const struct view plain = {(const uint8_t *)"Content-Type: text/plain; charset=utf-8\r\n", 41};
    const struct metrics_sources *sources = context;
    struct builder text;

    (void)body;
    if (api_is_asked(request)) {
        api_serve(sources, conn, request);
    } else if (!view_equal(request->method, VIEW("GET")) && !view_equal(request->method, VIEW("HEAD"))) {
        answer(conn, 405, VIEW("Content-Type: text/plain; charset=utf-8\r\nAllow: GET, HEAD\r\n"),
               VIEW("Only GET and HEAD are served here.\n"));
    } else if (view_equal(request->path, VIEW("/livez"))) {
        answer(conn, 200, plain, VIEW("ok\n"));
    } else if (view_equal(request->path, VIEW("/readyz")) || view_equal(request->path, VIEW("/healthz"))) {
        bool is_ready = sources->is_ready(sources->context);
        answer(conn, is_ready ? 200 : 503, plain,
               is_ready ? VIEW("ok\n") : VIEW("not ready: the store cannot write, or the server is going away\n"));
    } else if (view_equal(request->path, VIEW("/metrics"))) {
        builder_init(&text, 4 * 1024 * 1024);
        metrics_write(sources, &text);
        answer(conn, 200, VIEW("Content-Type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"),
               builder_view(&text));
        builder_done(&text);
    } else {
        answer(conn, 404, plain,
               VIEW("The operator's port has /metrics, /api/v1/overview and more, /livez, /readyz and /healthz.\n"));
    }
}
