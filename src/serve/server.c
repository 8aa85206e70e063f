/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/server.h"

#include <signal.h>
#include <stdlib.h>

#include "base/diag.h"
#include "base/table.h"
#include "chat/chat.h"
#include "http/public_notices.h"
#include "http/routes.h"
#include "net/letters.h"
#include "ops/notices_serve.h"
#include "ops/pulse.h"
#include "ops/watchdog.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/program.h"
#include "os/random.h"
#include "os/service.h"
#include "os/thread.h"
#include "serve/drain.h"
#include "serve/handover.h"
#include "serve/takeover.h"
#include "wire/json.h"

enum { OPS_CONNECTIONS_MAX = 64, OPS_SHARD_INDEX = 1000, REST_MS = 5000, ERROR = 2 };
#define NS_PER_MS UINT64_C(1000000)

static bool is_store_healthy(void *context)
{
    return store_is_healthy(context);
}

static bool is_ready(void *context)
{
    struct http_site *site = context;

    return !atomic_load_explicit(&site->is_draining, memory_order_relaxed) && site->is_store_healthy(site->context);
}

static enum result make_shard(struct server *server, const struct net_events *events)
{
    const struct config *config = server->config;
    struct shard_listener listeners[NET_LISTEN_MAX];
    enum result result = RESULT_OK;

    if (server->takeover)
        takeover_listeners(server->takeover, listeners);
    else
        result = listening_share(&server->listening, listeners);
    if (result != RESULT_OK)
        return result;
    struct net_options options = config->net;
    options.tls = server->secure.tls;
    options.tickets = &server->secure.tickets;
    if (options.redirect_port == 0) /* it was drawn */
        options.redirect_port = listening_tls_port(&server->listening);
    result = shard_new(&options, events, server->admission, (uint32_t)server->shard_count, listeners,
                       config->listen_count, &server->shards[server->shard_count]);
    if (result == RESULT_OK) {
        server->shard_count++;
        return RESULT_OK;
    }
    for (size_t i = 0; i < config->listen_count; i++)
        os_socket_close(listeners[i].descriptor);
    return result;
}

static enum result make_shards(struct server *server)
{
    const struct config *config = server->config;
    size_t wanted = server->takeover              ? takeover_shard_count(server->takeover)
                    : config->net.shard_count > 0 ? config->net.shard_count
                                                  : (size_t)os_cpu_count();
    struct net_events events;
    enum result result = RESULT_OK;

    if (server->takeover)
        takeover_listening(server->takeover, &server->listening, config);
    else
        result = listening_open(&server->listening, config, &server->passed);

    chat_net_events(server->chat, &events);
    events.request = http_serve;
    events.faulty = http_serve_faulty;
    events.arrived = public_notices_see;
    events.request_context = &server->site;
    events.aside = &server->diagnosis_events;
    for (size_t i = 0; i < wanted && i < SHARDS_MAX && result == RESULT_OK; i++)
        result = make_shard(server, &events);
    if (result == RESULT_OK)
        listening_begun(&server->listening);
    for (size_t i = 0; i < server->config->listen_count; i++) {
        if (server->listening.addresses[i].port > 0) /* a unix socket has none */
            server->metrics.ports[server->metrics.port_count++] = server->listening.addresses[i].port;
    }
    return result;
}

static void refuse_upgrade(void *context, struct conn *conn, const struct http_request *request,
                           const struct ws_offer *offer, struct net_upgrade *upgrade)
{
    (void)context;
    (void)conn;
    (void)request;
    (void)offer;
    upgrade->status = 404;
    upgrade->refusal = "There is no WebSocket on the operator's port. Connect to the public one.";
}

/* Also that of the process before this one, which had it from a service manager or opened it itself. */
static bool open_ops(struct server *server)
{
    const struct ops_options *options = &server->config->ops;

    if (server->takeover && takeover_operating(server->takeover, &server->operating, options))
        return true;
    return operating_open(&server->operating, options, server->passed.metrics);
}

/* The operator's listener is a shard of its own: metrics are written on its thread and disturb nobody. Without it the
 * chat still runs. */
static void make_ops(struct server *server)
{
    const struct net_events events = {
        .request = metrics_serve, .request_context = &server->metrics, .upgrade = refuse_upgrade};
    struct net_options options = server->config->net;

    if (!open_ops(server))
        return;
    options.shard_count = 1;
    options.trust = NULL;
    options.tls = NULL;
    options.hsts_ms = 0;
    options.base_path = NULL;
    options.ended_max = 0;
    server->ops_admission = admission_new(OPS_CONNECTIONS_MAX, 0);
    if (!server->ops_admission
        || shard_new(&options, &events, server->ops_admission, OPS_SHARD_INDEX, &server->operating.listener, 1,
                     &server->ops)
               != RESULT_OK) {
        os_socket_close(server->operating.listener.descriptor);
        return;
    }
    server->metrics.ops = server->ops;
    server->metrics.token = server->operating.token;
    server->metrics.is_ops_unix = server->operating.listener.how.path != NULL;
    if (!server->operating.listener.how.path)
        server->metrics.ports[server->metrics.port_count++] = server->operating.listener.how.address.port;
}

/* Descriptors are the hard ceiling of connections: said at start, not when they run out. */
static void look_at_limits(const struct config *config)
{
    size_t descriptors = os_descriptor_limit_raise();

    if (descriptors < config->net.connections_max + 100)
        diag(DIAG_WARNING, "server.few_descriptors", "limit", diag_number((int64_t)descriptors), "connections_max",
             diag_number((int64_t)config->net.connections_max), "advice",
             "raise LimitNOFILE= or ulimit -n, or lower connections.max", NULL);
}

/* A database of an older version is brought up to date before anything else, however long that takes. */
static void tell_busy(void *context)
{
    struct service *service = context;

    service_status(service, "Bringing the database up to date");
    service_busy(service);
}

static enum result make_folder(const char *data)
{
    enum result result = os_folder_make(data);

    if (result != RESULT_OK)
        diag(DIAG_ERROR, "server.no_data_folder", "folder", data, "reason", result_text(result), "advice",
             "choose a folder that this user may write to, with --data", NULL);
    return result;
}

static enum result make_diagnosis(struct server *server)
{
    const struct config *config = server->config;
    const struct diagnosis_facts facts = {
        .chat = server->chat,
        .text_bytes_max = config->chat.text_bytes_max,
        .frame_bytes_max = config->net.message_bytes_max,
        .heartbeat_ms = config->net.heartbeat_ms,
        .has_compression = config->net.has_compression,
    };

    server->diagnosis = diagnosis_new(&config->ops.diagnosis, &facts, SHARDS_MAX);
    if (!server->diagnosis)
        return RESULT_NO_MEMORY;
    diagnosis_events(server->diagnosis, &server->diagnosis_events);
    server->notices = notices_new(&config->ops.notices, config->net.heartbeat_forget_ms);
    if (!server->notices)
        return RESULT_NO_MEMORY;
    server->site.diagnosis = server->diagnosis;
    server->site.notices = server->notices;
    server->site.chat = server->chat;
    return RESULT_OK;
}

/* What does not touch what another process may still have. */
static enum result prepare(struct server *server)
{
    const struct config *config = server->config;

    look_at_limits(config);
    enum result result = server->takeover ? RESULT_OK : passed_take(&server->passed, config);
    if (result == RESULT_OK)
        result = make_folder(config->data);
    if (result == RESULT_OK)
        result = token_key_load(config->data, &server->key);
    if (result == RESULT_OK)
        result = chat_new(&config->chat, &server->key, &server->chat);
    if (result == RESULT_OK)
        result = secure_open(&server->secure, config);
    if (result != RESULT_OK)
        return result;
    server->admission = admission_new(config->net.connections_max, config->net.connections_per_address_max);
    if (!server->admission)
        return RESULT_NO_MEMORY;
    admission_limit_upgrades(server->admission, config->upgrade_rate.per_second, config->upgrade_rate.burst);
    return RESULT_OK;
}

static enum result open_store(struct server *server)
{
    struct store_options options = server->config->store;
    struct store_events events;

    options.opening = tell_busy;
    options.opening_context = &server->service;
    if (server->takeover)
        options.taken = takeover_store(server->takeover);
    chat_store_events(server->chat, &events);
    enum result result = store_open(&options, &events, &server->store);
    if (result == RESULT_OK)
        server->site = (struct http_site){.is_store_healthy = is_store_healthy, .context = server->store};
    return result;
}

static enum result build(struct server *server)
{
    enum result result = prepare(server);

    if (result == RESULT_OK && server->takeover) {
        takeover_receive(server->takeover);
        takeover_unpack_secure(server->takeover, server);
    }
    if (result == RESULT_OK)
        result = open_store(server);
    if (result == RESULT_OK)
        result = make_diagnosis(server);
    if (result == RESULT_OK)
        result = make_shards(server);
    if (result == RESULT_OK)
        result = chat_bind(server->chat, server->store, server->shards, server->shard_count);
    if (result != RESULT_OK)
        return result;
    server->metrics.chat = server->chat;
    server->metrics.store = server->store;
    server->metrics.shards = server->shards;
    server->metrics.shard_count = server->shard_count;
    server->metrics.diagnosis = server->diagnosis;
    server->metrics.notices = server->notices;
    server->metrics.is_ready = is_ready;
    server->metrics.started_ms = os_clock_monotonic_ms();
    server->metrics.context = &server->site;
    server->metrics.handovers = &server->handovers;
    make_ops(server);
    if (server->takeover)
        takeover_unpack(server->takeover, server);
    return RESULT_OK;
}

static enum result start(struct server *server)
{
    if (server->takeover)
        takeover_done(server->takeover, server);
    enum result result = store_start(server->store);

    for (size_t i = 0; i < server->shard_count && result == RESULT_OK; i++)
        result = shard_start(server->shards[i]);
    if (result == RESULT_OK && server->ops)
        result = shard_start(server->ops);
    if (server->takeover)
        takeover_served(server->takeover, server);
    server->takeover = NULL;
    return result;
}

static void stop_shard(struct shard *shard)
{
    shard_post_stop(shard);
    shard_join(shard);
}

/* The operator's thread asks all others, so it goes first. The store's thread posts to shards, so they outlive it;
 * their connections have ended before, so that it has heard of every departure. */
static void stop(struct server *server)
{
    if (server->ops)
        stop_shard(server->ops);
    store_stop(server->store);
    for (size_t i = 0; i < server->shard_count; i++)
        stop_shard(server->shards[i]);
}

static void take_apart(struct server *server)
{
    chat_free(server->chat);
    store_free(server->store);
    for (size_t i = 0; i < server->shard_count; i++)
        shard_free(server->shards[i]);
    shard_free(server->ops);
    diagnosis_free(server->diagnosis);
    notices_free(server->notices);
    listening_done(&server->listening);
    operating_done(&server->operating);
    secure_done(&server->secure);
    admission_free(server->admission);
    admission_free(server->ops_admission);
}

static enum diag_form log_form(const struct config *config)
{
    switch ((enum log_form)config->ops.log_form) {
    case LOG_HUMAN: return DIAG_HUMAN;
    case LOG_JSON: return DIAG_JSON;
    case LOG_JOURNAL: return DIAG_JOURNAL;
    case LOG_AUTO: break;
    }
    return os_is_terminal(ERROR) ? DIAG_HUMAN : os_is_journal(ERROR) ? DIAG_JOURNAL : DIAG_JSON;
}

static void prepare_process(const struct config *config)
{
    uint8_t secret[16];

    os_memory_tune();
    diag_setup(log_form(config), config->ops.log_level);
    diag_set_priorities(os_is_journal(ERROR));
    diag_set_clock(os_clock_wall_ms);
    os_random_init();
    json_init();
    os_random_bytes(secret, sizeof secret);
    table_seed(secret);
    os_signals_init();
}

/* What a busy time needed goes back to the system once it is over: when nothing was asked for a while. */
static void rest(const struct server *server, uint64_t *letters_seen, uint64_t *letters_at_trim)
{
    uint64_t letters = counter_get(&store_counters(server->store)->letters);
    bool is_quiet = letters == *letters_seen;

    *letters_seen = letters;
    if (!is_quiet || letters == *letters_at_trim)
        return;
    *letters_at_trim = letters;
    os_memory_trim();
}

static const char *status_text(const struct server *server, const char *doing)
{
    uint64_t live = 0;

    for (size_t i = 0; i < server->shard_count; i++)
        live += shard_live_count(server->shards[i]);
    return diag_format("%s: %llu connections", doing, (unsigned long long)live);
}

/* The manager restarts a server that does not say so for long. */
void server_tell_alive(struct server *server)
{
    uint64_t patience_ms = service_patience_ms(&server->service);
    char name[LOOP_NAME_BYTES];

    if (server->service.watchdog_ms == 0)
        return;
    if (pulse_look(&server->pulse, &server->metrics, os_clock_monotonic_ns(), patience_ms * NS_PER_MS, name))
        service_alive(&server->service);
}

static void tell_draining(void *context)
{
    struct server *server = context;

    service_busy(&server->service);
    server_tell_alive(server);
}

static void reload(struct server *server)
{
    service_reloading(&server->service);
    secure_reload(&server->secure, server->shards, server->shard_count);
    service_ready(&server->service, status_text(server, "Serving"));
}

/* The main thread has nothing to do for so long. */
static int idle_ms(struct server *server)
{
    const uint64_t due_ms[] = {secure_turn(&server->secure, server->shards, server->shard_count),
                               service_alive_interval_ms(&server->service), server->config->ops.notices.look_ms};
    uint64_t idle_ms = REST_MS;

    for (size_t i = 0; i < sizeof due_ms / sizeof *due_ms; i++) {
        if (due_ms[i] < idle_ms)
            idle_ms = due_ms[i];
    }
    return (int)idle_ms;
}

/* True: another process serves in this one's place. */
static bool wait_for_end(struct server *server)
{
    uint64_t letters_seen = 0, letters_at_trim = 0, rest_ms = 0;

    for (;;) {
        server_tell_alive(server);
        int signal = os_signal_wait(idle_ms(server));
        if (signal == SIGTERM || signal == SIGINT)
            return false;
        if (signal == SIGHUP)
            reload(server);
        if (signal == SIGUSR2) {
            enum handover outcome = handover_run(server);
            if (outcome == HANDOVER_STRANDED)
                os_program_leave(1);
            if (outcome != HANDOVER_FAILED)
                return outcome == HANDOVER_DONE;
            service_ready(&server->service, status_text(server, "Serving"));
        }
        watchdog_look(&server->watchdog, &server->metrics, os_clock_monotonic_ns());
        notices_turn(server->notices, &server->metrics);
        service_status(&server->service, status_text(server, "Serving"));
        uint64_t now_ms = os_clock_monotonic_ms();
        if (signal == 0 && now_ms >= rest_ms) {
            rest(server, &letters_seen, &letters_at_trim);
            rest_ms = now_ms + REST_MS / 2; /* the other looks may be more often, and a moment is no rest */
        }
    }
}

/* After a hand-over the store has no thread any more; shards alone bid farewell to what stayed here. */
static bool start_shards_again(struct server *server)
{
    for (size_t i = 0; i < server->shard_count; i++) {
        if (shard_start(server->shards[i]) != RESULT_OK)
            return false;
    }
    return true;
}

static void run(struct server *server)
{
    const struct config *config = server->config;

    diag(DIAG_INFO, "server.ready", "shards", diag_number((int64_t)server->shard_count), "durability",
         config->store.durability == STORE_DURABLE_POWER ? "power" : "process", NULL);
    service_ready(&server->service, status_text(server, "Serving"));
    bool is_handed_over = wait_for_end(server);
    if (is_handed_over && !start_shards_again(server))
        return;          /* what stayed here is cut off */
    if (!is_handed_over) /* else it is the other process's word that counts */
        service_stopping(&server->service);
    drain_run(&(struct drain){
        .chat = server->chat,
        .site = &server->site,
        .shards = server->shards,
        .shard_count = server->shard_count,
        .waiting = tell_draining,
        .context = server,
        .drain_ms = config->drain_ms,
        .returns_per_second = config->returns_per_second,
        .reason = is_handed_over ? END_RESTART : END_SHUTDOWN,
    });
    service_busy(&server->service);
}

int server_run(const struct config *config)
{
    struct server *server = calloc(1, sizeof *server);
    int status = 1;

    prepare_process(config);
    if (!server) {
        diag(DIAG_ERROR, "server.no_memory", NULL);
        return 1;
    }
    server->config = config;
    server->takeover = takeover_begin(config);
    service_init(&server->service);
    diag(DIAG_INFO, "server.starting", "version", NATTER_VERSION, "data", config->data, "config",
         config->file ? config->file : "none", NULL);
    enum result result = build(server);
    bool is_built = result == RESULT_OK;
    if (server->takeover && !is_built)
        takeover_refuse(server->takeover, diag_format("it could not be built (%s): see its log", result_text(result)));
    if (is_built)
        result = start(server);
    if (result == RESULT_OK) {
        run(server);
        stop(server);
        status = 0;
    } else if (is_built) {
        diag(DIAG_ERROR, "server.cannot_start", "reason", result_text(result), "advice",
             "a thread could not be made; free some memory, or raise the limit of processes", NULL);
        stop(server); /* whatever of it had started */
    } else if (result == RESULT_NO_MEMORY) {
        diag(DIAG_ERROR, "server.no_memory", "advice", "free some memory, or lower the limits in the configuration",
             NULL);
    }
    take_apart(server);
    free(server);
    diag(DIAG_INFO, "server.ended", "status", diag_number(status), NULL);
    return status;
}
