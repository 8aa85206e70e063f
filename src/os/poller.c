/* SPDX-License-Identifier: Apache-2.0 */
#include "os/poller.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum result os_poller_init(struct os_poller *poller)
{
    int descriptor = epoll_create1(EPOLL_CLOEXEC);
    if (descriptor < 0)
        return errno == ENOMEM ? RESULT_NO_MEMORY : RESULT_FAILED;
    poller->descriptor = descriptor;
    return RESULT_OK;
}

/* Closes it unless it is 0 or negative: a struct of zeroes, never initialised, holds none. */
static void close_once(int *descriptor)
{
    if (*descriptor > 0)
        (void)close(*descriptor); /* nothing was written through it that could be lost */
    *descriptor = -1;
}

void os_poller_done(struct os_poller *poller)
{
    close_once(&poller->descriptor);
}

enum result os_poller_add(struct os_poller *poller, int descriptor, enum os_interest interest, void *owner)
{
    struct epoll_event event = {.data = {.ptr = owner}};
    if (interest & OS_READ)
        event.events |= EPOLLIN | EPOLLRDHUP;
    if (interest & OS_WRITE)
        event.events |= EPOLLOUT;
    if (!(interest & OS_LEVEL))
        event.events |= EPOLLET;
    if (epoll_ctl(poller->descriptor, EPOLL_CTL_ADD, descriptor, &event) == 0)
        return RESULT_OK;
    switch (errno) {
    case EEXIST: return RESULT_EXISTS;
    case ENOMEM:
    case ENOSPC: return RESULT_FULL;
    default: return RESULT_FAILED;
    }
}

void os_poller_remove(struct os_poller *poller, int descriptor)
{
    struct epoll_event unused = {.events = 0};
    (void)epoll_ctl(poller->descriptor, EPOLL_CTL_DEL, descriptor, &unused); /* it may not be in, and that is as good */
}

static struct os_event event_from(const struct epoll_event *event)
{
    uint32_t bits = event->events;
    bool has_error = (bits & (EPOLLERR | EPOLLHUP)) != 0;
    return (struct os_event){
        .owner = event->data.ptr,
        .is_readable = has_error || (bits & (EPOLLIN | EPOLLRDHUP)) != 0,
        .is_writable = has_error || (bits & EPOLLOUT) != 0,
        .is_finished = has_error || (bits & EPOLLRDHUP) != 0,
    };
}

int os_poll(struct os_poller *poller, struct os_event *events, int timeout_ms)
{
    struct epoll_event found[OS_EVENTS_MAX];
    int count = epoll_wait(poller->descriptor, found, OS_EVENTS_MAX, timeout_ms);
    if (count < 0) {
        check(errno == EINTR); /* anything else is a wrong descriptor, and the loop would spin */
        return 0;
    }
    for (int index = 0; index < count; index++)
        events[index] = event_from(&found[index]);
    return count;
}

enum result os_wakeup_init(struct os_wakeup *wakeup)
{
    int descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (descriptor < 0)
        return errno == ENOMEM ? RESULT_NO_MEMORY : RESULT_FAILED;
    wakeup->descriptor = descriptor;
    return RESULT_OK;
}

void os_wakeup_done(struct os_wakeup *wakeup)
{
    close_once(&wakeup->descriptor);
}

void os_wakeup_signal(struct os_wakeup *wakeup)
{
    uint64_t one = 1;
    ssize_t size;
    do {
        size = write(wakeup->descriptor, &one, sizeof(one));
    } while (size < 0 && errno == EINTR);
    check(size == (ssize_t)sizeof(one) || errno == EAGAIN); /* AGAIN: it is signalled as much as it can be */
}

void os_wakeup_clear(struct os_wakeup *wakeup)
{
    uint64_t count;
    ssize_t size;
    do {
        size = read(wakeup->descriptor, &count, sizeof(count));
    } while (size < 0 && errno == EINTR);
    check(size == (ssize_t)sizeof(count) || errno == EAGAIN); /* AGAIN: no signal has come */
}

void os_wakeup_wait(struct os_wakeup *wakeup, int timeout_ms)
{
    struct pollfd polled = {.fd = wakeup->descriptor, .events = POLLIN};
    int count;
    do {
        count = poll(&polled, 1, timeout_ms);
    } while (count < 0 && errno == EINTR && timeout_ms < 0); /* a limited wait may end early: its owner looks around */
    if (count > 0)
        os_wakeup_clear(wakeup);
}
