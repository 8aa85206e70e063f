/* SPDX-License-Identifier: Apache-2.0 */
#include "fiber.h"

#include <stdio.h>
#include <string.h>
#include <ucontext.h>

#include "base/check.h"
#include "chance.h"
#include "memory.h"
#include "world.h"

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/common_interface_defs.h>
#define SWITCH_BEGINS(save, bottom, size) __sanitizer_start_switch_fiber(save, bottom, size)
#define SWITCH_ENDED(save, bottom, size)  __sanitizer_finish_switch_fiber(save, bottom, size)
#else
#define SWITCH_BEGINS(save, bottom, size) ((void)(save), (void)(bottom), (void)(size))
#define SWITCH_ENDED(save, bottom, size)  ((void)(save), (void)(bottom), (void)(size))
#endif

enum { FIBERS_MAX = 32, STACK_BYTES = 512 * 1024, NAME_BYTES = 16 };

struct fiber {
    ucontext_t context;
    void *stack;
    void *fake_stack; /* AddressSanitizer's */
    struct held_signals *held;
    char name[NAME_BYTES];
    void (*run)(void *context);
    void *argument;
    uint64_t wake_ns; /* goes on then at the latest */
    bool is_used, has_ended, is_ready;
    bool is_asleep; /* no wake ends it */
};

static struct fiber fibers[FIBERS_MAX];
static struct fiber *current;
static ucontext_t outside;
static void *outside_fake;
static const void *outside_bottom;
static size_t outside_size;
static uint32_t point_ppm;

static void leave(struct fiber *fiber)
{
    held_signals_swap(fiber->held);
    SWITCH_BEGINS(fiber->has_ended ? NULL : &fiber->fake_stack, outside_bottom, outside_size);
    check(swapcontext(&fiber->context, &outside) == 0);
    SWITCH_ENDED(fiber->fake_stack, &outside_bottom, &outside_size);
    held_signals_swap(fiber->held);
}

static void begin(void)
{
    struct fiber *fiber = current;

    SWITCH_ENDED(NULL, &outside_bottom, &outside_size);
    held_signals_swap(fiber->held);
    fiber->run(fiber->argument);
    fiber->has_ended = true;
    fiber->is_ready = false;
    for (uint32_t i = 0; i < FIBERS_MAX; i++)
        fiber_wake(&fibers[i]); /* somebody may wait for the end */
    leave(fiber);
}

static void enter(struct fiber *fiber)
{
    current = fiber;
    SWITCH_BEGINS(&outside_fake, fiber->stack, STACK_BYTES);
    check(swapcontext(&outside, &fiber->context) == 0);
    SWITCH_ENDED(outside_fake, NULL, NULL);
    current = NULL;
}

/* A function of its own, for getcontext() may seem to return twice. */
static void prepare(struct fiber *fiber)
{
    check(getcontext(&fiber->context) == 0);
    fiber->context.uc_stack.ss_sp = fiber->stack;
    fiber->context.uc_stack.ss_size = STACK_BYTES;
    makecontext(&fiber->context, begin, 0);
}

struct fiber *fiber_start(const char *name, void (*run)(void *context), void *context)
{
    uint32_t i = 0;

    while (i < FIBERS_MAX && fibers[i].is_used)
        i++;
    if (i == FIBERS_MAX)
        return NULL;
    struct fiber *fiber = &fibers[i];
    void *stack = fiber->stack ? fiber->stack : own_realloc(NULL, STACK_BYTES);
    struct held_signals *held = fiber->held ? fiber->held : held_signals_new();

    *fiber = (struct fiber){
        .stack = stack, .held = held, .run = run, .argument = context, .is_used = true, .is_ready = true};
    held_signals_clear(held);
    (void)snprintf(fiber->name, sizeof fiber->name, "%s", name); /* cut where it is too long */
    prepare(fiber);
    return fiber;
}

struct fiber *fiber_current(void)
{
    return current;
}

const char *fiber_name(void)
{
    return current ? current->name : "world";
}

bool fiber_has_ended(const struct fiber *fiber)
{
    return fiber->has_ended;
}

void fiber_free(struct fiber *fiber)
{
    check(fiber->has_ended);
    fiber->is_used = false;
}

void fiber_yield(void)
{
    if (!current)
        return;
    current->is_ready = true;
    leave(current);
}

void fiber_point(void)
{
    if (current && chance_ppm(point_ppm))
        fiber_yield();
}

void fiber_wait(uint64_t until_ns)
{
    check(current);
    current->is_ready = false;
    current->wake_ns = until_ns;
    leave(current);
}

void fiber_sleep(uint64_t ns)
{
    if (!current)
        return;
    current->is_asleep = true;
    fiber_wait(world.now_ns + ns);
}

void fiber_wake(struct fiber *fiber)
{
    if (fiber && fiber->is_used && !fiber->has_ended && !fiber->is_asleep)
        fiber->is_ready = true;
}

static bool is_ready(struct fiber *fiber)
{
    if (!fiber->is_used || fiber->has_ended)
        return false;
    if (!fiber->is_ready && fiber->wake_ns <= world.now_ns) {
        fiber->is_ready = true;
        fiber->is_asleep = false;
    }
    return fiber->is_ready;
}

uint32_t fibers_ready(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < FIBERS_MAX; i++)
        count += is_ready(&fibers[i]);
    return count;
}

void fiber_run_ready(uint32_t index)
{
    for (uint32_t i = 0; i < FIBERS_MAX; i++) {
        struct fiber *fiber = &fibers[i];
        if (!is_ready(fiber) || index-- > 0)
            continue;
        if (fault(FAULT_PAUSE)) {
            fiber->is_asleep = true;
            fiber->is_ready = false;
            fiber->wake_ns = world.now_ns + chance_skewed(300) * 1000000;
            return;
        }
        enter(fiber);
        return;
    }
}

uint64_t fibers_next_ns(void)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t i = 0; i < FIBERS_MAX; i++) {
        const struct fiber *fiber = &fibers[i];
        if (fiber->is_used && !fiber->has_ended && !fiber->is_ready && fiber->wake_ns < next)
            next = fiber->wake_ns;
    }
    return next;
}

uint32_t fibers_live(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < FIBERS_MAX; i++)
        count += fibers[i].is_used;
    return count;
}

bool fibers_asleep(void)
{
    for (uint32_t i = 0; i < FIBERS_MAX; i++) {
        if (fibers[i].is_used && !fibers[i].has_ended && fibers[i].is_asleep)
            return true;
    }
    return false;
}

void fibers_trace(void)
{
    for (uint32_t i = 0; i < FIBERS_MAX; i++) {
        const struct fiber *fiber = &fibers[i];
        if (fiber->is_used)
            trace(fiber->name, "%s", fiber->has_ended ? "has ended" : fiber->is_ready ? "could go on" : "waits");
    }
}

void fibers_set_points(uint32_t ppm)
{
    point_ppm = ppm;
}
