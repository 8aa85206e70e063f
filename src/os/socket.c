/* SPDX-License-Identifier: Apache-2.0 */
#include "os/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/sockios.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static const uint8_t mapped_start[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
static const uint8_t loopback_6[16] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
static const uint8_t all_6[16] = {0};

/* What bind and connect take, and its size. */
struct kernel_address {
    union {
        struct sockaddr any;
        struct sockaddr_in v4;
        struct sockaddr_in6 v6;
    };
    socklen_t size;
};

static bool is_mapped(const struct os_address *address)
{
    return memcmp(address->bytes, mapped_start, sizeof(mapped_start)) == 0;
}

static bool is_all_6(const struct os_address *address)
{
    return memcmp(address->bytes, all_6, sizeof(all_6)) == 0;
}

static void set_mapped(struct os_address *address, const void *four_bytes)
{
    memcpy(address->bytes, mapped_start, sizeof(mapped_start));
    memcpy(address->bytes + sizeof(mapped_start), four_bytes, 4);
}

static bool host_parse(struct view host, struct os_address *out)
{
    char text[INET6_ADDRSTRLEN];
    if (host.size == 0 || view_equal(host, VIEW("*"))) {
        memcpy(out->bytes, all_6, sizeof(all_6));
        return true;
    }
    if (view_equal_ignoring_case(host, VIEW("localhost"))) {
        set_mapped(out, (const uint8_t[]){127, 0, 0, 1});
        return true;
    }
    bool is_bracketed = host.at[0] == '[';
    if (is_bracketed) {
        if (host.size < 2 || host.at[host.size - 1] != ']')
            return false;
        host = view_first(view_skip(host, 1), host.size - 2);
    }
    if (host.size >= sizeof(text) || memchr(host.at, '\0', host.size) != NULL)
        return false;
    memcpy(text, host.at, host.size);
    text[host.size] = '\0';
    if (is_bracketed)
        return inet_pton(AF_INET6, text, out->bytes) == 1;
    struct in_addr v4;
    if (inet_pton(AF_INET, text, &v4) != 1)
        return false;
    set_mapped(out, &v4);
    return true;
}

enum result os_address_parse(struct view text, struct os_address *out_address)
{
    size_t colon = text.size;
    while (colon > 0 && text.at[colon - 1] != ':')
        colon--;
    if (colon == 0)
        return RESULT_INVALID;
    uint64_t port;
    struct view digits = view_skip(text, colon);
    if (digits.size > 5 || !view_to_number(digits, UINT16_MAX, &port))
        return RESULT_INVALID;
    struct os_address address = {.port = (uint16_t)port};
    if (!host_parse(view_first(text, colon - 1), &address))
        return RESULT_INVALID;
    *out_address = address;
    return RESULT_OK;
}

char *os_address_format(const struct os_address *address, bool with_port, char out[64])
{
    char text[INET6_ADDRSTRLEN] = "?"; /* stays so only if inet_ntop fails, which room and families rule out */
    bool is_v4 = is_mapped(address);
    const uint8_t *bytes = is_v4 ? address->bytes + sizeof(mapped_start) : address->bytes;
    (void)inet_ntop(is_v4 ? AF_INET : AF_INET6, bytes, text, sizeof(text));
    if (!with_port)
        (void)snprintf(out, 64, "%s", text);
    else if (is_v4)
        (void)snprintf(out, 64, "%s:%u", text, address->port);
    else
        (void)snprintf(out, 64, "[%s]:%u", text, address->port);
    return out;
}

bool os_address_is_loopback(const struct os_address *address)
{
    if (is_mapped(address))
        return address->bytes[sizeof(mapped_start)] == 127;
    return memcmp(address->bytes, loopback_6, sizeof(loopback_6)) == 0;
}

static struct kernel_address to_kernel(const struct os_address *address)
{
    struct kernel_address kernel;
    memset(&kernel, 0, sizeof(kernel));
    if (is_mapped(address)) {
        kernel.v4.sin_family = AF_INET;
        kernel.v4.sin_port = htons(address->port);
        memcpy(&kernel.v4.sin_addr, address->bytes + sizeof(mapped_start), 4);
        kernel.size = sizeof(kernel.v4);
    } else {
        kernel.v6.sin6_family = AF_INET6;
        kernel.v6.sin6_port = htons(address->port);
        memcpy(&kernel.v6.sin6_addr, address->bytes, sizeof(address->bytes));
        kernel.size = sizeof(kernel.v6);
    }
    return kernel;
}

static struct os_address from_kernel(const struct kernel_address *kernel)
{
    struct os_address address = {.port = 0};
    if (kernel->any.sa_family == AF_INET) {
        set_mapped(&address, &kernel->v4.sin_addr);
        address.port = ntohs(kernel->v4.sin_port);
    } else if (kernel->any.sa_family == AF_INET6) {
        memcpy(address.bytes, &kernel->v6.sin6_addr, sizeof(address.bytes));
        address.port = ntohs(kernel->v6.sin6_port);
    }
    return address;
}

/* Options that only improve something: without them the socket still works. */
static void set_option(int descriptor, int level, int option, int value)
{
    (void)setsockopt(descriptor, level, option, &value, sizeof(value));
}

static enum result result_of_bind(int error)
{
    switch (error) {
    case EADDRINUSE: return RESULT_EXISTS;
    case EACCES:
    case EPERM: return RESULT_REFUSED;
    default: return RESULT_FAILED;
    }
}

static enum result listen_on(const struct os_address *address, int backlog, bool is_shared, int *out_descriptor)
{
    struct kernel_address kernel = to_kernel(address);
    int descriptor = socket(kernel.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0)
        return RESULT_FAILED;
    /* A restart must not wait for the old connections' TIME_WAIT. */
    set_option(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
    if (kernel.any.sa_family == AF_INET6)
        set_option(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, is_all_6(address) ? 0 : 1);
    const int one = 1;
    enum result result = RESULT_FAILED;
    if (is_shared && setsockopt(descriptor, SOL_SOCKET, SO_REUSEPORT, &one, sizeof(one)) != 0)
        goto out_descriptor;
    if (bind(descriptor, &kernel.any, kernel.size) != 0 || listen(descriptor, backlog) != 0) {
        result = result_of_bind(errno);
        goto out_descriptor;
    }
    *out_descriptor = descriptor;
    return RESULT_OK;

out_descriptor:
    os_socket_close(descriptor);
    return result;
}

enum result os_listen(const struct os_address *address, int backlog, bool is_shared, int *out_descriptor,
                      struct os_address *out_bound)
{
    int descriptor;
    enum result result = listen_on(address, backlog, is_shared, &descriptor);
    if (result == RESULT_FAILED && is_all_6(address)) {
        /* Containers often have no IPv6 at all. */
        struct os_address all_4 = {.port = address->port};
        set_mapped(&all_4, (const uint8_t[]){0, 0, 0, 0});
        result = listen_on(&all_4, backlog, is_shared, &descriptor);
    }
    if (result != RESULT_OK)
        return result;
    if (os_socket_name(descriptor, out_bound) != RESULT_OK) {
        os_socket_close(descriptor);
        return RESULT_FAILED;
    }
    *out_descriptor = descriptor;
    return RESULT_OK;
}

static enum result result_of_path(int error)
{
    switch (error) {
    case EADDRINUSE: return RESULT_EXISTS;
    case EACCES:
    case EPERM:
    case EROFS: return RESULT_REFUSED;
    case ENOENT:
    case ENOTDIR: return RESULT_NOT_FOUND;
    default: return RESULT_FAILED;
    }
}

/* Takes away a socket file whose owner is gone: after a crash it would be in the way for ever. */
static bool remove_left_over(const struct sockaddr_un *address)
{
    struct stat status;
    if (lstat(address->sun_path, &status) != 0 || !S_ISSOCK(status.st_mode))
        return false;
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return false;
    bool is_left = connect(descriptor, (const struct sockaddr *)address, sizeof(*address)) != 0
                   && errno == ECONNREFUSED;
    os_socket_close(descriptor);
    return is_left && unlink(address->sun_path) == 0;
}

enum result os_listen_unix(const char *path, int backlog, int *out_descriptor)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof(address.sun_path))
        return RESULT_INVALID;
    memcpy(address.sun_path, path, strlen(path));
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (descriptor < 0)
        return RESULT_FAILED;
    const struct sockaddr *any = (const struct sockaddr *)&address;
    enum result result;
    if (bind(descriptor, any, sizeof(address)) != 0) {
        result = result_of_path(errno);
        if (result != RESULT_EXISTS || !remove_left_over(&address))
            goto out_descriptor;
        if (bind(descriptor, any, sizeof(address)) != 0) {
            result = result_of_path(errno);
            goto out_descriptor;
        }
    }
    /* Until it listens nobody can connect: so the rights are narrow from the first connection on. */
    if (chmod(path, S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP) != 0 || listen(descriptor, backlog) != 0) {
        result = result_of_path(errno);
        goto out_descriptor;
    }
    *out_descriptor = descriptor;
    return RESULT_OK;

out_descriptor:
    os_socket_close(descriptor);
    return result;
}

enum result os_listener_share(int listener, int *out_descriptor)
{
    int descriptor = fcntl(listener, F_DUPFD_CLOEXEC, 0);
    if (descriptor < 0)
        return RESULT_FULL;
    *out_descriptor = descriptor;
    return RESULT_OK;
}

static bool is_want_of_resources(int error)
{
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
}

enum result os_accept(int listener, int *out_descriptor, struct os_address *out_peer)
{
    struct kernel_address peer = {.size = sizeof(peer.v6)};
    int descriptor;
    do {
        descriptor = accept4(listener, &peer.any, &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    } while (descriptor < 0 && errno == EINTR);
    if (descriptor >= 0) {
        *out_descriptor = descriptor;
        *out_peer = from_kernel(&peer);
        return RESULT_OK;
    }
    if (errno == EAGAIN)
        return RESULT_AGAIN;
    return is_want_of_resources(errno) ? RESULT_FULL : RESULT_FAILED;
}

enum result os_connect(const struct os_address *address, int *out_descriptor)
{
    struct kernel_address kernel = to_kernel(address);
    int descriptor = socket(kernel.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);
    if (descriptor < 0)
        return is_want_of_resources(errno) ? RESULT_FULL : RESULT_FAILED;
    /* Interrupted or not, a connection of a non-blocking socket goes on in the background. */
    if (connect(descriptor, &kernel.any, kernel.size) != 0 && errno != EINPROGRESS && errno != EINTR) {
        enum result result = errno == ECONNREFUSED ? RESULT_REFUSED : RESULT_FAILED;
        os_socket_close(descriptor);
        return result;
    }
    *out_descriptor = descriptor;
    return RESULT_OK;
}

void os_socket_tune(int descriptor, int send_buffer_bytes, int unsent_bytes_max)
{
    set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);
    if (send_buffer_bytes > 0)
        set_option(descriptor, SOL_SOCKET, SO_SNDBUF, send_buffer_bytes);
    if (unsent_bytes_max > 0)
        set_option(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, unsent_bytes_max);
}

enum result os_peek(int descriptor, void *out, size_t size, size_t *out_size)
{
    check(size > 0);
    ssize_t got;
    do {
        got = recv(descriptor, out, size, MSG_PEEK);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        *out_size = (size_t)got;
        return RESULT_OK;
    }
    if (got == 0)
        return RESULT_CLOSED;
    return errno == EAGAIN ? RESULT_AGAIN : RESULT_FAILED;
}

enum result os_read(int descriptor, void *out, size_t size, size_t *out_size)
{
    check(size > 0); /* else "nothing read" could not be told from the end */
    ssize_t got;
    do {
        got = read(descriptor, out, size);
    } while (got < 0 && errno == EINTR);
    if (got > 0) {
        *out_size = (size_t)got;
        return RESULT_OK;
    }
    if (got == 0)
        return RESULT_CLOSED;
    return errno == EAGAIN ? RESULT_AGAIN : RESULT_FAILED;
}

static enum result result_of_send(ssize_t sent, size_t *out_size)
{
    if (sent >= 0) {
        *out_size = (size_t)sent;
        return RESULT_OK;
    }
    switch (errno) {
    case EAGAIN: return RESULT_AGAIN;
    case EPIPE:
    case ECONNRESET: return RESULT_CLOSED;
    default: return RESULT_FAILED;
    }
}

enum result os_writev(int descriptor, const struct iovec *parts, int count, size_t *out_size)
{
    check(count > 0);
    struct msghdr message = {
        .msg_iov = (struct iovec *)(uintptr_t)parts, /* sendmsg reads it only, though its type does not say so */
        .msg_iovlen = count <= IOV_MAX ? (size_t)count : IOV_MAX,
    };
    ssize_t sent;
    do {
        sent = sendmsg(descriptor, &message, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return result_of_send(sent, out_size);
}

enum result os_write(int descriptor, const void *at, size_t size, size_t *out_size)
{
    check(size > 0);
    ssize_t sent;
    do {
        sent = send(descriptor, at, size, MSG_NOSIGNAL);
    } while (sent < 0 && errno == EINTR);
    return result_of_send(sent, out_size);
}

void os_socket_finish_writing(int descriptor)
{
    (void)shutdown(descriptor, SHUT_WR); /* fails if the connection is gone, and then there is nobody to tell */
}

void os_socket_close(int descriptor)
{
    (void)close(descriptor); /* Linux frees the descriptor whatever it answers: closing again could hit another one */
}

enum result os_socket_name(int descriptor, struct os_address *out_name)
{
    struct kernel_address name = {.size = sizeof(name.v6)};
    if (getsockname(descriptor, &name.any, &name.size) != 0)
        return RESULT_FAILED;
    *out_name = from_kernel(&name);
    return RESULT_OK;
}

void os_socket_peer(int descriptor, struct os_address *out_peer)
{
    struct kernel_address peer = {.size = sizeof(peer.v6)};
    if (getpeername(descriptor, &peer.any, &peer.size) == 0)
        *out_peer = from_kernel(&peer);
}

int os_socket_error(int descriptor)
{
    int error = 0;
    socklen_t size = sizeof(error);
    if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
        return errno;
    return error;
}

size_t os_socket_memory_bytes(int descriptor)
{
    /* The places of what is counted in the answer to SO_MEMINFO (linux/sock_diag.h, from 4.11 on). */
    enum { MEMINFO = 55, RECEIVED = 0, RESERVED = 4, QUEUED = 5, COUNT = 16 };
    uint32_t parts[COUNT] = {0};
    socklen_t size = sizeof(parts);
    if (getsockopt(descriptor, SOL_SOCKET, MEMINFO, parts, &size) != 0 || size < (QUEUED + 1) * sizeof(parts[0]))
        return 0;
    return (size_t)parts[RECEIVED] + parts[RESERVED] + parts[QUEUED];
}

size_t os_socket_unsent_bytes(int descriptor)
{
    int size = 0;
    if (ioctl(descriptor, SIOCOUTQ, &size) != 0 || size < 0)
        return 0;
    return (size_t)size;
}

bool os_socket_link(int descriptor, struct os_link *out_link)
{
    struct tcp_info info = {0};
    socklen_t size = sizeof(info);

    if (getsockopt(descriptor, IPPROTO_TCP, TCP_INFO, &info, &size) != 0
        || size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof info.tcpi_bytes_received)
        return false;
    *out_link = (struct os_link){
        .received_bytes = info.tcpi_bytes_received,
        .acknowledged_bytes = info.tcpi_bytes_acked > 0 ? info.tcpi_bytes_acked - 1 : 0, /* SYN counts as one */
        .rtt_us = info.tcpi_rtt,
        .resends = info.tcpi_total_retrans,
    };
    return true;
}

int os_error_last(void)
{
    return errno;
}

const char *os_error_name(int error)
{
    const char *name = error > 0 ? strerrorname_np(error) : NULL;

    return name ? name : "";
}

enum result os_connect_unix(const char *path, int *out_descriptor)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    size_t size = strlen(path);

    if (size >= sizeof(address.sun_path))
        return RESULT_INVALID;
    memcpy(address.sun_path, path, size);
    int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0)
        return RESULT_FULL;
    if (connect(descriptor, (struct sockaddr *)&address, sizeof(address)) != 0) {
        (void)close(descriptor); /* nothing was said over it */
        return RESULT_REFUSED;
    }
    *out_descriptor = descriptor;
    return RESULT_OK;
}

bool os_descriptor_wait(int descriptor, bool is_writing, int timeout_ms)
{
    struct pollfd wanted = {.fd = descriptor, .events = is_writing ? POLLOUT : POLLIN};

    return poll(&wanted, 1, timeout_ms) > 0;
}
