/* SPDX-License-Identifier: Apache-2.0 */
/* os/poller.h over the simulated network: edges as the kernel reports them, and wake-ups that lose nothing. */
#include "os/poller.h"

#include <string.h>

#include "chance.h"
#include "fiber.h"
#include "memory.h"
#include "network.h"
#include "server.h"
#include "world.h"

enum { TURNS_MAX = 2000000 };

struct poller {
    struct fiber *waiter; /* first: entry_notify() reads it */
};

enum result os_poller_init(struct os_poller *poller)
{
    if (fault(FAULT_POLLER))
        return RESULT_NO_MEMORY;
    poller->descriptor = entry_open(ENTRY_POLLER);
    struct poller *own = own_realloc(NULL, sizeof *own);
    *own = (struct poller){0};
    entry_at(poller->descriptor, ENTRY_POLLER)->poller = own;
    return RESULT_OK;
}

static struct poller *poller_of(const struct os_poller *poller)
{
    return entry_at(poller->descriptor, ENTRY_POLLER)->poller;
}

void os_poller_done(struct os_poller *poller)
{
    if (poller->descriptor <= 0)
        return;
    struct poller *own = poller_of(poller);
    for (int i = 0; i < entries_end(); i++) /* the kernel forgets what it watched */
        os_poller_remove(poller, i);
    own_free(own);
    entry_close(poller->descriptor, ENTRY_POLLER);
    poller->descriptor = -1;
}

enum result os_poller_add(struct os_poller *poller, int descriptor, enum os_interest interest, void *owner)
{
    struct entry *entry = entry_any(descriptor);

    if (entry->poller)
        return RESULT_EXISTS;
    if (fault(FAULT_POLLER))
        return RESULT_FULL;
    entry->poller = poller_of(poller);
    entry->interest = interest;
    entry->owner = owner;
    entry->edge_in = entry_is_readable(descriptor);
    entry->edge_out = entry_is_writable(descriptor);
    return RESULT_OK;
}

void os_poller_remove(struct os_poller *poller, int descriptor)
{
    if (descriptor < 3 || descriptor >= entries_end())
        return;
    struct poller *own = poller_of(poller);
    struct entry *entry = poller->descriptor == descriptor ? NULL : entry_peek(descriptor);
    if (entry && entry->poller == own)
        entry->poller = NULL;
}

static bool collect_one(int descriptor, struct entry *entry, struct os_event *out_event)
{
    bool is_level = entry->interest & OS_LEVEL;

    if (!is_level && !entry->edge_in && !entry->edge_out)
        return false;
    entry->edge_in = entry->edge_out = false;
    bool is_end = entry->kind == ENTRY_LINK && (entry->link->is_reset_up || world.is_dead);
    *out_event = (struct os_event){
        .owner = entry->owner,
        .is_readable = entry->interest & OS_READ && entry_is_readable(descriptor),
        .is_writable = entry->interest & OS_WRITE && entry_is_writable(descriptor),
        .is_finished = is_end || (entry->kind == ENTRY_LINK && entry->link->up.has_ended),
    };
    return out_event->is_readable || out_event->is_writable;
}

/* In any order, and perhaps not all at once. */
static int collect(const struct poller *own, struct os_event *events)
{
    int end = entries_end(), count = 0;
    int start = (int)chance_below((uint64_t)end);
    int most = chance_one_in(8) ? (int)chance_between(1, 4) : OS_EVENTS_MAX;

    for (int i = 0; i < end && count < most; i++) {
        int descriptor = start + i < end ? start + i : start + i - end;
        struct entry *entry = entry_peek(descriptor);
        if (entry && entry->kind != ENTRY_POLLER && entry->poller == own
            && collect_one(descriptor, entry, &events[count]))
            count++;
    }
    return count;
}

int os_poll(struct os_poller *poller, struct os_event *events, int timeout_ms)
{
    struct poller *own = poller_of(poller);
    uint64_t until_ns = timeout_ms < 0 ? UINT64_MAX : world.now_ns + (uint64_t)timeout_ms * 1000000;

    server_at_rest(poller);
    if (++world.turns > TURNS_MAX)
        broken("%s spins: %llu turns", fiber_name(), (unsigned long long)world.turns);
    if (chance_one_in(3))
        fiber_yield(); /* a loop that never sleeps must not keep the others from going on */
    else
        fiber_point();
    for (;;) {
        int count = collect(own, events);
        if (count > 0 || timeout_ms == 0 || world.now_ns >= until_ns || chance_one_in(500))
            return count;
        own->waiter = fiber_current();
        fiber_wait(until_ns);
        own->waiter = NULL;
    }
}

enum result os_wakeup_init(struct os_wakeup *wakeup)
{
    if (fault(FAULT_POLLER))
        return RESULT_FAILED;
    wakeup->descriptor = entry_open(ENTRY_WAKEUP);
    return RESULT_OK;
}

void os_wakeup_done(struct os_wakeup *wakeup)
{
    if (wakeup->descriptor <= 0)
        return;
    entry_at(wakeup->descriptor, ENTRY_WAKEUP)->poller = NULL;
    entry_close(wakeup->descriptor, ENTRY_WAKEUP);
    wakeup->descriptor = -1;
}

void os_wakeup_signal(struct os_wakeup *wakeup)
{
    fiber_point();
    struct entry *entry = entry_at(wakeup->descriptor, ENTRY_WAKEUP);
    entry->is_signalled = true;
    entry_notify(entry);
    fiber_wake(entry->waiter);
}

void os_wakeup_clear(struct os_wakeup *wakeup)
{
    entry_at(wakeup->descriptor, ENTRY_WAKEUP)->is_signalled = false;
}

void os_wakeup_wait(struct os_wakeup *wakeup, int timeout_ms)
{
    uint64_t until_ns = timeout_ms < 0 ? UINT64_MAX : world.now_ns + (uint64_t)timeout_ms * 1000000;

    if (strcmp(fiber_name(), "store") == 0)
        server_store_at_rest(wakeup);
    fiber_point();
    while (!entry_at(wakeup->descriptor, ENTRY_WAKEUP)->is_signalled && world.now_ns < until_ns) {
        entry_at(wakeup->descriptor, ENTRY_WAKEUP)->waiter = fiber_current();
        fiber_wait(until_ns);
        entry_at(wakeup->descriptor, ENTRY_WAKEUP)->waiter = NULL;
    }
    os_wakeup_clear(wakeup);
}
