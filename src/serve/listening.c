/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/listening.h"

#include "base/diag.h"
#include "os/file.h"

enum { PLACE_BYTES_MAX = 128 };

static const struct os_passed *passed_of(const struct listening *listening, size_t i)
{
    return listening->passed ? listening->passed->listen[i] : NULL;
}

static const char *place_text(const struct listening *listening, size_t i, char out[PLACE_BYTES_MAX])
{
    const struct os_passed *passed = passed_of(listening, i);
    const char *path = passed && passed->kind == OS_PASSED_UNIX ? passed->path : listening->config->listen[i].path;

    return path ? diag_format("unix:%s", path) : os_address_format(&listening->addresses[i], true, out);
}

static void explain(const struct listening *listening, size_t i, enum result result)
{
    bool is_unix = listening->config->listen[i].path != NULL;
    char text[PLACE_BYTES_MAX];
    const char *advice =
        is_unix && result == RESULT_EXISTS    ? "another program listens there, or another kind of file has that name"
        : is_unix && result == RESULT_INVALID ? "the path is too long: 107 bytes are the most"
        : is_unix                             ? "the folder must be there, and this user must be allowed to write in it"
        : result == RESULT_EXISTS  ? "another program listens there; stop it, or choose another port with --listen"
        : result == RESULT_REFUSED ? "ports below 1024 need the right to bind them; choose a higher one with --listen"
                                   : "the address must be one of this machine; check --listen";

    diag(DIAG_ERROR, "server.cannot_listen", "address", place_text(listening, i, text), "reason",
         result == RESULT_EXISTS && !is_unix ? "the port is in use" : result_text(result), "advice", advice, NULL);
}

static enum result open_one(struct listening *listening, size_t i)
{
    const struct net_listen *how = &listening->config->listen[i];
    int backlog = listening->config->net.backlog;
    const struct os_passed *passed = passed_of(listening, i);
    struct os_address bound;
    int descriptor;

    listening->is_passed[i] = passed != NULL;
    if (passed) {
        if (!how->path)
            listening->addresses[i] = passed->address;
        return os_listener_share(passed->descriptor, &listening->shared[i]);
    }
    if (how->path)
        return os_listen_unix(how->path, backlog, &listening->shared[i]);
    enum result result = os_listen(&how->address, 1, false, &descriptor, &bound);
    if (result != RESULT_OK)
        return result;
    os_socket_close(descriptor);
    listening->addresses[i].port = bound.port;
    return RESULT_OK;
}

static void close_shared(struct listening *listening)
{
    for (size_t i = 0; i < NET_LISTEN_MAX; i++) {
        if (listening->shared[i] >= 0)
            os_socket_close(listening->shared[i]);
        listening->shared[i] = -1;
    }
}

/* The files of sockets that are ours: the first `count` places'. */
static void remove_paths(const struct listening *listening, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (listening->config->listen[i].path && !listening->is_passed[i])
            os_file_remove(listening->config->listen[i].path);
    }
}

enum result listening_open(struct listening *listening, const struct config *config, const struct passed *passed)
{
    *listening = (struct listening){.config = config, .passed = passed};
    for (size_t i = 0; i < NET_LISTEN_MAX; i++)
        listening->shared[i] = -1;
    for (size_t i = 0; i < config->listen_count; i++) {
        listening->addresses[i] = config->listen[i].address;
        enum result result = open_one(listening, i);
        if (result != RESULT_OK) {
            explain(listening, i, result);
            remove_paths(listening, i);
            close_shared(listening);
            listening->config = NULL;
            return result;
        }
    }
    return RESULT_OK;
}

void listening_take(struct listening *listening, const struct config *config, const struct parcel_place *places)
{
    *listening = (struct listening){.config = config};
    for (size_t i = 0; i < NET_LISTEN_MAX; i++)
        listening->shared[i] = -1;
    for (size_t i = 0; i < config->listen_count; i++) {
        listening->addresses[i] = places[i].how.address;
        listening->is_passed[i] = places[i].is_passed;
    }
}

void listening_give(struct listening *listening)
{
    close_shared(listening);
    listening->config = NULL;
}

enum result listening_share(const struct listening *listening, struct shard_listener out_listeners[NET_LISTEN_MAX])
{
    const struct config *config = listening->config;
    enum result result = RESULT_OK;
    struct os_address bound;
    size_t count = 0;

    for (; count < config->listen_count; count++) {
        struct shard_listener *out = &out_listeners[count];
        out->how = config->listen[count];
        result = listening->shared[count] >= 0
                     ? os_listener_share(listening->shared[count], &out->descriptor)
                     : os_listen(&listening->addresses[count], config->net.backlog, true, &out->descriptor, &bound);
        if (result != RESULT_OK)
            break;
    }
    if (result == RESULT_OK)
        return RESULT_OK;
    explain(listening, count, result);
    while (count-- > 0)
        os_socket_close(out_listeners[count].descriptor);
    return result;
}

uint16_t listening_tls_port(const struct listening *listening)
{
    for (size_t i = 0; i < listening->config->listen_count; i++) {
        if (listening->config->listen[i].is_tls)
            return listening->addresses[i].port;
    }
    return 0;
}

void listening_begun(struct listening *listening)
{
    const struct config *config = listening->config;
    char text[PLACE_BYTES_MAX];

    close_shared(listening);
    for (size_t i = 0; i < config->listen_count; i++) {
        const struct net_listen *how = &config->listen[i];
        diag(DIAG_INFO, "server.listening", "address", place_text(listening, i, text), "expects",
             how->has_proxy_header && how->is_tls ? "proxy_protocol tls"
             : how->has_proxy_header              ? "proxy_protocol"
             : how->is_tls                        ? "tls"
             : how->is_redirect                   ? "redirect"
                                                  : "http",
             "socket", listening->is_passed[i] ? "passed" : "own", NULL);
        if (!how->path && os_address_is_loopback(&listening->addresses[i]) && config->trust.count == 0)
            diag(DIAG_INFO, "server.local_only", "advice",
                 "only this machine can connect; --listen :8080 opens it to others", NULL);
    }
}

void listening_done(struct listening *listening)
{
    if (!listening->config)
        return;
    close_shared(listening);
    remove_paths(listening, listening->config->listen_count);
    listening->config = NULL;
}
