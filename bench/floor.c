/* SPDX-License-Identifier: Apache-2.0 */
#include "floor.h"

#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
    READ_BYTES = 256 << 10,
    REST_BYTES_MAX = 128 << 10,
    MESSAGE_BYTES_MAX = 64 << 10,
    EVENTS_MAX = 256,
    KEY_SIZE = 24,
    FINAL_BIT = 0x80,
    MASK_BIT = 0x80,
    OPCODE_TEXT = 1,
    OPCODE_BINARY = 2,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10,
};

static uint8_t read_buffer[REST_BYTES_MAX + READ_BYTES];

static void connection_end(struct floor *floor, struct connection *connection)
{
    struct room *room = connection->room;
    if (room != NULL) {
        struct connection *last = room->connections[--room->count];
        room->connections[connection->index] = last;
        last->index = connection->index;
    }
    floor->count--;
    (void)close(connection->descriptor); /* whatever it answers, the descriptor is gone */
    connection->descriptor = -1;         /* freed at the end of the turn: an event may still name it */
}

/* Sends what the connection has pending, in one system call. */
static void connection_send(const struct floor *floor, struct connection *connection)
{
    const struct room *room = connection->room;
    if (connection->is_blocked || connection->position == room->head)
        return;
    if (room->head - connection->position > floor->log_bytes) {
        connection->is_lapped = true;
        connection->is_blocked = true;
        return;
    }
    size_t from = connection->position % floor->log_bytes;
    size_t size = room->head - connection->position;
    size_t first = size <= floor->log_bytes - from ? size : floor->log_bytes - from;
    ssize_t sent;
    if (first == size) {
        sent = send(connection->descriptor, room->log + from, size, MSG_NOSIGNAL);
    } else {
        struct iovec parts[] = {{room->log + from, first}, {room->log, size - first}};
        struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
        sent = sendmsg(connection->descriptor, &message, MSG_NOSIGNAL);
    }
    /* An error other than "full" shows itself to the reading side, which ends the connection. */
    if (sent > 0)
        connection->position += (uint64_t)sent;
    connection->is_blocked = sent < (ssize_t)size;
}

static void room_send(const struct floor *floor, struct room *room)
{
    for (uint32_t index = 0; index < room->count; index++)
        connection_send(floor, room->connections[index]);
}

static void log_add(const struct floor *floor, struct room *room, const uint8_t *at, size_t size)
{
    size_t from = room->head % floor->log_bytes;
    size_t first = size <= floor->log_bytes - from ? size : floor->log_bytes - from;
    memcpy(room->log + from, at, first);
    memcpy(room->log, at + first, size - first);
    room->head += size;
}

/* A room takes memory when somebody comes. */
static bool room_enter(struct floor *floor, struct room *room, struct connection *connection)
{
    if (room->log == NULL)
        room->log = malloc(floor->log_bytes);
    if (room->count == room->capacity) {
        uint32_t capacity = room->capacity == 0 ? 4 : room->capacity * 2;
        struct connection **connections = realloc(room->connections, capacity * sizeof(struct connection *));
        if (connections == NULL)
            return false;
        room->connections = connections;
        room->capacity = capacity;
    }
    if (room->log == NULL)
        return false;
    connection->room = room;
    connection->position = room->head;
    connection->index = room->count;
    room->connections[room->count++] = connection;
    return true;
}

static size_t frame_header(uint8_t out[4], int opcode, size_t size)
{
    out[0] = (uint8_t)(FINAL_BIT | opcode);
    if (size < 126) {
        out[1] = (uint8_t)size;
        return 2;
    }
    out[1] = 126;
    out[2] = (uint8_t)(size >> 8);
    out[3] = (uint8_t)size;
    return 4;
}

static void unmask(uint8_t *at, size_t size, const uint8_t mask[4])
{
    uint32_t four;
    memcpy(&four, mask, 4);
    uint64_t eight = (uint64_t)four << 32 | four;
    size_t index = 0;
    for (; index + 8 <= size; index += 8) {
        uint64_t bytes;
        memcpy(&bytes, at + index, 8);
        bytes ^= eight;
        memcpy(at + index, &bytes, 8);
    }
    for (; index < size; index++)
        at[index] ^= mask[index & 3];
}

/* False: the connection must end. */
static bool take_message(struct floor *floor, struct connection *connection, enum floor_manner manner, int opcode,
                         struct iovec payload)
{
    uint8_t header[4];
    if (opcode == OPCODE_PONG)
        return true;
    if (opcode == OPCODE_PING && payload.iov_len < 126) {
        /* Between two broadcast frames only; a connection that is behind does without. */
        uint8_t pong[127];
        size_t size = frame_header(pong, OPCODE_PONG, payload.iov_len);
        memcpy(pong + size, payload.iov_base, payload.iov_len);
        if (!connection->is_blocked)
            (void)send(connection->descriptor, pong, size + payload.iov_len, MSG_NOSIGNAL);
        return true;
    }
    if (opcode != OPCODE_TEXT && opcode != OPCODE_BINARY)
        return false;
    struct room *room = connection->room;
    log_add(floor, room, header, frame_header(header, opcode, payload.iov_len));
    log_add(floor, room, payload.iov_base, payload.iov_len);
    if (manner == FLOOR_SENDS_EACH) {
        room_send(floor, room);
    } else if (!room->is_due) {
        room->is_due = true;
        floor->due[floor->due_count++] = room;
    }
    return true;
}

/* The size of the frame at the start, 0 if it has not come whole, -1 if it is none that a floor takes. */
static ssize_t take_frame(struct floor *floor, struct connection *connection, enum floor_manner manner, uint8_t *at,
                          size_t size)
{
    if (size < 2)
        return 0;
    size_t payload_size = at[1] & 127;
    size_t header_size = payload_size == 126 ? 8 : 6;
    if (!(at[0] & FINAL_BIT) || !(at[1] & MASK_BIT) || payload_size == 127)
        return -1;
    if (size < header_size)
        return 0;
    if (payload_size == 126)
        payload_size = (size_t)at[2] << 8 | at[3];
    if (size < header_size + payload_size)
        return 0;
    unmask(at + header_size, payload_size, at + header_size - 4);
    if (!take_message(floor, connection, manner, at[0] & 15, (struct iovec){at + header_size, payload_size}))
        return -1;
    return (ssize_t)(header_size + payload_size);
}

/* The value of Sec-WebSocket-Key, or NULL. */
static const char *find_key(const char *head)
{
    static const char name[] = "Sec-WebSocket-Key:";
    const char *line = head;
    while ((line = strstr(line, "\r\n")) != NULL) {
        line += 2;
        if (strncasecmp(line, name, sizeof(name) - 1) != 0)
            continue;
        line += sizeof(name) - 1;
        while (*line == ' ')
            line++;
        return strcspn(line, " \r") == KEY_SIZE ? line : NULL;
    }
    return NULL;
}

/* The one whose number ends the path; NULL: there is none. */
static struct room *find_room(struct floor *floor, const char *head)
{
    size_t size = strcspn(head, "\r\n");
    const char *end = memchr(head, ' ', size);
    end = end == NULL ? NULL : memchr(end + 1, ' ', size - (size_t)(end + 1 - head));
    if (end == NULL)
        return NULL;
    if (floor->room_count == 1)
        return floor->rooms;
    const char *start = end;
    while (start > head && start[-1] >= '0' && start[-1] <= '9')
        start--;
    unsigned long number = start == end ? ULONG_MAX : strtoul(start, NULL, 10);
    return number < floor->room_count ? &floor->rooms[number] : NULL;
}

/* The size of the request at the start, 0 if it has not come whole, -1 if it is no upgrade. */
static ssize_t take_request(struct floor *floor, struct connection *connection, uint8_t *at, size_t size)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    uint8_t *end = memmem(at, size, "\r\n\r\n", 4);
    if (end == NULL)
        return 0;
    end[2] = '\0';
    const char *key = find_key((const char *)at);
    if (key == NULL)
        return -1;
    uint8_t joined[KEY_SIZE + sizeof(guid) - 1];
    memcpy(joined, key, KEY_SIZE);
    memcpy(joined + KEY_SIZE, guid, sizeof(guid) - 1);
    uint8_t digest[EVP_MAX_MD_SIZE];
    unsigned digest_size = 0;
    if (EVP_Digest(joined, sizeof(joined), digest, &digest_size, EVP_sha1(), NULL) != 1)
        return -1;
    uint8_t accept[64];
    (void)EVP_EncodeBlock(accept, digest, (int)digest_size);
    char answer[256];
    int answer_size = snprintf(answer, sizeof(answer),
                               "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                               "Sec-WebSocket-Accept: %s\r\n\r\n",
                               (const char *)accept);
    if (send(connection->descriptor, answer, (size_t)answer_size, MSG_NOSIGNAL) != answer_size)
        return -1;
    struct room *room = find_room(floor, (const char *)at);
    if (room == NULL || !room_enter(floor, room, connection))
        return -1;
    return end + 4 - at;
}

/* Takes what is whole; keeps the rest for the next read. False: the connection must end. */
static bool take_bytes(struct floor *floor, struct connection *connection, enum floor_manner manner, size_t size)
{
    size_t done = 0;
    while (done < size) {
        ssize_t taken = connection->room != NULL
                            ? take_frame(floor, connection, manner, read_buffer + done, size - done)
                            : take_request(floor, connection, read_buffer + done, size - done);
        if (taken < 0)
            return false;
        if (taken == 0)
            break;
        done += (size_t)taken;
    }
    connection->rest_size = (uint32_t)(size - done);
    if (connection->rest_size == 0)
        return true;
    if (connection->rest_size > MESSAGE_BYTES_MAX + 8)
        return false;
    uint8_t *rest = realloc(connection->rest, connection->rest_size);
    if (rest == NULL)
        return false;
    memcpy(rest, read_buffer + done, connection->rest_size);
    connection->rest = rest;
    return true;
}

static void connection_read(struct floor *floor, struct connection *connection, enum floor_manner manner)
{
    for (;;) {
        size_t before = connection->rest_size;
        if (before > 0)
            memcpy(read_buffer, connection->rest, before);
        ssize_t got = recv(connection->descriptor, read_buffer + before, READ_BYTES, 0);
        if (got < 0 && errno == EAGAIN)
            return;
        if (got <= 0 || !take_bytes(floor, connection, manner, before + (size_t)got)) {
            connection_end(floor, connection);
            return;
        }
        if (got < READ_BYTES)
            return; /* it was emptied; what comes now is a new edge */
    }
}

static void accept_all(struct floor *floor)
{
    for (;;) {
        int descriptor = accept4(floor->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0)
            return;
        struct connection *connection = calloc(1, sizeof(*connection));
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data = {.ptr = connection}};
        if (connection == NULL || floor->count == DESCRIPTORS_MAX
            || epoll_ctl(floor->poller, EPOLL_CTL_ADD, descriptor, &event) != 0) {
            free(connection);
            (void)close(descriptor);
            return;
        }
        const int one = 1;
        (void)setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        if (floor->send_buffer_bytes > 0)
            (void)setsockopt(descriptor, SOL_SOCKET, SO_SNDBUF, &floor->send_buffer_bytes,
                             sizeof(floor->send_buffer_bytes));
        connection->descriptor = descriptor;
        floor->count++;
    }
}

static void take_event(struct floor *floor, enum floor_manner manner, const struct epoll_event *event)
{
    struct connection *connection = event->data.ptr;
    if (connection == NULL) {
        accept_all(floor);
        return;
    }
    if ((event->events & EPOLLOUT) && connection->is_blocked) {
        if (connection->is_lapped) {
            connection_end(floor, connection); /* its reader woke up, but the stream cannot be mended */
            return;
        }
        connection->is_blocked = false;
        connection_send(floor, connection);
    }
    if (event->events & ~(uint32_t)EPOLLOUT)
        connection_read(floor, connection, manner);
}

static void serve(struct floor *floor, enum floor_manner manner)
{
    struct epoll_event events[EVENTS_MAX];
    for (;;) {
        int count = epoll_wait(floor->poller, events, EVENTS_MAX, -1);
        for (int index = 0; index < count; index++)
            take_event(floor, manner, &events[index]);
        for (uint32_t index = 0; index < floor->due_count; index++) {
            floor->due[index]->is_due = false;
            room_send(floor, floor->due[index]);
        }
        floor->due_count = 0;
        /* A descriptor is in the set once, so no later event of this turn names a connection that has ended. */
        for (int index = 0; index < count; index++) {
            struct connection *connection = events[index].data.ptr;
            if (connection != NULL && connection->descriptor < 0) {
                free(connection->rest);
                free(connection);
            }
        }
    }
}

static int listen_on(int port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    const int one = 1;
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0
        || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0 || listen(listener, 4096) != 0)
        return -1;
    socklen_t size = sizeof(address);
    if (getsockname(listener, (struct sockaddr *)&address, &size) != 0)
        return -1;
    (void)printf("%d\n", ntohs(address.sin_port));
    (void)fflush(stdout);
    return listener;
}

static bool read_arguments(int count, char **arguments, int *out_port, struct floor *out_floor)
{
    for (int index = 1; index < count; index += 2) {
        char *end = NULL;
        long value = index + 1 < count ? strtol(arguments[index + 1], &end, 10) : -1;
        if (end == NULL || *end != '\0' || value < 0 || value > (1 << 30))
            return false;
        if (strcmp(arguments[index], "--port") == 0 && value < 65536)
            *out_port = (int)value;
        else if (strcmp(arguments[index], "--sndbuf") == 0)
            out_floor->send_buffer_bytes = (int)value;
        else if (strcmp(arguments[index], "--rooms") == 0 && value >= 1 && value <= ROOMS_MAX)
            out_floor->room_count = (uint32_t)value;
        else
            return false;
    }
    return true;
}

int floor_main(int count, char **arguments, enum floor_manner manner)
{
    struct floor floor = {.send_buffer_bytes = 128 << 10, .room_count = 1};
    int port = 0;
    if (!read_arguments(count, arguments, &port, &floor)) {
        (void)fprintf(
            stderr,
            "Usage: %s [--port N] [--sndbuf BYTES] [--rooms N]   (port 0: any; buffer 0: the kernel's choice)\n",
            arguments[0]);
        return 2;
    }
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
    floor.log_bytes = floor.room_count == 1 ? LOG_BYTES : SMALL_LOG_BYTES;
    floor.rooms = calloc(floor.room_count, sizeof(*floor.rooms));
    floor.due = calloc(floor.room_count, sizeof(struct room *));
    floor.poller = epoll_create1(EPOLL_CLOEXEC);
    floor.listener = listen_on(port);
    struct epoll_event event = {.events = EPOLLIN, .data = {.ptr = NULL}};
    if (floor.rooms == NULL || floor.due == NULL || floor.poller < 0 || floor.listener < 0
        || epoll_ctl(floor.poller, EPOLL_CTL_ADD, floor.listener, &event) != 0) {
        perror(arguments[0]);
        return 1;
    }
    serve(&floor, manner);
    return 0;
}
