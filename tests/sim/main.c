/* SPDX-License-Identifier: Apache-2.0 */
/* natter_sim: runs seeds, in a few processes at once, and says which broke a promise. */
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run.h"
#include "world.h"

enum { JOBS_MAX = 16, FAILURES_MAX = 64, SEED_SECONDS_MAX = 15, TWICE_ONE_IN = 64, KEPT_MAX = 1000 };

static const char usage[] =
    "usage: natter_sim [--seed N [--trace]] | [--seeds N | --seconds N] [--first N] [--jobs N] [--kept FILE]\n"
    "  --seed N      this one\n"
    "  --trace       tells its story\n"
    "  --twice       and again: both must be the same, step by step\n"
    "  --seeds N     so many, from --first on (drawn, and printed)\n"
    "  --seconds N   as many as there is time for, or until it is over\n"
    "  --kept FILE   first those in the file, one in a line, with a comment behind it\n"
    "  --jobs N      processes at once (1)\n"
    "  --go-on N     after a failure, until there are so many (1)\n";

struct options {
    uint64_t first, seeds, seconds, jobs, go_on;
    bool has_seed, is_tracing, is_twice, has_first;
    const char *kept;
};

/* What the processes share. */
struct shared {
    _Atomic uint64_t next; /* index of the next seed */
    _Atomic uint64_t done, steps, virtual_ms, events, acks, frames, gaps;
    _Atomic uint64_t hits[FAULT_COUNT];
    _Atomic uint64_t now[JOBS_MAX];
};

static struct options options = {.jobs = 1, .go_on = 1};
static struct shared *shared;
static uint64_t kept[KEPT_MAX];
static uint64_t kept_count;
static struct timespec begun;

static uint64_t passed_s(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)(now.tv_sec - begun.tv_sec);
}

static bool is_over(uint64_t index)
{
    if (index < kept_count)
        return false;
    bool is_late = options.seconds > 0 && passed_s() >= options.seconds;
    return is_late || (options.seeds > 0 && index - kept_count >= options.seeds);
}

static uint64_t seed_of(uint64_t index)
{
    return index < kept_count ? kept[index] : options.first + index - kept_count;
}

static void add_up(void)
{
    shared->done++;
    shared->steps += world.steps;
    shared->virtual_ms += (world.now_ns - world.began_ns) / 1000000;
    shared->events += world.events_seen;
    shared->acks += world.acks_seen;
    shared->frames += world.frames_seen;
    shared->gaps += world.gaps_seen;
    for (enum fault which = 0; which < FAULT_COUNT; which++)
        shared->hits[which] += world.fault_hits[which];
}

static void work(uint64_t job)
{
    for (uint64_t index; !is_over(index = shared->next++);) {
        uint64_t seed = seed_of(index);
        shared->now[job] = seed;
        (void)alarm(SEED_SECONDS_MAX);
        (void)run_seed(seed, false);
        add_up();
        if (index % TWICE_ONE_IN == 0)
            run_seed_again(seed, false);
    }
}

static pid_t start_worker(uint64_t job)
{
    fflush(stdout);
    pid_t pid = fork();

    if (pid == 0) {
        work(job);
        fflush(stdout);
        exit(0); /* so that leaks are looked for */
    }
    return pid;
}

static void print_progress(uint64_t failures)
{
    printf("%5llu s  %llu seeds, %llu failed; %llu h virtual, %llu steps, %llu frames, %llu events, %llu acks\n",
           (unsigned long long)passed_s(), (unsigned long long)shared->done, (unsigned long long)failures,
           (unsigned long long)(shared->virtual_ms / 3600000), (unsigned long long)shared->steps,
           (unsigned long long)shared->frames, (unsigned long long)shared->events, (unsigned long long)shared->acks);
    fflush(stdout);
}

static void print_faults(void)
{
    printf("gaps told: %llu\nfaults:", (unsigned long long)shared->gaps);
    for (enum fault which = 0; which < FAULT_COUNT; which++)
        printf(" %s %llu", fault_label(which), (unsigned long long)shared->hits[which]);
    printf("\n");
}

/* Returns how many seeds failed. */
static uint64_t supervise(void)
{
    pid_t pids[JOBS_MAX];
    uint64_t running = options.jobs, failures = 0, told_s = 0;

    for (uint64_t job = 0; job < options.jobs; job++)
        pids[job] = start_worker(job);
    while (running > 0) {
        int status = 0;
        pid_t pid = waitpid(-1, &status, WNOHANG);
        if (pid == 0) {
            (void)nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
            if (passed_s() >= told_s + 5) {
                told_s = passed_s();
                print_progress(failures);
            }
            continue;
        }
        uint64_t job = 0;
        while (job < options.jobs && pids[job] != pid)
            job++;
        running--;
        if (job == options.jobs || (WIFEXITED(status) && WEXITSTATUS(status) == 0))
            continue;
        failures++;
        printf("FAILED seed %llu (%s %d); again: natter_sim --seed %llu --trace\n",
               (unsigned long long)shared->now[job], WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (unsigned long long)shared->now[job]);
        if (failures >= options.go_on)
            break;
        pids[job] = start_worker(job);
        running++;
    }
    for (uint64_t job = 0; running > 0 && job < options.jobs; job++)
        (void)kill(pids[job], SIGKILL);
    print_progress(failures);
    return failures;
}

static void read_kept(const char *path)
{
    FILE *file = fopen(path, "re");
    char line[400];

    if (!file) {
        fprintf(stderr, "natter_sim: %s cannot be read\n", path);
        exit(2);
    }
    while (fgets(line, sizeof line, file) && kept_count < KEPT_MAX) {
        char *end;
        uint64_t seed = strtoull(line, &end, 10);
        if (end != line)
            kept[kept_count++] = seed;
    }
    (void)fclose(file);
}

static uint64_t number(const char *text)
{
    char *end;
    uint64_t value = text ? strtoull(text, &end, 10) : 0;

    if (!text || *end || end == text) {
        fputs(usage, stderr);
        exit(2);
    }
    return value;
}

static void read_options(int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        const char *word = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        if (strcmp(word, "--trace") == 0 || strcmp(word, "--twice") == 0) {
            *(word[3] == 'r' ? &options.is_tracing : &options.is_twice) = true;
            continue;
        }
        if (strcmp(word, "--kept") == 0 && value)
            options.kept = value;
        else if (strcmp(word, "--seed") == 0)
            options.first = number(value), options.has_seed = true;
        else if (strcmp(word, "--first") == 0)
            options.first = number(value), options.has_first = true;
        else if (strcmp(word, "--seeds") == 0)
            options.seeds = number(value);
        else if (strcmp(word, "--seconds") == 0)
            options.seconds = number(value);
        else if (strcmp(word, "--jobs") == 0)
            options.jobs = number(value);
        else if (strcmp(word, "--go-on") == 0)
            options.go_on = number(value);
        else
            (void)number(NULL);
        i++;
    }
    if (options.seeds == 0 && options.seconds == 0)
        options.seeds = 1000;
    if (options.jobs < 1 || options.jobs > JOBS_MAX)
        options.jobs = 1;
}

int main(int count, char **arguments)
{
    read_options(count, arguments);
    clock_gettime(CLOCK_MONOTONIC, &begun);
    run_init();
    if (options.has_seed) {
        uint64_t hash = run_seed(options.first, options.is_tracing);
        if (options.is_twice)
            run_seed_again(options.first, options.is_tracing);
        printf("seed %llu: all promises kept, %llu steps, %llu events, hash %016llx\n",
               (unsigned long long)options.first, (unsigned long long)world.steps,
               (unsigned long long)world.events_seen, (unsigned long long)hash);
        return 0;
    }
    if (!options.has_first && getrandom(&options.first, 5, 0) != 5)
        return 2;
    if (options.kept)
        read_kept(options.kept);
    shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (shared == MAP_FAILED)
        return 2;
    printf("seeds from %llu on, and %llu kept ones\n", (unsigned long long)options.first,
           (unsigned long long)kept_count);
    uint64_t failures = supervise();
    print_faults();
    printf("%llu seeds passed, %llu failed\n", (unsigned long long)shared->done, (unsigned long long)failures);
    return failures > 0 || shared->done == 0 ? 1 : 0;
}
