/* SPDX-License-Identifier: Apache-2.0 */
#include "os/channel.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"

/* Room for all descriptors of a packet, aligned as the kernel's header wants it. */
union control {
    struct cmsghdr header;
    uint8_t bytes[CMSG_SPACE(CHANNEL_DESCRIPTORS_MAX * sizeof(int))];
};

enum result os_channel_open(int out_ends[2])
{
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, out_ends) == 0)
        return RESULT_OK;
    return errno == EMFILE || errno == ENFILE ? RESULT_FULL : RESULT_FAILED;
}

/* False: the deadline came first. */
static bool wait_until(int end, short events, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now_ms = os_clock_monotonic_ms();
        struct pollfd watched = {.fd = end, .events = events};
        int left_ms = deadline_ms <= now_ms ? 0 : deadline_ms - now_ms > 1000 ? 1000 : (int)(deadline_ms - now_ms);
        int count = poll(&watched, 1, left_ms);
        if (count > 0)
            return true;
        if (count < 0 && errno != EINTR)
            return true; /* the call that follows says what is wrong */
        if (os_clock_monotonic_ms() >= deadline_ms)
            return false;
    }
}

static void put_descriptors(struct msghdr *message, union control *control, const int *descriptors, size_t count)
{
    memset(control, 0, sizeof *control);
    message->msg_control = control->bytes;
    message->msg_controllen = CMSG_SPACE(count * sizeof(int));
    struct cmsghdr *header = CMSG_FIRSTHDR(message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(header), descriptors, count * sizeof(int));
}

enum result os_channel_send(int end, struct view bytes, const int *descriptors, size_t count, uint64_t deadline_ms)
{
    union control control;
    struct iovec part = {(void *)(uintptr_t)bytes.at, bytes.size}; /* it is only read */
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};

    check(bytes.size > 0 && bytes.size <= CHANNEL_PACKET_BYTES_MAX);
    check(count <= CHANNEL_DESCRIPTORS_MAX);
    if (count > 0)
        put_descriptors(&message, &control, descriptors, count);
    for (;;) {
        if (sendmsg(end, &message, MSG_NOSIGNAL) >= 0)
            return RESULT_OK; /* a packet goes whole */
        /* Too many descriptors under way count as no room: the receiver takes them out. */
        bool is_full = errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS || errno == ETOOMANYREFS;
        if (errno == EPIPE || errno == ECONNRESET)
            return RESULT_CLOSED;
        if (!is_full && errno != EINTR)
            return RESULT_FAILED;
        if (is_full && !wait_until(end, POLLOUT, deadline_ms))
            return RESULT_AGAIN;
        if (os_clock_monotonic_ms() >= deadline_ms)
            return RESULT_AGAIN;
    }
}

static void take_descriptors(struct msghdr *message, struct channel_packet *packet)
{
    for (struct cmsghdr *header = CMSG_FIRSTHDR(message); header; header = CMSG_NXTHDR(message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS)
            continue;
        size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        check(packet->descriptor_count + count <= CHANNEL_DESCRIPTORS_MAX); /* the control buffer holds no more */
        memcpy(packet->descriptors + packet->descriptor_count, CMSG_DATA(header), count * sizeof(int));
        packet->descriptor_count += count;
    }
}

static void drop_descriptors(struct channel_packet *packet)
{
    for (size_t i = 0; i < packet->descriptor_count; i++)
        (void)close(packet->descriptors[i]); /* nobody misses it */
    packet->descriptor_count = 0;
}

enum result os_channel_receive(int end, struct channel_packet *out_packet, uint64_t deadline_ms)
{
    union control control;

    for (;;) {
        struct iovec part = {out_packet->bytes, sizeof out_packet->bytes};
        struct msghdr message = {
            .msg_iov = &part, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
        ssize_t size = recvmsg(end, &message, MSG_CMSG_CLOEXEC);
        if (size >= 0) {
            out_packet->size = (size_t)size;
            out_packet->descriptor_count = 0;
            take_descriptors(&message, out_packet);
            if (size > 0 && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
                return RESULT_OK;
            drop_descriptors(out_packet);
            return size == 0 ? RESULT_CLOSED : RESULT_INVALID;
        }
        if (errno == ECONNRESET)
            return RESULT_CLOSED;
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
            return RESULT_FAILED;
        if (!wait_until(end, POLLIN, deadline_ms))
            return RESULT_AGAIN;
    }
}

void os_channel_close(int end)
{
    if (end >= 0)
        (void)close(end); /* nothing is buffered at this side */
}
