/* SPDX-License-Identifier: Apache-2.0 */
#include "load/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "load/progress.h"
#include "load/worker.h"
#include "os/clock.h"
#include "os/file.h"
#include "os/random.h"

enum {
    OUT = 1,
    ERROR = 2,
    STEP_MS = 5, /* how often the run looks at its workers */
    LAND_MS_MAX = 120000,
    DESCRIPTORS_SPARE = 64, /* for pollers, terminals, files */
    NS_PER_MS = 1000 * 1000,
    NS_PER_SECOND = 1000 * NS_PER_MS,
    REPORT_BYTES_MAX = 65536,
};

struct load {
    struct load_shared shared;
    struct load_report *report;
    struct worker *workers;
    uint64_t worker_count;
    uint64_t *worker_cpu_ns; /* at the measured time's beginning */
    struct worker_sums from;
    uint8_t *filler;
    uint64_t begun_ns;
    struct progress progress;
};

enum load_wait { WAIT_DONE, WAIT_IMPATIENT, WAIT_FAILED, WAIT_INTERRUPTED };

/* Words rather than one letter, so that compression has something of its usual work to do. */
static uint8_t *make_filler(uint32_t seed, size_t size)
{
    static const char *const words[] = {"the ",   "room ",   "is ",  "quiet ", "today ",  "who ",  "has ",   "seen ",
                                        "my ",    "keys ",   "on ",  "a ",     "table, ", "and ",  "when ",  "will ",
                                        "lunch ", "begin? ", "I ",   "think ", "that ",   "noon ", "would ", "suit ",
                                        "most ",  "of ",     "us. ", "Let ",   "me ",     "know ", "soon! ", "please "};
    uint8_t *filler = malloc(size + 1);
    uint64_t state = seed;
    size_t done = 0;
    while (filler != NULL && done < size) {
        state = state * 6364136223846793005U + 1442695040888963407U;
        const char *word = words[state >> 59];
        for (; *word != '\0' && done < size; word++)
            filler[done++] = (uint8_t)*word;
    }
    return filler;
}

static void fail(struct load *load, const char *text)
{
    (void)snprintf(load->report->failure, sizeof(load->report->failure), "%s", text);
}

static bool sample_server(struct load *load, struct process_sample *out)
{
    if (load->shared.options->server_pid == 0 || !process_sample(load->shared.options->server_pid, out))
        return false;
    struct load_report *report = load->report;
    if (out->resident_bytes > report->server_resident_max)
        report->server_resident_max = out->resident_bytes;
    if (out->kernel_bytes > report->server_kernel_max)
        report->server_kernel_max = out->kernel_bytes;
    return true;
}

static void show_progress(struct load *load, uint64_t now_ns, const struct worker_sums *sums)
{
    struct process_sample server;
    if (progress_is_due(&load->progress, now_ns))
        progress_show(&load->progress, now_ns, sums, sample_server(load, &server) ? &server : NULL);
}

static const struct worker *find_failed(const struct load *load)
{
    for (uint64_t index = 0; index < load->worker_count; index++)
        if (worker_status(&load->workers[index]) == WORKER_FAILED)
            return &load->workers[index];
    return NULL;
}

static bool have_all(const struct load *load, enum worker_status wanted)
{
    for (uint64_t index = 0; index < load->worker_count; index++)
        if (worker_status(&load->workers[index]) != wanted)
            return false;
    return true;
}

/* Waits until all workers have the wanted status, until the time `until_ns`, or until nothing has moved for as long as
 * the patience lasts. */
static enum load_wait wait_for(struct load *load, const enum worker_status *wanted, uint64_t until_ns,
                               uint64_t patience_ms)
{
    uint64_t moved_ns = os_clock_monotonic_ns();
    uint64_t movement = 0;
    for (;;) {
        uint64_t now_ns = os_clock_monotonic_ns();
        if (find_failed(load) != NULL)
            return WAIT_FAILED;
        if ((wanted != NULL && have_all(load, *wanted)) || now_ns >= until_ns)
            return WAIT_DONE;
        struct worker_sums sums = worker_sum(load->workers, load->worker_count);
        uint64_t sum = sums.ready + sums.delivered + sums.reads + sums.acked + sums.returned;
        if (sum != movement)
            moved_ns = now_ns;
        movement = sum;
        if (now_ns - moved_ns > patience_ms * NS_PER_MS)
            return WAIT_IMPATIENT;
        show_progress(load, now_ns, &sums);
        uint64_t left_ms = (until_ns - now_ns) / NS_PER_MS;
        if (os_signal_wait(left_ms < STEP_MS ? (int)left_ms + 1 : STEP_MS) != 0)
            return WAIT_INTERRUPTED;
    }
}

static void set_phase(struct load *load, enum load_phase phase)
{
    atomic_store_explicit(&load->shared.phase, phase, memory_order_release);
    for (uint64_t index = 0; index < load->worker_count; index++)
        os_wakeup_signal(&load->workers[index].wakeup);
}

static enum load_wait open_all(struct load *load)
{
    const enum worker_status wanted = WORKER_READY;
    struct load_report *report = load->report;
    report->has_server = sample_server(load, &report->server_before);
    if (load->shared.options->server_pid != 0 && !report->has_server) {
        fail(load, "the process of --pid is not there, or is another user's: give the server's process id");
        return WAIT_FAILED;
    }
    enum load_wait wait = wait_for(load, &wanted, UINT64_MAX, load->shared.options->patience_ms);
    report->connected = worker_sum(load->workers, load->worker_count).ready;
    for (uint64_t index = 0; index < load->worker_count && wait == WAIT_DONE; index++)
        if (load->workers[index].ready_ns > load->begun_ns + report->connect_ns)
            report->connect_ns = load->workers[index].ready_ns - load->begun_ns;
    if (wait == WAIT_IMPATIENT) {
        (void)snprintf(report->failure, sizeof(report->failure),
                       "%llu of %llu connections were ready when nothing had moved for %.3g s: the server has stopped "
                       "answering, or something in between holds the rest back",
                       (unsigned long long)report->connected,
                       (unsigned long long)load_options_connections(load->shared.options),
                       (double)load->shared.options->patience_ms / 1000);
        return WAIT_FAILED;
    }
    (void)sample_server(load, &report->server_ready);
    return wait;
}

static void begin_measuring(struct load *load)
{
    for (uint64_t index = 0; index < load->worker_count; index++)
        load->worker_cpu_ns[index] = counter_get(&load->workers[index].cpu_ns);
    (void)sample_server(load, &load->report->server_from);
    load->from = worker_sum(load->workers, load->worker_count);
    atomic_store(&load->shared.measured_from_ns, os_clock_monotonic_ns());
}

static void end_measuring(struct load *load)
{
    struct load_report *report = load->report;
    uint64_t now_ns = os_clock_monotonic_ns();
    struct worker_sums to = worker_sum(load->workers, load->worker_count);
    (void)sample_server(load, &report->server_to);
    atomic_store(&load->shared.measured_to_ns, now_ns);
    report->is_measured = true;
    report->window_ns = now_ns - atomic_load(&load->shared.measured_from_ns);
    report->delivered = to.delivered - load->from.delivered;
    report->delivered_bytes = to.delivered_bytes - load->from.delivered_bytes;
    report->reads = to.reads - load->from.reads;
    report->sent = to.sent - load->from.sent;
    report->acked = to.acked - load->from.acked;
    for (uint64_t index = 0; index < load->worker_count; index++) {
        uint64_t cpu_ns = counter_get(&load->workers[index].cpu_ns) - load->worker_cpu_ns[index];
        report->generator_cpu_ns += cpu_ns;
        if (cpu_ns > report->generator_busiest_ns)
            report->generator_busiest_ns = cpu_ns;
    }
}

/* Calls a storm and waits until everybody is back. */
static enum load_wait storm(struct load *load)
{
    const enum worker_status wanted = WORKER_READY;
    struct load_report *report = load->report;
    uint64_t begun_ns = os_clock_monotonic_ns();
    for (uint64_t index = 0; index < load->worker_count; index++) {
        enum worker_status status = WORKER_READY; /* one that has failed stays so */
        (void)atomic_compare_exchange_strong(&load->workers[index].status, &status, WORKER_OPENING);
    }
    (void)atomic_fetch_add(&load->shared.storms, 1);
    set_phase(load, LOAD_RUN);
    enum load_wait wait = wait_for(load, &wanted, UINT64_MAX, load->shared.options->patience_ms);
    uint64_t took_ns = os_clock_monotonic_ns() - begun_ns;
    if (took_ns > report->storm_ns_max)
        report->storm_ns_max = took_ns;
    if (wait != WAIT_IMPATIENT)
        return wait;
    fail(load, "not everybody came back after a storm: the server has stopped answering, or refuses the rest");
    return WAIT_FAILED;
}

/* The measured time, with the storms spread evenly in it. Each ends before the time goes on. */
static enum load_wait weather(struct load *load, uint64_t from_ns)
{
    const struct load_options *options = load->shared.options;
    uint64_t part_ns = options->duration_ms * NS_PER_MS / (options->storms + 1);
    enum load_wait wait = wait_for(load, NULL, from_ns + part_ns, UINT32_MAX);
    for (uint64_t count = 0; count < options->storms && wait == WAIT_DONE; count++) {
        wait = storm(load);
        if (wait == WAIT_DONE)
            wait = wait_for(load, NULL, os_clock_monotonic_ns() + part_ns, UINT32_MAX);
    }
    return wait;
}

static enum load_wait publish(struct load *load)
{
    const struct load_options *options = load->shared.options;
    uint64_t start_ns = os_clock_monotonic_ns();
    load->shared.start_ns = start_ns;
    set_phase(load, LOAD_RUN);
    enum load_wait wait = wait_for(load, NULL, start_ns + options->warmup_ms * NS_PER_MS, UINT32_MAX);
    if (wait != WAIT_DONE)
        return wait;
    begin_measuring(load);
    uint64_t from_ns = atomic_load(&load->shared.measured_from_ns);
    wait = weather(load, from_ns);
    end_measuring(load);
    return wait;
}

/* Lets everything arrive that is on its way. Impatience is no failure here: what did not come is in the ledger. */
static enum load_wait land(struct load *load)
{
    enum worker_status wanted = WORKER_QUIET;
    uint64_t until_ns = os_clock_monotonic_ns() + (uint64_t)LAND_MS_MAX * NS_PER_MS;
    set_phase(load, LOAD_DRAIN);
    enum load_wait wait = wait_for(load, &wanted, until_ns, load->shared.options->patience_ms);
    if (wait == WAIT_FAILED || wait == WAIT_INTERRUPTED)
        return wait;
    /* Nothing is in flight any more: what the kernel still holds is for those who do not read. */
    (void)sample_server(load, &load->report->server_quiet);
    for (uint64_t index = 0; index < load->worker_count; index++)
        for (uint64_t target = 0; target < load->shared.target_count; target++) {
            uint64_t reached = counter_get(&load->workers[index].reached[target]);
            if (reached > load->shared.targets[target])
                load->shared.targets[target] = reached;
        }
    wanted = WORKER_CAUGHT_UP;
    set_phase(load, LOAD_CATCH_UP);
    return wait_for(load, &wanted, until_ns, load->shared.options->patience_ms);
}

static void gather(struct load *load)
{
    struct load_report *report = load->report;
    check(load->workers || load->worker_count == 0);
    for (uint64_t index = 0; index < load->worker_count; index++) {
        const struct worker *worker = &load->workers[index];
        ledger_merge(&report->ledger, &worker->ledger);
        histogram_merge(&report->delays, &worker->delays);
        histogram_merge(&report->ack_delays, &worker->ack_delays);
        histogram_merge(&report->returns, &worker->returns);
        report->returned += counter_get(&worker->returned);
        report->replayed += worker->replayed;
        report->truncated += worker->truncated;
        report->ended += counter_get(&worker->ended);
        report->repeats += worker->repeats;
        report->unanswered += worker->unanswered;
        report->stalled += worker->stalled;
        report->stalled_ended += worker->stalled_ended;
        report->stalled_bytes += worker->stalled_bytes;
        report->compressed += worker->compressed;
        if (report->end_text[0] == '\0')
            (void)snprintf(report->end_text, sizeof(report->end_text), "%s", worker->end_text);
    }
}

static void run(struct load *load)
{
    enum load_wait wait = open_all(load);
    if (wait == WAIT_DONE)
        wait = publish(load);
    if (wait == WAIT_DONE)
        wait = land(load);
    if (wait == WAIT_INTERRUPTED)
        load->report->was_interrupted = true;
    progress_end(&load->progress);
    set_phase(load, LOAD_STOP);
    for (uint64_t index = 0; index < load->worker_count; index++)
        os_thread_join(&load->workers[index].thread);
    const struct worker *failed = find_failed(load);
    if (failed != NULL && load->report->failure[0] == '\0')
        fail(load, failed->failure);
    if (load->report->was_interrupted && !load->report->is_measured && load->report->failure[0] == '\0')
        fail(load, "stopped before anything was measured");
    gather(load);
}

static bool start_workers(struct load *load)
{
    const struct load_options *options = load->shared.options;
    load->workers = calloc(options->threads, sizeof(*load->workers));
    load->worker_cpu_ns = calloc(options->threads, sizeof(*load->worker_cpu_ns));
    load->shared.targets = calloc(load->shared.target_count + 1, sizeof(*load->shared.targets));
    if (load->workers == NULL || load->worker_cpu_ns == NULL || load->shared.targets == NULL || load->filler == NULL)
        return false;
    for (; load->worker_count < options->threads; load->worker_count++) {
        struct worker *worker = &load->workers[load->worker_count];
        if (worker_init(worker, &load->shared, load->worker_count) != RESULT_OK) {
            worker_done(worker);
            return false;
        }
        if (os_thread_start(&worker->thread, "load", worker_run, worker) != RESULT_OK) {
            worker_done(worker);
            return false;
        }
    }
    return true;
}

static bool has_descriptors(struct load *load)
{
    uint64_t needed = load_options_connections(load->shared.options) + DESCRIPTORS_SPARE;
    uint64_t limit = os_descriptor_limit_raise();
    if (limit >= needed)
        return true;
    (void)snprintf(load->report->failure, sizeof(load->report->failure),
                   "this process may open %llu descriptors and needs %llu: raise the hard limit (ulimit -Hn, as root), "
                   "or ask for fewer connections",
                   (unsigned long long)limit, (unsigned long long)needed);
    return false;
}

void load_measure(const struct load_options *options, struct load_report *out_report)
{
    memset(out_report, 0, sizeof(*out_report));
    out_report->options = options;
    out_report->run_id = options->seed > 0 ? (uint32_t)options->seed : (uint32_t)os_random_u64();
    struct load load = {
        .shared = {.options = options,
                   .run_id = out_report->run_id,
                   .target_count = options->is_raw ? options->publishers * options->rooms : options->rooms,
                   .measured_from_ns = UINT64_MAX,
                   .measured_to_ns = UINT64_MAX,
                   .phase = LOAD_OPEN},
        .report = out_report,
        .begun_ns = os_clock_monotonic_ns(),
        .filler = make_filler(out_report->run_id, options->text_size - MARKER_SIZE),
    };
    progress_begin(&load.progress, options, load.begun_ns);
    load.shared.filler = view_of(load.filler, options->text_size - MARKER_SIZE);
    load.shared.context = options->is_secure ? way_context_new(options->is_insecure) : NULL;
    if (options->is_secure && load.shared.context == NULL)
        fail(&load, "no memory is left for TLS");
    else if (has_descriptors(&load)) {
        if (start_workers(&load)) {
            run(&load);
        } else {
            fail(&load, "no memory, descriptor or thread is left: ask for fewer connections");
            set_phase(&load, LOAD_STOP);
        }
    }
    for (uint64_t index = 0; index < load.worker_count; index++) {
        os_thread_join(&load.workers[index].thread);
        worker_done(&load.workers[index]);
    }
    free(load.workers);
    free(load.worker_cpu_ns);
    SSL_CTX_free(load.shared.context);
    free(load.shared.targets);
    free(load.filler);
}

int load_run(const struct load_options *options)
{
    struct load_report *report = malloc(sizeof(*report));
    if (report == NULL)
        return EXIT_FAILURE;
    os_random_init();
    os_signals_init();
    load_measure(options, report);
    struct builder text;
    builder_init(&text, REPORT_BYTES_MAX);
    if (options->is_json)
        report_json(report, &text);
    else
        report_text(report, &text);
    os_print(OUT, builder_view(&text));
    builder_done(&text);
    int code = report_is_clean(report) ? EXIT_SUCCESS : EXIT_FAILURE;
    if (options->is_json && report->failure[0] != '\0') {
        os_print(ERROR, VIEW("natter bench: "));
        os_print(ERROR, view_of_string(report->failure));
        os_print(ERROR, VIEW("\n"));
    }
    free(report);
    return code;
}
