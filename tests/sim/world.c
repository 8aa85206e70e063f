/* SPDX-License-Identifier: Apache-2.0 */
#include "world.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "chance.h"

enum { STEPS_MAX = 3000000 };

struct world world;

static const char *const labels[FAULT_COUNT] = {
#define X(symbol, label, ppm_max) [FAULT_##symbol] = label,
    FAULTS(X)
#undef X
};

static const uint32_t ppm_most[FAULT_COUNT] = {
#define X(symbol, label, ppm_max) [FAULT_##symbol] = ppm_max,
    FAULTS(X)
#undef X
};

const char *fault_label(enum fault which)
{
    return labels[which];
}

/* The monotonic clock begins near a turn of its low 32 bits of milliseconds now and then, for code keeps only those. */
void world_init(uint64_t seed, bool is_tracing)
{
    chance_seed(seed);
    uint64_t begin_ms = chance_one_in(3) ? (UINT64_C(1) << 32) - chance_below(60000) : chance_between(1000, 1u << 30);

    world = (struct world){
        .seed = seed,
        .now_ns = begin_ms * 1000000,
        .began_ns = begin_ms * 1000000,
        .wall_offset_ms = INT64_C(1800000000000) - (int64_t)begin_ms,
        .steps_max = STEPS_MAX,
        .hash = UINT64_C(0xcbf29ce484222325),
        .is_tracing = is_tracing,
    };
}

bool fault(enum fault which)
{
    if (!world.has_faults || world.is_dead || !chance_ppm(world.fault_ppm[which]))
        return false;
    world.fault_hits[which]++;
    return true;
}

void faults_draw(void)
{
    uint64_t one_in = chance_between(1, 5); /* so some seeds have most faults, and some hardly any */

    for (enum fault which = 0; which < FAULT_COUNT; which++) {
        bool is_on = chance_one_in(one_in);
        uint32_t ppm = (uint32_t)chance_between(1, ppm_most[which]);
        world.fault_ppm[which] = is_on ? ppm >> chance_below(5) : 0;
    }
}

void world_mix(uint64_t number)
{
    world.hash = (world.hash ^ number) * UINT64_C(0x9e3779b97f4a7c15);
    world.hash ^= world.hash >> 29;
}

void world_mix_bytes(const void *at, size_t size)
{
    const uint8_t *bytes = at;

    while (size >= 8) {
        uint64_t word;
        memcpy(&word, bytes, sizeof word);
        world_mix(word);
        bytes += 8;
        size -= 8;
    }
    while (size-- > 0)
        world_mix(*bytes++);
}

static void print_time(FILE *out)
{
    uint64_t passed_us = (world.now_ns - world.began_ns) / 1000;

    fprintf(out, "%8llu.%06llu ", (unsigned long long)(passed_us / 1000000), (unsigned long long)(passed_us % 1000000));
}

void trace_line(const char *who, const char *format, ...)
{
    va_list arguments;

    print_time(stdout);
    printf("%-12s ", who);
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    putchar('\n');
}

void broken(const char *format, ...)
{
    va_list arguments;

    fflush(stdout);
    fprintf(stderr, "seed %llu: broken after ", (unsigned long long)world.seed);
    print_time(stderr);
    fputs("s: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    abort();
}

int64_t world_wall_ms(void)
{
    return (int64_t)world_ms() + world.wall_offset_ms;
}
