/* SPDX-License-Identifier: Apache-2.0 */
/* os/socket.h over the simulated network. What a dead process does reaches nobody. */
#include "os/socket.h"

#include <stdio.h>
#include <string.h>

#include "chance.h"
#include "fiber.h"
#include "memory.h"
#include "network.h"
#include "world.h"

enum { LATE_NS_MAX = 20000000, PORT = 8080 };

enum result os_address_parse(struct view text, struct os_address *out_address)
{
    (void)text;
    *out_address = (struct os_address){.bytes = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .port = PORT};
    return RESULT_OK;
}

char *os_address_format(const struct os_address *address, bool with_port, char out[64])
{
    (void)with_port;
    (void)snprintf(out, 64, "%u.%u", address->bytes[14], address->bytes[15]); /* it fits */
    return out;
}

bool os_address_is_loopback(const struct os_address *address)
{
    return address->bytes[12] == 127;
}

enum result os_listen(const struct os_address *address, int backlog, bool is_shared, int *out_descriptor,
                      struct os_address *out_bound)
{
    (void)backlog;
    (void)is_shared;
    *out_bound = *address;
    *out_descriptor = entry_open(ENTRY_LISTENER);
    return RESULT_OK;
}

enum result os_listen_unix(const char *path, int backlog, int *out_descriptor)
{
    (void)path;
    (void)backlog;
    *out_descriptor = entry_open(ENTRY_LISTENER);
    return RESULT_OK;
}

enum result os_listener_share(int listener, int *out_descriptor)
{
    (void)entry_at(listener, ENTRY_LISTENER);
    if (fault(FAULT_POLLER))
        return RESULT_FULL;
    *out_descriptor = entry_open(ENTRY_LISTENER);
    return RESULT_OK;
}

enum result os_accept(int listener, int *out_descriptor, struct os_address *out_peer)
{
    fiber_point();
    (void)entry_at(listener, ENTRY_LISTENER);
    struct link *link = world.is_dead ? NULL : link_to_accept(listener);
    if (!link)
        return RESULT_AGAIN;
    if (fault(FAULT_ACCEPT))
        return chance_one_in(2) ? RESULT_FULL : RESULT_FAILED;
    link->is_waiting = false;
    link->is_accepted = true;
    link->descriptor = entry_open(ENTRY_LINK);
    entry_at(link->descriptor, ENTRY_LINK)->link = link;
    *out_descriptor = link->descriptor;
    *out_peer = link->address;
    trace(fiber_name(), "accepts %d", link->descriptor);
    return RESULT_OK;
}

enum result os_connect(const struct os_address *address, int *out_descriptor)
{
    (void)address;
    (void)out_descriptor;
    return RESULT_REFUSED; /* the server connects to nobody */
}

void os_socket_tune(int descriptor, int send_buffer_bytes, int unsent_bytes_max)
{
    (void)entry_any(descriptor);
    (void)send_buffer_bytes;
    (void)unsent_bytes_max;
}

/* A read that takes less than there is room for has emptied the socket: what comes later makes a new event. */
enum result os_read(int descriptor, void *out, size_t size, size_t *out_size)
{
    fiber_point();
    struct link *link = entry_at(descriptor, ENTRY_LINK)->link;
    if (world.is_dead)
        return RESULT_FAILED;
    if (link->up.arrived > 0 && fault(FAULT_AGAIN)) {
        link->event_in_ns = world.now_ns + chance_skewed(LATE_NS_MAX);
        return RESULT_AGAIN;
    }
    size_t taken = pipe_read(&link->up, out, size);
    if (taken > 0) {
        trace(fiber_name(), "reads %zu of %d", taken, descriptor);
        *out_size = taken;
        return RESULT_OK;
    }
    if (link->is_reset_up)
        return RESULT_FAILED;
    return link->up.has_ended ? RESULT_CLOSED : RESULT_AGAIN;
}

enum result os_peek(int descriptor, void *out, size_t size, size_t *out_size)
{
    fiber_point();
    const struct link *link = entry_at(descriptor, ENTRY_LINK)->link;
    size_t there = link->up.arrived < size ? link->up.arrived : size;
    if (world.is_dead)
        return RESULT_FAILED;
    if (there > 0) {
        memcpy(out, link->up.bytes + link->up.head, there);
        *out_size = there;
        return RESULT_OK;
    }
    if (link->is_reset_up)
        return RESULT_FAILED;
    return link->up.has_ended ? RESULT_CLOSED : RESULT_AGAIN;
}

void os_socket_peer(int descriptor, struct os_address *out_peer)
{
    *out_peer = entry_at(descriptor, ENTRY_LINK)->link->address;
}

static size_t total_of(const struct iovec *parts, int count)
{
    size_t total = 0;

    for (int i = 0; i < count; i++)
        total += parts[i].iov_len;
    return total;
}

/* The socket takes no more: an event follows once there is room, as the kernel promises after a refusal. */
static void want_space(struct link *link)
{
    link->down.wants_space = true;
    if (pipe_has_room(&link->down) && link->event_out_ns == UINT64_MAX)
        link->event_out_ns = world.now_ns + chance_skewed(LATE_NS_MAX);
}

enum result os_writev(int descriptor, const struct iovec *parts, int count, size_t *out_size)
{
    fiber_point();
    struct link *link = entry_at(descriptor, ENTRY_LINK)->link;
    size_t total = total_of(parts, count);
    if (total == 0)
        broken("a write of nothing");
    if (world.is_dead || link->is_reset_up)
        return RESULT_FAILED;
    size_t room = link->down.size_max - link->down.size;
    if (room == 0 || fault(FAULT_AGAIN)) {
        want_space(link);
        return RESULT_AGAIN;
    }
    size_t size = total < room ? total : room;
    if (size > 1 && fault(FAULT_SHORT_WRITE))
        size = (size_t)chance_between(1, size - 1);
    size_t left = size;
    for (int i = 0; i < count && left > 0; i++) {
        size_t piece = parts[i].iov_len < left ? parts[i].iov_len : left;
        pipe_write(&link->down, parts[i].iov_base, piece, link->latency_ns);
        left -= piece;
    }
    if (size < total)
        want_space(link);
    trace(fiber_name(), "writes %zu of %zu to %d", size, total, descriptor);
    *out_size = size;
    return RESULT_OK;
}

enum result os_write(int descriptor, const void *at, size_t size, size_t *out_size)
{
    return os_writev(descriptor, &(struct iovec){(void *)at, size}, 1, out_size);
}

void os_socket_finish_writing(int descriptor)
{
    struct link *link = entry_at(descriptor, ENTRY_LINK)->link;

    trace(fiber_name(), "finishes writing to %d", descriptor);
    if (!world.is_dead && link->down.end_at_ns == UINT64_MAX)
        link->down.end_at_ns = world.now_ns + link->latency_ns;
}

static void close_link(struct link *link)
{
    bool has_unread = link->up.size > 0;

    link->descriptor = -1;
    link->is_closed_by_server = true;
    if (!world.is_dead) {
        if (has_unread && link->reset_down_ns == UINT64_MAX)
            link->reset_down_ns = world.now_ns + link->latency_ns;
        if (link->down.end_at_ns == UINT64_MAX)
            link->down.end_at_ns = world.now_ns + link->latency_ns;
    }
    link->up.arrived = 0;
    link->up.size = 0;
    link->up.head = 0;
    link->up.segment_count = 0;
    link->up.segment_first = 0;
    if (!link->client)
        link_forget(link);
}

void os_socket_close(int descriptor)
{
    fiber_point();
    struct entry *entry = entry_any(descriptor);
    enum entry_kind kind = entry->kind;
    struct link *link = entry->link;

    if (kind != ENTRY_LINK && kind != ENTRY_LISTENER)
        broken("descriptor %d is closed as a socket", descriptor);
    if (entry->poller)
        broken("descriptor %d is closed while it is watched", descriptor);
    trace(fiber_name(), "closes %d", descriptor);
    entry_close(descriptor, kind);
    if (kind == ENTRY_LINK)
        close_link(link);
}

int os_socket_error(int descriptor)
{
    (void)entry_any(descriptor);
    return 0;
}

/* There is no kernel that knows more. */
bool os_socket_link(int descriptor, struct os_link *out_link)
{
    (void)descriptor;
    (void)out_link;
    return false;
}

int os_error_last(void)
{
    return 0;
}

const char *os_error_name(int error)
{
    (void)error;
    return "";
}

size_t os_socket_unsent_bytes(int descriptor)
{
    return entry_at(descriptor, ENTRY_LINK)->link->down.size;
}
