/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/handover.h"

#include <openssl/crypto.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/diag.h"
#include "net/letters.h"
#include "os/clock.h"
#include "os/program.h"
#include "os/thread.h"
#include "serve/parcel.h"

enum {
    LOOK_MS = 10,
    HELLO_MS = 1000,
    HELLO_BYTES_MAX = 16 * 1024,
    NS_PER_MS = 1000 * 1000,
    STATE_BYTES_MAX = INT32_MAX, /* 2 GiB; a hundred bytes for each connection, and what feeds hold */
};

/* One attempt. */
struct attempt {
    struct server *server;
    struct os_program program;
    int channel;
    uint64_t begun_ns; /* of the rest */
    struct builder state;
    struct packed_descriptors descriptors;
    struct packed_counts counts;
    struct os_wakeup pause;          /* nobody signals it: to wait a little */
    char why[PARCEL_TEXT_BYTES_MAX]; /* it failed; empty: it has not, or nobody knows */
    bool is_stopped;                 /* by a signal to end */
};

static bool fail(struct attempt *attempt, const char *why)
{
    if (!attempt->why[0])
        (void)snprintf(attempt->why, sizeof attempt->why, "%s", why); /* cut if long */
    return false;
}

/* ---- the new process gets ready, the old one serves ---- */

static bool start_program(struct attempt *attempt)
{
    int ends[2];

    if (os_program_is_first())
        return fail(attempt, "this is process 1, with which its container would end: start a new container instead");
    if (os_channel_open(ends) != RESULT_OK)
        return fail(attempt, "no descriptor is free");
    enum result result = os_program_start(PARCEL_VARIABLE, ends[1], &attempt->program);
    os_channel_close(ends[1]); /* so that its end shows the end of the process */
    if (result == RESULT_OK) {
        attempt->channel = ends[0];
        return true;
    }
    os_channel_close(ends[0]);
    return fail(attempt, result == RESULT_NOT_FOUND ? "the program is not there any longer"
                         : result == RESULT_REFUSED ? "the program may not be started"
                                                    : "the program could not be started");
}

static const char *how_it_ended(struct attempt *attempt)
{
    int status = 0;
    uint64_t end_ms = os_clock_monotonic_ms() + HELLO_MS;

    while (!os_program_has_ended(&attempt->program, &status)) {
        if (os_clock_monotonic_ms() >= end_ms)
            return "the new process gave up";
        os_wakeup_wait(&attempt->pause, LOOK_MS);
    }
    return diag_format("the new process ended with status %d", status);
}

static bool say_hello(struct attempt *attempt)
{
    struct server *server = attempt->server;
    const struct config *config = server->config;
    struct parcel_facts facts = {
        .version = VIEW(NATTER_VERSION),
        .data = view_of_string(config->data),
        .listen_count = config->listen_count,
        .shard_count = server->shard_count,
        .has_ops = server->ops != NULL,
        .ops = {server->operating.listener.how, server->operating.is_passed},
    };
    struct builder bytes;

    for (size_t i = 0; i < config->listen_count; i++) {
        facts.listen[i] = (struct parcel_place){config->listen[i], server->listening.is_passed[i]};
        facts.listen[i].how.address = server->listening.addresses[i];
    }
    builder_init(&bytes, HELLO_BYTES_MAX);
    parcel_pack_facts(&facts, &bytes);
    enum result result = RESULT_NO_MEMORY;
    if (builder_ok(&bytes))
        result = parcel_send(attempt->channel, PARCEL_HELLO, builder_view(&bytes), os_clock_monotonic_ms() + HELLO_MS);
    builder_done(&bytes);
    if (result == RESULT_CLOSED)
        return fail(attempt, how_it_ended(attempt));
    return result == RESULT_OK || fail(attempt, "the new process did not listen");
}

/* What it has to say, if it is not the word that is awaited. */
static bool is_word(struct attempt *attempt, const struct channel_packet *packet, enum parcel_kind awaited)
{
    if (packet->bytes[0] == awaited)
        return true;
    if (packet->bytes[0] == PARCEL_REFUSED)
        return fail(attempt, diag_format("%.*s", (int)packet->size - 1, (const char *)packet->bytes + 1));
    return fail(attempt, "the new process does not speak as this one does");
}

/* While all are served signals are heard as ever, but that another SIGUSR2 has its answer in what is under way. */
static void hear_signals(struct attempt *attempt)
{
    struct server *server = attempt->server;
    int signal = os_signal_wait(0);

    if (signal == SIGHUP)
        secure_reload(&server->secure, server->shards, server->shard_count);
    attempt->is_stopped = signal == SIGTERM || signal == SIGINT;
    server_tell_alive(server);
}

/* Waits for a word. */
static bool await(struct attempt *attempt, enum parcel_kind awaited, uint64_t deadline_ms, bool hears_signals)
{
    struct channel_packet *packet = malloc(sizeof *packet);
    enum result result = packet ? RESULT_AGAIN : RESULT_NO_MEMORY;

    while (result == RESULT_AGAIN) {
        uint64_t now_ms = os_clock_monotonic_ms();
        uint64_t look_ms = hears_signals && now_ms + LOOK_MS < deadline_ms ? now_ms + LOOK_MS : deadline_ms;
        result = os_channel_receive(attempt->channel, packet, look_ms);
        if (result != RESULT_AGAIN)
            break;
        if (hears_signals)
            hear_signals(attempt);
        if (attempt->is_stopped || os_clock_monotonic_ms() >= deadline_ms)
            break;
    }
    bool is_fine = result == RESULT_OK && is_word(attempt, packet, awaited);
    free(packet);
    if (is_fine || attempt->why[0])
        return is_fine;
    if (attempt->is_stopped)
        return fail(attempt, "the server was told to end");
    return fail(attempt, result == RESULT_AGAIN    ? "the new process took too long"
                         : result == RESULT_CLOSED ? how_it_ended(attempt)
                                                   : result_text(result));
}

/* ---- the rest ---- */

struct rest_call {
    struct shard_call call; /* first */
    _Atomic size_t *missing;
    struct os_wakeup *wakeup;
};

static void rest_one(struct shard_call *call, struct shard *shard)
{
    const struct rest_call *rest = (struct rest_call *)(void *)call;

    shard_rest(shard);
    os_wakeup_signal(rest->wakeup);
    atomic_fetch_sub(rest->missing, 1); /* the last look at what is on the other's stack */
}

/* From here on no shard takes anything in, so that nothing follows what the store has been told. */
static void rest_shards(struct attempt *attempt)
{
    struct server *server = attempt->server;
    struct rest_call calls[SHARDS_MAX];
    _Atomic size_t missing = server->shard_count;

    for (size_t i = 0; i < server->shard_count; i++) {
        calls[i] = (struct rest_call){{rest_one}, &missing, &attempt->pause};
        shard_post_call(server->shards[i], &calls[i].call);
    }
    while (atomic_load(&missing) > 0)
        os_wakeup_wait(&attempt->pause, LOOK_MS);
}

static void halt(struct shard *shard)
{
    shard_post_halt(shard);
    shard_join(shard);
}

/* The order makes it whole: the operator's thread asks all others, so it goes first; the shards take nothing in; the
 * store does all that they have told it, and answers; then the shards have all its answers, and stop. */
static void rest(struct attempt *attempt)
{
    struct server *server = attempt->server;

    attempt->begun_ns = os_clock_monotonic_ns();
    if (server->ops)
        halt(server->ops);
    rest_shards(attempt);
    store_pause(server->store);
    for (size_t i = 0; i < server->shard_count; i++)
        halt(server->shards[i]);
    if (server->ops)
        shard_rest(server->ops);
}

/* As if nothing had been. False: a thread could not be made. */
static bool go_on(struct server *server)
{
    bool is_fine = store_start(server->store) == RESULT_OK;

    for (size_t i = 0; i < server->shard_count; i++) {
        shard_wake(server->shards[i]);
        is_fine = is_fine && shard_start(server->shards[i]) == RESULT_OK;
    }
    if (!server->ops)
        return is_fine;
    shard_wake(server->ops);
    return is_fine && shard_start(server->ops) == RESULT_OK;
}

/* ---- everything is given away ---- */

static bool pack_listeners(struct attempt *attempt, const struct shard *shard)
{
    for (size_t i = 0; i < shard_listener_count(shard); i++) {
        if (packed_descriptor_add(&attempt->descriptors, shard_listener(shard, i)) != RESULT_OK)
            return false;
    }
    return true;
}

static bool pack_descriptors(struct attempt *attempt)
{
    const struct server *server = attempt->server;
    bool is_fine = packed_descriptor_add(&attempt->descriptors, store_lock_descriptor(server->store)) == RESULT_OK;

    for (size_t i = 0; i < server->shard_count && is_fine; i++)
        is_fine = pack_listeners(attempt, server->shards[i]);
    return is_fine && (!server->ops || pack_listeners(attempt, server->ops));
}

/* takeover.c reads it in this order. */
static bool pack(struct attempt *attempt)
{
    struct server *server = attempt->server;
    struct builder *out = &attempt->state;
    bool is_fine = pack_descriptors(attempt);

    pack_number(out, attempt->begun_ns, 8);
    pack_number(out, counter_get(&server->handovers.done), 8);
    pack_number(out, counter_get(&server->handovers.failed), 8);
    pack_number(out, server->service.watchdog_ms, 8);
    pack_view(out, view_of(&server->secure.tickets, sizeof server->secure.tickets));
    pack_number(out, server->secure.rotated_ms, 8);
    chat_pack(server->chat, out);
    for (size_t i = 0; i < server->shard_count && is_fine; i++)
        is_fine = shard_pack(server->shards[i], out, &attempt->descriptors, &attempt->counts) == RESULT_OK;
    if (server->ops && is_fine) {
        struct packed_counts of_operators = {0};
        is_fine = shard_pack(server->ops, out, &attempt->descriptors, &of_operators) == RESULT_OK;
    }
    uint64_t left = 0;
    for (size_t i = 0; i < server->shard_count; i++)
        left += shard_live_count(server->shards[i]);
    left -= attempt->counts.passed;
    pack_number(out, attempt->counts.passed, 8);
    pack_number(out, attempt->counts.farewell, 8);
    pack_number(out, left, 8);
    return (is_fine && builder_ok(out)) || fail(attempt, "out of memory");
}

static bool give(struct attempt *attempt)
{
    const struct server *server = attempt->server;
    uint64_t deadline_ms = os_clock_monotonic_ms() + server->config->handover_take_ms;

    /* What could not be written waits in memory, where the new process would not find it. */
    if (!store_is_healthy(server->store))
        return fail(attempt, "the store cannot write just now");
    if (!pack(attempt))
        return false;
    enum result result =
        parcel_send_state(attempt->channel, builder_view(&attempt->state), &attempt->descriptors, deadline_ms);
    if (result == RESULT_CLOSED)
        return fail(attempt, how_it_ended(attempt));
    if (result != RESULT_OK)
        return fail(attempt, result == RESULT_AGAIN ? "the new process took too long" : result_text(result));
    return await(attempt, PARCEL_TAKEN, deadline_ms, false);
}

/* It may have taken over in the very moment in which we gave up. Once it has gone there is no doubt: its last word is
 * in the channel, or it was never said. */
static bool is_taken_after_all(struct attempt *attempt)
{
    struct channel_packet *packet = malloc(sizeof *packet);
    bool is_taken = false;

    while (packet && !is_taken && os_channel_receive(attempt->channel, packet, 0) == RESULT_OK)
        is_taken = packet->bytes[0] == PARCEL_TAKEN;
    free(packet);
    return is_taken;
}

static void forget(struct server *server)
{
    for (size_t i = 0; i < server->shard_count; i++)
        shard_forget_packed(server->shards[i]);
    if (server->ops)
        shard_forget_packed(server->ops);
    listening_give(&server->listening);
    operating_give(&server->operating);
}

static void attempt_done(struct attempt *attempt)
{
    os_channel_close(attempt->channel);
    os_wakeup_done(&attempt->pause);
    OPENSSL_cleanse(attempt->state.at, attempt->state.size);
    builder_done(&attempt->state);
    packed_descriptors_done(&attempt->descriptors);
}

static enum handover end_failed(struct attempt *attempt, bool has_rested)
{
    struct server *server = attempt->server;
    enum handover outcome = attempt->is_stopped ? HANDOVER_STOPPED : HANDOVER_FAILED;

    os_program_kill(&attempt->program);
    if (has_rested && is_taken_after_all(attempt)) {
        diag(DIAG_ERROR, "handover.lost", "reason", "the new process took over, and ended", "advice",
             "start the server again", NULL);
        return HANDOVER_STRANDED;
    }
    if (has_rested && !go_on(server))
        outcome = HANDOVER_STRANDED;
    counter_add(&server->handovers.failed, 1);
    uint64_t pause_ns = attempt->begun_ns > 0 ? os_clock_monotonic_ns() - attempt->begun_ns : 0;
    diag(DIAG_ERROR, "handover.failed", "reason", attempt->why, "pause_ms",
         diag_number((int64_t)(pause_ns / NS_PER_MS)), "advice",
         "this process serves as before; see what the new one said, and send SIGUSR2 again", NULL);
    return outcome;
}

static bool get_ready(struct attempt *attempt)
{
    if (os_wakeup_init(&attempt->pause) != RESULT_OK)
        return fail(attempt, "no descriptor is free");
    if (!start_program(attempt) || !say_hello(attempt))
        return false;
    return await(attempt, PARCEL_READY, os_clock_monotonic_ms() + attempt->server->config->handover_prepare_ms, true);
}

enum handover handover_run(struct server *server)
{
    struct attempt attempt = {.server = server, .channel = -1};

    builder_init(&attempt.state, STATE_BYTES_MAX);
    diag(DIAG_INFO, "handover.begins", NULL);
    service_replacing(&server->service);
    bool is_ready = get_ready(&attempt);
    if (is_ready)
        rest(&attempt);
    if (!is_ready || !give(&attempt)) {
        enum handover outcome = end_failed(&attempt, is_ready);
        attempt_done(&attempt);
        return outcome;
    }
    service_replaced(&server->service, attempt.program.pid);
    forget(server);
    diag(DIAG_INFO, "handover.done", "pid", diag_number(attempt.program.pid), "connections",
         diag_number((int64_t)attempt.counts.passed), "bytes", diag_number((int64_t)attempt.state.size), NULL);
    attempt_done(&attempt);
    return HANDOVER_DONE;
}
