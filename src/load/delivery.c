/* SPDX-License-Identifier: Apache-2.0 */
#include "load/delivery.h"

#include <stdio.h>

#include "load/scan.h"
#include "load/storm.h"

enum { REPEAT_MS_DEFAULT = 100, REPEAT_MS_MAX = 10000, NS_PER_MS = 1000000 };

/* The fields that matter, of whatever type of frame. */
enum {
    TYPE,
    SEQ,
    TEXT,
    KEY,
    FROM,
    TO,
    CODE,
    MESSAGE,
    RETRY_AFTER,
    REASON,
    TOKEN,
    EPOCH,
    EVENTS,
    TRUNCATED,
    FIELD_COUNT
};

static uint64_t number_in(const struct scan_field *field)
{
    uint64_t number;
    return view_to_number(field->value, INT64_MAX, &number) ? number : 0;
}

static void raise_reached(struct worker *worker, uint64_t index, uint64_t number)
{
    counter_raise(&worker->reached[index], number);
}

/* One thread has all connections, and publishers come first: so its number is the publisher's place. */
static void count_receipt(struct worker *worker, const struct marker *marker)
{
    struct client *sender = &worker->clients[marker->publisher];
    if (publisher_receipt(sender->publisher, marker->number))
        client_publish_later(worker, sender);
}

static void deliver(struct worker *worker, struct client *client, const struct recalled *recalled)
{
    const struct marker *marker = &recalled->marker;
    bool is_raw = worker->shared->options->is_raw;
    client->received++;
    counter_add(&worker->delivered, 1);
    if (!is_raw)
        ledger_take(&worker->ledger, &client->stream, recalled->seq);
    if (!recalled->is_ours) {
        worker->ledger.foreign++;
        return;
    }
    if (is_raw)
        ledger_take(&worker->ledger, &client->streams[marker->publisher / (uint32_t)worker->shared->options->rooms],
                    marker->number);
    if (marker->at_ns >= worker->measured_from_ns && marker->at_ns < worker->measured_to_ns)
        histogram_add(&worker->delays, worker->now_ns > marker->at_ns ? worker->now_ns - marker->at_ns : 0);
    if (worker->counts_receipts)
        count_receipt(worker, marker);
    if (client->publisher == NULL || marker->publisher != client->number)
        return;
    publisher_echo(client->publisher, marker->number, recalled->seq, &worker->ledger);
    if (is_raw) {
        counter_add(&worker->acked, 1);
        raise_reached(worker, marker->publisher, marker->number);
    }
}

/* A message of ours from another room counts as a fault, once for all who get the same bytes. */
static struct recalled recognise(struct worker *worker, const struct client *client, uint64_t seq, struct view text)
{
    struct recalled recalled = {.seq = seq};
    const struct load_options *options = worker->shared->options;
    recalled.is_ours = marker_read(text, &recalled.marker) && recalled.marker.run == worker->shared->run_id
                       && recalled.marker.publisher < options->rooms * options->publishers;
    if (recalled.is_ours && recalled.marker.publisher % options->rooms != client->room) {
        recalled.is_ours = false;
        worker->ledger.mismatched++;
    }
    return recalled;
}

/* A plain broadcaster's message is our text itself. Some servers glue several into one frame with a line end between.
 */
static void take_raw(struct worker *worker, struct client *client, struct view text)
{
    size_t size = worker->shared->options->text_size;
    while (text.size > 0) {
        struct recalled recalled = recognise(worker, client, 0, text);
        deliver(worker, client, &recalled);
        if (!recalled.is_ours || text.size <= size)
            return;
        text = view_skip(text, size);
        if (text.at[0] == '\n')
            text = view_skip(text, 1);
    }
}

static void on_ack(struct worker *worker, struct client *client, const struct scan_field *fields)
{
    struct marker marker;
    if (client->publisher == NULL || !marker_key_read(fields[KEY].value, &marker)
        || marker.run != worker->shared->run_id || marker.publisher != client->number) {
        worker->ledger.mismatched++;
        return;
    }
    uint64_t seq = number_in(&fields[SEQ]);
    uint64_t at_ns = publisher_ack(client->publisher, marker.number, seq, client->stream.last, &worker->ledger);
    counter_add(&worker->acked, 1);
    raise_reached(worker, client->room, seq);
    if (at_ns >= worker->measured_from_ns && at_ns < worker->measured_to_ns)
        histogram_add(&worker->ack_delays, worker->now_ns > at_ns ? worker->now_ns - at_ns : 0);
}

static void on_gap(struct worker *worker, struct client *client, const struct scan_field *fields)
{
    ledger_gap(&worker->ledger, &client->stream, number_in(&fields[FROM]), number_in(&fields[TO]));
    counter_add(&worker->gaps, 1);
    worker_forgive_receipts(worker);
    if (client->publisher != NULL)
        publisher_skip(client->publisher, client->stream.last);
}

static void on_error(struct worker *worker, struct client *client, const struct scan_field *fields)
{
    struct view code = fields[CODE].value;
    bool is_passing = view_equal(code, VIEW("busy")) || view_equal(code, VIEW("rate_limited"));
    struct publisher *publisher = client->publisher;
    if (publisher == NULL || !is_passing || publisher_in_flight(publisher) == 0) {
        worker_fail(worker, "the server refused what %s asked for: %.*s: %.*s",
                    client->state == CLIENT_READY ? "a publisher" : "a joining connection", (int)code.size,
                    (const char *)code.at, (int)fields[MESSAGE].value.size, (const char *)fields[MESSAGE].value.at);
        return;
    }
    struct marker marker = {.number = (uint32_t)publisher->landed + 1};
    if (fields[KEY].value.size > 0)
        (void)marker_key_read(fields[KEY].value,
                              &marker); /* without a key it is about the oldest: answers keep order */
    uint64_t pause_ms = number_in(&fields[RETRY_AFTER]);
    if (pause_ms == 0 || pause_ms > REPEAT_MS_MAX)
        pause_ms = pause_ms == 0 ? REPEAT_MS_DEFAULT : REPEAT_MS_MAX;
    uint64_t at_ns = worker->now_ns + pause_ms * NS_PER_MS;
    publisher_refused(publisher, marker.number, at_ns);
    worker->repeats++;
    if (at_ns < worker->repeat_at_ns)
        worker->repeat_at_ns = at_ns;
}

static bool has_seq(struct view type)
{
    return view_equal(type, VIEW("message")) || view_equal(type, VIEW("edited")) || view_equal(type, VIEW("deleted"))
           || view_equal(type, VIEW("reaction"));
}

/* `payload` is the text as it came, perhaps compressed: the form in which it is remembered. */
static void take_event(struct worker *worker, struct client *client, const struct scan_field *fields,
                       struct view payload, bool is_compressed)
{
    if (client->state != CLIENT_READY)
        return; /* before "joined" there is nothing that its numbers could be compared with */
    uint64_t seq = number_in(&fields[SEQ]);
    struct recalled recalled = recognise(worker, client, seq, fields[TEXT].value);
    if (seq == client->stream.last + 1)
        recall_keep(&worker->recalls[client->room], seq, payload, is_compressed, &recalled);
    deliver(worker, client, &recalled);
}

/* What a resumed connection had missed. It was late for a reason, so its delay says nothing. */
static void take_past(struct worker *worker, struct client *client, const struct scan_field *answer)
{
    bool is_truncated = view_equal(answer[TRUNCATED].value, VIEW("true"));
    struct view events = answer[EVENTS].value;
    struct view event;
    for (uint64_t count = 0; scan_next(&events, &event); count++) {
        struct scan_field fields[] = {{.name = "seq"}, {.name = "text"}};
        scan_object(event, fields, 2);
        uint64_t seq = number_in(&fields[0]);
        if (count == 0)
            storm_check_answer(worker, client, answer[EPOCH].value, is_truncated, seq);
        struct recalled recalled = recognise(worker, client, seq, fields[1].value);
        ledger_take(&worker->ledger, &client->stream, seq);
        worker->replayed++;
        worker->ledger.foreign += !recalled.is_ours;
        if (recalled.is_ours && worker->counts_receipts)
            count_receipt(worker, &recalled.marker);
    }
}

static void on_joined(struct worker *worker, struct client *client, const struct scan_field *fields)
{
    if (client->is_returning) {
        take_past(worker, client, fields);
    } else {
        ledger_start(&client->stream, number_in(&fields[SEQ]));
        storm_keep_epoch(worker, client, fields[EPOCH].value);
    }
    client_ready(worker, client);
}

static void take_frame(struct worker *worker, struct client *client, struct view text, struct view payload,
                       bool is_compressed)
{
    struct scan_field fields[FIELD_COUNT] = {
        [TYPE] = {.name = "type"},     [SEQ] = {.name = "seq"},
        [TEXT] = {.name = "text"},     [KEY] = {.name = "key"},
        [FROM] = {.name = "from"},     [TO] = {.name = "to"},
        [CODE] = {.name = "code"},     [MESSAGE] = {.name = "message"},
        [REASON] = {.name = "reason"}, [RETRY_AFTER] = {.name = "retry_after"},
        [TOKEN] = {.name = "token"},   [EPOCH] = {.name = "epoch"},
        [EVENTS] = {.name = "events"}, [TRUNCATED] = {.name = "truncated"},
    };
    scan_object(text, fields, FIELD_COUNT);
    struct view type = fields[TYPE].value;
    if (has_seq(type)) {
        take_event(worker, client, fields, payload, is_compressed);
    } else if (view_equal(type, VIEW("ack"))) {
        on_ack(worker, client, fields);
    } else if (view_equal(type, VIEW("gap"))) {
        on_gap(worker, client, fields);
    } else if (view_equal(type, VIEW("joined")) && client->state == CLIENT_JOINING) {
        on_joined(worker, client, fields);
    } else if (view_equal(type, VIEW("welcome"))) {
        storm_keep_token(worker, client, fields[TOKEN].value);
    } else if (view_equal(type, VIEW("error"))) {
        on_error(worker, client, fields);
    } else if (view_equal(type, VIEW("bye"))) {
        char why[128];
        (void)snprintf(why, sizeof(why), "the server said bye: %.*s", (int)fields[REASON].value.size,
                       (const char *)fields[REASON].value.at);
        client_end(worker, client, why);
    }
    /* Others (presence, typing …) are news that this program did not ask for. */
}

static void take_slowly(struct worker *worker, struct client *client, struct view payload, bool is_compressed)
{
    struct view text = payload;
    if (is_compressed) {
        builder_clear(&worker->inflated);
        inflater_reset(worker->inflater);
        if (inflater_run(worker->inflater, payload, true, &worker->inflated) != INFLATE_OK) {
            client_end(worker, client, "a compressed message does not inflate");
            return;
        }
        text = builder_view(&worker->inflated);
    }
    if (!worker->shared->options->is_raw) {
        take_frame(worker, client, text, payload, is_compressed);
        return;
    }
    if (text.size == worker->shared->options->text_size) {
        struct recalled recalled = recognise(worker, client, 0, text);
        recall_keep(&worker->recalls[client->room], client->received, payload, is_compressed, &recalled);
    }
    take_raw(worker, client, text);
}

void delivery_take(struct worker *worker, struct client *client, struct view payload, bool is_compressed)
{
    if (client->state == CLIENT_READY) {
        bool is_raw = worker->shared->options->is_raw;
        uint64_t place = is_raw ? client->received : client->stream.last + 1;
        const struct recalled *recalled = recall_find(&worker->recalls[client->room], place, payload, is_compressed);
        if (recalled != NULL) {
            deliver(worker, client, recalled);
            return;
        }
    }
    take_slowly(worker, client, payload, is_compressed);
}
