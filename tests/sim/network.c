/* SPDX-License-Identifier: Apache-2.0 */
#include "network.h"

#include <string.h>

#include "base/check.h"
#include "chance.h"
#include "client.h"
#include "fiber.h"
#include "memory.h"
#include "world.h"

/* Numbers of descriptors are not used again, so that a descriptor closed twice, or used after its end, is found at
 * once. */
enum { LINKS_MAX = 128, DESCRIPTORS_FIRST = 3, PIPE_SEGMENTS_MIN = 16, PIECES_MAX = 6, BACKLOG_MAX = 64 };

static struct entry *entries;
static int entry_count, entry_capacity;
static struct link *links[LINKS_MAX];
static uint32_t link_count;

void network_init(void)
{
    entry_count = DESCRIPTORS_FIRST;
    link_count = 0;
}

void network_done(void)
{
    if (network_descriptors() > 0)
        broken("P3: %u descriptors are open after the server's end", network_descriptors());
    while (link_count > 0)
        link_forget(links[0]);
}

/* ---- descriptors ---- */

int entry_open(enum entry_kind kind)
{
    if (entry_count >= entry_capacity) {
        entry_capacity = entry_capacity > 0 ? entry_capacity * 2 : 256;
        entries = own_realloc(entries, (size_t)entry_capacity * sizeof *entries);
    }
    entries[entry_count] = (struct entry){.kind = kind};
    return entry_count++;
}

struct entry *entry_any(int descriptor)
{
    if (descriptor < DESCRIPTORS_FIRST || descriptor >= entry_count || entries[descriptor].kind == ENTRY_CLOSED)
        broken("P3: descriptor %d is used, and it is not open", descriptor);
    return &entries[descriptor];
}

struct entry *entry_peek(int descriptor)
{
    bool is_open = descriptor >= DESCRIPTORS_FIRST && descriptor < entry_count
                   && entries[descriptor].kind != ENTRY_CLOSED;

    return is_open ? &entries[descriptor] : NULL;
}

struct entry *entry_at(int descriptor, enum entry_kind kind)
{
    struct entry *entry = entry_any(descriptor);

    if (entry->kind != kind)
        broken("descriptor %d is of kind %d, and is used as %d", descriptor, (int)entry->kind, (int)kind);
    return entry;
}

void entry_close(int descriptor, enum entry_kind kind)
{
    entry_at(descriptor, kind)->kind = ENTRY_CLOSED;
}

int entries_end(void)
{
    return entry_count;
}

static uint32_t count_entries(bool is_link_only)
{
    uint32_t count = 0;

    for (int i = DESCRIPTORS_FIRST; i < entry_count; i++)
        count += is_link_only ? entries[i].kind == ENTRY_LINK : entries[i].kind != ENTRY_CLOSED;
    return count;
}

uint32_t network_connections(void)
{
    return count_entries(true);
}

uint32_t network_descriptors(void)
{
    return count_entries(false);
}

/* ---- pipes ---- */

bool pipe_has_room(const struct pipe *pipe)
{
    return pipe->size < pipe->size_max;
}

static void add_segment(struct pipe *pipe, size_t size, uint64_t at_ns)
{
    if (pipe->segment_first + pipe->segment_count == pipe->segment_capacity) {
        if (pipe->segment_first > 0) {
            memmove(pipe->segments, pipe->segments + pipe->segment_first, pipe->segment_count * sizeof *pipe->segments);
            pipe->segment_first = 0;
        } else {
            pipe->segment_capacity = pipe->segment_capacity > 0 ? pipe->segment_capacity * 2 : PIPE_SEGMENTS_MIN;
            pipe->segments = own_realloc(pipe->segments, pipe->segment_capacity * sizeof *pipe->segments);
        }
    }
    if (at_ns < pipe->last_at_ns)
        at_ns = pipe->last_at_ns;
    pipe->last_at_ns = at_ns;
    pipe->segments[pipe->segment_first + pipe->segment_count++] = (struct segment){at_ns, size};
}

/* Cut at any byte; the pieces arrive one after the other. */
static void cut(struct pipe *pipe, size_t size, uint64_t latency_ns)
{
    uint64_t at_ns = world.now_ns + latency_ns;

    for (int left = PIECES_MAX; size > 0; left--) {
        size_t piece = left > 1 && size > 1 && fault(FAULT_CUT) ? (size_t)chance_between(1, size - 1) : size;
        add_segment(pipe, piece, at_ns);
        size -= piece;
        at_ns += chance_skewed(20000000);
    }
}

void pipe_write(struct pipe *pipe, const void *at, size_t size, uint64_t latency_ns)
{
    if (pipe->head + pipe->size + size > pipe->capacity) {
        if (pipe->size > 0)
            memmove(pipe->bytes, pipe->bytes + pipe->head, pipe->size);
        pipe->head = 0;
        while (pipe->capacity < pipe->size + size)
            pipe->capacity = pipe->capacity > 0 ? pipe->capacity * 2 : 1024;
        pipe->bytes = own_realloc(pipe->bytes, pipe->capacity);
    }
    memcpy(pipe->bytes + pipe->head + pipe->size, at, size);
    pipe->size += size;
    world_mix_bytes(at, size);
    cut(pipe, size, latency_ns);
}

size_t pipe_read(struct pipe *pipe, void *out, size_t size_max)
{
    size_t size = pipe->arrived < size_max ? pipe->arrived : size_max;

    if (size > 0)
        memcpy(out, pipe->bytes + pipe->head, size);
    pipe->head += size;
    pipe->size -= size;
    pipe->arrived -= size;
    if (pipe->size == 0)
        pipe->head = 0;
    return size;
}

/* True: bytes or FIN have arrived. */
static bool pipe_advance(struct pipe *pipe)
{
    bool has_come = false;

    while (pipe->segment_count > 0 && pipe->segments[pipe->segment_first].at_ns <= world.now_ns) {
        pipe->arrived += pipe->segments[pipe->segment_first].size;
        pipe->segment_first++;
        pipe->segment_count--;
        has_come = true;
    }
    if (pipe->segment_count == 0)
        pipe->segment_first = 0;
    if (!pipe->has_ended && pipe->segment_count == 0 && pipe->end_at_ns <= world.now_ns) {
        pipe->has_ended = true;
        has_come = true;
    }
    return has_come;
}

static uint64_t pipe_next_ns(const struct pipe *pipe)
{
    if (pipe->segment_count > 0)
        return pipe->segments[pipe->segment_first].at_ns;
    return pipe->has_ended ? UINT64_MAX : pipe->end_at_ns;
}

static void pipe_end(struct pipe *pipe, uint64_t latency_ns)
{
    if (pipe->end_at_ns == UINT64_MAX)
        pipe->end_at_ns = world.now_ns + latency_ns;
}

static void pipe_free(struct pipe *pipe)
{
    own_free(pipe->bytes);
    own_free(pipe->segments);
}

/* ---- readiness ---- */

static uint32_t waiting_count(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < link_count; i++)
        count += links[i]->is_waiting;
    return count;
}

bool entry_is_readable(int descriptor)
{
    const struct entry *entry = &entries[descriptor];

    switch (entry->kind) {
    case ENTRY_LISTENER: return waiting_count() > 0 || world.is_dead;
    case ENTRY_WAKEUP: return entry->is_signalled;
    case ENTRY_LINK:
        return entry->link->up.arrived > 0 || entry->link->up.has_ended || entry->link->is_reset_up || world.is_dead;
    default: return false;
    }
}

bool entry_is_writable(int descriptor)
{
    const struct entry *entry = &entries[descriptor];

    return entry->kind == ENTRY_LINK
           && (world.is_dead || entry->link->is_reset_up
               || (pipe_has_room(&entry->link->down) && !entry->link->down.wants_space));
}

void entry_notify(struct entry *entry)
{
    if (entry->poller)
        fiber_wake(*(struct fiber **)(void *)entry->poller);
}

static void notify_link(struct link *link, bool is_in, bool is_out)
{
    if (link->descriptor < 0)
        return;
    struct entry *entry = entry_at(link->descriptor, ENTRY_LINK);
    entry->edge_in |= is_in;
    entry->edge_out |= is_out;
    entry_notify(entry);
}

static void notify_listeners(void)
{
    for (int i = DESCRIPTORS_FIRST; i < entry_count; i++) {
        if (entries[i].kind == ENTRY_LISTENER)
            entry_notify(&entries[i]);
    }
}

/* ---- links, the clients' side ---- */

static bool somebody_listens(void)
{
    if (world.is_dead)
        return false;
    for (int i = DESCRIPTORS_FIRST; i < entry_count; i++) {
        if (entries[i].kind == ENTRY_LISTENER)
            return true;
    }
    return false;
}

struct link *link_connect(struct client *client, const struct os_address *address)
{
    if (!somebody_listens() || link_count == LINKS_MAX || waiting_count() >= BACKLOG_MAX)
        return NULL;
    struct link *link = own_realloc(NULL, sizeof *link);
    uint64_t latency_ns = chance_one_in(3) ? chance_skewed(200000000) : chance_below(2000000);
    size_t size_max = chance_one_in(2) ? (size_t)chance_between(300, 1500) : (size_t)chance_between(4000, 100000);

    *link = (struct link){
        .descriptor = -1,
        .client = client,
        .up = {.size_max = size_max, .end_at_ns = UINT64_MAX},
        .down = {.size_max = size_max, .end_at_ns = UINT64_MAX},
        .address = *address,
        .latency_ns = latency_ns,
        .connect_at_ns = world.now_ns + latency_ns,
        .reset_up_ns = UINT64_MAX,
        .reset_down_ns = UINT64_MAX,
        .event_in_ns = UINT64_MAX,
        .event_out_ns = UINT64_MAX,
    };
    links[link_count++] = link;
    return link;
}

static void link_free(struct link *link)
{
    for (uint32_t i = 0; i < link_count; i++) {
        if (links[i] == link)
            links[i] = links[--link_count];
    }
    pipe_free(&link->up);
    pipe_free(&link->down);
    own_free(link);
}

void link_forget(struct link *link)
{
    link->client = NULL;
    link->is_gone = true;
    if (link->descriptor < 0)
        link_free(link);
}

size_t link_write(struct link *link, const void *at, size_t size)
{
    struct pipe *pipe = &link->up;

    if (link->is_closed_by_server && link->reset_down_ns == UINT64_MAX && somebody_listens())
        link->reset_down_ns = world.now_ns + link->latency_ns; /* nobody knows this connection */
    if (link->is_reset_down || link->is_closed_by_server)
        return size; /* it goes to nobody */
    if (size > pipe->size_max - pipe->size)
        size = pipe->size_max - pipe->size;
    if (size > 0)
        pipe_write(pipe, at, size, link->latency_ns);
    return size;
}

size_t link_read(struct link *link, void *out, size_t size_max)
{
    size_t size = pipe_read(&link->down, out, size_max);

    if (size > 0 && link->down.wants_space && link->event_out_ns == UINT64_MAX)
        link->event_out_ns = world.now_ns + link->latency_ns;
    return size;
}

size_t link_readable(const struct link *link)
{
    return link->down.arrived;
}

bool link_has_ended(const struct link *link)
{
    return link->down.has_ended && link->down.size == 0;
}

bool link_was_reset(const struct link *link)
{
    return link->is_reset_down;
}

void link_finish(struct link *link)
{
    pipe_end(&link->up, link->latency_ns);
}

void link_reset(struct link *link)
{
    if (link->reset_up_ns == UINT64_MAX)
        link->reset_up_ns = world.now_ns + chance_below(link->latency_ns + 1);
}

void link_vanish(struct link *link)
{
    link->is_gone = true;
    link->client = NULL;
}

/* ---- time ---- */

static uint64_t earlier(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static uint64_t link_next_ns(const struct link *link)
{
    uint64_t next = link->is_accepted || link->is_waiting ? UINT64_MAX : link->connect_at_ns;

    next = earlier(next, pipe_next_ns(&link->up));
    if (!link->is_gone)
        next = earlier(next, pipe_next_ns(&link->down));
    next = earlier(next, link->is_reset_up ? UINT64_MAX : link->reset_up_ns);
    next = earlier(next, link->is_reset_down ? UINT64_MAX : link->reset_down_ns);
    return earlier(next, earlier(link->event_in_ns, link->event_out_ns));
}

uint64_t network_next_ns(void)
{
    uint64_t next = UINT64_MAX;

    for (uint32_t i = 0; i < link_count; i++)
        next = earlier(next, link_next_ns(links[i]));
    return next;
}

static void advance_events(struct link *link)
{
    bool is_in = link->event_in_ns <= world.now_ns;
    bool is_out = link->event_out_ns <= world.now_ns;

    if (is_in)
        link->event_in_ns = UINT64_MAX;
    if (is_out) {
        link->event_out_ns = UINT64_MAX;
        link->down.wants_space = false;
    }
    if (is_in || is_out)
        notify_link(link, is_in, is_out);
}

static void advance_link(struct link *link)
{
    if (!link->is_accepted && !link->is_waiting && link->connect_at_ns <= world.now_ns) {
        link->is_waiting = true;
        notify_listeners();
    }
    if (pipe_advance(&link->up))
        notify_link(link, true, false);
    if (!link->is_gone && pipe_advance(&link->down) && link->client)
        client_notice(link->client);
    if (!link->is_reset_up && link->reset_up_ns <= world.now_ns) {
        link->is_reset_up = true;
        notify_link(link, true, true);
    }
    if (!link->is_reset_down && link->reset_down_ns <= world.now_ns) {
        link->is_reset_down = true;
        if (link->client)
            client_notice(link->client);
    }
    advance_events(link);
}

void network_advance(void)
{
    for (uint32_t i = 0; i < link_count; i++) {
        if (link_next_ns(links[i]) <= world.now_ns)
            advance_link(links[i]);
    }
}

/* Of those who wait any may come to any listener, as the kernel spreads them. */
struct link *link_to_accept(int listener)
{
    uint32_t count = waiting_count();

    (void)listener;
    if (count == 0)
        return NULL;
    uint32_t index = (uint32_t)chance_below(count);
    for (uint32_t i = 0; i < link_count; i++) {
        if (links[i]->is_waiting && index-- == 0)
            return links[i];
    }
    return NULL;
}

void network_crash(bool is_silent)
{
    for (uint32_t i = 0; i < link_count; i++) {
        struct link *link = links[i];
        if (is_silent)
            link->is_closed_by_server = true;
        else if (link->reset_down_ns == UINT64_MAX)
            link->reset_down_ns = world.now_ns + link->latency_ns;
        if (link->descriptor >= 0)
            notify_link(link, true, true);
    }
    notify_listeners();
}
