/* SPDX-License-Identifier: Apache-2.0 */
#include "load/worker.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "load/client.h"
#include "load/storm.h"
#include "os/clock.h"
#include "os/socket.h"

enum {
    FRAME_BYTES_MAX = 128 << 10, /* of one that we send, and of its JSON */
    INFLATED_BYTES_MAX = 4 << 20,
    /* Newest messages remembered per room: as many as may gather in a socket, where that does not take much memory. */
    RECALL_COUNT = 1024,
    RECALL_COUNT_MANY_ROOMS = 16,
    RECALL_ROOMS_MAX = 16,  /* rooms that are not many */
    RECALL_READERS_MIN = 4, /* nothing is remembered where hardly anybody would compare with it */
    IDLE_MS = 50,           /* the longest sleep: how late a look around may be */
    LOOK_NS = 10 * 1000 * 1000,
    NS_PER_MS = 1000 * 1000,
    /* Up to so many messages/s the last millisecond before one is due is spent polling without sleep: it costs little
     * then, and delays of a few milliseconds are not blurred by the clock's steps. */
    PRECISE_RATE_MAX = 250,
};

void worker_fail(struct worker *worker, const char *format, ...)
{
    if (worker_status(worker) == WORKER_FAILED)
        return; /* the first reason is the one that helps */
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(worker->failure, sizeof(worker->failure), format, arguments); /* cut where it is too long */
    va_end(arguments);
    atomic_store_explicit(&worker->status, WORKER_FAILED, memory_order_release);
}

/* The step of splitmix64, as its author gives it: fast, and good enough for masks. */
uint64_t worker_random(struct worker *worker)
{
    worker->random += 0x9e3779b97f4a7c15U;
    uint64_t mixed = worker->random;
    mixed = (mixed ^ mixed >> 30) * 0xbf58476d1ce4e5b9U;
    mixed = (mixed ^ mixed >> 27) * 0x94d049bb133111ebU;
    return mixed ^ mixed >> 31;
}

static void set_status(struct worker *worker, enum worker_status status)
{
    if (worker_status(worker) != WORKER_FAILED)
        atomic_store_explicit(&worker->status, status, memory_order_release);
}

/* Of `count` things in a row, does this one belong to the share? Spread evenly. */
static bool is_in_share(uint64_t index, uint64_t share_milli)
{
    return (index + 1) * share_milli / 1000 > index * share_milli / 1000;
}

static enum result init_client(struct worker *worker, uint64_t index, uint64_t number)
{
    const struct load_options *options = worker->shared->options;
    uint64_t publishers = options->rooms * options->publishers;
    struct client *client = &worker->clients[index];
    *client = (struct client){
        .descriptor = -1,
        .number = (uint32_t)number,
        .room = (uint32_t)(number % options->rooms),
        .offers_compression = is_in_share(number, options->compressed_milli),
        .is_stalled = number >= publishers && is_in_share(number - publishers, options->stalled_milli),
    };
    if (worker->streams != NULL)
        client->streams = worker->streams + index * options->publishers;
    if (number >= publishers)
        return RESULT_OK;
    worker->publisher_count++;
    client->publisher = calloc(1, sizeof(*client->publisher));
    return client->publisher == NULL ? RESULT_NO_MEMORY : RESULT_OK;
}

static enum result init_clients(struct worker *worker, uint64_t index)
{
    const struct load_options *options = worker->shared->options;
    uint64_t count = load_options_connections(options);
    worker->client_count = count / options->threads + (index < count % options->threads);
    worker->clients = calloc(worker->client_count + 1, sizeof(*worker->clients));
    if (options->is_raw)
        worker->streams = calloc(worker->client_count * options->publishers + 1, sizeof(*worker->streams));
    if (worker->clients == NULL || (options->is_raw && worker->streams == NULL))
        return RESULT_NO_MEMORY;
    for (uint64_t client = 0; client < worker->client_count; client++)
        if (init_client(worker, client, client * options->threads + index) != RESULT_OK)
            return RESULT_NO_MEMORY;
    worker->due = calloc(worker->publisher_count + 1, sizeof(struct client *));
    if (worker->due == NULL)
        return RESULT_NO_MEMORY;
    if (options->is_raw)
        for (uint64_t stream = 0; stream < worker->client_count * options->publishers; stream++)
            ledger_start(&worker->streams[stream], 0);
    return RESULT_OK;
}

static enum result init_recalls(struct worker *worker)
{
    uint64_t readers = worker->client_count / worker->shared->options->rooms;
    uint64_t rooms = worker->shared->options->rooms;
    uint64_t count = rooms > RECALL_ROOMS_MAX ? RECALL_COUNT_MANY_ROOMS : RECALL_COUNT;
    if (readers < RECALL_READERS_MIN)
        count = 0;
    worker->recalls = calloc(rooms, sizeof(*worker->recalls));
    if (worker->recalls == NULL)
        return RESULT_NO_MEMORY;
    worker->recall_count = rooms;
    for (uint64_t room = 0; room < worker->recall_count; room++)
        if (recall_init(&worker->recalls[room], count) != RESULT_OK)
            return RESULT_NO_MEMORY;
    return RESULT_OK;
}

enum result worker_init(struct worker *worker, const struct load_shared *shared, uint64_t index)
{
    memset(worker, 0, sizeof(*worker));
    worker->shared = shared;
    worker->counts_receipts = strcmp(shared->options->until, "all") == 0;
    worker->repeat_at_ns = UINT64_MAX;
    worker->random = (uint64_t)shared->run_id << 32 | index;
    histogram_init(&worker->delays);
    histogram_init(&worker->ack_delays);
    histogram_init(&worker->returns);
    builder_init(&worker->scratch, FRAME_BYTES_MAX);
    builder_init(&worker->inflated, INFLATED_BYTES_MAX);
    worker->buffer = malloc(WORKER_REST_BYTES_MAX + WORKER_READ_BYTES);
    worker->inflater = inflater_new();
    worker->reached = calloc(shared->target_count + 1, sizeof(*worker->reached));
    if (shared->options->storms > 0) {
        worker->epochs = calloc(shared->options->rooms, sizeof(*worker->epochs));
        if (worker->epochs == NULL)
            return RESULT_NO_MEMORY;
    }
    if (worker->buffer == NULL || worker->inflater == NULL || worker->reached == NULL
        || init_clients(worker, index) != RESULT_OK || init_recalls(worker) != RESULT_OK)
        return RESULT_NO_MEMORY;
    if (os_poller_init(&worker->poller) != RESULT_OK || os_wakeup_init(&worker->wakeup) != RESULT_OK)
        return RESULT_FAILED;
    return os_poller_add(&worker->poller, worker->wakeup.descriptor, OS_READ | OS_LEVEL, worker);
}

void worker_done(struct worker *worker)
{
    for (uint64_t index = 0; worker->clients != NULL && index < worker->client_count; index++)
        if (worker->clients[index].state != CLIENT_IDLE || worker->clients[index].publisher != NULL)
            client_done(&worker->clients[index]);
    for (uint64_t room = 0; room < worker->recall_count; room++)
        recall_done(&worker->recalls[room]);
    free(worker->recalls);
    free(worker->epochs);
    free(worker->clients);
    free(worker->streams);
    free(worker->due);
    free(worker->reached);
    free(worker->buffer);
    inflater_free(worker->inflater);
    builder_done(&worker->scratch);
    builder_done(&worker->inflated);
    os_wakeup_done(&worker->wakeup);
    os_poller_done(&worker->poller);
}

static void open_some(struct worker *worker)
{
    while (worker->opened < worker->client_count && worker->opening < worker->shared->options->handshakes
           && worker_status(worker) != WORKER_FAILED) {
        struct client *client = &worker->clients[worker->opened++];
        if (client->state != CLIENT_IDLE)
            continue; /* it was ended by the server, and is not among those who come back */
        worker->opening++;
        client_open(worker, client);
    }
    if (worker->opened < worker->client_count || worker->opening > 0 || worker->ready_ns > 0)
        return;
    worker->ready_ns = worker->now_ns;
    worker->is_returning = false;
    set_status(worker, WORKER_READY);
}

static enum publisher_until until_of(const struct load_options *options)
{
    if (strcmp(options->until, "ack") == 0)
        return PUBLISHER_UNTIL_ACK;
    return strcmp(options->until, "all") == 0 ? PUBLISHER_UNTIL_ALL : PUBLISHER_UNTIL_ECHO;
}

/* Asked for only where this worker has all connections: then a room has every so many of them. */
static uint64_t readers_of(const struct worker *worker, uint64_t room)
{
    uint64_t count = 0;
    if (!worker->counts_receipts)
        return 0;
    for (uint64_t index = room; index < worker->client_count; index += worker->shared->options->rooms)
        count += !worker->clients[index].is_stalled;
    return count;
}

void worker_forgive_receipts(struct worker *worker)
{
    if (!worker->counts_receipts)
        return;
    worker->counts_receipts = false;
    for (uint64_t index = 0; index < worker->publisher_count; index++) {
        publisher_forgive_receipts(worker->clients[index].publisher);
        client_publish_later(worker, &worker->clients[index]);
    }
}

/* Publishers of one room send in turn, and the rooms' turns are spread over the time between two messages. */
static bool begin_publishers(struct worker *worker)
{
    const struct load_options *options = worker->shared->options;
    for (uint64_t index = 0; index < worker->publisher_count; index++) {
        struct client *client = &worker->clients[index];
        struct publisher_plan plan = {
            .window = options->window,
            .rate_milli = options->rate_milli,
            .index = client->number / options->rooms,
            .count = options->publishers,
            .start_ns = worker->shared->start_ns,
            .until = until_of(options),
            .readers = readers_of(worker, client->room),
            .has_acks = !options->is_raw,
        };
        if (options->rate_milli > 0)
            plan.start_ns += (uint64_t)(1e12 / (double)options->rate_milli * client->room / (double)options->rooms);
        if (publisher_init(client->publisher, &plan) != RESULT_OK) {
            worker_fail(worker, "memory is out: ask for fewer publishers or a smaller window");
            return false;
        }
    }
    return true;
}

static void publish_all(struct worker *worker)
{
    for (uint64_t index = 0; index < worker->publisher_count; index++)
        client_publish(worker, &worker->clients[index]);
}

/* At a fixed rate the publishers' turns come round in the order of their numbers, so one hand on the clock is enough.
 */
static void publish_due(struct worker *worker)
{
    if (worker->repeat_at_ns <= worker->now_ns) {
        worker->repeat_at_ns = UINT64_MAX;
        publish_all(worker);
        for (uint64_t index = 0; index < worker->publisher_count; index++) {
            uint64_t due = worker->clients[index].publisher->repeat_at_ns;
            if (due > 0 && due < worker->repeat_at_ns)
                worker->repeat_at_ns = due;
        }
    }
    if (worker->shared->options->rate_milli == 0)
        return;
    for (uint64_t count = 0; count < worker->publisher_count; count++) {
        struct client *client = &worker->clients[worker->next_publisher];
        if (publisher_turn_ns(client->publisher, worker->next_round + 1) > worker->now_ns)
            return;
        client_publish(worker, client);
        worker->next_publisher++;
        if (worker->next_publisher == worker->publisher_count) {
            worker->next_publisher = 0;
            worker->next_round++;
        }
    }
}

static void stop_publishers(struct worker *worker)
{
    for (uint64_t index = 0; index < worker->publisher_count; index++)
        publisher_stop(worker->clients[index].publisher);
}

static bool are_publishers_quiet(const struct worker *worker)
{
    for (uint64_t index = 0; index < worker->publisher_count; index++)
        if (worker->clients[index].state == CLIENT_READY && publisher_in_flight(worker->clients[index].publisher) > 0)
            return false;
    return true;
}

/* Counts or judges, for each connection that should have got everything, how far it is behind. */
static uint64_t look_behind(struct worker *worker, bool is_final)
{
    const struct load_shared *shared = worker->shared;
    uint64_t behind = 0;
    for (uint64_t index = 0; index < worker->client_count; index++) {
        struct client *client = &worker->clients[index];
        if (client->state != CLIENT_READY || client->is_stalled)
            continue;
        uint64_t count = shared->options->is_raw ? shared->options->publishers : 1;
        for (uint64_t place = 0; place < count; place++) {
            struct ledger_stream *stream = shared->options->is_raw ? &client->streams[place] : &client->stream;
            uint64_t target = place * shared->options->rooms + client->room;
            behind += stream->last < shared->targets[target];
            if (is_final)
                ledger_finish(&worker->ledger, stream, shared->targets[target]);
        }
    }
    return behind;
}

static void look_around(struct worker *worker)
{
    const struct ledger *ledger = &worker->ledger;
    worker->looked_ns = worker->now_ns;
    counter_set(&worker->cpu_ns, os_clock_thread_ns());
    counter_set(&worker->faults, ledger->lost + ledger->doubled + ledger->reordered + ledger->mismatched);
    if (worker->phase == LOAD_DRAIN && are_publishers_quiet(worker))
        set_status(worker, WORKER_QUIET);
    else if (worker->phase == LOAD_CATCH_UP && look_behind(worker, false) == 0)
        set_status(worker, WORKER_CAUGHT_UP);
}

static void weigh_stalled(struct worker *worker)
{
    for (uint64_t index = 0; index < worker->client_count; index++)
        if (worker->clients[index].is_stalled && worker->clients[index].descriptor >= 0)
            worker->stalled_bytes += os_socket_memory_bytes(worker->clients[index].descriptor);
}

static void enter_phase(struct worker *worker, enum load_phase phase)
{
    worker->phase = phase;
    if (phase == LOAD_RUN && begin_publishers(worker))
        publish_all(worker);
    else if (phase == LOAD_DRAIN)
        stop_publishers(worker);
    else if (phase == LOAD_CATCH_UP)
        weigh_stalled(worker);
    if (phase >= LOAD_DRAIN)
        look_around(worker);
}

/* How long the poller may sleep. */
static int timeout_of(const struct worker *worker)
{
    const struct load_options *options = worker->shared->options;
    uint64_t due = worker->repeat_at_ns;
    if (worker->phase == LOAD_RUN && options->rate_milli > 0 && worker->publisher_count > 0) {
        uint64_t turn = publisher_turn_ns(worker->clients[worker->next_publisher].publisher, worker->next_round + 1);
        due = turn < due ? turn : due;
    }
    if (worker->phase == LOAD_CATCH_UP)
        return LOOK_NS / NS_PER_MS;
    if (due <= worker->now_ns)
        return 0;
    uint64_t wait_ms = (due - worker->now_ns) / NS_PER_MS;
    if (wait_ms >= IDLE_MS)
        return IDLE_MS;
    bool is_precise = options->rate_milli * options->rooms <= (uint64_t)PRECISE_RATE_MAX * 1000;
    return (int)wait_ms + (is_precise ? 0 : 1);
}

static void publish_later(struct worker *worker)
{
    for (uint64_t index = 0; index < worker->due_count; index++) {
        worker->due[index]->is_due = false;
        client_publish(worker, worker->due[index]);
    }
    worker->due_count = 0;
}

static void turn(struct worker *worker)
{
    struct os_event events[OS_EVENTS_MAX];
    int count = os_poll(&worker->poller, events, timeout_of(worker));
    worker->now_ns = os_clock_monotonic_ns();
    worker->measured_from_ns = atomic_load_explicit(&worker->shared->measured_from_ns, memory_order_relaxed);
    worker->measured_to_ns = atomic_load_explicit(&worker->shared->measured_to_ns, memory_order_relaxed);
    for (int index = 0; index < count && worker_status(worker) != WORKER_FAILED; index++) {
        struct client *client = events[index].owner;
        if (events[index].owner == worker)
            os_wakeup_clear(&worker->wakeup);
        else if (client->state != CLIENT_ENDED)
            client_event(worker, client, &events[index]);
    }
    if (worker->phase == LOAD_RUN && worker->storms < atomic_load(&worker->shared->storms))
        storm_begin(worker);
    if (worker->phase == LOAD_OPEN || worker->is_returning)
        open_some(worker);
    if (worker->phase == LOAD_RUN || worker->phase == LOAD_DRAIN)
        publish_due(worker);
    publish_later(worker);
    if (worker->now_ns - worker->looked_ns >= LOOK_NS)
        look_around(worker);
}

/* What can be said only when all is over. */
static void conclude(struct worker *worker)
{
    if (worker->phase == LOAD_CATCH_UP)
        (void)look_behind(worker, true);
    for (uint64_t index = 0; index < worker->client_count; index++) {
        struct client *client = &worker->clients[index];
        if (worker->phase == LOAD_OPEN || client->state != CLIENT_READY)
            continue;
        if (client->publisher != NULL && worker->phase == LOAD_CATCH_UP)
            worker->unanswered += publisher_in_flight(client->publisher);
        if (client->is_stalled)
            worker->stalled_ended += client_is_cut(worker, client);
        worker->stalled += client->is_stalled;
    }
    counter_set(&worker->cpu_ns, os_clock_thread_ns());
}

void worker_run(void *context)
{
    struct worker *worker = context;
    for (;;) {
        enum load_phase phase = atomic_load_explicit(&worker->shared->phase, memory_order_acquire);
        if (phase == LOAD_STOP)
            break;
        if (worker_status(worker) == WORKER_FAILED) {
            os_wakeup_wait(&worker->wakeup, IDLE_MS);
            continue;
        }
        if (phase != worker->phase)
            enter_phase(worker, phase);
        turn(worker);
    }
    conclude(worker);
}

struct worker_sums worker_sum(const struct worker *workers, uint64_t count)
{
    struct worker_sums sums = {.ready = 0};
    for (uint64_t index = 0; index < count; index++) {
        const struct worker *worker = &workers[index];
        sums.ready += counter_get(&worker->ready);
        sums.delivered += counter_get(&worker->delivered);
        sums.delivered_bytes += counter_get(&worker->delivered_bytes);
        sums.reads += counter_get(&worker->reads);
        sums.sent += counter_get(&worker->sent);
        sums.acked += counter_get(&worker->acked);
        sums.faults += counter_get(&worker->faults);
        sums.gaps += counter_get(&worker->gaps);
        sums.ended += counter_get(&worker->ended);
        sums.returned += counter_get(&worker->returned);
        sums.cpu_ns += counter_get(&worker->cpu_ns);
    }
    return sums;
}
