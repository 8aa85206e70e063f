/* SPDX-License-Identifier: Apache-2.0 */
/* One turn of the loop reads all that is ready before it sends anything: what gathered then leaves in one system call
 * per subscriber. */
#include "net/shard_inside.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "os/clock.h"

enum {
    SCRATCH_BYTES_MAX = 4 * 1024 * 1024,
    DEFLATE_WINDOW_DEFAULT = 15,
    DEFLATE_WINDOW_MIN = 9,
    NS_PER_MS = 1000 * 1000,
};

const char *shard_phase_label(enum shard_phase phase)
{
    static const char *const labels[SHARD_PHASE_COUNT] = {
#define X(symbol, label) [PHASE_##symbol] = label,
        SHARD_PHASES(X)
#undef X
    };

    return labels[phase];
}

const char *shard_work_label(enum shard_work work)
{
    static const char *const labels[SHARD_WORK_COUNT] = {
#define X(symbol, label) [WORK_##symbol] = label,
        SHARD_WORKS(X)
#undef X
    };

    return labels[work];
}

static void init_lists(struct shard *shard)
{
    list_init(&shard->dirty_feeds);
    list_init(&shard->empty_feeds);
    list_init(&shard->tls.waiting);
    shard->registry_free = UINT32_MAX;
    turns_init(&shard->counters.turns, (uint64_t)shard->options.slow_turn_ms * NS_PER_MS);
}

static void init_tls(struct shard *shard)
{
    const struct net_options *options = &shard->options;

    shard->tls.bytes_in = &shard->counters.bytes_in;
    shard->tls.bytes_out = &shard->counters.bytes_out;
    shard->tls.writes = &shard->counters.writes;
    if (!options->tls)
        return;
    shard->tls.tls = tls_ref(options->tls);
    shard->tls.tickets = *options->tickets;
}

/* A request's head and body must fit into the buffer together with one read more. */
static enum result init_buffers(struct shard *shard)
{
    const struct net_options *options = &shard->options;

    shard->buffer_bytes = SHARD_READ_BYTES + options->head_bytes_max + 2 * options->body_bytes_max;
    shard->buffer = malloc(shard->buffer_bytes);
    shard->coalesced[0] = malloc(SHARD_COALESCE_BYTES);
    shard->coalesced[1] = malloc(SHARD_COALESCE_BYTES);
    builder_init(&shard->scratch, SCRATCH_BYTES_MAX);
    builder_init(&shard->compressed, SCRATCH_BYTES_MAX);
    bool has_all = shard->buffer && shard->coalesced[0] && shard->coalesced[1]
                   && shard_deflater(shard, DEFLATE_WINDOW_DEFAULT);
    return has_all ? RESULT_OK : RESULT_NO_MEMORY;
}

struct deflater *shard_deflater(struct shard *shard, int window_bits)
{
    check(window_bits >= DEFLATE_WINDOW_MIN && window_bits <= DEFLATE_WINDOW_DEFAULT);
    if (!shard->deflaters[window_bits])
        shard->deflaters[window_bits] = deflater_new(window_bits, shard->options.compression_level);
    return shard->deflaters[window_bits];
}

enum result shard_new(const struct net_options *options, const struct net_events *events, struct admission *admission,
                      uint32_t index, const struct shard_listener *listeners, size_t listener_count,
                      struct shard **out_shard)
{
    struct shard *shard = calloc(1, sizeof *shard);
    enum result result;

    check(listener_count <= NET_LISTEN_MAX);
    if (!shard)
        return RESULT_NO_MEMORY;
    shard->options = *options;
    shard->events = *events;
    shard->admission = admission;
    shard->index = index;
    shard->lessons = (struct snapshot){.words = shard->lesson_words, .count = SHARD_LESSON_WORDS};
    shard->silence.heartbeat_ms = options->heartbeat_ms;
    shard->silence.floor_ms = options->heartbeat_floor_ms;
    shard->silence.forget_ms = options->heartbeat_forget_ms;
    init_lists(shard);
    init_tls(shard);
    pool_init(&shard->conns, sizeof(struct conn), SIZE_MAX);
    shard->conns.owner = shard;
    shard->clock_ns = os_clock_monotonic_ns;
    shard->now_ms = shard->clock_ns() / NS_PER_MS;
    shard->sweep_ms = UINT64_MAX;
    result = init_buffers(shard);
    if (result == RESULT_OK)
        result = ended_init(&shard->ended_newest, options->ended_max);
    if (result != RESULT_OK)
        goto out_buffers;
    result = os_poller_init(&shard->poller);
    if (result != RESULT_OK)
        goto out_buffers;
    result = mailbox_init(&shard->mailbox, options->mailbox_letters);
    if (result != RESULT_OK)
        goto out_poller;
    result = os_poller_add(&shard->poller, shard->mailbox.wakeup.descriptor, OS_READ | OS_LEVEL, &shard->mailbox);
    if (result != RESULT_OK)
        goto out_mailbox;
    for (size_t i = 0; i < listener_count; i++) {
        shard->listeners[i] = (struct listener){
            .descriptor = listeners[i].descriptor,
            .has_proxy_header = listeners[i].how.has_proxy_header,
            .is_tls = listeners[i].how.is_tls,
            .is_redirect = listeners[i].how.is_redirect,
            .is_unix = listeners[i].how.path != NULL,
        };
        os_socket_tune(listeners[i].descriptor, options->send_buffer_bytes, options->unsent_bytes_max);
    }
    shard->listener_count = listener_count;
    listeners_resume(shard);
    *out_shard = shard;
    return RESULT_OK;

out_mailbox:
    mailbox_done(&shard->mailbox);
out_poller:
    os_poller_done(&shard->poller);
out_buffers:
    tls_unref(shard->tls.tls);
    for (int bits = DEFLATE_WINDOW_MIN; bits <= DEFLATE_WINDOW_DEFAULT; bits++)
        deflater_free(shard->deflaters[bits]);
    builder_done(&shard->compressed);
    builder_done(&shard->scratch);
    free(shard->coalesced[0]);
    free(shard->coalesced[1]);
    free(shard->buffer);
    ended_done(&shard->ended_newest);
    free(shard);
    return result;
}

/* Frees what ended in this turn, now that no event and no list can point to it any longer. */
static bool reap(struct shard *shard)
{
    struct conn *ended = shard->ended;
    bool has_worked = ended || !list_is_empty(&shard->empty_feeds);

    shard->ended = NULL;
    while (ended) {
        struct conn *conn = ended;
        ended = conn->ended_next;
        if (conn->queued) { /* the queue's turn will come to it */
            conn->ended_next = shard->ended;
            shard->ended = conn;
            continue;
        }
        shard_unregister(shard, conn);
        pool_give(&shard->conns, conn);
        shard->work[WORK_ENDED]++;
    }
    list_each(&shard->empty_feeds, link, following) {
        struct feed *feed = list_entry(link, struct feed, empty);
        list_remove(link);
        if (feed->cursor_count > 0)
            continue;
        counter_subtract(&shard->counters.feed_bytes, feed->bytes);
        counter_subtract(&shard->counters.feeds, 1);
        shard->feeds[feed->number] = NULL;
        feed_free(feed);
    }
    return has_worked;
}

static void take_letters_left(struct shard *shard)
{
    struct letter letter;

    while (mailbox_take(&shard->mailbox, &letter))
        shard_mail(shard, &letter);
}

void shard_free(struct shard *shard)
{
    if (!shard)
        return;
    shard_mail(shard, &(struct letter){.kind = LETTER_STOP});
    take_letters_left(shard);
    for (enum conn_queue which = 0; which < QUEUE_COUNT; which++) {
        while (queue_take(shard, which)) {
        }
    }
    (void)reap(shard); /* whether there was something */
    check(shard->registry_count == 0);
    mailbox_done(&shard->mailbox);
    os_poller_done(&shard->poller);
    pool_done(&shard->conns);
    for (int bits = DEFLATE_WINDOW_MIN; bits <= DEFLATE_WINDOW_DEFAULT; bits++)
        deflater_free(shard->deflaters[bits]);
    builder_done(&shard->compressed);
    builder_done(&shard->scratch);
    free(shard->coalesced[0]);
    free(shard->coalesced[1]);
    free(shard->buffer);
    tls_unref(shard->tls.tls);
    OPENSSL_cleanse(&shard->tls.tickets, sizeof shard->tls.tickets);
    free(shard->registry);
    free(shard->lives);
    ended_done(&shard->ended_newest);
    free(shard->feeds);
    free(shard);
}

static bool is_listener(const struct shard *shard, const void *owner)
{
    const struct listener *listener = owner;

    return listener >= shard->listeners && listener < shard->listeners + NET_LISTEN_MAX;
}

static void handle_event(struct shard *shard, const struct os_event *event)
{
    if (event->owner == &shard->mailbox)
        return; /* the mail phase looks anyway */
    if (is_listener(shard, event->owner)) {
        ((struct listener *)event->owner)->is_ready = true;
        return;
    }
    struct conn *conn = event->owner;
    if (conn->state == CONN_ENDED)
        return;
    if (event->is_writable && conn->is_blocked) {
        conn->is_blocked = false;
        conn_mark_dirty(conn);
    }
    if (event->is_finished)
        conn->reads_to_end = true;
    if (event->is_readable || event->is_finished)
        conn_mark_unread(conn);
}

/* The phases of a turn. Each says whether it had something to do.
 *
 * Each connection once per turn, so that one that sends without end does not keep the others waiting. */
static bool phase_read(struct shard *shard)
{
    uint32_t count = shard->queues[QUEUE_UNREAD].count;

    if (count == 0 || shard->is_resting)
        return false;
    mailboxes_hold_signals();
    for (uint32_t left = count; left > 0; left--)
        conn_read(queue_take(shard, QUEUE_UNREAD));
    mailboxes_release_signals();
    shard->work[WORK_CONNECTIONS] = count;
    return true;
}

static bool phase_accept(struct shard *shard)
{
    bool has_worked = false;

    for (size_t i = 0; i < shard->listener_count; i++) {
        if (!shard->listeners[i].is_ready || !shard->is_accepting)
            continue;
        listener_accept(shard, &shard->listeners[i]);
        has_worked = true;
    }
    return has_worked;
}

static bool phase_mail(struct shard *shard)
{
    struct letter letter;
    uint64_t count = 0;

    for (; count < SHARD_LETTERS_PER_TURN && mailbox_take(&shard->mailbox, &letter); count++)
        shard_mail(shard, &letter);
    shard->work[WORK_LETTERS] = count;
    return count > 0;
}

static bool phase_flush(struct shard *shard)
{
    struct conn *conn;

    if (shard->queues[QUEUE_DIRTY].count == 0 && list_is_empty(&shard->dirty_feeds))
        return false;
    while ((conn = queue_take(shard, QUEUE_DIRTY)))
        conn_flush(conn);
    list_each(&shard->dirty_feeds, link, following) {
        struct feed *feed = list_entry(link, struct feed, dirty);
        if (!feed_flush(shard, feed))
            list_remove(&feed->dirty);
    }
    return true;
}

/* Looks at every deadline, and finds when the next one comes. Those that are closer together than a sweep is worth
 * wait for each other: deadlines are seconds long, and a few hundredths more do no harm. */
static void sweep_deadlines(struct shard *shard)
{
    uint64_t soonest_ms = shard->now_ms + SHARD_SWEEP_MS + shard->registry_used / SHARD_SWEEP_SLOTS_PER_MS;
    uint64_t next_ms = UINT64_MAX;

    shard->work[WORK_DEADLINES] = shard->registry_used;
    shard->sweep_ms = UINT64_MAX; /* whoever is armed anew lowers it */
    for (uint32_t i = 0; i < shard->registry_used; i++) {
        struct conn *conn = shard->registry[i].conn;
        if (!conn || conn->state == CONN_ENDED)
            continue;
        int32_t left_ms = (int32_t)(shard->registry[i].deadline_ms - shard_clock(shard));
        if (left_ms <= 0)
            conn_deadline(conn);
        else if (shard->now_ms + (uint64_t)left_ms < next_ms)
            next_ms = shard->now_ms + (uint64_t)left_ms;
    }
    if (next_ms < shard->sweep_ms)
        shard->sweep_ms = next_ms;
    if (shard->sweep_ms < soonest_ms)
        shard->sweep_ms = soonest_ms;
}

static bool phase_timers(struct shard *shard)
{
    if (shard->accept_resume_ms > 0 && shard->now_ms >= shard->accept_resume_ms)
        listeners_resume(shard);
    if (shard->now_ms < shard->sweep_ms)
        return false;
    sweep_deadlines(shard);
    return true;
}

static bool phase_turned(struct shard *shard)
{
    if (!shard->events.turned)
        return false;
    shard->events.turned(shard->events.context, shard);
    return true;
}

static bool has_work(const struct shard *shard)
{
    bool has_input = shard->queues[QUEUE_UNREAD].count > 0 || !list_is_empty(&shard->tls.waiting);

    return (has_input && !shard->is_resting) || shard->queues[QUEUE_DIRTY].count > 0
           || !list_is_empty(&shard->dirty_feeds);
}

static int sleep_ms(struct shard *shard, int timeout_ms)
{
    uint64_t due_ms = shard->sweep_ms;

    if (shard->accept_resume_ms > 0 && shard->accept_resume_ms < due_ms)
        due_ms = shard->accept_resume_ms;
    if (timeout_ms < 0 || timeout_ms > SHARD_SLEEP_MS_MAX)
        timeout_ms = SHARD_SLEEP_MS_MAX;
    uint64_t now_ms = os_clock_monotonic_ms(); /* the turn before may have been long */
    if (due_ms <= now_ms)
        return 0;
    return due_ms - now_ms < (uint64_t)timeout_ms ? (int)(due_ms - now_ms) : timeout_ms;
}

/* Kinds of work that are counted anyway: their counters' numbers at the turn's begin are remembered, and subtracted
 * from those at its end if it was a long one. */
static void read_work_counters(const struct shard *shard, uint64_t *work)
{
    const struct shard_counters *counters = &shard->counters;

    work[WORK_ACCEPTED] = counter_get(&counters->accepted);
    work[WORK_REQUESTS] = counter_get(&counters->requests);
    work[WORK_MESSAGES] = counter_get(&counters->messages_in);
    work[WORK_DELIVERIES] = counter_get(&counters->deliveries);
    work[WORK_WRITES] = counter_get(&counters->writes);
    work[WORK_COMPRESSIONS] = counter_get(&counters->compressions);
}

static void begin_work(struct shard *shard, int event_count)
{
    read_work_counters(shard, shard->work);
    shard->work[WORK_EVENTS] = (uint64_t)event_count;
    shard->work[WORK_CONNECTIONS] = shard->work[WORK_DEADLINES] = shard->work[WORK_ENDED] = 0;
}

static void keep_turn(struct shard *shard)
{
    static const enum shard_work counted[] = {WORK_ACCEPTED,   WORK_REQUESTS, WORK_MESSAGES,
                                              WORK_DELIVERIES, WORK_WRITES,   WORK_COMPRESSIONS};
    uint64_t now[TURNS_WORK_MAX];

    read_work_counters(shard, now);
    for (size_t i = 0; i < sizeof counted / sizeof *counted; i++)
        shard->work[counted[i]] = now[counted[i]] - shard->work[counted[i]];
    turns_keep(&shard->counters.turns, shard->work);
}

static int wait_for_events(struct shard *shard, int timeout_ms)
{
    bool sleeps = !has_work(shard) && timeout_ms != 0 && mailbox_sleeps(&shard->mailbox);
    int count = os_poll(&shard->poller, shard->event_list, sleeps ? sleep_ms(shard, timeout_ms) : 0);

    if (sleeps)
        mailbox_wakes(&shard->mailbox);
    return count;
}

static inline void run_phase(struct shard *shard, enum shard_phase phase, bool (*run)(struct shard *shard))
{
    turns_enter(&shard->counters.turns, phase);
    if (run(shard))
        turns_leave(&shard->counters.turns, phase, shard->clock_ns());
}

bool shard_turn(struct shard *shard, int timeout_ms)
{
    struct turns *turns = &shard->counters.turns;
    int count = wait_for_events(shard, timeout_ms);
    uint64_t now_ns = shard->clock_ns();

    shard->now_ms = now_ns / NS_PER_MS;
    turns_begin(turns, now_ns);
    begin_work(shard, count);
    for (int i = 0; i < count; i++)
        handle_event(shard, &shard->event_list[i]);
    run_phase(shard, PHASE_READ, phase_read);
    if (!shard->is_resting)
        run_phase(shard, PHASE_TLS, shard_handshakes);
    run_phase(shard, PHASE_ACCEPT, phase_accept);
    run_phase(shard, PHASE_MAIL, phase_mail);
    run_phase(shard, PHASE_FLUSH, phase_flush);
    run_phase(shard, PHASE_TIMERS, phase_timers);
    run_phase(shard, PHASE_TURNED, phase_turned);
    run_phase(shard, PHASE_REAP, reap);
    if (turns_end(turns))
        keep_turn(shard);
    return !shard->is_stopped;
}

static void run(void *context)
{
    while (shard_turn(context, -1)) {
    }
}

enum result shard_start(struct shard *shard)
{
    char name[16];

    (void)snprintf(name, sizeof name, "shard-%u", shard->index);
    return os_thread_start(&shard->thread, name, run, shard);
}

void shard_join(struct shard *shard)
{
    os_thread_join(&shard->thread);
}

uint32_t shard_index(const struct shard *shard)
{
    return shard->index;
}

const struct shard_counters *shard_counters(const struct shard *shard)
{
    return &shard->counters;
}

size_t shard_mailbox_count(const struct shard *shard)
{
    return mailbox_count(&shard->mailbox);
}

void *shard_owner(const struct shard *shard)
{
    return shard->owner;
}

void shard_set_owner(struct shard *shard, void *owner)
{
    shard->owner = owner;
}

uint64_t shard_now_ms(const struct shard *shard)
{
    return shard->now_ms;
}

uint64_t shard_live_count(const struct shard *shard)
{
    uint64_t live = 0;

    for (int state = 0; state < CONN_ENDED; state++)
        live += counter_get(&shard->counters.live[state]);
    return live;
}
