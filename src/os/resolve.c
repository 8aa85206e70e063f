/* SPDX-License-Identifier: Apache-2.0 */
#include "os/resolve.h"

#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

static bool convert(const struct addrinfo *found, uint16_t port, struct os_address *out)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

    *out = (struct os_address){.port = port};
    if (found->ai_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)found->ai_addr;
        memcpy(out->bytes, mapped, sizeof mapped);
        memcpy(out->bytes + sizeof mapped, &v4->sin_addr, 4);
        return true;
    }
    if (found->ai_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const void *)found->ai_addr;
        memcpy(out->bytes, &v6->sin6_addr, sizeof out->bytes);
        return true;
    }
    return false;
}

enum result os_resolve(const char *host, uint16_t port, struct os_address *out_addresses, size_t max, size_t *out_count,
                       const char **out_why)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    int error = getaddrinfo(host, NULL, &hints, &found);

    *out_count = 0;
    if (error != 0) {
        *out_why = gai_strerror(error);
        return error == EAI_NONAME ? RESULT_NOT_FOUND : RESULT_FAILED;
    }
    for (const struct addrinfo *at = found; at && *out_count < max; at = at->ai_next) {
        if (convert(at, port, &out_addresses[*out_count]))
            (*out_count)++;
    }
    freeaddrinfo(found);
    *out_why = "the name has no address";
    return *out_count > 0 ? RESULT_OK : RESULT_NOT_FOUND;
}

bool os_socket_wait(int descriptor, bool for_writing, int timeout_ms)
{
    struct pollfd wanted = {.fd = descriptor, .events = for_writing ? POLLOUT : POLLIN};

    return poll(&wanted, 1, timeout_ms) > 0;
}
