/* SPDX-License-Identifier: Apache-2.0 */
/* Puts the load of the scenario "log" on what people would otherwise keep a room's messages in, to compare natter with:
 * so many publishers with so many messages in flight each, an answer counting only when the message is on disk.
 *
 *     log_load redis    127.0.0.1:PORT     XADD to one stream; readers follow it with XREAD BLOCK and check that each
 *                                          message comes once and in order
 *     log_load postgres CONNINFO           one INSERT a transaction, pipelined; with --batch N so many to a transaction
 *
 * One thread. Prints one JSON object in the form that `natter bench --json` has, as far as it goes. */
#include "log_load.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

enum { EVENTS_MAX = 128, DRAIN_SECONDS = 10 };

static int compare_ns(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a;
    uint64_t right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

uint64_t load_now_ns(void)
{
    struct timespec time;
    (void)clock_gettime(CLOCK_MONOTONIC, &time);
    return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

void load_die(const char *what, const char *why)
{
    (void)fprintf(stderr, "log_load: %s: %s\n", what, why);
    exit(1);
}

size_t load_text(const struct load *load, uint64_t publisher, uint64_t number, char *out)
{
    int size =
        snprintf(out, TEXT_BYTES_MAX, "@%06llu-%010llu ", (unsigned long long)publisher, (unsigned long long)number);
    for (size_t at = (size_t)size; at < load->text_size; at++)
        out[at] = "the room is quiet today, who has seen my keys? "[at % 47];
    return load->text_size;
}

void load_sent(struct load *load, struct publisher *publisher)
{
    publisher->sent_ns[publisher->sent % SENT_RING] = load->now_ns;
    publisher->sent++;
    load->sent++;
}

void load_acked(struct load *load, struct publisher *publisher)
{
    uint64_t at_ns = publisher->sent_ns[publisher->acked % SENT_RING];
    publisher->acked++;
    load->acked++;
    if (load->now_ns < load->from_ns || load->now_ns >= load->to_ns)
        return;
    load->acked_measured++;
    if (at_ns < load->from_ns)
        return;
    if (load->delay_count == load->delay_capacity) {
        load->delay_capacity = load->delay_capacity == 0 ? 1 << 16 : load->delay_capacity * 2;
        load->delays_ns = realloc(load->delays_ns, load->delay_capacity * sizeof(uint64_t));
        if (load->delays_ns == NULL)
            load_die("memory", "it is out");
    }
    load->delays_ns[load->delay_count++] = load->now_ns - at_ns;
}

bool load_may_send(const struct load *load, const struct publisher *publisher)
{
    return load->now_ns < load->to_ns && publisher->sent - publisher->acked < load->window;
}

static double delay_ms(const struct load *load, double quantile)
{
    if (load->delay_count == 0)
        return 0;
    return (double)load->delays_ns[(size_t)(quantile * (double)(load->delay_count - 1))] / 1e6;
}

static void print_report(struct load *load)
{
    struct timespec cpu;
    qsort(load->delays_ns, load->delay_count, sizeof(uint64_t), compare_ns);
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu);
    double seconds = (double)(load->to_ns - load->from_ns) / 1e9;
    double whole = (double)(load->to_ns - load->start_ns) / 1e9;
    double core = 100 * ((double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9) / whole;
    bool is_clean = load->sent == load->acked && load->faults == 0;
    (void)printf("{\"acks_per_second\":%.1f,\"acked\":%llu,\"sent\":%llu,\"is_clean\":%s,\"is_saturated\":%s,"
                 "\"ack_p50_ms\":%.4f,\"ack_p99_ms\":%.4f,\"generator_core_percent\":%.1f,\"failure\":\"\","
                 "\"end_text\":\"\",\"unanswered\":%llu,\"ledger\":{\"received\":%llu,\"faults\":%llu}}\n",
                 (double)load->acked_measured / seconds, (unsigned long long)load->acked,
                 (unsigned long long)load->sent, is_clean ? "true" : "false", core > 85 ? "true" : "false",
                 delay_ms(load, 0.5), delay_ms(load, 0.99), core, (unsigned long long)(load->sent - load->acked),
                 (unsigned long long)load->received, (unsigned long long)load->faults);
}

static bool is_finished(const struct load *load)
{
    bool has_landed = load->sent == load->acked && load->received == load->acked * load->readers;
    return load->now_ns >= load->to_ns
           && (has_landed || load->now_ns >= load->to_ns + (uint64_t)DRAIN_SECONDS * 1000000000U);
}

static void run(struct load *load, const struct load_kind *kind)
{
    struct epoll_event events[EVENTS_MAX];
    kind->start(load);
    while (!is_finished(load)) {
        int count = epoll_wait(load->poller, events, EVENTS_MAX, 100);
        load->now_ns = load_now_ns();
        for (int index = 0; index < count; index++)
            kind->event(load, events[index].data.ptr, events[index].events);
    }
    /* What readers have not got by now they never will. */
    load->faults += load->acked * load->readers - load->received;
}

static uint64_t number_of(const char *text, uint64_t most)
{
    char *end;
    unsigned long long number = strtoull(text, &end, 10);
    if (*text == '\0' || *end != '\0' || number > most)
        load_die(text, "is no number, or too large");
    return number;
}

static void read_arguments(int count, char **arguments, struct load *load, double *out_warmup, double *out_duration)
{
    static const struct option options[] = {
        {"publishers", required_argument, NULL, 'p'}, {"window", required_argument, NULL, 'w'},
        {"size", required_argument, NULL, 's'},       {"readers", required_argument, NULL, 'r'},
        {"batch", required_argument, NULL, 'b'},      {"warmup", required_argument, NULL, 'u'},
        {"duration", required_argument, NULL, 'd'},   {NULL, 0, NULL, 0}};
    int option;
    while ((option = getopt_long(count, arguments, "", options, NULL)) != -1) {
        switch (option) {
        case 'p': load->publishers = number_of(optarg, PUBLISHERS_MAX); break;
        case 'w': load->window = number_of(optarg, SENT_RING); break;
        case 's': load->text_size = number_of(optarg, TEXT_BYTES_MAX); break;
        case 'r': load->readers = number_of(optarg, READERS_MAX); break;
        case 'b': load->batch = number_of(optarg, SENT_RING); break;
        case 'u': *out_warmup = strtod(optarg, NULL); break;
        case 'd': *out_duration = strtod(optarg, NULL); break;
        default: exit(2);
        }
    }
    if (optind + 2 != count || load->text_size < 24 || load->batch < 1 || load->window < load->batch)
        load_die("usage",
                 "log_load [--publishers N] [--window N] [--size N>=24] [--readers N] [--batch N] [--warmup S] "
                 "[--duration S] redis|postgres ADDRESS");
}

int main(int count, char **arguments)
{
    struct load load = {.publishers = 64, .window = 8, .text_size = 128, .batch = 1};
    double warmup = 1;
    double duration = 4;
    read_arguments(count, arguments, &load, &warmup, &duration);
    load.address = arguments[optind + 1];
    load.poller = epoll_create1(EPOLL_CLOEXEC);
    if (load.poller < 0)
        load_die("epoll", "there is none");
    bool is_redis = strcmp(arguments[optind], "redis") == 0;
    const struct load_kind *kind = is_redis ? &load_redis : load_postgres;
    if (kind == NULL || (!is_redis && strcmp(arguments[optind], "postgres") != 0))
        load_die(arguments[optind], "no such kind, or it was built with no libpq");
    kind->connect(&load);
    load.start_ns = load.now_ns = load_now_ns();
    load.from_ns = load.start_ns + (uint64_t)(warmup * 1e9);
    load.to_ns = load.from_ns + (uint64_t)(duration * 1e9);
    run(&load, kind);
    print_report(&load);
    free(load.delays_ns);
    return 0;
}
