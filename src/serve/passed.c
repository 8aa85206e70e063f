/* SPDX-License-Identifier: Apache-2.0 */
#include "serve/passed.h"

#include "base/diag.h"

#define PLACE_PREFIX "listen-"

static enum result refuse(const struct os_passed *socket, const char *reason, const char *advice)
{
    diag(DIAG_ERROR, "server.passed_socket", "descriptor", diag_number(socket->descriptor), "name", socket->name,
         "reason", reason, "advice", advice, NULL);
    return RESULT_INVALID;
}

static enum result check_kind(const struct os_passed *socket)
{
    switch (socket->kind) {
    case OS_PASSED_TCP:
    case OS_PASSED_UNIX: return RESULT_OK;
    case OS_PASSED_NOT_LISTENING:
        return refuse(socket, "nobody can connect to it: it does not listen",
                      "pass a listening socket: Accept=no in the socket unit");
    case OS_PASSED_OTHER: break;
    }
    return refuse(socket, "it is no stream socket", "pass sockets of ListenStream= only");
}

static bool is_of_place(const struct os_passed *socket, const struct net_listen *place)
{
    if (socket->kind == OS_PASSED_UNIX)
        return place->path && strcmp(place->path, socket->path) == 0;
    return !place->path && place->address.port == socket->address.port
           && memcmp(place->address.bytes, socket->address.bytes, sizeof place->address.bytes) == 0;
}

static bool is_metrics(const struct os_passed *socket)
{
    return strcmp(socket->name, "metrics") == 0;
}

/* The place that the name tells: from 0 on; `count` where it tells a place that is not there; -1: it tells none. */
static int place_of_name(const struct os_passed *socket, size_t count)
{
    uint64_t number;

    if (strncmp(socket->name, PLACE_PREFIX, sizeof PLACE_PREFIX - 1) != 0)
        return -1;
    struct view digits = view_of_string(socket->name + sizeof PLACE_PREFIX - 1);
    if (!view_to_number(digits, count, &number) || number == 0)
        return (int)count;
    return (int)number - 1;
}

static enum result put(struct passed *passed, const struct os_passed *socket, size_t i, const struct config *config)
{
    bool wants_unix = config->listen[i].path != NULL;

    if (passed->listen[i])
        return refuse(socket, "another socket serves that place already", "give each socket a name of its own");
    if (wants_unix != (socket->kind == OS_PASSED_UNIX))
        return refuse(socket,
                      wants_unix ? "its place in listen is a unix socket, and it is none"
                                 : "it is a unix socket, and its place in listen is an address",
                      "bring listen and the socket unit into the same order, or name sockets listen-1, listen-2");
    passed->listen[i] = socket;
    return RESULT_OK;
}

static enum result match_name(struct passed *passed, const struct os_passed *socket, const struct config *config)
{
    int place = place_of_name(socket, config->listen_count);

    if (place < 0)
        return RESULT_OK;
    if ((size_t)place == config->listen_count)
        return refuse(socket, "listen has no such place", "add the place to listen, or give the socket another name");
    return put(passed, socket, (size_t)place, config);
}

static enum result match_metrics(struct passed *passed, const struct os_passed *socket, const struct config *config)
{
    if (!is_metrics(socket))
        return RESULT_OK;
    if (!config->ops.is_on)
        return refuse(socket, "metrics.listen is off", "set metrics.listen, or do not pass it");
    if (passed->metrics)
        return refuse(socket, "another socket is called metrics already", "pass one only");
    passed->metrics = socket;
    return RESULT_OK;
}

static bool is_placed(const struct passed *passed, const struct os_passed *socket)
{
    for (size_t i = 0; i < NET_LISTEN_MAX; i++) {
        if (passed->listen[i] == socket)
            return true;
    }
    return passed->metrics == socket;
}

static void match_address(struct passed *passed, const struct os_passed *socket, const struct config *config)
{
    for (size_t i = 0; i < config->listen_count && !is_placed(passed, socket); i++) {
        if (!passed->listen[i] && is_of_place(socket, &config->listen[i]))
            passed->listen[i] = socket;
    }
}

static enum result match_order(struct passed *passed, const struct os_passed *socket, const struct config *config)
{
    if (is_placed(passed, socket))
        return RESULT_OK;
    for (size_t i = 0; i < config->listen_count; i++) {
        if (!passed->listen[i])
            return put(passed, socket, i, config);
    }
    return refuse(socket, "listen has no place left for it", "add a place to listen for each socket that is passed");
}

enum result passed_match(struct passed *passed, const struct config *config)
{
    enum result result = RESULT_OK;

    for (size_t i = 0; i < passed->count && result == RESULT_OK; i++)
        result = check_kind(&passed->sockets[i]);
    for (size_t i = 0; i < passed->count && result == RESULT_OK; i++)
        result = match_metrics(passed, &passed->sockets[i], config);
    for (size_t i = 0; i < passed->count && result == RESULT_OK; i++)
        result = match_name(passed, &passed->sockets[i], config);
    for (size_t i = 0; i < passed->count && result == RESULT_OK; i++)
        match_address(passed, &passed->sockets[i], config);
    for (size_t i = 0; i < passed->count && result == RESULT_OK; i++)
        result = match_order(passed, &passed->sockets[i], config);
    return result;
}

enum result passed_take(struct passed *passed, const struct config *config)
{
    *passed = (struct passed){.count = 0};
    enum result result = os_passed_take(passed->sockets, &passed->count);
    if (result == RESULT_OK)
        return passed_match(passed, config);
    diag(DIAG_ERROR, "server.passed_sockets", "reason",
         result == RESULT_FULL ? diag_format("over %d sockets were passed", OS_PASSED_MAX) : "LISTEN_FDS is no number",
         "advice", "start natter from a socket unit, or without LISTEN_FDS", NULL);
    return RESULT_INVALID;
}
