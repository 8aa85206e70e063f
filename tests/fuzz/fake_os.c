/* SPDX-License-Identifier: Apache-2.0 */
#include "fake_os.h"

#include <stdio.h>
#include <string.h>

#include "base/check.h"
#include "base/utc.h"
#include "os/clock.h"
#include "os/poller.h"

enum { DAY_MS = 24 * 60 * 60 * 1000, NS_PER_MS = 1000 * 1000, BYTES_MAX = 1 << 22, POLLER = 2000, WAKEUP = 2001 };

struct fake_socket fake_sockets[FAKE_SOCKETS_MAX];

static uint64_t now_ns;
static int connected_count;
static int accepts_to_fail;
static bool is_listener_watched;
static void *listener_owner;

void fake_os_init(void)
{
    memset(fake_sockets, 0, sizeof fake_sockets);
    now_ns = (uint64_t)DAY_MS * NS_PER_MS;
    connected_count = 0;
    accepts_to_fail = 0;
    is_listener_watched = false;
}

void fake_os_done(void)
{
    for (int i = 0; i < connected_count; i++) {
        builder_done(&fake_sockets[i].in);
        builder_done(&fake_sockets[i].out);
    }
}

void fake_advance_ms(uint64_t ms)
{
    now_ns += ms * NS_PER_MS;
}

int fake_connect(void)
{
    if (connected_count == FAKE_SOCKETS_MAX)
        return -1;
    struct fake_socket *socket = &fake_sockets[connected_count];

    *socket = (struct fake_socket){.is_connected = true, .read_max = SIZE_MAX, .room = SIZE_MAX};
    builder_init(&socket->in, BYTES_MAX);
    builder_init(&socket->out, BYTES_MAX);
    return connected_count++;
}

void fake_send(int descriptor, struct view bytes)
{
    struct fake_socket *socket = &fake_sockets[descriptor];

    if (bytes.size == 0 || socket->is_finished || socket->is_reset || socket->in.size + bytes.size > BYTES_MAX)
        return;
    builder_add_view(&socket->in, bytes);
    socket->is_readable = true;
}

void fake_finish(int descriptor)
{
    fake_sockets[descriptor].is_finished = true;
    fake_sockets[descriptor].is_readable = true;
}

void fake_reset(int descriptor)
{
    fake_sockets[descriptor].is_reset = true;
    fake_sockets[descriptor].is_readable = true;
    fake_sockets[descriptor].is_writable = true;
}

void fake_give_room(int descriptor, size_t bytes)
{
    struct fake_socket *socket = &fake_sockets[descriptor];

    socket->room = bytes > SIZE_MAX - socket->room ? SIZE_MAX : socket->room + bytes;
    socket->is_writable = true;
}

size_t fake_open_count(void)
{
    size_t count = 0;

    for (int i = 0; i < connected_count; i++)
        count += fake_sockets[i].is_accepted && !fake_sockets[i].is_closed;
    return count;
}

void fake_fail_accepts(int count)
{
    accepts_to_fail = count;
}

/* What follows stands in for src/os/. */

static struct fake_socket *socket_of(int descriptor)
{
    check(descriptor >= 0 && descriptor < connected_count);
    check(fake_sockets[descriptor].is_accepted && !fake_sockets[descriptor].is_closed);
    return &fake_sockets[descriptor];
}

uint64_t os_clock_monotonic_ms(void)
{
    return now_ns / NS_PER_MS;
}

uint64_t os_clock_monotonic_ns(void)
{
    return now_ns;
}

uint64_t os_clock_thread_ns(void)
{
    return now_ns;
}

int64_t os_clock_wall_ms(void)
{
    return (int64_t)(now_ns / NS_PER_MS);
}

void os_clock_format_utc(int64_t wall_ms, char out[25])
{
    utc_format(wall_ms, out);
}

enum result os_poller_init(struct os_poller *poller)
{
    poller->descriptor = POLLER;
    return RESULT_OK;
}

void os_poller_done(struct os_poller *poller)
{
    poller->descriptor = -1;
}

enum result os_poller_add(struct os_poller *poller, int descriptor, enum os_interest interest, void *owner)
{
    check(poller->descriptor == POLLER);
    (void)interest;
    if (descriptor == FAKE_LISTENER) {
        check(!is_listener_watched);
        is_listener_watched = true;
        listener_owner = owner;
        return RESULT_OK;
    }
    if (descriptor == WAKEUP)
        return RESULT_OK;
    struct fake_socket *socket = socket_of(descriptor);

    check(!socket->is_watched);
    socket->is_watched = true;
    socket->owner = owner;
    socket->is_readable = socket->in.size > 0 || socket->is_finished || socket->is_reset;
    socket->is_writable = socket->room > 0;
    return RESULT_OK;
}

void os_poller_remove(struct os_poller *poller, int descriptor)
{
    check(poller->descriptor == POLLER);
    if (descriptor == FAKE_LISTENER) {
        check(is_listener_watched);
        is_listener_watched = false;
        return;
    }
    if (descriptor == WAKEUP)
        return;
    struct fake_socket *socket = socket_of(descriptor);

    check(socket->is_watched);
    socket->is_watched = false;
}

static bool somebody_waits(void)
{
    for (int i = 0; i < connected_count; i++) {
        if (!fake_sockets[i].is_accepted)
            return true;
    }
    return false;
}

int os_poll(struct os_poller *poller, struct os_event *events, int timeout_ms)
{
    int count = 0;

    check(poller->descriptor == POLLER);
    check(timeout_ms == 0); /* nobody would wake it */
    if (is_listener_watched && somebody_waits())
        events[count++] = (struct os_event){.owner = listener_owner, .is_readable = true};
    for (int i = 0; i < connected_count; i++) {
        struct fake_socket *socket = &fake_sockets[i];
        if (!socket->is_watched || !(socket->is_readable || socket->is_writable))
            continue;
        events[count++] = (struct os_event){
            .owner = socket->owner,
            .is_readable = socket->is_readable,
            .is_writable = socket->is_writable,
            .is_finished = socket->is_readable && (socket->is_finished || socket->is_reset),
        };
        socket->is_readable = socket->is_writable = false;
    }
    return count;
}

enum result os_wakeup_init(struct os_wakeup *wakeup)
{
    wakeup->descriptor = WAKEUP;
    return RESULT_OK;
}

void os_wakeup_done(struct os_wakeup *wakeup)
{
    wakeup->descriptor = -1;
}

void os_wakeup_signal(struct os_wakeup *wakeup)
{
    check(wakeup->descriptor == WAKEUP);
}

void os_wakeup_clear(struct os_wakeup *wakeup)
{
    check(wakeup->descriptor == WAKEUP);
}

void os_wakeup_wait(struct os_wakeup *wakeup, int timeout_ms)
{
    (void)wakeup;
    (void)timeout_ms;
    check(false); /* there is one thread: it would wait for ever */
}

/* Accepts in the order of arrival. */
enum result os_accept(int listener, int *out_descriptor, struct os_address *out_peer)
{
    check(listener == FAKE_LISTENER);
    for (int i = 0; i < connected_count; i++) {
        struct fake_socket *socket = &fake_sockets[i];
        if (socket->is_accepted)
            continue;
        if (accepts_to_fail > 0) {
            accepts_to_fail--;
            return RESULT_FULL;
        }
        socket->is_accepted = true;
        *out_descriptor = i;
        os_socket_peer(i, out_peer);
        return RESULT_OK;
    }
    return RESULT_AGAIN;
}

void os_socket_tune(int descriptor, int send_buffer_bytes, int unsent_bytes_max)
{
    (void)send_buffer_bytes;
    (void)unsent_bytes_max;
    check(descriptor == FAKE_LISTENER || socket_of(descriptor));
}

void os_socket_peer(int descriptor, struct os_address *out_peer)
{
    *out_peer = (struct os_address){.bytes = {[10] = 0xff, [11] = 0xff, [12] = 10, [15] = (uint8_t)(descriptor % 4)},
                                    .port = (uint16_t)(1024 + descriptor)};
}

bool os_socket_link(int descriptor, struct os_link *out_link)
{
    *out_link = (struct os_link){.rtt_us = (uint32_t)descriptor};
    return true;
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
    return (size_t)descriptor;
}

char *os_address_format(const struct os_address *address, bool with_port, char out[64])
{
    (void)snprintf(out, 64, with_port ? "10.0.0.%u:%u" : "10.0.0.%u", address->bytes[15], address->port);
    return out;
}

enum result os_peek(int descriptor, void *out, size_t size, size_t *out_size)
{
    struct fake_socket *socket = socket_of(descriptor);

    if (socket->is_reset)
        return RESULT_FAILED;
    if (socket->in.size == 0)
        return socket->is_finished ? RESULT_CLOSED : RESULT_AGAIN;
    *out_size = socket->in.size < size ? socket->in.size : size;
    memcpy(out, socket->in.at, *out_size);
    return RESULT_OK;
}

/* A short read leaves an edge behind, as bytes that arrive a little later do. */
enum result os_read(int descriptor, void *out, size_t size, size_t *out_size)
{
    struct fake_socket *socket = socket_of(descriptor);

    check(size > 0);
    if (socket->is_reset)
        return RESULT_FAILED;
    if (socket->in.size == 0)
        return socket->is_finished ? RESULT_CLOSED : RESULT_AGAIN;
    size_t taken = socket->in.size < size ? socket->in.size : size;

    if (taken > socket->read_max) {
        taken = socket->read_max;
        socket->is_readable = true;
    }
    memcpy(out, socket->in.at, taken);
    memmove(socket->in.at, socket->in.at + taken, socket->in.size - taken);
    socket->in.size -= taken;
    *out_size = taken;
    return RESULT_OK;
}

enum result os_writev(int descriptor, const struct iovec *parts, int count, size_t *out_size)
{
    struct fake_socket *socket = socket_of(descriptor);
    size_t size = 0;

    check(!socket->is_out_finished && count > 0);
    if (socket->is_reset)
        return RESULT_CLOSED;
    for (int i = 0; i < count; i++) {
        size_t left = socket->room - (socket->room == SIZE_MAX ? 0 : size);
        size_t part = parts[i].iov_len < left ? parts[i].iov_len : left;
        builder_add(&socket->out, parts[i].iov_base, part);
        size += part;
        if (part < parts[i].iov_len)
            break;
    }
    check(builder_ok(&socket->out));
    if (size == 0)
        return RESULT_AGAIN;
    if (socket->room != SIZE_MAX)
        socket->room -= size;
    *out_size = size;
    return RESULT_OK;
}

enum result os_write(int descriptor, const void *at, size_t size, size_t *out_size)
{
    struct iovec part = {(void *)(uintptr_t)at, size};

    check(size > 0);
    return os_writev(descriptor, &part, 1, out_size);
}

void os_socket_finish_writing(int descriptor)
{
    struct fake_socket *socket = socket_of(descriptor);

    check(!socket->is_out_finished);
    socket->is_out_finished = true;
}

void os_socket_close(int descriptor)
{
    if (descriptor == FAKE_LISTENER) {
        check(!is_listener_watched);
        return;
    }
    struct fake_socket *socket = socket_of(descriptor);

    check(!socket->is_watched); /* or the poller would tell of it once more */
    socket->is_closed = true;
}
