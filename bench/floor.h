/* SPDX-License-Identifier: Apache-2.0 */
/* What the two floors share: bare one-threaded epoll servers that broadcast every WebSocket message to every connection
 * of its room and do nothing else. A room is a number at the path's end (--rooms N; without it there is one). They are
 * yardsticks for `natter bench --raw`, not servers: no limits, no deadlines, no checks beyond those that keep a stream
 * whole.
 *
 * Ready frames stand in their room's log, a ring of bytes; a connection is a position in it, so nothing is copied or
 * queued per connection. Whoever falls behind by the whole ring is passed over for good: it costs nobody anything.
 *
 *     tail = head - size                 position             head
 *       |------ frames already sent -------|---- to send ------|
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A log's size: a single room's, and what many rooms have each. */
enum { LOG_BYTES = 16 << 20, SMALL_LOG_BYTES = 64 << 10, DESCRIPTORS_MAX = 1 << 16, ROOMS_MAX = 1 << 16 };

struct connection {
    uint64_t position; /* in the log: bytes before it are sent */
    struct room *room; /* NULL: not upgraded yet */
    int descriptor;
    uint32_t index;  /* in room.connections */
    bool is_blocked; /* the socket takes no more; EPOLLOUT will say when it does */
    bool is_lapped;  /* what it would need next is gone from the log */
    uint32_t rest_size;
    uint8_t *rest; /* the beginning of a request or frame that has not come whole */
};

struct room {
    uint8_t *log;
    uint64_t head; /* bytes ever written to the log */
    struct connection **connections;
    uint32_t count;
    uint32_t capacity;
    bool is_due; /* in floor.due */
};

struct floor {
    struct room *rooms;
    uint32_t room_count;
    size_t log_bytes;
    struct room **due; /* rooms to which something came in this turn */
    uint32_t due_count;
    uint32_t count; /* connections */
    int poller;
    int listener;
    int send_buffer_bytes; /* SO_SNDBUF; 0: the kernel's */
};

/* What makes the difference between the floors: a room is sent when each message has come, or when all sockets that
 * were ready have been read. */
enum floor_manner { FLOOR_SENDS_EACH, FLOOR_SENDS_PER_TURN };

/* Reads --port N, --sndbuf BYTES and --rooms N, prints the port and serves until it is killed. Returns the exit code.
 */
int floor_main(int count, char **arguments, enum floor_manner manner);
